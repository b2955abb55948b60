// The value a form starts with. Pure.
import { branches, resolve } from './schema.js';

/** @typedef {import('../types.js').JsonSchema} JsonSchema */

/**
 * A starting value: the default where there is one, else an empty value of the type; undefined
 * where only the user can know.
 *
 * @param {JsonSchema} schema
 * @param {JsonSchema} root
 * @param {{required?: boolean}} [options] an optional union without a default is left out
 * @returns {any}
 */
export function initial(schema, root, { required = true } = {}) {
  const { schema: s, nullable } = resolve(schema, root);
  if (s.default !== undefined) return structuredClone(s.default);
  if (s.const !== undefined) return s.const;
  if (nullable) return null;
  const all = branches(s, root);
  if (all.length > 0) return required ? initial(all[0], root) : undefined;
  if (s.type === 'object') return initialObject(s, root);
  if (s.type === 'array') return initialList(s, root);
  return s.type === 'boolean' ? false : undefined;
}

/** @param {JsonSchema} s @param {JsonSchema} root */
function initialObject(s, root) {
  /** @type {Record<string, any>} */
  const value = {};
  for (const [name, property] of Object.entries(s.properties ?? {})) {
    const first = initial(property, root, { required: s.required?.includes(name) ?? false });
    if (first !== undefined) value[name] = first;
  }
  return value;
}

/** @param {JsonSchema} s @param {JsonSchema} root */
function initialList(s, root) {
  if (s.prefixItems) {
    return s.prefixItems.map((/** @type {JsonSchema} */ item) => initial(item, root) ?? null);
  }
  return Array.from({ length: s.minItems ?? 0 }, () => initial(s.items ?? {}, root) ?? null);
}

/**
 * A value to put where there was none, when the user asks for one: never undefined.
 *
 * @param {JsonSchema} schema
 * @param {JsonSchema} root
 * @returns {any}
 */
export function fresh(schema, root) {
  const { schema: s } = resolve(schema, root);
  if (s.default === null) return fresh({ ...s, default: undefined }, root);
  const first = initial(s, root);
  if (first !== undefined && first !== null) return first;
  if (s.enum) return s.enum[0];
  if (s.type === 'integer' || s.type === 'number') return leastNumber(s);
  if (s.type === 'string') return s.format === 'date-time' ? new Date().toISOString() : '';
  return null;
}

/** @param {JsonSchema} s */
function leastNumber(s) {
  if (s.minimum !== undefined) return s.minimum;
  const step = s.multipleOf ?? 1;
  return s.exclusiveMinimum === undefined ? 0 : s.exclusiveMinimum + step;
}

/**
 * What a field is called: its title if somebody wrote one, else its name in words.
 *
 * @param {JsonSchema} schema
 * @param {string | number} name
 */
export function fieldTitle(schema, name) {
  const text = String(name);
  const made = schema.title?.toLowerCase().replace(/\s/g, '_') === text.toLowerCase();
  if (schema.title && !made) return schema.title;
  const words = text.replace(/_/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
