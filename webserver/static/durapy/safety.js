// The safe state as this page was told it last, and the two acts: entering it, leaving it.
import { api } from './api.js';
import { durapy } from './client.js';
import { deliver } from './deliver.js';

/** @typedef {import('./types.js').SafeState} SafeState */

const ANSWER_MS = 3000;

/** Fires `change` when `state` does. `state` is null until the first word of it. */
class Safety extends EventTarget {
  /** @type {SafeState | null} */
  state = null;

  /** How often the socket has told of it. */
  #told = 0;

  constructor() {
    super();
    durapy.subscribe('safety', (state) => {
      this.#told += 1;
      this.#take(state);
    });
  }

  get engaged() {
    return this.state?.engaged ?? false;
  }

  /**
   * STOP: enter the safe state.
   *
   * @param {string} name the same for each repetition of one press, so that it counts once
   * @returns {Promise<void>} once it is stored; rejects if neither way was answered
   */
  engage(name) {
    return this.#change({ type: 'SAFE_STATE', path: 'safe-state', name });
  }

  /** Leave the safe state; as `engage`. @param {string} name */
  clear(name) {
    return this.#change({ type: 'CLEAR_SAFE_STATE', path: 'safe-state/clear', name });
  }

  /** Ask anew by a request: for when the socket may be gone. */
  ask() {
    return this.#request('safe-state', {});
  }

  /** @param {{type: string, path: string, name: string}} change */
  async #change({ type, path, name }) {
    await deliver({
      socket: () => durapy.send(type, {}, { idempotencyKey: name }).then(() => {}),
      request: () => this.#request(path, { method: 'POST', body: {}, idempotencyKey: name }),
    });
  }

  /**
   * Take what a request answers, unless the socket told something meanwhile, which is newer.
   *
   * @param {string} path
   * @param {import('./api.js').Options} options
   */
  async #request(path, options) {
    const told = this.#told;
    const state = await api(path, { ...options, signal: AbortSignal.timeout(ANSWER_MS) });
    if (told === this.#told) this.#take(state);
  }

  /** @param {SafeState} state */
  #take(state) {
    this.state = state;
    this.dispatchEvent(new Event('change'));
  }
}

export const safety = new Safety();

/**
 * How many services say what, in words: `2 safe, 1 failed: decoder, 1 waiting: camera`.
 *
 * @param {SafeState} state
 */
export function answersInWords({ services }) {
  const names = (/** @type {string} */ wanted) =>
    services.filter(({ state }) => state === wanted).map(({ service }) => service);
  /** @param {string} word @param {string[]} who @param {boolean} named */
  const part = (word, who, named) =>
    who.length === 0 ? [] : [`${who.length} ${word}${named ? `: ${who.join(', ')}` : ''}`];
  return [
    ...part('failed', names('failed'), true),
    ...part('down', names('down'), true),
    ...part('not answered', names('waiting'), true),
    ...part('safe', names('safe'), false),
    ...part('without a handler', names('none'), false),
  ].join('; ');
}
