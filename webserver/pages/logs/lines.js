// The log lines in hand: the newest some thousand, what of them passes the filter, in order. Pure.

/**
 * A log line as the server sends it.
 *
 * @typedef {object} LogLine
 * @property {string} key opaque, ordered
 * @property {string} time ISO
 * @property {string} level `DEBUG` to `CRITICAL`
 * @property {string | null} service
 * @property {string | null} replica
 * @property {string | null} record key of the record that was being handled
 * @property {string} message
 * @property {Record<string, unknown>} fields
 * @property {string | null} exception
 */

/** @typedef {'error' | 'warning' | 'info' | 'debug'} Level */

/**
 * What is shown; `services: null` is every one.
 *
 * @typedef {{levels: Set<Level>, services: Set<string> | null, text: string}} Filter
 */

/** @typedef {LogLine & {at: number, kind: Level, more: string}} Line `more` shows the fields that the message does not say. */

/** Lines kept; a tenth more before the oldest are let go. */
export const KEPT = 20_000;

/** @type {Record<string, Level>} */
const KINDS = {
  CRITICAL: 'error',
  ERROR: 'error',
  WARNING: 'warning',
  DEBUG: 'debug',
  TRACE: 'debug',
};

/** @param {LogLine} line @returns {Line} */
export function toLine(line) {
  const more = Object.entries(line.fields)
    .map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)])
    .filter(([, text]) => !line.message.includes(text)) // said already
    .map(([name, text]) => `${name}=${text}`)
    .join(' ');
  return { ...line, more, at: Date.parse(line.time), kind: KINDS[line.level] ?? 'info' };
}

/** @param {Line} line @param {Filter} filter */
export function passes(line, { levels, services, text }) {
  if (!levels.has(line.kind) || (services && !services.has(line.service ?? ''))) return false;
  if (!text) return true;
  const needle = text.toLowerCase();
  return [line.message, line.more, line.exception].some((part) =>
    part?.toLowerCase().includes(needle),
  );
}

/** Lines oldest first, each once. Paused, it holds still and counts what arrives. */
export class LineList {
  /** @type {Line[]} */
  lines = [];
  /** Those that pass the filter. @type {Line[]} */
  view = [];
  /** Names of every service that was seen. @type {Set<string>} */
  services = new Set();
  paused = false;
  /** How many have arrived since it was paused. */
  fresh = 0;
  /** @type {Line[]} */
  #held = [];
  /** @type {Set<string>} */
  #known = new Set();
  /** @type {Filter} */
  #filter;
  #kept;

  /** @param {Filter} filter @param {number} [kept] */
  constructor(filter, kept = KEPT) {
    this.#filter = filter;
    this.#kept = kept;
  }

  /** @param {Filter} filter */
  set filter(filter) {
    this.#filter = filter;
    this.#look();
  }

  /** Take what was logged just now. @param {LogLine[]} lines */
  arrive(lines) {
    const added = this.#unknown(lines);
    if (this.paused) {
      this.fresh += added.length;
      this.#held = this.#held.concat(added).slice(-this.#kept);
    } else {
      this.#append(added);
    }
  }

  /** Put older lines before the others. @param {LogLine[]} lines oldest first */
  prepend(lines) {
    this.lines = [...this.#unknown(lines), ...this.lines];
    this.#look();
  }

  /** Put newer lines behind the others, also while it holds still. @param {LogLine[]} lines oldest first */
  extend(lines) {
    this.#append(this.#unknown(lines));
  }

  /** Begin anew with these lines. @param {LogLine[]} lines oldest first */
  replace(lines) {
    this.lines = [];
    this.#held = [];
    this.fresh = 0;
    this.#known = new Set();
    this.lines = this.#unknown(lines);
    this.#look();
  }

  /** Go on with what was held back. */
  follow() {
    this.paused = false;
    this.fresh = 0;
    this.#append(this.#held.splice(0));
  }

  /** Where the first line at or after a moment stands in the view; its length if none is. @param {number} at */
  indexAt(at) {
    const index = this.view.findIndex((line) => line.at >= at);
    return index < 0 ? this.view.length : index;
  }

  /** @param {LogLine[]} lines @returns {Line[]} */
  #unknown(lines) {
    const added = [];
    for (const line of lines) {
      if (this.#known.has(line.key)) continue;
      this.#known.add(line.key);
      if (line.service) this.services.add(line.service);
      added.push(toLine(line));
    }
    return added;
  }

  /** @param {Line[]} added */
  #append(added) {
    for (const line of added) {
      this.lines.push(line);
      if (passes(line, this.#filter)) this.view.push(line);
    }
    if (this.lines.length <= this.#kept * 1.1) return;
    for (const { key } of this.lines.splice(0, this.lines.length - this.#kept)) {
      this.#known.delete(key);
    }
    this.#look();
  }

  #look() {
    this.view = this.lines.filter((line) => passes(line, this.#filter));
  }
}
