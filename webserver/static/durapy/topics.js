// Who listens to which topic, and which of them the server has to be told of.

/** @typedef {(data: any, event: any) => void} Listener */

/** The topics of one page. */
export class Topics {
  /** @type {Map<string, Set<Listener>>} */
  #listeners = new Map();
  /** Topics that the server was told of in the last hello. @type {Set<string>} */
  #told = new Set();
  #send;

  /** @param {(op: 'subscribe' | 'unsubscribe', topics: string[]) => unknown} send to the server; does nothing while it is away */
  constructor(send) {
    this.#send = send;
  }

  /**
   * Call `listener` for each event of a topic.
   *
   * @param {string} topic
   * @param {Listener} listener
   * @returns {() => void} stops it
   */
  add(topic, listener) {
    let listeners = this.#listeners.get(topic);
    if (!listeners) {
      listeners = new Set();
      this.#listeners.set(topic, listeners);
      this.#send('subscribe', [topic]);
    }
    listeners.add(listener);
    return () => this.#remove(topic, listener);
  }

  /** What the hello of a new connection names. */
  forHello() {
    this.#told = new Set(this.#listeners.keys());
    return [...this.#told];
  }

  /** The server took the hello: tell it of what was added since. */
  welcomed() {
    const untold = [...this.#listeners.keys()].filter((topic) => !this.#told.has(topic));
    if (untold.length > 0) this.#send('subscribe', untold);
  }

  /** Pass an event on to all who listen to its topic. @param {{topic: string, data: any}} event */
  tell(event) {
    for (const listener of this.#listeners.get(event.topic) ?? []) {
      try {
        listener(event.data, event);
      } catch (error) {
        reportError(error); // one listener's mistake must not silence the others
      }
    }
  }

  /** @param {string} topic @param {Listener} listener */
  #remove(topic, listener) {
    const listeners = this.#listeners.get(topic);
    if (!listeners?.delete(listener) || listeners.size > 0) return;
    this.#listeners.delete(topic);
    this.#send('unsubscribe', [topic]);
  }
}
