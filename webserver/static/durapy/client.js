// What a page uses to talk to the rig: `durapy.on`, `send`, `history`, `subscribe`. Stable.
//
//     import { durapy } from '/static/durapy/client.js';
//     durapy.on('PONG', (body, record) => console.log(body.output_key, record.sent_at));
//     await durapy.send('PING', { key: 'a1' });

import { ApiError, api } from './api.js';
import { Connection } from './connection.js';

/** @typedef {import('./types.js').CommandRecord} CommandRecord */

export { confirmed, toast } from './dialog.js';
export { html, nothing, render, repeat } from './lit.js';
export { ApiError, api };

/**
 * The page's link to the rig. Fires `status` when `status` changes (`connecting`, `live`, `lost`)
 * and `gap` when it was away too long to be told all it missed: read `history` again then.
 */
class Durapy extends EventTarget {
  /** @type {Map<string, Set<(data: any, event: any) => void>>} */
  #topics = new Map();
  /** @type {Map<number, {resolve: (record: CommandRecord) => void, reject: (error: Error) => void}>} */
  #unanswered = new Map();
  #lastId = 0;
  /** @type {string | null} */
  #resume = null;
  #aheadMs = 0;
  #connection;

  constructor() {
    super();
    const url = new URL('/ws', location.href);
    url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    this.#connection = new Connection(url.href, () => ({
      op: 'hello',
      v: 1,
      topics: [...this.#topics.keys()],
      resume: this.#resume,
    }));
    this.#connection.addEventListener('message', (event) =>
      this.#receive(/** @type {CustomEvent} */ (event).detail),
    );
    this.#connection.addEventListener('status', () => this.#statusChanged());
    queueMicrotask(() => this.retryNow());
  }

  /** `connecting`, `live` or `lost`. */
  get status() {
    return this.#connection.status;
  }

  /** When the server was last heard and when the next attempt is due: `Date.now()`, 0 for never. */
  get heardAt() {
    return this.#connection.heardAt;
  }

  get retryAt() {
    return this.#connection.retryAt;
  }

  /** The present moment by the server's clock, in ms since 1970. */
  now() {
    return Date.now() + this.#aheadMs;
  }

  /** Connect now rather than at `retryAt`. */
  retryNow() {
    this.#connection.retryNow();
  }

  /**
   * Call `callback` for each command of a type from now on; `'*'` hears all.
   *
   * @param {string} type
   * @param {(body: any, record: CommandRecord) => void} callback
   * @returns {() => void} stops it
   */
  on(type, callback) {
    return this.subscribe('command', (record) => {
      if (type === '*' || type === record.type) callback(record.body, record);
    });
  }

  /**
   * Call `callback` for each event of a topic: `command`, `services`, `types`, `operation`.
   *
   * @param {string} topic
   * @param {(data: any, event: any) => void} callback
   * @returns {() => void} stops it
   */
  subscribe(topic, callback) {
    let listeners = this.#topics.get(topic);
    if (!listeners) {
      listeners = new Set();
      this.#topics.set(topic, listeners);
      this.#connection.send({ op: 'subscribe', topics: [topic] });
    }
    listeners.add(callback);
    return () => listeners.delete(callback);
  }

  /**
   * Send a command.
   *
   * @param {string} type
   * @param {object} [body]
   * @returns {Promise<CommandRecord>} the record, once it is stored; rejects with an `ApiError`
   *   whose `errors` name the fields when the body is refused
   */
  send(type, body = {}) {
    return this.#ask({ op: 'send', type, body });
  }

  /**
   * Ask whether a command would be taken, without sending it; rejects as `send` does.
   *
   * @param {string} type
   * @param {object} [body]
   * @returns {Promise<unknown>}
   */
  check(type, body = {}) {
    return this.#ask({ op: 'check', type, body });
  }

  /** @param {{op: string, type: string, body: object}} message @returns {Promise<any>} */
  #ask(message) {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      if (this.#connection.send({ ...message, id })) this.#unanswered.set(id, { resolve, reject });
      else reject(new ApiError('lost', `Not connected: ${message.type} was not sent.`));
    });
  }

  /**
   * The last `limit` commands of a type, oldest first; `'*'` for every type.
   *
   * @param {string} type
   * @param {number} [limit] at most 500
   * @returns {Promise<CommandRecord[]>}
   */
  async history(type, limit = 100) {
    const query = { type: type === '*' ? '' : type, limit };
    const { records } = await api('commands', { query });
    return records.reverse();
  }

  /**
   * Call `callback` for the last `limit` commands of a type and then for each new one: in order,
   * each once.
   *
   * @param {string} type
   * @param {number} limit at most 500
   * @param {(body: any, record: CommandRecord) => void} callback
   * @returns {Promise<() => void>} stops it
   */
  async follow(type, limit, callback) {
    /** @type {CommandRecord[]} */
    const early = [];
    /** @type {(record: CommandRecord) => unknown} */
    let take = (record) => early.push(record);
    let known = new Set();
    const off = this.on(type, (_body, record) => known.has(record.key) || take(record));
    const past = await this.history(type, limit).catch((error) => {
      off();
      throw error;
    });
    known = new Set(past.map(({ key }) => key)); // the socket may tell of these a moment later
    const unknown = early.filter(({ key }) => !known.has(key));
    for (const record of [...past, ...unknown]) callback(record.body, record);
    take = (record) => callback(record.body, record);
    return off;
  }

  /** @param {any} message */
  #receive(message) {
    if (message.resume) this.#resume = message.resume;
    if (message.op === 'hb') this.#beat(message);
    else if (message.op === 'event') this.#tell(message);
    else if (message.op === 'ack') this.#take(message.id)?.resolve(message.record);
    else if (message.op === 'error') {
      const error = new ApiError(message.code, message.message, message.errors);
      this.#take(message.id)?.reject(error);
    } else if (message.op === 'welcome' && message.gap) this.dispatchEvent(new Event('gap'));
  }

  /** @param {any} message */
  #beat(message) {
    this.#aheadMs = Date.parse(message.t) - Date.now();
    this.dispatchEvent(new CustomEvent('heartbeat', { detail: message }));
  }

  /** @param {any} message */
  #tell(message) {
    for (const callback of this.#topics.get(message.topic) ?? []) {
      try {
        callback(message.data, message);
      } catch (error) {
        reportError(error); // one listener's mistake must not silence the others
      }
    }
  }

  /** @param {number} id */
  #take(id) {
    const waiting = this.#unanswered.get(id);
    this.#unanswered.delete(id);
    return waiting;
  }

  #statusChanged() {
    if (this.status === 'lost') {
      const text =
        'The connection broke before an answer came: look in the history before resending.';
      for (const { reject } of this.#unanswered.values()) reject(new ApiError('unknown', text));
      this.#unanswered.clear();
    }
    this.dispatchEvent(new Event('status'));
  }
}

export const durapy = new Durapy();
