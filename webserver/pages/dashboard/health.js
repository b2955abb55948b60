// How a service's own account is judged and said. Pure.

/** @typedef {import('/static/durapy/types.js').ServiceStatus} ServiceStatus */
/** @typedef {import('/static/durapy/icons.js').Status} Status */

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
 * @returns {{key: string, state: Status, service: string, text: string}[]}
 */
export function concerns(services, inSession) {
  return rowsOf(services)
    .flatMap((service) => concernsOf(service, inSession))
    .sort((a, b) => Number(b.state === 'bad') - Number(a.state === 'bad'));
}

/** @param {ServiceStatus} service @param {string[]} inSession */
function concernsOf(service, inSession) {
  const { service: name, failed, invalid, age_s, busy_key } = service;
  const { word, state } = health(service);
  const note = (/** @type {Status} */ s, /** @type {string} */ text) => ({
    key: `${service.replica} ${text}`,
    state: s,
    service: name,
    text,
  });
  const found = [];
  if (word === 'Down') found.push(note('bad', 'does not answer any more.'));
  if (word === 'Stopped' && inSession.includes(name))
    found.push(note('bad', 'has stopped while its session is open.'));
  if (word === 'Late') found.push(note('warn', `last reported ${age_s.toFixed(1)} s ago.`));
  if (state === 'warn' && word !== 'Late')
    found.push(
      note('warn', `has been handling ${busy_key ?? 'one record'} for more than a second.`),
    );
  if (failed > 0)
    found.push(
      note('warn', `${times(failed, 'handler')} failed since it started; its log says why.`),
    );
  if (invalid > 0)
    found.push(note('warn', `${times(invalid, 'record')} could not be read since it started.`));
  return found;
}

/** @param {number} n @param {string} thing */
const times = (n, thing) => (n === 1 ? `1 ${thing}` : `${n} ${thing}s`);
