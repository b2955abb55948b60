// The socket: opens it, notices its silence, opens it again. Knows messages, not commands.

const RETRY_S = [0.5, 1, 2, 5];
const SILENCE_S = 6;

/** @typedef {'connecting' | 'live' | 'lost'} ConnectionStatus */

/**
 * A WebSocket that comes back. Fires `status` when `status` changes and `message` (its `detail` is
 * the message) for all that the server says.
 */
export class Connection extends EventTarget {
  /** @type {ConnectionStatus} */
  status = 'connecting';
  /** When the server was last heard, `Date.now()`; 0 for never. */
  heardAt = 0;
  /** When the next attempt is due, `Date.now()`; 0 when none is. */
  retryAt = 0;
  /** @type {WebSocket | null} */
  #socket = null;
  #failures = 0;
  #silence = 0;
  #retry = 0;
  #url;
  #hello;

  /**
   * @param {string} url
   * @param {() => object} hello the first message of each connection
   */
  constructor(url, hello) {
    super();
    this.#url = url;
    this.#hello = hello;
    addEventListener('online', () => this.retryNow());
  }

  /** Open now, also when an attempt is due later. */
  retryNow() {
    if (this.#socket) return;
    clearTimeout(this.#retry);
    this.retryAt = 0;
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.onopen = () => socket.send(JSON.stringify(this.#hello()));
    socket.onmessage = (event) => this.#heard(JSON.parse(event.data));
    socket.onclose = () => this.#lost(socket);
    this.#watch();
  }

  /**
   * Send a message.
   *
   * @param {object} message
   * @returns {boolean} false: not connected, nothing went out
   */
  send(message) {
    if (this.status !== 'live' || !this.#socket) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** @param {any} message */
  #heard(message) {
    this.heardAt = Date.now();
    this.#watch();
    if (message.op === 'welcome') {
      this.#failures = 0;
      this.#become('live');
    }
    this.dispatchEvent(new CustomEvent('message', { detail: message }));
  }

  /** A browser does not show ping frames, so silence is how a dead peer is noticed. */
  #watch() {
    clearTimeout(this.#silence);
    const socket = this.#socket;
    this.#silence = setTimeout(() => {
      socket?.close();
      if (socket) this.#lost(socket);
    }, SILENCE_S * 1000);
  }

  /** @param {WebSocket} socket */
  #lost(socket) {
    if (socket !== this.#socket) return;
    this.#socket = null;
    clearTimeout(this.#silence);
    const wait_s = RETRY_S[Math.min(this.#failures, RETRY_S.length - 1)];
    this.#failures += 1;
    this.retryAt = Date.now() + wait_s * 1000;
    this.#retry = setTimeout(() => this.retryNow(), wait_s * 1000);
    this.#become('lost');
  }

  /** @param {ConnectionStatus} status */
  #become(status) {
    this.status = status;
    this.dispatchEvent(new Event('status'));
  }
}
