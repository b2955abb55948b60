// A dictionary: names the user gives, values of one type.
import { icon } from '../icons.js';
import { html } from '../lit.js';
import { fresh } from './initial.js';
import { objectRows, problemLine } from './rows.js';
import { resolve } from './schema.js';

/** @typedef {import('./rows.js').Field} Field */
/** @typedef {import('../form.js').DpForm} DpForm */

/** @param {DpForm} form @param {Field} field */
export function dictControl(form, field) {
  const { schema, loc } = field;
  const entries = Object.entries(field.value ?? {});
  const item = resolve(schema.additionalProperties, form.schema).schema;
  const add = () =>
    form.state.replace(loc, { ...field.value, [freeName(field.value)]: fresh(item, form.schema) });
  return html`<div class="stack">
    ${entries.map(([name, value], i) => entry(form, field, { name, value, i, item }))}
    <div><button type="button" class="sm" aria-label="Add to ${String(loc.at(-1) ?? 'value')}" @click=${add}>${icon('plus')}Add</button></div>
  </div>`;
}

/**
 * @param {DpForm} form
 * @param {Field} field
 * @param {{name: string, value: any, i: number, item: import('../types.js').JsonSchema}} entry
 */
function entry(form, field, { name, value, i, item }) {
  const { loc } = field;
  const owner = String(loc.at(-1) ?? 'value');
  const place = [...loc, name];
  const inner = { schema: item, loc: place, value, required: true, label: `${owner} ${name}` };
  const change = (/** @type {{target: HTMLInputElement}} */ { target }) => {
    const next = renamed(field.value, name, target.value);
    if (next) form.state.replace(loc, next);
    else target.value = name;
  };
  const nested = item.type === 'object' && item.properties;
  return html`<div class="opt"><div class=${nested ? 'stack' : 'cells'}>
      <input class="mono" aria-label="${owner} name ${i + 1}" autocomplete="off" spellcheck="false" placeholder="name"
        .value=${name} @change=${change}>
      <div>${nested ? html`<div class="nest" role="group" aria-label=${inner.label}>${objectRows(form, item, place, value)}</div>` : form.control(inner)}${problemLine(form, inner)}</div>
    </div>
    <button type="button" class="icon quiet" aria-label="Remove ${owner} ${name}"
      @click=${() => form.state.replace(loc, without(field.value, name))}>${icon('x')}</button></div>`;
}

/** A name that is not taken: `name_1`, `name_2`, … @param {Record<string, any> | undefined} value */
function freeName(value) {
  let n = 1;
  while (`name_${n}` in (value ?? {})) n += 1;
  return `name_${n}`;
}

/** The same entries in the same order under another name; null when the name is empty or taken. @param {Record<string, any>} value @param {string} from @param {string} to */
function renamed(value, from, to) {
  if (to === '' || to in value) return null;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k === from ? to : k, v]));
}

/** @param {Record<string, any>} value @param {string} name */
function without(value, name) {
  const { [name]: _removed, ...rest } = value;
  return rest;
}
