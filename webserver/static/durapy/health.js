// How a service's own account is judged and said. Pure.

/** @typedef {import('/static/durapy/types.js').ServiceStatus} ServiceStatus */
/** @typedef {import('/static/durapy/icons.js').Status} Status */
/** What helps: start it anew, look at a record, look at its log. @typedef {'restart' | 'record' | 'log'} Act */
/** @typedef {{key: string, state: Status, service: string, text: string, act: Act, record: string | null}} Concern */

const LATE_S = 2;

/** @type {Record<ServiceStatus['state'], {state: Status, word: string}>} */
const WORDS = {
  starting: { state: 'busy', word: 'Starting' },
  standby: { state: 'idle', word: 'Standby' },
  idle: { state: 'ok', word: 'Up' },
  in_session: { state: 'ok', word: 'Up' },
  busy: { state: 'warn', word: 'Busy' },
  stopping: { state: 'busy', word: 'Stopping' },
  stopped: { state: 'idle', word: 'Stopped' },
};

/**
 * The health of a service: a status and a word.
 *
 * @param {ServiceStatus} service
 * @returns {{state: Status, word: string}}
 */
export function health(service) {
  if (!service.up)
    return service.state === 'stopped' ? WORDS.stopped : { state: 'bad', word: 'Down' };
  if (service.age_s > LATE_S) return { state: 'warn', word: 'Late' };
  if (service.state === 'busy') {
    return { state: 'warn', word: `Busy ${Math.round(service.busy_s ?? 0)} s` };
  }
  if (service.fault) return { state: 'bad', word: 'Fault' };
  return WORDS[service.state];
}

/**
 * One row a replica; of a service that runs, only what runs.
 *
 * @param {ServiceStatus[]} services
 */
export function rowsOf(services) {
  const running = new Set(services.filter(({ up }) => up).map(({ service }) => service));
  return services
    .filter(({ service, up }) => up || !running.has(service))
    .sort((a, b) => a.service.localeCompare(b.service) || a.replica.localeCompare(b.replica));
}

/**
 * What an experimenter should look at, most urgent first.
 *
 * @param {ServiceStatus[]} services
 * @param {string[]} inSession names of the services that belong to the open session
 * @returns {Concern[]}
 */
export function concerns(services, inSession) {
  return rowsOf(services)
    .flatMap((service) => concernsOf(service, inSession))
    .sort((a, b) => Number(b.state === 'bad') - Number(a.state === 'bad'));
}

/** @param {ServiceStatus} service @param {string[]} inSession */
function concernsOf(service, inSession) {
  const { service: name, failed, invalid, age_s, busy_key, fault } = service;
  const { last_failed = null, last_invalid = null } = service;
  const { word, state } = health(service);
  /** @param {Status} s @param {Act} act @param {string} text @param {string | null} [record] @returns {Concern} */
  const note = (s, act, text, record = busy_key) => ({
    key: `${service.replica} ${text}`,
    state: s,
    service: name,
    text,
    act,
    record,
  });
  const handling = `has been handling ${busy_key ?? 'one record'} for more than a second.`;
  /** @param {string} count @param {import('/static/durapy/types.js').RecordName | null} newest */
  const counted = (count, newest) =>
    note('warn', newest ? 'record' : 'log', `${count}${named(newest)}.`, newest?.key);
  const failures = `${times(failed, 'handler')} failed since it started`;
  const unread = `${times(invalid, 'record')} could not be read since it started`;
  const stopped = word === 'Stopped' && inSession.includes(name);
  const busy = state === 'warn' && word !== 'Late';
  return [
    ...when(word === 'Down', note('bad', 'restart', 'does not answer any more.')),
    ...when(stopped, note('bad', 'restart', 'has stopped while its session is open.')),
    ...when(Boolean(service.up && fault), note('bad', 'log', `${fault}`)),
    ...when(word === 'Late', note('warn', 'restart', `last reported ${age_s.toFixed(1)} s ago.`)),
    ...when(busy, note('warn', busy_key ? 'record' : 'log', handling)),
    ...when(failed > 0, counted(failures, last_failed)),
    ...when(invalid > 0, counted(unread, last_invalid)),
  ];
}

/** @template T @param {boolean} wanted @param {T} one @returns {T[]} */
const when = (wanted, one) => (wanted ? [one] : []);

/** The newest of those that are counted, as words to go on with. @param {import('/static/durapy/types.js').RecordName | null} newest */
const named = (newest) => (newest ? `, last on ${newest.type ?? 'a record without a type'}` : '');

/** @param {number} n @param {string} thing */
const times = (n, thing) => (n === 1 ? `1 ${thing}` : `${n} ${thing}s`);
