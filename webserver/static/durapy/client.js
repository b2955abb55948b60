// What a page uses to talk to the rig: `durapy.on`, `send`, `history`, `subscribe`. Stable.
//
//     import { durapy } from '/static/durapy/client.js';
//     durapy.on('PONG', (body, record) => console.log(body.output_key, record.sent_at));
//     await durapy.send('PING', { key: 'a1' });

import { ApiError, api } from './api.js';
import { Connection } from './connection.js';
import { follow } from './follow.js';
import { Requests } from './requests.js';
import { Topics } from './topics.js';

/** @typedef {import('./types.js').CommandRecord} CommandRecord */

export { confirmed, toast } from './dialog.js';
export { html, nothing, render, repeat } from './lit.js';
export { paced } from './pace.js';
export { ApiError, api };

/**
 * The page's link to the rig. Fires `status` when `status` changes (`connecting`, `live`, `lost`)
 * and `gap` when it was away too long to be told all it missed: read `history` again then.
 */
class Durapy extends EventTarget {
  #topics = new Topics((op, topics) => this.#connection.send({ op, topics }));
  /** @type {string | null} */
  #resume = null;
  /** Whether an attempt failed before the server was ever heard. */
  #deaf = false;
  #aheadMs = 0;
  #connection;
  #requests = new Requests((message) => this.#connection.send(message));
  /**
   * Settled when the first attempt to connect has ended, well or not. What is read from the server
   * after that and what is heard leave no gap between them.
   *
   * @type {Promise<unknown>}
   */
  ready;

  constructor() {
    super();
    this.ready = new Promise((resolve) => {
      this.addEventListener('status', resolve, { once: true });
    });
    const url = new URL('/ws', location.href);
    url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    this.#connection = new Connection(url.href, () => this.#hello());
    this.#connection.addEventListener('message', (event) =>
      this.#receive(/** @type {CustomEvent} */ (event).detail),
    );
    this.#connection.addEventListener('status', () => this.#statusChanged());
    // By then every script of the page has said what it wants to hear, so the hello names it all.
    if (document.readyState === 'complete') queueMicrotask(() => this.retryNow());
    else
      for (const event of ['DOMContentLoaded', 'load'])
        addEventListener(event, () => this.retryNow());
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
   * Call `callback` for each event of a topic: `command`, `receipt`, `services`, `types`,
   * `operation`.
   *
   * @param {string} topic
   * @param {(data: any, event: any) => void} callback
   * @returns {() => void} stops it
   */
  subscribe(topic, callback) {
    return this.#topics.add(topic, callback);
  }

  /**
   * Send a command.
   *
   * @param {string} type
   * @param {object} [body]
   * @param {{idempotencyKey?: string}} [options] the send's own name: repeated, it is stored once
   * @returns {Promise<CommandRecord>} the record, once it is stored; rejects with an `ApiError`
   *   whose `errors` name the fields when the body is refused
   */
  send(type, body = {}, { idempotencyKey } = {}) {
    return this.#requests.ask({ op: 'send', type, body, idempotency_key: idempotencyKey });
  }

  /**
   * Ask whether a command would be taken, without sending it; rejects as `send` does.
   *
   * @param {string} type
   * @param {object} [body]
   * @returns {Promise<unknown>}
   */
  check(type, body = {}) {
    return this.#requests.ask({ op: 'check', type, body });
  }

  /**
   * The last `limit` commands of a type, oldest first; `'*'` for every type.
   *
   * @param {string} type
   * @param {number} [limit] at most 500
   * @returns {Promise<CommandRecord[]>}
   */
  async history(type, limit = 100) {
    await this.ready;
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
  follow(type, limit, callback) {
    return follow(this, { type, limit, callback });
  }

  #hello() {
    const topics = this.#topics.forHello();
    return { op: 'hello', v: 1, topics, batches: true, resume: this.#resume };
  }

  /** @param {any} message */
  #receive(message) {
    if (message.op === 'welcome') this.#welcome(message);
    if (message.resume) this.#resume = message.resume;
    if (message.op === 'hb') this.#beat(message);
    else if (message.op === 'event') this.#topics.tell(message);
    else if (message.op === 'events') for (const event of message.events) this.#receive(event);
    else if (message.op === 'ack') this.#requests.accept(message);
    else if (message.op === 'error') this.#requests.refuse(message);
  }

  /** @param {any} message */
  #welcome({ gap }) {
    this.#topics.welcomed();
    if (gap || this.#deaf) this.dispatchEvent(new Event('gap'));
    this.#deaf = false;
  }

  /** @param {any} message */
  #beat(message) {
    this.#aheadMs = Date.parse(message.t) - Date.now();
    this.dispatchEvent(new CustomEvent('heartbeat', { detail: message }));
  }

  #statusChanged() {
    if (this.status === 'lost') {
      this.#deaf ||= this.#resume === null;
      this.#requests.abandon();
    }
    this.dispatchEvent(new Event('status'));
  }
}

export const durapy = new Durapy();
