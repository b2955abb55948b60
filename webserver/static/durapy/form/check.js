// The problems of one field that can be told without asking. The server checks everything again.

/** @typedef {import('../types.js').JsonSchema} JsonSchema */

/**
 * Why a single value cannot stand, in a few words; an empty text when nothing speaks against it.
 *
 * @param {JsonSchema} schema resolved
 * @param {unknown} value
 * @param {boolean} required
 * @returns {string}
 */
export function fieldProblem(schema, value, required) {
  if (value === undefined) return required ? 'Required' : '';
  if (value === null) return required && schema.type ? 'Required' : '';
  if (typeof value === 'number') return numberProblem(schema, value);
  if (typeof value === 'string') return textProblem(schema, value);
  return '';
}

/** @param {JsonSchema} s @param {number} value */
function numberProblem(s, value) {
  if (s.type === 'integer' && !Number.isInteger(value)) return 'A whole number';
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    return 'Too many digits for a browser: send it from the command line';
  }
  if (value < s.minimum) return `At least ${s.minimum}`;
  if (value > s.maximum) return `At most ${s.maximum}`;
  if (value <= s.exclusiveMinimum) return `More than ${s.exclusiveMinimum}`;
  if (value >= s.exclusiveMaximum) return `Less than ${s.exclusiveMaximum}`;
  if (s.multipleOf && !isMultiple(value, s.multipleOf)) return `A multiple of ${s.multipleOf}`;
  return '';
}

/** With a tolerance, since 0.3 is no multiple of 0.1 in binary. @param {number} value @param {number} step */
function isMultiple(value, step) {
  const times = value / step;
  return Math.abs(times - Math.round(times)) <= 1e-9 * Math.max(1, Math.abs(times));
}

/** @param {JsonSchema} s @param {string} value */
function textProblem(s, value) {
  const length = [...value].length;
  if (length < s.minLength) return length ? `At least ${s.minLength} characters` : 'Required';
  if (length > s.maxLength) return `At most ${s.maxLength} characters`;
  if (s.pattern && !matches(s.pattern, value)) {
    return s.examples ? `Does not match, try ${s.examples[0]}` : `Does not match ${s.pattern}`;
  }
  return '';
}

/** A pattern that this browser cannot read is left to the server. @param {string} pattern @param {string} value */
function matches(pattern, value) {
  try {
    return new RegExp(pattern, 'u').test(value);
  } catch {
    return true;
  }
}

/**
 * A number as somebody types it, with point or comma.
 *
 * @param {string} text
 * @returns {number | undefined} undefined for nothing, NaN for no number
 */
export function parseNumber(text) {
  const trimmed = text.trim().replace(',', '.');
  if (trimmed === '') return undefined;
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)
    ? Number(trimmed)
    : Number.NaN;
  return Number.isFinite(value) ? value : Number.NaN;
}
