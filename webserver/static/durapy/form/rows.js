// The rows of a form: label, control, problem, help; and values that may be left unset.
import { icon } from '../icons.js';
import { html, nothing } from '../lit.js';
import { fieldTitle, fresh, initial } from './initial.js';
import { resolve } from './schema.js';

/** @typedef {import('../types.js').JsonSchema} JsonSchema */
/** @typedef {import('./state.js').Loc} Loc */
/** @typedef {import('../form.js').DpForm} DpForm */

/**
 * One place of the form, ready to be drawn.
 *
 * @typedef {object} Field
 * @property {JsonSchema} schema resolved
 * @property {Loc} loc
 * @property {any} value
 * @property {boolean} required
 * @property {string} [label] its name, when no label stands beside it
 * @property {string} [helpId] where its help is written
 */

/**
 * The rows of an object, one for each property.
 *
 * @param {DpForm} form
 * @param {JsonSchema} schema
 * @param {Loc} loc
 * @param {any} value
 */
export const objectRows = (form, schema, loc, value) =>
  Object.entries(schema.properties ?? {}).map(([name, property]) =>
    row(form, property, [...loc, name], value?.[name], schema.required?.includes(name) ?? false),
  );

/** @param {JsonSchema} s */
const isGroup = (s) =>
  Boolean(s.type === 'object' || s.type === 'array' || s.oneOf || s.anyOf || s.enum?.length <= 4);

/**
 * @param {DpForm} form
 * @param {JsonSchema} property as it stands in the object
 * @param {Loc} loc
 * @param {any} value
 * @param {boolean} required
 */
function row(form, property, loc, value, required) {
  const { schema, nullable } = resolve(property, form.schema);
  if (schema.const !== undefined && !nullable) return nothing; // a tag: nothing to choose
  const id = form.idOf(loc);
  const help = property.description ?? (schema.properties ? undefined : schema.description);
  const helpId = help ? `${id}-h` : undefined;
  const title = titleOf(property, loc);
  const field = { schema, loc, value, required: required && !nullable, helpId };
  const group = isGroup(schema);
  return html`<div class="f" role=${group ? 'group' : nothing} aria-labelledby=${group ? `${id}-l` : nothing}>
    <div class="lab">
      ${group ? html`<span id="${id}-l">${title}</span>` : html`<label for=${id} id="${id}-l">${title}</label>`}
      ${required ? html`<span class="req" title="required" aria-hidden="true">*</span>` : nothing}
    </div>
    <div>
      ${nullable ? optional(form, field, title) : form.control(field)}
      ${problemLine(form, field)}
      ${help ? html`<div class="help" id="${id}-h">${help}</div>` : nothing}
    </div>
  </div>`;
}

/** The title of a property's own, not that of the model it refers to. @param {JsonSchema} property @param {Loc} loc */
const titleOf = (property, loc) => fieldTitle({ title: property.title }, loc.at(-1) ?? '');

/**
 * A value that may be left unset: "not set" with a button, or the control with a cross.
 *
 * @param {DpForm} form
 * @param {Field} field
 * @param {string} title
 */
function optional(form, field, title) {
  const { schema, loc, value } = field;
  if (value === null || value === undefined) {
    const set = () => form.state.replace(loc, fresh(schema, form.schema));
    return html`<span class="unset"><i>not set</i>
      <button type="button" class="sm" id=${form.idOf(loc)} aria-label="Set ${title}" @click=${set}>${icon('plus')}Set</button></span>`;
  }
  return html`<div class="opt"><div>${form.control(field)}</div>
    <button type="button" class="icon quiet" aria-label="Clear ${title}" title="Not set"
      @click=${() => form.state.replace(loc, null)}>${icon('x')}</button></div>`;
}

/**
 * The problem of a field in words, or nothing.
 *
 * @param {DpForm} form
 * @param {Field} field
 */
export function problemLine(form, field) {
  const problem = form.problemOf(field);
  if (!problem) return nothing;
  return html`<div class="err" id="${form.idOf(field.loc)}-e">${icon('warn')}<span>${problem}</span></div>`;
}

/**
 * The branches of a union as segments, and the chosen one below.
 *
 * @param {DpForm} form
 * @param {Field} field
 * @param {{all: JsonSchema[], names: string[]}} union
 */
export function unionControl(form, field, { all, names }) {
  const { schema, loc, value } = field;
  const id = form.idOf(loc);
  const chosen = form.state.choice(loc, schema, value);
  const choose = (/** @type {number} */ index) =>
    form.state.choose(
      loc,
      index,
      initial(all[index], form.schema) ?? fresh(all[index], form.schema),
    );
  const branch = all[chosen] ?? {};
  const inner = { ...field, schema: branch, label: field.label ?? String(loc.at(-1) ?? 'value') };
  return html`<div class="stack">
    <span class="seg" role="radiogroup" aria-label="Kind of ${String(loc.at(-1) ?? 'value')}">
      ${names.map(
        (name, i) => html`<label><input type="radio" name="${id}-k" .checked=${i === chosen}
          @change=${() => choose(i)}>${name}</label>`,
      )}
    </span>
    ${form.control(inner)}
  </div>`;
}
