// The records that the history shows: the newest as they arrive, older ones page by page. Pure.

/** @typedef {import('/static/durapy/types.js').CommandRecord} CommandRecord */
/** @typedef {{records: CommandRecord[], before: string | null, removed_to: string | null}} Page */
/** @typedef {{type: string, sender: string, text: string, problem?: string}} Filter an empty text lets all through */

/** Rows kept while following; more are a page away. */
const KEPT = 60;
/** As many between two times that the list is drawn are more than anybody reads. */
const RUSH = 10;
/** Records kept aside while the list cannot show them. */
const HELD = 500;
/** Rows above which a list with older pages stops following. */
const READING = 3000;

/** @param {CommandRecord} record @param {Filter} filter */
export function passes(record, { type, sender, text, problem }) {
  if (problem && !record.problem) return false;
  if (type && record.type !== type) return false;
  if (sender && record.sender !== sender) return false;
  return !text || textOf(record).includes(text.toLowerCase());
}

/** @param {CommandRecord} record */
function textOf({ type, sender, body, raw }) {
  return [type, sender, body ? JSON.stringify(body) : raw].join(' ').toLowerCase();
}

/** Records newest first, each once. Paused, it holds still and counts what arrives. */
export class RecordList {
  /** @type {CommandRecord[]} */
  records = [];
  /** Where the next older page begins; null when the first record is here. @type {string | null} */
  before = null;
  /** Whether older records than the first one here have been removed. */
  cut = false;
  /** How many have arrived since the list was paused. */
  fresh = 0;
  paused = false;
  /** Arrived while paused, newest first. @type {CommandRecord[]} */
  #held = [];
  /** Arrived since the newest page was asked for, newest first. @type {CommandRecord[]} */
  #early = [];
  /** Keys of the newest page: the socket may tell of its records a moment later. @type {Set<string>} */
  #paged = new Set();
  /** Whether somebody looks further down: then nothing is taken away. */
  reading = false;
  /** How many have arrived since it was drawn. */
  #undrawn = 0;

  /** The newest page is being asked for: what arrives meanwhile may be in it or not. */
  expectPage() {
    this.#early = [];
  }

  /** Begin anew with the newest page. @param {Page} page */
  begin({ records, before, removed_to: removed }) {
    this.#paged = new Set(records.map(({ key }) => key));
    this.records = [...this.#early.filter(({ key }) => !this.#paged.has(key)), ...records];
    this.before = before;
    this.cut = removed !== null;
    this.#early = [];
    this.#held = [];
    this.fresh = 0;
    this.reading = false;
  }

  /** Add an older page at the end. @param {Page} page */
  addOlder({ records, before, removed_to: removed }) {
    this.records = this.records.concat(records.filter(unknownTo(this.records)));
    this.before = before;
    this.cut = removed !== null;
    this.reading = true;
  }

  /** Take what has just been stored. @param {CommandRecord} record */
  arrive(record) {
    if (this.#paged.has(record.key)) return;
    this.#early = [record, ...this.#early].slice(0, HELD);
    if (this.paused) {
      this.fresh += 1;
      this.#held = [record, ...this.#held].slice(0, HELD);
      return;
    }
    this.records = [record, ...this.records];
    this.#undrawn += 1;
    this.#limit(KEPT * 2, KEPT);
  }

  /**
   * It is about to be drawn: in a rush, keep no more rows than can be seen.
   *
   * @param {number} seen how many that is
   */
  settle(seen) {
    if (this.#undrawn > RUSH) this.#limit(seen, seen);
    this.#undrawn = 0;
  }

  /**
   * Go on with what was held back.
   *
   * @returns {boolean} false: more was missed than was held, so ask for the newest page
   */
  follow() {
    const complete = this.fresh <= HELD;
    if (complete) this.records = [...this.#held, ...this.records];
    this.#held = [];
    this.fresh = 0;
    this.paused = false;
    this.#limit(KEPT * 2, KEPT);
    return complete;
  }

  /**
   * Keep the list short enough to draw. A cursor is the key of the last record seen, so what is
   * given up here can be paged to again.
   *
   * @param {number} most rows above which some are given up
   * @param {number} kept how many are left then
   */
  #limit(most, kept) {
    if (this.reading) {
      this.paused ||= this.records.length > READING;
    } else if (this.records.length > most) {
      this.records = this.records.slice(0, kept);
      this.before = this.records[kept - 1].key;
    }
  }
}

/** @param {CommandRecord[]} records */
function unknownTo(records) {
  const keys = new Set(records.map(({ key }) => key));
  return (/** @type {CommandRecord} */ { key }) => !keys.has(key);
}
