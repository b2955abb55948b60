// The command types that services publish: read once for the whole page, and again as they change.
import { whenBack } from './back.js';
import { api, durapy } from './client.js';

/** @typedef {import('./types.js').CommandType} CommandType */

const AGAIN_MS = 5000;

/** Fires `change` after each answer, and each failure, which is tried again by itself. */
class KnownTypes extends EventTarget {
  /** Null until they are known. @type {CommandType[] | null} */
  list = null;
  /** Why the last attempt failed; empty when it did not. */
  problem = '';
  #asked = 0;
  #timer = 0;
  /** Settled when the first attempt has ended, well or not. */
  ready;

  constructor() {
    super();
    durapy.subscribe('types', () => this.load());
    whenBack(() => this.load());
    this.ready = this.load();
  }

  /** Read them now. */
  async load() {
    const asked = ++this.#asked;
    clearTimeout(this.#timer);
    const answer = await api('types').catch((error) => /** @type {Error} */ (error));
    if (asked !== this.#asked) return; // a later question is under way
    if (answer instanceof Error) this.#failed(answer);
    else {
      this.list = answer.types;
      this.problem = '';
    }
    this.dispatchEvent(new Event('change'));
  }

  /** @param {Error} error */
  #failed(error) {
    this.problem = error.message;
    if (durapy.status === 'lost') return; // read again as soon as the server is back
    this.#timer = setTimeout(() => this.load(), AGAIN_MS);
  }

  /** Those that begin a session. */
  get begins() {
    return (this.list ?? []).filter(({ services }) =>
      services.some(({ roles }) => roles.includes('begins')),
    );
  }
}

export const knownTypes = new KnownTypes();
