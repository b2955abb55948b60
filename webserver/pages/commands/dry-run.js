// Asks the server, while a form is filled, whether it would take what is typed.
import { durapy } from '/static/durapy/client.js';

/** @typedef {import('/static/durapy/form.js').DpForm} DpForm */

const AFTER_MS = 300;

/** Puts the server's problems at the form's fields. */
export class DryRun {
  /** Whether the server would take the form as it stands. */
  accepted = false;
  #timer = 0;
  #form;
  #answered;

  /** @param {DpForm} form @param {() => void} answered called after each answer */
  constructor(form, answered) {
    this.#form = form;
    this.#answered = answered;
  }

  /** Ask a moment after the last key. @param {string} type */
  soon(type) {
    this.accepted = false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(type), AFTER_MS);
  }

  /** Do not ask after all. */
  cancel() {
    clearTimeout(this.#timer);
  }

  /** Show the answer unless the form has changed meanwhile. @param {string} type */
  async #ask(type) {
    const asked = this.#form.value;
    const problems = await durapy.check(type, asked).then(
      () => [],
      (error) => (error.code === 'invalid' ? error.errors : null),
    );
    if (problems === null || asked !== this.#form.value) return;
    this.#form.errors = problems;
    this.accepted = problems.length === 0;
    this.#answered();
  }
}
