// What chooses the lines: levels, text, services, a moment; and what acts on them.
import { glyph, icon } from '/static/durapy/icons.js';
import { html, live, nothing } from '/static/durapy/lit.js';
import { MARKS } from './log-list.js';
import { rangeFields } from './range.js';

/** @typedef {import('./lines.js').Filter} Filter */
/** @typedef {import('./range.js').Range} Range */
/** @typedef {import('./lines.js').Level} Level */

export const LEVELS = /** @type {Level[]} */ (Object.keys(MARKS));

/**
 * @typedef {object} Bar
 * @property {Filter} filter
 * @property {Range} range
 * @property {string[]} services every one that was seen
 * @property {boolean} paused
 * @property {number} fresh how many lines wait while it is paused
 * @property {string} count how many lines are shown
 * @property {(change: Partial<Filter>) => void} change
 * @property {(range: Range) => void} setRange
 * @property {(time: string) => void} jump to a time of day
 * @property {() => void} togglePause
 */

/** @param {Bar} bar */
export function bar(bar) {
  const { filter, range, paused, fresh } = bar;
  const type = (/** @type {{target: HTMLInputElement}} */ { target }) =>
    bar.change({ text: target.value });
  const jump = (/** @type {{target: HTMLInputElement}} */ { target }) => bar.jump(target.value);
  return html`<div class="filters"><h2 id="logs-title" class="sr">Logs</h2>
      <span class="seg" role="group" aria-label="Levels">${LEVELS.map((level) => levelButton(level, bar))}</span>
      <span class="search">${icon('search')}<input aria-label="Filter by text" placeholder="Filter by text" autocomplete="off"
        .value=${live(filter.text)} @input=${type}></span>
      <label class="row nowrap small"><span class="dim wide">Jump to</span><input type="time" step="1" class="jump" aria-label="Jump to time" @change=${jump}></label>
      <button type="button" aria-pressed=${paused} @click=${bar.togglePause}>${icon(paused ? 'play' : 'pause')}<span class="num">${
        paused ? `Follow${fresh ? `, ${fresh} new` : ''}` : 'Pause'
      }</span></button>
      <a class="btn quiet" href=${address(bar, 'text')} download title="As text">${icon('dl')}<span class="wide">Download</span><span class="sr">as text</span></a>
      <a class="btn quiet" href=${address(bar, 'jsonl')} download title="Download as JSON lines">JSON</a></div>
    <div class="log-services" role="group" aria-label="Services">${bar.services.map((name) => chip(name, bar))}<span class="grow"></span>
      ${rangeFields(range, bar.setRange)}<span class="small dim num count" role="status">${bar.count}</span></div>`;
}

/** @param {Level} level @param {Bar} bar */
function levelButton(level, { filter, change }) {
  const on = filter.levels.has(level);
  const toggle = () => change({ levels: toggled(filter.levels, level) });
  return html`<button type="button" data-s=${MARKS[level]} aria-pressed=${on} @click=${toggle}>${glyph(MARKS[level])}${level}</button>`;
}

/** @param {string} name @param {Bar} bar */
function chip(name, { filter, services, change }) {
  const shown = filter.services ?? new Set(services);
  const toggle = () => {
    const left = toggled(shown, name);
    const every = services.every((service) => left.has(service));
    change({ services: every ? null : left });
  };
  return html`<button type="button" aria-pressed=${shown.has(name)} @click=${toggle}>${name}</button>`;
}

/** @template T @param {Set<T>} all @param {T} one @returns {Set<T>} */
function toggled(all, one) {
  const changed = new Set(all);
  if (!changed.delete(one)) changed.add(one);
  return changed;
}

/** Where the server gives what is shown as a file; nothing to press if nothing can be shown. @param {Bar} bar @param {string} format */
function address({ filter: { levels, services, text }, range }, format) {
  if (levels.size === 0 || services?.size === 0) return nothing;
  const query = new URLSearchParams({ format, levels: [...levels].join(',') });
  if (services) query.set('service', [...services].join(','));
  if (text) query.set('text', text);
  if (range.since) query.set('since', range.since);
  if (range.until) query.set('until', range.until);
  return `/api/v1/logs/download?${query}`;
}
