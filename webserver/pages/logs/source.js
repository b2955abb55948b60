// Where the lines come from: the newest by HTTP, then older ones behind them, and new ones live.
import { api, durapy } from '/static/durapy/client.js';
import { KEPT } from './lines.js';

/** @typedef {import('./lines.js').LogLine} LogLine */
/** @typedef {import('./lines.js').LineList} LineList */

const FIRST = 500;
const PAGE = 2000;
/** The server looks at some thousand lines at a time: so often it is asked to go on. */
const FURTHER = 50;
/** Lines on either side of a moment that is jumped to, at first; then half of what is kept. */
const AROUND = 1000;

/** Fills a list of lines. */
export class LogSource {
  /** Whether the first lines are on their way. */
  loading = true;
  /** Why the last page could not be had. */
  problem = '';
  /** Whether the list ends somewhere in the past, so that nothing live belongs behind it. */
  past = false;
  /** Whether there are older lines than those in hand. */
  more = false;
  /** What time the lines are of, as ISO texts; empty is any. @type {{since: string, until: string}} */
  range = { since: '', until: '' };
  #list;
  #changed;
  /** Lines heard while a page is asked for that ends somewhere before them. @type {LogLine[] | null} */
  #early = null;
  /** Each time the list begins anew, what is still on its way is of no use. */
  #turn = 0;

  /** @param {LineList} list @param {() => void} changed called whenever there is something to draw */
  constructor(list, changed) {
    this.#list = list;
    this.#changed = changed;
  }

  /** Hear of new lines from now on. @returns {() => void} stops it */
  listen() {
    return durapy.subscribe('log', (/** @type {{lines: LogLine[], gap: boolean}} */ event) => {
      if (this.#early) this.#early.push(...event.lines);
      else if (this.past) return;
      else if (event.gap) this.catchUp();
      else this.#list.arrive(event.lines);
      this.#changed();
    });
  }

  /** Begin with the newest lines of the range, and go back from there as far as there is room. */
  begin() {
    return this.#anew(async (turn) => {
      await durapy.ready; // so that nothing is logged unheard after the page was read
      const { since, until } = this.range;
      const page = await this.#search({ limit: FIRST, since, until });
      if (turn !== this.#turn) return;
      this.past = until !== '';
      this.loading = false;
      this.#list.replace(page.lines.reverse());
      this.#letIn();
      this.#changed();
      await this.#older(page.before, turn, KEPT);
    });
  }

  /** Take what was logged while this page was not connected. */
  async catchUp() {
    const last = this.#list.lines.at(-1);
    if (this.past || this.#early) return;
    if (!last) {
      await this.begin();
      return;
    }
    const turn = this.#turn;
    this.#early = [];
    try {
      /** @type {string | null} */
      let after = last.key;
      for (let asked = 0; after && asked < FURTHER && turn === this.#turn; asked++) {
        const page = await this.#page({ after, limit: PAGE });
        if (turn === this.#turn) this.#list.arrive(page.lines);
        after = page.after;
      }
    } catch (error) {
      this.problem = /** @type {Error} */ (error).message;
    }
    if (turn === this.#turn) this.#letIn();
    this.#changed();
  }

  /**
   * Show the lines around a moment, however long ago, of any time; then more on either side.
   *
   * @param {string} time ISO
   */
  around(time) {
    this.range = { since: '', until: '' };
    return this.#anew(async (turn) => {
      const until = await this.#search({ until: time, limit: AROUND });
      const after = until.lines[0]?.key ?? 'start';
      const on = await this.#page({ after, limit: AROUND });
      if (turn !== this.#turn) return;
      this.past = true;
      this.#list.replace([...until.lines.reverse(), ...on.lines]);
      this.loading = false;
      this.#more(until.before, on.after, turn).catch((error) => {
        if (turn === this.#turn) this.#failed(error);
      });
    });
  }

  /**
   * Both ways from what is there; what ends at the present goes on live.
   *
   * @param {string | null} before
   * @param {string | null} after
   * @param {number} turn
   */
  async #more(before, after, turn) {
    await this.#older(before, turn, this.#list.lines.length + KEPT / 2);
    let left = KEPT / 2;
    while (after && left > 0) {
      const page = await this.#page({ after, limit: PAGE });
      if (turn !== this.#turn) return;
      this.#list.extend(page.lines);
      left -= page.lines.length;
      after = page.after;
      this.#changed();
    }
    if (turn !== this.#turn) return;
    this.past = after !== null;
    this.#letIn();
    this.#changed();
  }

  /** @param {(turn: number) => Promise<void>} load */
  async #anew(load) {
    const turn = ++this.#turn;
    this.loading = true;
    this.more = false;
    this.problem = '';
    this.#early = [];
    this.#changed();
    try {
      await load(turn);
    } catch (error) {
      if (turn === this.#turn) this.#failed(/** @type {Error} */ (error));
    }
    this.#changed();
  }

  /** @param {Error} error */
  #failed({ message }) {
    this.problem = message;
    this.loading = false;
    this.#letIn();
    this.#changed();
  }

  #letIn() {
    const early = this.#early ?? [];
    this.#early = null;
    if (!this.past) this.#list.arrive(early);
  }

  /** @param {string | null} before @param {number} turn @param {number} most lines in the end */
  async #older(before, turn, most) {
    const { since } = this.range;
    while (before && turn === this.#turn && this.#list.lines.length < most) {
      const page = await this.#page({ before, limit: PAGE, since });
      if (turn !== this.#turn) return;
      this.#list.prepend(page.lines.reverse());
      before = page.before;
      this.#changed();
    }
    if (turn === this.#turn) this.more = before !== null;
  }

  /**
   * The first page that has lines on it, or the last one.
   *
   * @param {Record<string, string | number>} query
   */
  async #search(query) {
    let page = await this.#page(query);
    for (let asked = 0; page.before && !page.lines.length && asked < FURTHER; asked++) {
      page = await this.#page({ ...query, before: page.before });
    }
    return page;
  }

  /**
   * @param {Record<string, string | number>} query
   * @returns {Promise<{lines: LogLine[], before: string | null, after: string | null}>}
   */
  #page(query) {
    return api('logs', { query });
  }
}
