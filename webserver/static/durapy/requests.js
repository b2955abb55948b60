// Questions over the socket and their answers, matched by number.
import { ApiError } from './api.js';

/** @typedef {{resolve: (value: any) => void, reject: (error: Error) => void}} Waiting */

/** What was asked and is not answered yet. */
export class Requests {
  /** @type {Map<number, Waiting>} */
  #waiting = new Map();
  #last = 0;
  #send;

  /** @param {(message: object) => boolean} send false: nothing went out */
  constructor(send) {
    this.#send = send;
  }

  /** @param {{op: string, type: string, body: object, idempotency_key?: string}} message @returns {Promise<any>} */
  ask(message) {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      if (this.#send({ ...message, id })) this.#waiting.set(id, { resolve, reject });
      else reject(new ApiError('lost', `Not connected: ${message.type} was not sent.`));
    });
  }

  /** @param {{id: number, record: any}} ack */
  accept({ id, record }) {
    this.#take(id)?.resolve(record);
  }

  /** @param {{id: number, code: string, message: string, errors: any[]}} error */
  refuse({ id, code, message, errors }) {
    this.#take(id)?.reject(new ApiError(code, message, errors));
  }

  /** The connection broke: whether what was sent arrived is not known. */
  abandon() {
    const text =
      'The connection broke before an answer came: look in the history before resending.';
    for (const { reject } of this.#waiting.values()) reject(new ApiError('unknown', text));
    this.#waiting.clear();
  }

  /** @param {number} id */
  #take(id) {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }
}
