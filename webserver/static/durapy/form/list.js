// Controls for lists: tuples as cells, small models as a grid, everything else one below the other.
import { icon } from '../icons.js';
import { html, nothing } from '../lit.js';
import { fresh } from './initial.js';
import { objectRows, problemLine } from './rows.js';
import { resolve } from './schema.js';

/** @typedef {import('../types.js').JsonSchema} JsonSchema */
/** @typedef {import('./rows.js').Field} Field */
/** @typedef {import('../form.js').DpForm} DpForm */

const SCALARS = ['integer', 'number', 'string', 'boolean'];

/** @param {DpForm} form @param {Field} field */
export function listControl(form, field) {
  if (field.schema.prefixItems) return tupleCells(form, field);
  const item = resolve(field.schema.items, form.schema).schema;
  const columns = gridColumns(form, item);
  return html`<div class="stack">
    ${columns ? grid(form, field, columns) : items(form, field, item)}
    <div>${addButton(form, field)}</div>
  </div>`;
}

/** @param {DpForm} form @param {Field} field */
function tupleCells(form, field) {
  const { schema: s, loc, value } = field;
  return html`<div class="cells">${s.prefixItems.map(
    (/** @type {JsonSchema} */ item, /** @type {number} */ i) => {
      const schema = resolve(item, form.schema).schema;
      const name = s.labels?.[i] ?? schema.title;
      const cell = {
        schema: { ...schema, unit: schema.unit ?? s.unit },
        loc: [...loc, i],
        value: value?.[i] ?? undefined,
        required: true,
        label: `${loc.at(-1)} ${name ?? i + 1}`,
      };
      return html`<div>${form.control(cell)}${problemLine(form, cell)}${name ? html`<div class="help">${name}</div>` : nothing}</div>`;
    },
  )}</div>`;
}

/**
 * The columns of a grid, if the items are small flat models.
 *
 * @param {DpForm} form
 * @param {JsonSchema} item
 * @returns {[string, JsonSchema][] | null}
 */
function gridColumns(form, item) {
  if (item.type !== 'object' || !item.properties) return null;
  /** @type {[string, JsonSchema][]} */
  const columns = [];
  for (const [name, property] of Object.entries(item.properties)) {
    const { schema, nullable } = resolve(property, form.schema);
    if (
      nullable ||
      schema.const !== undefined ||
      !['integer', 'number', 'string'].includes(schema.type)
    )
      return null;
    columns.push([name, schema]);
  }
  return columns.length > 0 && columns.length <= 4 ? columns : null;
}

/** @param {DpForm} form @param {Field} field @param {[string, JsonSchema][]} columns */
function grid(form, field, columns) {
  const { loc } = field;
  const rows = /** @type {any[]} */ (field.value ?? []);
  if (rows.length === 0) return nothing;
  return html`<table class="grid"><thead><tr>
    ${columns.map(([name, s]) => html`<th scope="col">${name}${s.unit ? html` <span class="dim">${s.unit}</span>` : nothing}</th>`)}
    <th scope="col"><span class="sr">remove</span></th></tr></thead>
    <tbody>${rows.map(
      (row, i) =>
        html`<tr>${columns.map(([name, s]) => {
          const cell = {
            schema: { ...s, unit: undefined },
            loc: [...loc, i, name],
            value: row?.[name],
            required: true,
            label: `${loc.at(-1)} ${i + 1} ${name}`,
          };
          return html`<td>${form.control(cell)}${problemLine(form, cell)}</td>`;
        })}<td>${removeButton(form, field, i)}</td></tr>`,
    )}</tbody></table>`;
}

/** @param {DpForm} form @param {Field} field @param {JsonSchema} item */
function items(form, field, item) {
  const { loc } = field;
  const list = /** @type {any[]} */ (field.value ?? []);
  const flat = SCALARS.includes(item.type);
  return list.map((value, i) => {
    const place = [...loc, i];
    const one = {
      schema: item,
      loc: place,
      value,
      required: true,
      label: `${loc.at(-1)} ${i + 1}`,
    };
    const inside =
      item.type === 'object' && item.properties
        ? objectRows(form, item, place, value)
        : form.control(one);
    return html`<div class="opt"><div class=${flat ? '' : 'nest'} role=${flat ? nothing : 'group'}
      aria-label=${flat ? nothing : one.label}>${inside}${problemLine(form, one)}</div>
      ${removeButton(form, field, i)}</div>`;
  });
}

/** @param {DpForm} form @param {Field} field @param {number} index */
function removeButton(form, { loc, value }, index) {
  const remove = () =>
    form.state.replace(
      loc,
      value.filter((/** @type {unknown} */ _, /** @type {number} */ i) => i !== index),
    );
  return html`<button type="button" class="icon sm quiet" aria-label="Remove ${String(loc.at(-1))} ${index + 1}"
    @click=${remove}>${icon('x')}</button>`;
}

/** @param {DpForm} form @param {Field} field */
function addButton(form, { schema: s, loc, value }) {
  const list = value ?? [];
  const add = () => form.state.replace(loc, [...list, nextItem(s, list, form.schema)]);
  return html`<span class="row"><button type="button" class="sm" aria-label="Add to ${String(loc.at(-1))}"
      ?disabled=${s.maxItems !== undefined && list.length >= s.maxItems} @click=${add}>${icon('plus')}Add</button>
    ${s.maxItems === undefined ? nothing : html`<span class="dim num small">${list.length} of ${s.maxItems}</span>`}</span>`;
}

/** Numbers count on, so that a set of them stays a set. @param {JsonSchema} s @param {any[]} list @param {JsonSchema} root */
function nextItem(s, list, root) {
  const first = fresh(s.items ?? {}, root);
  if (typeof first === 'number' && s.uniqueItems && list.length > 0) return Math.max(...list) + 1;
  const choices = resolve(s.items, root).schema.enum;
  if (choices && s.uniqueItems)
    return choices.find((/** @type {any} */ c) => !list.includes(c)) ?? first;
  return first;
}
