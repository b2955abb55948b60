// Which control a schema gets. Anything it does not know is edited as JSON text, so nothing is lost.
import { html } from '../lit.js';
import { dictControl } from './dict.js';
import { listControl } from './list.js';
import { objectRows, unionControl } from './rows.js';
import {
  choiceControl,
  dateControl,
  jsonControl,
  numberControl,
  switchControl,
  textControl,
} from './scalar.js';
import { branches, tagName, tagValue } from './schema.js';

/** @typedef {import('../types.js').JsonSchema} JsonSchema */
/** @typedef {import('./rows.js').Field} Field */
/** @typedef {import('../form.js').DpForm} DpForm */

const DATES = ['date-time', 'date', 'time'];

/**
 * @param {DpForm} form
 * @param {Field} field
 * @returns {unknown}
 */
export function control(form, field) {
  const s = field.schema;
  const all = branches(s, form.schema);
  if (all.length > 0)
    return unionControl(form, field, { all, names: all.map((b) => branchName(s, b)) });
  if (s.const !== undefined) return html`<code>${JSON.stringify(s.const)}</code>`;
  if (s.enum) return choiceControl(form, field);
  switch (s.type) {
    case 'boolean':
      return switchControl(form, field);
    case 'integer':
    case 'number':
      return numberControl(form, field);
    case 'string':
      return DATES.includes(s.format) ? dateControl(form, field) : textControl(form, field);
    case 'array':
      return listControl(form, field);
    case 'object':
      return objectControl(form, field);
    default:
      return jsonControl(form, field);
  }
}

/** @param {DpForm} form @param {Field} field */
function objectControl(form, field) {
  const { schema, loc, value } = field;
  if (schema.patternProperties || schema.if) return jsonControl(form, field);
  if (!schema.properties) return dictControl(form, field);
  return html`<div class="nest">${objectRows(form, schema, loc, value)}</div>`;
}

/** @param {JsonSchema} union @param {JsonSchema} branch */
function branchName(union, branch) {
  const name = tagName(union);
  if (name) return branch.title ?? String(tagValue(branch, name));
  return branch.title ?? TYPE_WORDS[branch.type] ?? branch.const ?? 'any';
}

/** @type {Record<string, string>} */
const TYPE_WORDS = {
  integer: 'whole number',
  number: 'number',
  string: 'text',
  boolean: 'yes or no',
  array: 'list',
  object: 'fields',
};
