// A record as text to send it again: for a shell, for a handler's code, as JSON. Pure.

/** @typedef {import('/static/durapy/types.js').CommandRecord} CommandRecord */

const WORD = /^[A-Za-z_][A-Za-z0-9_]*$/;
// What Python keeps for itself, and so cannot name an argument.
const KEPT = new Set(
  `False None True and as assert async await break class continue def del elif else except finally
  for from global if import in is lambda nonlocal not or pass raise return try while with yield`.split(
    /\s+/,
  ),
);

/** A record as JSON, as the API takes it. @param {CommandRecord} record */
export const asJson = ({ type, body, raw }) => JSON.stringify({ type, body: body ?? raw }, null, 1);

/** A record as a line for a shell. @param {CommandRecord} record */
export function asShell({ type, body }) {
  const words = ['durapy', 'send', type ?? ''];
  if (Object.keys(body ?? {}).length > 0) words.push(quoted(JSON.stringify(body)));
  return words.join(' ');
}

/** A record as a line for a handler. @param {CommandRecord} record */
export function asPython({ type, body }) {
  return `ctx.send(${className(type ?? '')}(${argumentsOf(body ?? {})}))`;
}

/** The class that a wire type is derived from. @param {string} type */
function className(type) {
  const words = type.split('_').map((word) => word.charAt(0) + word.slice(1).toLowerCase());
  return `${words.join('')}Command`;
}

/** @param {Record<string, unknown>} body */
function argumentsOf(body) {
  const names = Object.keys(body);
  if (names.every((name) => WORD.test(name) && !KEPT.has(name))) {
    return names.map((name) => `${name}=${python(body[name])}`).join(', ');
  }
  return `**${python(body)}`;
}

/** @param {any} value @returns {string} */
function python(value) {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(python).join(', ')}]`;
  const pairs = Object.entries(value).map(([name, one]) => `${python(name)}: ${python(one)}`);
  return `{${pairs.join(', ')}}`;
}

/** @param {string} text */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
