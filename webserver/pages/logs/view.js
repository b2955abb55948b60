// <logs-view>: the whole page. What is chosen stands in the address, so a link shows the same.
import { changeUrl, urlValue } from '/static/durapy/address.js';
import { whenBack } from '/static/durapy/back.js';
import { durapy } from '/static/durapy/client.js';
import { DpElement, oncePerFrame } from '/static/durapy/element.js';
import { html, nothing } from '/static/durapy/lit.js';
import { onTheme } from '/static/durapy/theme.js';
import { bar } from './bar.js';
import { detail } from './detail.js';
import { empty } from './empty.js';
import { filterInAddress, showFilter } from './filter-address.js';
import { LineList } from './lines.js';
import './log-list.js';
import { ANY_TIME, onDayOf, rangeInAddress, showRange } from './range.js';
import { LogSource } from './source.js';
import { VolumeStrip } from './volume.js';

/** @typedef {import('./lines.js').Filter} Filter */
/** @typedef {import('./lines.js').Line} Line */

export class LogsView extends DpElement {
  #filter = filterInAddress();
  #list = new LineList(this.#filter);
  #soon = oncePerFrame(() => this.#draw());
  #source = new LogSource(this.#list, this.#soon);
  #record = urlValue('record');
  /** @type {Line | null} */
  #chosen = null;
  #open = false;
  #volume = new VolumeStrip();

  start() {
    this.own(this.#source.listen());
    durapy.addEventListener('status', this.#soon);
    this.own(() => durapy.removeEventListener('status', this.#soon));
    this.own(whenBack(() => this.#source.catchUp()));
    this.own(onTheme(() => this.#draw({ volume: true })));
    addEventListener('resize', this.#soon);
    this.own(() => removeEventListener('resize', this.#soon));
    this.#source.range = rangeInAddress();
    const time = urlValue('t');
    if (Number.isNaN(Date.parse(time))) this.#source.begin();
    else this.#jumpTo(new Date(time));
  }

  togglePause() {
    if (this.#still) this.#follow();
    else this.#pause();
  }

  /** Whether new lines do not show. */
  get #still() {
    return this.#list.paused || this.#source.past;
  }

  /** Choose the line `by` further down. @param {number} by */
  step(by) {
    const { view } = this.#list;
    const at = view.findIndex(({ key }) => key === this.#chosen?.key);
    const from = at < 0 ? view.length - (by < 0 ? 0 : 1) : at;
    const index = Math.min(view.length - 1, Math.max(0, at < 0 ? from - 1 : from + by));
    if (!view[index]) return;
    this.#pause();
    this.#choose(view[index], this.#open);
    this.#dpLog?.reveal(index);
  }

  toggleDetail() {
    if (this.#chosen) this.#choose(this.#chosen, !this.#open);
  }

  /** @param {Line} line @param {boolean} open */
  #choose(line, open) {
    this.#chosen = line;
    this.#open = open;
    this.#draw();
    this.#dpLog?.reveal(this.#list.view.indexOf(line)); // the detail takes room
  }

  #pause() {
    this.#list.paused = true;
    this.#draw();
  }

  #follow() {
    this.#record = '';
    changeUrl({ t: '', record: '' });
    const { past, range } = this.#source;
    this.#list.follow();
    if (past) this.#setRange({ ...range, until: '' });
    this.#draw();
  }

  /** @param {import('./range.js').Range} range */
  #setRange(range) {
    this.#source.range = range;
    showRange(range);
    this.#chosen = null;
    this.#list.paused = false;
    this.#source.begin();
  }

  /** @param {Partial<Filter>} change */
  #filterBy(change) {
    this.#filter = { ...this.#filter, ...change };
    this.#list.filter = this.#filter;
    showFilter(this.#filter);
    this.#draw({ volume: true });
  }

  /** @param {string} time of a day: the one of the newest line here */
  #jumpToTime(time) {
    if (time) this.#jumpTo(onDayOf(this.#list.lines.at(-1)?.at ?? durapy.now(), time));
  }

  /** @param {Date} moment */
  async #jumpTo(moment) {
    changeUrl({ t: moment.toISOString() });
    this.#list.paused = true;
    const here = this.#list.lines;
    if (!(here.length > 0 && here[0].at <= +moment && +moment <= (here.at(-1)?.at ?? 0))) {
      showRange(ANY_TIME);
      await this.#source.around(moment.toISOString());
    }
    const { view } = this.#list;
    const ours = view.findIndex(({ record }) => this.#record !== '' && record === this.#record);
    const index = ours < 0 ? Math.min(this.#list.indexAt(+moment), view.length - 1) : ours;
    if (view[index]) this.#choose(view[index], false);
    this.renderNow();
    this.#dpLog?.reveal(index);
  }

  get #dpLog() {
    return /** @type {import('./log-list.js').LogList | null} */ (this.querySelector('dp-log'));
  }

  #draw({ volume = false } = {}) {
    this.renderNow();
    const { view, paused } = this.#list;
    this.#dpLog?.show({
      lines: view,
      chosen: this.#chosen?.key,
      text: this.#filter.text,
      record: this.#record,
      atEnd: !paused,
    });
    this.#volume.show(this.querySelector('canvas'), view, volume);
  }

  view() {
    const { view, lines, fresh } = this.#list;
    const { loading, problem } = this.#source;
    const whole = (/** @type {number} */ n) => n.toLocaleString('en');
    return html`<section class="card logs" aria-labelledby="logs-title" aria-busy=${loading}>
      ${bar({
        filter: this.#filter,
        range: this.#source.range,
        services: [...this.#list.services].sort(),
        paused: this.#still,
        fresh,
        count: lines.length ? `${whole(view.length)} of ${whole(lines.length)} lines` : '',
        change: (change) => this.#filterBy(change),
        setRange: (range) => this.#setRange(range),
        jump: (time) => this.#jumpToTime(time),
        togglePause: () => this.togglePause(),
      })}
      <div class="volume" aria-hidden="true"><canvas></canvas></div>
      ${problem ? html`<p class="trouble small" role="alert">${problem} <button type="button" class="sm" @click=${() => this.#source.begin()}>Try again</button></p>` : nothing}
      ${view.length || problem ? nothing : empty(this.#source, lines.length > 0)}
      <dp-log ?hidden=${!view.length} @choose=${this.#picked} @look=${this.#looked}></dp-log>
      ${this.#open && this.#chosen ? detail(this.#chosen, () => this.toggleDetail()) : nothing}
    </section>`;
  }

  #picked = (/** @type {CustomEvent<Line>} */ { detail: line }) => {
    this.#pause();
    this.#choose(line, !(this.#open && line.key === this.#chosen?.key));
  };

  /** Whoever scrolls up wants to read; back at the end, to go on. */
  #looked = (/** @type {CustomEvent<boolean>} */ { detail: atEnd }) => {
    if (!atEnd && !this.#list.paused) this.#pause();
    else if (atEnd && this.#list.paused && !this.#chosen && !this.#source.past) this.#follow();
  };
}

customElements.define('logs-view', LogsView);
