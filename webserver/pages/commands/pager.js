// Reads the history from the server, a page at a time, into the list that is shown.
import { api, durapy } from '/static/durapy/client.js';

/** @typedef {import('./record-list.js').Filter} Filter */
/** @typedef {import('./record-list.js').Page} Page */
/** @typedef {import('./record-list.js').RecordList} RecordList */

const PAGE = 100;
/** The server looks through some thousand records at a time: so often it is asked to go on. */
const FURTHER = 20;
/** Rows enough not to look further by itself. */
const ENOUGH = 20;

/** Fills a list: with the newest records, then with older ones. */
export class Pager {
  loading = true;
  /** Why the last page could not be had; empty when it could. */
  problem = '';
  /** Who has sent something that was read here or has arrived. @type {Set<string>} */
  senders = new Set();
  /** @type {Filter} */
  #filter = { type: '', sender: '', text: '' };
  #asked = 0;
  #list;
  #changed;

  /**
   * @param {RecordList} list
   * @param {() => void} changed called when the list, or what is said here, has changed
   */
  constructor(list, changed) {
    this.#list = list;
    this.#changed = changed;
  }

  /** Note who sent a record. @param {{sender: string | null}} record */
  note({ sender }) {
    if (sender) this.senders.add(sender);
  }

  /**
   * The newest page, from the server, and further back while a filter leaves it nearly empty.
   *
   * @param {Filter} filter
   */
  async load(filter) {
    this.#filter = filter;
    this.#list.expectPage();
    this.loading = true;
    await durapy.ready; // so that nothing is stored unheard after the page was read
    let taken = await this.#page({}, (page) => this.#list.begin(page));
    for (
      let further = 0;
      taken && further < FURTHER && this.#list.records.length < ENOUGH;
      further++
    ) {
      taken = await this.older();
    }
    this.#list.reading = false;
    this.loading = false;
    this.#changed();
  }

  /** The next older page; false if there is none, or it is no longer wanted. */
  async older() {
    if (this.#list.before === null) return false;
    return this.#page({ before: this.#list.before }, (page) => this.#list.addOlder(page));
  }

  /**
   * @param {Record<string, string>} query
   * @param {(page: Page) => void} take
   * @returns {Promise<boolean>} false: it failed, or the filter has changed since
   */
  async #page(query, take) {
    const asked = ++this.#asked;
    try {
      const page = await api('commands', { query: { ...query, ...this.#filter, limit: PAGE } });
      if (asked !== this.#asked) return false;
      for (const record of page.records) this.note(record);
      take(page);
      this.problem = '';
    } catch (error) {
      this.problem = /** @type {Error} */ (error).message;
    }
    this.#changed();
    return this.problem === '';
  }
}
