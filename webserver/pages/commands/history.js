// The live history: newest first, filtered, held still on demand, paged back to the first record.
import { api, durapy, toast } from '/static/durapy/client.js';
import { DpElement } from '/static/durapy/element.js';
import { icon } from '/static/durapy/icons.js';
import { html, nothing } from '/static/durapy/lit.js';
import { paced } from '/static/durapy/pace.js';
import './detail.js';
import { changeUrl, urlValue } from '/static/durapy/address.js';
import { filterBar } from './filters.js';
import { Pager } from './pager.js';
import { passes, RecordList } from './record-list.js';
import { list } from './rows.js';

/** @typedef {import('/static/durapy/types.js').CommandRecord} CommandRecord */
/** @typedef {import('/static/durapy/types.js').CommandType} CommandType */

const FILTER_AFTER_MS = 250;
const ROW_PX = 30;
const ADDRESS_AFTER_MS = 250;

const SAID = { connecting: 'waiting', live: 'live', lost: 'as last received' };

/** Fires `resend` with the record to edit. */
export class History extends DpElement {
  #list = new RecordList();
  #filter = {
    type: urlValue('filter_type'),
    sender: urlValue('filter_sender'),
    text: urlValue('filter_text'),
    problem: urlValue('filter_problem'),
  };
  /** @type {CommandRecord | null} */
  #selected = null;
  /** @type {CommandType[]} */
  #types = [];
  #timer = 0;
  #addressTimer = 0;
  #soon = paced(() => {
    this.#list.settle(Math.ceil(innerHeight / ROW_PX));
    this.update();
  });
  #pager = new Pager(this.#list, () => this.update());

  /** @param {CommandType[]} types */
  set types(types) {
    this.#types = types;
    this.update();
  }

  start() {
    this.own(durapy.on('*', (_body, record) => this.#arrived(record)));
    const redraw = () => this.update();
    durapy.addEventListener('status', redraw);
    this.own(() => durapy.removeEventListener('status', redraw));
    const again = () => this.#load();
    durapy.addEventListener('gap', again);
    this.own(() => durapy.removeEventListener('gap', again));
    this.#load();
  }

  togglePause() {
    if (!this.#list.paused) this.#list.paused = true;
    else if (!this.#list.follow()) this.#load();
    this.update();
  }

  /** Choose the row `by` further down. @param {number} by */
  step(by) {
    const rows = this.#list.records;
    const at = rows.findIndex(({ key }) => key === this.#selected?.key);
    const next = rows[at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + by))];
    if (!next) return;
    this.select(next);
    /** @type {HTMLElement | null} */ (
      this.querySelector('tr[aria-selected=true] button')
    )?.focus();
  }

  /** @param {CommandRecord | null} record */
  select(record) {
    this.#selected = record;
    clearTimeout(this.#addressTimer); // a held key walks faster than an address may change
    this.#addressTimer = setTimeout(() => changeUrl({ show: record?.key ?? '' }), ADDRESS_AFTER_MS);
    this.renderNow();
    // In a narrow window it lies below the list, where a press on a row would seem to do nothing.
    const block = matchMedia('(max-width: 820px)').matches ? 'start' : 'nearest';
    requestAnimationFrame(() => this.querySelector('.detail')?.scrollIntoView({ block }));
  }

  /** Show a record that may be far up the list. @param {string} key */
  async open(key) {
    const here = this.#list.records.find((record) => record.key === key);
    try {
      this.select(here ?? (await api(`commands/${encodeURIComponent(key)}`)));
    } catch (error) {
      toast('bad', /** @type {Error} */ (error).message);
    }
  }

  /** Put the detail away; the focus goes back to its row. */
  #close() {
    const row = this.querySelector('tr[aria-selected=true] button') ?? this.querySelector('.live');
    this.select(null);
    if (row instanceof HTMLElement) row.focus();
  }

  resend() {
    if (this.#selected) this.dispatchEvent(new CustomEvent('resend', { detail: this.#selected }));
  }

  #load() {
    return this.#pager.load(this.#filter);
  }

  /** @param {CommandRecord} record */
  #arrived(record) {
    this.#pager.note(record);
    if (!passes(record, this.#filter)) return;
    this.#list.arrive(record);
    this.#soon();
  }

  /** @param {Partial<import('./record-list.js').Filter>} change */
  #filterBy(change) {
    this.#filter = { ...this.#filter, ...change };
    const { type, sender, text, problem = '' } = this.#filter;
    changeUrl({
      filter_type: type,
      filter_sender: sender,
      filter_text: text,
      filter_problem: problem,
    });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#load(), FILTER_AFTER_MS);
    this.update();
  }

  view() {
    const { paused, fresh } = this.#list;
    const look = (/** @type {{target: HTMLElement}} */ { target }) => {
      this.#list.reading = target.scrollTop > 0;
    };
    return html`<section class="card" aria-labelledby="history-title">
      <header><h2 id="history-title">History</h2><span class="sub">${paused ? 'paused' : SAID[durapy.status]}</span><span class="grow"></span>
        <button type="button" class="sm" aria-pressed=${paused} @click=${() => this.togglePause()}>
          ${icon(paused ? 'play' : 'pause')}<span class="num">${paused ? `Follow${fresh ? `, ${fresh} new` : ''}` : 'Pause'}</span></button></header>
      ${filterBar({
        filter: this.#filter,
        types: this.#types.map(({ type }) => type),
        senders: [...this.#pager.senders].sort(),
        change: (change) => this.#filterBy(change),
      })}
      <div class="scroll grow live" tabindex="0" role="region" aria-label="Commands, newest first" aria-busy=${this.#pager.loading} @scroll=${look}>${this.#rows()}</div>
      ${this.#selected ? this.#detail(this.#selected) : nothing}
    </section>`;
  }

  #rows() {
    return list({
      records: this.#list.records,
      before: this.#list.before,
      cut: this.#list.cut,
      loading: this.#pager.loading,
      problem: this.#pager.problem,
      filtered: Object.values(this.#filter).some(Boolean),
      chosen: this.#selected?.key,
      select: (record) => this.select(record),
      older: () => this.#pager.older(),
      again: () => this.#load(),
      clear: () => this.#filterBy({ type: '', sender: '', text: '', problem: '' }),
    });
  }

  /** @param {CommandRecord} record */
  #detail(record) {
    const type = this.#types.find((known) => known.type === record.type);
    const open = (/** @type {CustomEvent} */ { detail: key }) => this.open(key);
    return html`<cmd-detail .type=${type} .record=${record} @open=${open}
      @resend=${() => this.resend()} @close=${() => this.#close()}></cmd-detail>`;
  }
}

customElements.define('cmd-history', History);
