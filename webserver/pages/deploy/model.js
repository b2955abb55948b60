// What is deployed and how a rollout goes, judged and said. Pure, without the document.
/** @typedef {import('/static/durapy/icons.js').Status} Status */

/**
 * A service as the deployer sees it.
 *
 * @typedef {object} Deployed
 * @property {string} service
 * @property {'running' | 'waiting' | 'stopping' | 'stopped'} state
 * @property {boolean | null} healthy
 * @property {number} restarts
 * @property {number | null} exit_code
 * @property {string} revision
 * @property {string} commit
 * @property {number | null} ahead
 * @property {number | null} behind
 * @property {string} previous
 * @property {boolean} built
 * @property {string[]} lines what it wrote last, if it is in trouble
 */

/** @typedef {{name: string, commit: string, at: string, subject: string}} Ref */

/**
 * @typedef {object} Deployment
 * @property {Deployed[]} services
 * @property {{service: string, command: string}[]} missing
 * @property {string[]} orphans
 * @property {string} head
 * @property {string} branch
 * @property {boolean} changed
 * @property {Ref[]} refs
 * @property {string} problem
 * @property {number | null} age_s
 */

/**
 * One piece of news of an operation.
 *
 * @typedef {object} News
 * @property {string} key
 * @property {string} verb
 * @property {string} service
 * @property {string | null} by
 * @property {'requested' | 'done' | 'failed'} state
 * @property {string} message
 * @property {string} step
 * @property {string[]} lines
 * @property {{revision?: string, session?: string | null, when?: string}} wishes
 * @property {any} details
 * @property {string} at
 */

/** The steps of a rollout, with the words for them. @type {[string, string][]} */
export const STEPS = [
  ['resolve', 'Fetch'],
  ['build', 'Build'],
  ['start', 'Start new'],
  ['standby', 'Standby'],
  ['switch', 'Switch'],
  ['watch', 'Watch'],
];

/** How long a look of the deployer may be old before it counts as gone, in seconds. */
const SILENT_S = 15;

/** Whether somebody tells what is deployed now. @param {Deployment | null} deployment */
export const isTold = (deployment) =>
  deployment?.age_s !== null && (deployment?.age_s ?? SILENT_S) < SILENT_S;

/**
 * How a service is: by its process where that has ended, else by its own account.
 *
 * @param {Deployed} deployed
 * @param {{state: Status, word: string} | null} account what its own account says
 * @returns {{state: Status, word: string}}
 */
export function condition(deployed, account) {
  const { state, exit_code: code, restarts, healthy } = deployed;
  if (state === 'waiting') return { state: 'bad', word: `Crashes, restarted ${restarts} times` };
  if (state === 'stopping') return { state: 'busy', word: 'Stopping' };
  if (state === 'stopped' && account) return account; // its successor leads already
  if (state === 'stopped') {
    const inOrder = code === null || [0, 137, 143].includes(code);
    return inOrder ? { state: 'idle', word: 'Stopped' } : { state: 'bad', word: `Exited ${code}` };
  }
  if (healthy === false) return { state: 'bad', word: 'Unhealthy' };
  return account ?? { state: 'ok', word: 'Up' };
}

/**
 * How the running revision stands to the checkout, in words.
 *
 * @param {Deployed} deployed
 * @param {Deployment} deployment
 */
export function place({ ahead, behind }, { branch }) {
  if (ahead === null || behind === null) return '';
  if (ahead === 0 && behind === 0) return 'up to date';
  const name = branch || 'the checkout';
  const parts = [ahead ? `${ahead} ahead` : '', behind ? `${behind} behind` : ''];
  return `${name} is ${parts.filter(Boolean).join(', ')}`;
}

/**
 * The steps of a rollout with how each went and how long it took.
 *
 * @param {News[]} news oldest first
 * @param {number} now_ms
 * @returns {{step: string, word: string, state: Status, took_s: number | null}[]}
 */
export function stepsOf(news, now_ms) {
  const order = [...new Set(news.map(({ step }) => step).filter(isStep))];
  const failed = news.some(({ step, state }) => step === 'undone' || state === 'failed');
  const done = news.some(isDone);
  const marks = [...order.map((step) => startOf(news, step)), endOf(news) ?? now_ms];
  return STEPS.map(([step, word]) => {
    const at = order.indexOf(step);
    if (at < 0) return { step, word, state: done ? 'idle' : 'todo', took_s: null };
    const over = at < order.length - 1 || done;
    const state = over ? 'ok' : failed ? 'bad' : 'busy';
    return { step, word, state, took_s: Math.max(0, marks[at + 1] - marks[at]) / 1000 };
  });
}

/** Whether the replica that ran has not been told to end. @param {News[]} news of a rollout */
export const isUntouched = (news) => !news.some(({ step }) => step === 'switch');

/** When a rollout ended, in ms; null while it goes on. @param {News[]} news */
function endOf(news) {
  const end = news.find(({ step, state }) => step === 'undone' || state !== 'requested');
  return end ? Date.parse(end.at) : null;
}

/** @param {string} step */
const isStep = (step) => STEPS.some(([name]) => name === step);

/** @param {News} news */
const isDone = ({ state, step }) => state === 'done' || step === 'done';

/** @param {News[]} news @param {string} step */
const startOf = (news, step) => Date.parse(news.find((one) => one.step === step)?.at ?? '');

/**
 * The lines of a rollout's log: what was done, and what the build said.
 *
 * @param {News[]} news oldest first
 * @returns {{at: string, text: string, kind: 'head' | 'good' | 'bad' | ''}[]}
 */
export function logOf(news) {
  return news.flatMap(({ at, message, lines, step, state }) => {
    const bad = step === 'undone' || state === 'failed';
    const head = message && !(state === 'requested' && step === 'done');
    const said = lines.map((text) => ({ at, text, kind: kindOf(text, bad) }));
    /** @type {'head' | 'bad'} */
    const kind = bad ? 'bad' : 'head';
    return head ? [{ at, text: message, kind }, ...said] : said;
  });
}

/** @param {string} text @param {boolean} bad @returns {'good' | 'bad' | ''} */
function kindOf(text, bad) {
  if (bad || /\berror\b/i.test(text)) return 'bad';
  return text.endsWith(' CACHED') ? 'good' : '';
}
