// STOP: one press, no question, from every page; then who is safe and who has not answered.
import { durapy } from './client.js';
import { confirmed, dialog, toast } from './dialog.js';
import { clock, ms } from './format.js';
import { glyph, icon, status } from './icons.js';
import { bind } from './keyboard.js';
import { html, nothing, render } from './lit.js';
import { answersInWords, safety } from './safety.js';

/** @typedef {import('./types.js').SafeState} SafeState */

const RETRY_MS = 1000;
const ASK_MS = 1000;
const ID = 'safe-state';

/** Why the last press has not been answered; empty when it has. */
let problem = '';
/** Counts the presses: what belongs to an earlier one gives way to the latest. */
let presses = 0;
let pending = false;
/** Pressed, and not yet seen to be so. */
let unseen = false;
let clearing = false;

/** Enter the safe state, at once, and say what came of it. */
export async function stop() {
  const press = ++presses;
  const name = newName();
  pending = true;
  unseen = true;
  problem = '';
  show();
  while (press === presses && pending) {
    try {
      await safety.engage(name);
      if (press === presses) pending = false;
      problem = '';
    } catch (error) {
      problem = /** @type {Error} */ (error).message;
      if (press === presses && pending) show();
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    draw();
  }
}

/** Leave the safe state; asks first. */
export async function clear() {
  if (clearing) return;
  clearing = true;
  const agreed = await confirmed({
    title: 'Clear the safe state?',
    text: 'Commands that act on the world are carried out again. Look at the rig first.',
    yes: 'Clear and continue',
  });
  try {
    if (agreed) {
      pending = false;
      unseen = false;
      await safety.clear(newName());
      box().close();
      toast('ok', 'The safe state is cleared.');
    }
  } catch (error) {
    toast('bad', `The safe state was not cleared: ${/** @type {Error} */ (error).message}`);
  }
  clearing = false;
}

/** A name that no other send has; `randomUUID` is only there over HTTPS or on this computer. */
const newName = () => `stop-${Date.now()}-${crypto.getRandomValues(new Uint32Array(2)).join('-')}`;

/** Who is safe, and who has not answered. */
export function show() {
  draw();
  if (box().open) return;
  box().oncancel = (event) => {
    if (pending) event.preventDefault(); // a slip must not end the trying
  };
  box().showModal();
}

const box = () => dialog(ID, 'Safe state');

function draw() {
  render(view(safety.state), box());
}

/** @param {SafeState | null} state */
function view(state) {
  const close = () => {
    if (problem) pending = false; // before, to leave the dialog is no wish to give up
    unseen = false;
    box().close();
  };
  return html`<div class="dialog-body safe-state" data-s=${problem ? 'bad' : 'warn'}>
      <h2 class="row"><span class="st" data-s=${sign(state)}>${glyph(sign(state))}</span>${title(state)}</h2>
      ${problem ? unanswered() : nothing}
      ${state?.engaged ? engaged(state) : nothing}
      <p class="small muted">Processes keep running and the session stays open. The console is not a safety device.</p>
    </div>
    <div class="dialog-foot">
      <button type="button" autofocus @click=${close}>${problem ? 'Stop trying' : 'Keep stopped'}</button>
      ${state?.engaged ? html`<button type="button" @click=${clear}>Clear and continue…</button>` : nothing}
    </div>`;
}

/** @param {SafeState | null} state */
const sign = (state) => (problem || state?.engaged ? 'bad' : 'busy');

/** @param {SafeState | null} state */
function title(state) {
  if (problem) return 'STOP was not answered';
  if (pending || unseen) return 'Stopping…';
  return state?.engaged ? 'Safe state' : 'The safe state is not engaged';
}

const unanswered = () =>
  html`<div class="banner" role="alert">${icon('warn')}<span class="grow"><b>Use the hardware stop.</b>
    ${problem} It is tried again every second while this is open.</span></div>`;

/** @param {SafeState} state */
function engaged(state) {
  const { since, by, reason, services } = state;
  const rank = ['failed', 'down', 'waiting', 'none', 'safe'];
  const rows = [...services].sort((a, b) => rank.indexOf(a.state) - rank.indexOf(b.state));
  return html`<p class="muted" role="status">Since ${since ? clock(since) : '–'}${by ? `, by ${by}` : ''}${reason ? `: ${reason}` : ''}.
      ${answersInWords(state) || 'No service is up'}.</p>
    ${rows.length ? html`<div class="scroll" tabindex="0" role="region" aria-label="What each service says"><table class="answers"><thead class="sr"><tr><th>Service</th><th>Answer</th><th>After</th></tr></thead><tbody>${rows.map(row)}</tbody></table></div>` : nothing}`;
}

/** @type {Record<SafeState['services'][number]['state'], [import('./icons.js').Status, string]>} */
const WORDS = {
  safe: ['ok', 'Safe'],
  failed: ['bad', 'Failed'],
  down: ['bad', 'Down: what it switched on may be on'],
  waiting: ['busy', 'Not answered yet'],
  none: ['idle', 'No handler: only refuses what acts'],
};

/** @param {SafeState['services'][number]} answer */
function row({ service, state, text, took_s }) {
  const [sign, word] = WORDS[state];
  return html`<tr><th scope="row">${service}</th><td>${status(sign, word)}${text ? html` <span class="small">${text}</span>` : nothing}</td>
    <td class="num right nowrap small dim">${took_s === null ? nothing : ms(took_s)}</td></tr>`;
}

safety.addEventListener('change', () => {
  if (safety.engaged) unseen = false;
  if (box().open) draw();
});

// The socket tells who has answered; while that matters and it may be gone, this page asks as well.
setInterval(() => {
  const matters = durapy.status !== 'live' || unseen || isWaiting(safety.state);
  if (box().open && matters && !problem) safety.ask().catch(() => {});
}, ASK_MS);

/** @param {SafeState | null} state */
const isWaiting = (state) => state?.services.some((answer) => answer.state === 'waiting') ?? false;

document.getElementById('stop-button')?.addEventListener('click', () => stop());
bind('Ctrl .', 'STOP: put every output in its safe state', () => stop(), { always: true });
