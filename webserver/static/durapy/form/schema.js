// Reading a JSON Schema as pydantic writes it: references, options, unions, first values. Pure.

/** @typedef {import('../types.js').JsonSchema} JsonSchema */
/** @typedef {{schema: JsonSchema, nullable: boolean}} Resolved */

/** @param {unknown} value @returns {value is Record<string, any>} */
export const isObject = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** @param {unknown} a @param {unknown} b */
export const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/**
 * The schema at `#/$defs/Name`, or an empty one.
 *
 * @param {string} reference
 * @param {JsonSchema} root
 */
function follow(reference, root) {
  const path = reference.replace(/^#\/?/, '').split('/').filter(Boolean);
  const names = path.map((part) => part.replace(/~1/g, '/').replace(/~0/g, '~'));
  return names.reduce((schema, name) => schema?.[name], root) ?? {};
}

/**
 * One step of `resolve`: a reference, a lone allOf or a null branch taken away.
 *
 * @param {JsonSchema} schema
 * @param {JsonSchema} root
 * @returns {Resolved | null} null: nothing left to do
 */
function unfold(schema, root) {
  const { $ref, allOf, anyOf, oneOf, ...rest } = schema;
  const { type, ...untyped } = schema;
  if ($ref) return { schema: { ...follow($ref, root), ...rest }, nullable: false };
  if (allOf?.length === 1) return { schema: { ...allOf[0], ...rest }, nullable: false };
  const all = anyOf ?? oneOf;
  if (all?.some(isNull)) {
    const left = all.filter((/** @type {JsonSchema} */ branch) => !isNull(branch));
    const one = left.length === 1 ? left[0] : { [anyOf ? 'anyOf' : 'oneOf']: left };
    return { schema: { ...one, ...rest }, nullable: true };
  }
  if (Array.isArray(type)) {
    const each = type.map((one) => ({ type: one }));
    return { schema: { ...untyped, anyOf: each }, nullable: false };
  }
  return null;
}

/** @param {JsonSchema} branch */
const isNull = (branch) => branch.type === 'null';

/**
 * Follow references and fold `Optional[…]` away. What stands beside a reference wins over it.
 *
 * @param {JsonSchema | boolean | undefined} schema
 * @param {JsonSchema} root where references begin
 * @returns {Resolved}
 */
export function resolve(schema, root) {
  let current = isObject(schema) ? schema : {};
  let nullable = false;
  for (let depth = 0; depth < 50; depth++) {
    const next = unfold(current, root);
    if (!next) break;
    current = next.schema;
    nullable ||= next.nullable;
  }
  return { schema: current, nullable };
}

/**
 * The branches of a union, resolved; an empty list for anything else.
 *
 * @param {JsonSchema} schema
 * @param {JsonSchema} root
 * @returns {JsonSchema[]}
 */
export function branches(schema, root) {
  const list = schema.oneOf ?? schema.anyOf ?? [];
  return list.map((/** @type {JsonSchema} */ branch) => resolve(branch, root).schema);
}

/** The name that says which branch of a tagged union a value is. @param {JsonSchema} schema @returns {string | undefined} */
export const tagName = (schema) => schema.discriminator?.propertyName;

/** The tag of one branch. @param {JsonSchema} branch @param {string} name */
export function tagValue(branch, name) {
  const tag = branch.properties?.[name] ?? {};
  return tag.const ?? tag.enum?.[0];
}

/**
 * Which branch of a union a value looks like; 0 when it looks like none.
 *
 * @param {JsonSchema} schema
 * @param {unknown} value
 * @param {JsonSchema} root
 */
export function pickBranch(schema, value, root) {
  const all = branches(schema, root);
  const name = tagName(schema);
  const index =
    name && isObject(value)
      ? all.findIndex((branch) => tagValue(branch, name) === value[name])
      : all.findIndex((branch) => fits(branch, value, root));
  return Math.max(0, index);
}

/** @type {Record<string, (value: any) => boolean>} */
const IS_TYPE = {
  integer: Number.isInteger,
  number: Number.isFinite,
  string: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  array: Array.isArray,
  object: isObject,
  null: (value) => value === null,
};

/**
 * Whether a value has the shape of a schema: types and names, no limits. Enough to choose a
 * branch; whether it is valid is the server's to say.
 *
 * @param {JsonSchema} schema
 * @param {unknown} value
 * @param {JsonSchema} root
 * @returns {boolean}
 */
export function fits(schema, value, root) {
  const { schema: s, nullable } = resolve(schema, root);
  if (value === null && nullable) return true;
  if (s.const !== undefined) return same(value, s.const);
  if (s.enum) return s.enum.some((/** @type {unknown} */ choice) => same(choice, value));
  const all = branches(s, root);
  if (all.length > 0) return all.some((branch) => fits(branch, value, root));
  if (s.type && !IS_TYPE[s.type]?.(value)) return false;
  if (s.type === 'object') return fitsObject(s, /** @type {any} */ (value), root);
  if (s.type === 'array') return fitsList(s, /** @type {any} */ (value), root);
  return value !== undefined;
}

/** @param {JsonSchema} s @param {Record<string, unknown>} value @param {JsonSchema} root */
function fitsObject(s, value, root) {
  const properties = s.properties ?? {};
  const complete = (s.required ?? []).every(
    (/** @type {string} */ name) => value[name] !== undefined,
  );
  const known = Object.keys(value).every(
    (name) => name in properties || s.additionalProperties !== false,
  );
  return (
    complete &&
    known &&
    Object.entries(properties).every(([n, p]) => value[n] === undefined || fits(p, value[n], root))
  );
}

/** @param {JsonSchema} s @param {unknown[]} value @param {JsonSchema} root */
function fitsList(s, value, root) {
  return value.every((item, i) => {
    const schema = s.prefixItems?.[i] ?? s.items;
    return !schema || fits(schema, item, root);
  });
}
