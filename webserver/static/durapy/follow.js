// The past and the present of a type as one: in order, each record once.

/** @typedef {import('./types.js').CommandRecord} CommandRecord */
/** @typedef {{on: (type: string, callback: (body: any, record: CommandRecord) => void) => () => void, history: (type: string, limit: number) => Promise<CommandRecord[]>}} Source */

/**
 * See `durapy.follow`.
 *
 * @param {Source} source
 * @param {{type: string, limit: number, callback: (body: any, record: CommandRecord) => void}} wanted
 * @returns {Promise<() => void>}
 */
export async function follow(source, { type, limit, callback }) {
  /** @type {CommandRecord[]} */
  const early = [];
  /** @type {(record: CommandRecord) => unknown} */
  let take = (record) => early.push(record);
  let known = new Set();
  const off = source.on(type, (_body, record) => known.has(record.key) || take(record));
  const past = await source.history(type, limit).catch((error) => {
    off();
    throw error;
  });
  known = new Set(past.map(({ key }) => key)); // the socket may tell of these a moment later
  const unknown = early.filter(({ key }) => !known.has(key));
  for (const record of [...past, ...unknown]) callback(record.body, record);
  take = (record) => callback(record.body, record);
  return off;
}
