// What a form holds: the value, what is being typed, what was touched, what the server said.
import { fieldProblem } from './check.js';
import { pickBranch } from './schema.js';

/** @typedef {import('../types.js').JsonSchema} JsonSchema */
/** @typedef {import('../types.js').Problem} Problem */
/** @typedef {(string | number)[]} Loc */

/** @param {Loc} loc */
export const locKey = (loc) => JSON.stringify(loc);

/** The value of one form and all that is known of its fields. Knows no document. */
export class FormState {
  /** Text in a field that is no value yet, by place. @type {Map<string, {text: string, problem: string}>} */
  #typed = new Map();
  /** @type {Set<string>} */
  #touched = new Set();
  #allTouched = false;
  /** @type {Map<string, string>} */
  #refused = new Map();
  /** Chosen branches of unions, by place. @type {Map<string, number>} */
  #choices = new Map();
  /** @type {any} */
  value;

  /** @param {JsonSchema} schema @param {any} value @param {() => void} changed */
  constructor(schema, value, changed) {
    this.schema = schema;
    this.value = structuredClone(value);
    this.changed = changed;
  }

  /** Put a value in its place; undefined for none. @param {Loc} loc @param {any} value */
  set(loc, value) {
    this.#touched.add(locKey(loc));
    this.#forget(this.#refused, loc);
    this.value = put(this.value, loc, value);
    this.changed();
  }

  /** Put a new thing in place of another: nothing typed below it counts any longer. @param {Loc} loc @param {any} value */
  replace(loc, value) {
    this.#forget(this.#typed, loc);
    this.#forget(this.#choices, loc);
    this.set(loc, value);
  }

  /** Keep what is typed and is no value yet. @param {Loc} loc @param {string} text @param {string} problem */
  type(loc, text, problem) {
    this.#typed.set(locKey(loc), { text, problem });
    this.#touched.add(locKey(loc));
    this.changed();
  }

  /** The text to show instead of the value's own. @param {Loc} loc */
  typed(loc) {
    return this.#typed.get(locKey(loc))?.text;
  }

  /** Typing in this field is over: show the value as it is read. @param {Loc} loc */
  settle(loc) {
    this.#touched.add(locKey(loc));
    if (!this.#typed.get(locKey(loc))?.problem) this.#typed.delete(locKey(loc));
    this.changed();
  }

  /** From now on all problems show. */
  touchAll() {
    this.#allTouched = true;
  }

  /** @param {Problem[]} problems what the server answered */
  refuse(problems) {
    this.#refused = new Map(problems.map(({ loc, msg }) => [locKey(loc), msg]));
  }

  /**
   * What is wrong with a field, if that should show now.
   *
   * @param {Loc} loc
   * @param {JsonSchema} schema resolved
   * @param {any} value
   * @param {boolean} required
   */
  problem(loc, schema, value, required) {
    const key = locKey(loc);
    if (!this.#allTouched && !this.#touched.has(key)) return '';
    const typing = this.#typed.get(key)?.problem;
    return typing || fieldProblem(schema, value, required) || (this.#refused.get(key) ?? '');
  }

  /** The server's answers at places for which nothing was asked. @param {Set<string>} shown keys of fields */
  stray(shown) {
    return [...this.#refused]
      .filter(([key]) => !shown.has(key))
      .map(([key, msg]) => ({ loc: JSON.parse(key), msg }));
  }

  /** Whether some text is no value yet. */
  get unreadable() {
    return [...this.#typed.values()].some(({ problem }) => problem);
  }

  /** The branch of a union: as chosen, else as the value looks. @param {Loc} loc @param {JsonSchema} schema @param {any} value */
  choice(loc, schema, value) {
    return this.#choices.get(locKey(loc)) ?? pickBranch(schema, value, this.schema);
  }

  /** @param {Loc} loc @param {number} index @param {any} value of that branch, to begin with */
  choose(loc, index, value) {
    this.replace(loc, value);
    this.#choices.set(locKey(loc), index);
  }

  /** Forget what is noted at a place and below. @param {Map<string, any>} notes @param {Loc} loc */
  #forget(notes, loc) {
    for (const key of notes.keys()) {
      const place = JSON.parse(key);
      if (loc.every((part, i) => part === place[i])) notes.delete(key);
    }
  }
}

/**
 * A copy of `whole` with `value` at `loc`. An undefined value stays as a name without one, so that the
 * rows of a dictionary keep their places; JSON leaves it out.
 *
 * @param {any} whole
 * @param {Loc} loc
 * @param {any} value
 * @returns {any}
 */
export function put(whole, loc, value) {
  if (loc.length === 0) return value;
  const [first, ...rest] = loc;
  if (Array.isArray(whole)) {
    return whole.map((item, i) => (i === first ? put(item, rest, value) : item));
  }
  return { ...whole, [first]: put(whole?.[first], rest, value) };
}
