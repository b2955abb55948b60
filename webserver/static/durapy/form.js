// <dp-form>: a typed form from a JSON Schema as pydantic writes it. Stable.
//
//     form.schema = type.schema;             // starts with the schema's defaults
//     form.value = { key: 'a1' };            // or with these
//     form.addEventListener('change', …);    // after each change by the user
//     form.errors = error.errors;            // [{loc: ['key'], msg: 'Too short'}]: shown at the field
//     if (form.check()) await durapy.send(type.type, form.value);
import { DpElement } from './element.js';
import { control } from './form/control.js';
import { initial } from './form/initial.js';
import { objectRows } from './form/rows.js';
import { FormState, locKey } from './form/state.js';
import { icon } from './icons.js';
import { html, nothing } from './lit.js';

/** @typedef {import('./types.js').JsonSchema} JsonSchema */
/** @typedef {import('./types.js').Problem} Problem */
/** @typedef {import('./form/rows.js').Field} Field */

let count = 0;

/** The element. Fires `change` when the user changed the value. */
export class DpForm extends DpElement {
  #uid = `form-${++count}`;
  /** The fields of the last rendering, by place, with their problems. @type {Map<string, string>} */
  #shown = new Map();
  state = new FormState({}, {}, () => this.#changed());

  get schema() {
    return this.state.schema;
  }

  /** @param {JsonSchema} schema also sets the value to its defaults */
  set schema(schema) {
    this.state = new FormState(schema, initial(schema, schema) ?? {}, () => this.#changed());
    this.update();
  }

  get value() {
    return this.state.value;
  }

  /** @param {any} value forgets what was typed and refused before */
  set value(value) {
    this.state = new FormState(this.schema, value, () => this.#changed());
    this.update();
  }

  /** @param {Problem[]} problems what the server said; a field forgets its own when it is changed */
  set errors(problems) {
    this.state.refuse(problems);
    this.update();
  }

  /** How many fields show a problem now, with those of the form as a whole. */
  get problems() {
    this.renderNow();
    const bad = [...this.#shown.values()].filter(Boolean).length;
    return bad + this.state.stray(new Set(this.#shown.keys())).length;
  }

  /**
   * Show every problem and go to the first.
   *
   * @returns {boolean} whether nothing speaks against sending; the server may still refuse
   */
  check() {
    this.state.touchAll();
    if (this.problems === 0) return true;
    const first = this.querySelector('[aria-invalid=true]');
    if (first instanceof HTMLElement) first.focus();
    return false;
  }

  /** @param {import('./form/state.js').Loc} loc */
  idOf(loc) {
    return [this.#uid, ...loc].map((part) => String(part).replace(/[^\w-]/g, '_')).join('-');
  }

  /** @param {Field} field */
  control(field) {
    return control(this, field);
  }

  /** @param {Field} field */
  problemOf({ loc, schema, value, required }) {
    const problem = this.state.problem(loc, schema, value, required);
    this.#shown.set(locKey(loc), problem);
    return problem;
  }

  view() {
    this.#shown.clear();
    const rows = objectRows(this, this.schema, [], this.value);
    const stray = this.state.stray(new Set(this.#shown.keys())); // after the rows, which fill #shown
    return html`${rows.length ? rows : html`<p class="muted small">This command has no fields.</p>`}
      <div role="alert">${stray.map(strayLine)}</div>`;
  }

  #changed() {
    this.update();
    this.dispatchEvent(new CustomEvent('change', { bubbles: true, detail: this.value }));
  }
}

/** A problem of the whole, or of a place that has no field. @param {Problem} problem */
const strayLine = ({ loc, msg }) =>
  html`<div class="f"><div class="err">${icon('warn')}<span>${loc.length ? html`<b>${loc.join('.')}</b>: ` : nothing}${msg}</span></div></div>`;

customElements.define('dp-form', DpForm);
