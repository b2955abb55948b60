// From when to when: the lines of a stretch of time, in the address and in two fields.
import { changeUrl, urlValue } from '/static/durapy/address.js';
import { fullTime } from '/static/durapy/format.js';
import { icon } from '/static/durapy/icons.js';
import { html, live, nothing } from '/static/durapy/lit.js';

/** What lines are of, as ISO texts; empty is any. @typedef {{since: string, until: string}} Range */

/** @type {Range} */
export const ANY_TIME = { since: '', until: '' };

/** @returns {Range} */
export function rangeInAddress() {
  const [since, until] = ['since', 'until'].map((name) => {
    const text = urlValue(name);
    return Number.isNaN(Date.parse(text)) ? '' : new Date(text).toISOString();
  });
  return { since, until };
}

/** @param {Range} range */
export const showRange = ({ since, until }) => changeUrl({ since, until });

/** @param {Range} range @param {(range: Range) => void} change */
export function rangeFields(range, change) {
  const field = (/** @type {keyof Range} */ name, /** @type {string} */ label) => {
    const changed = (/** @type {{target: HTMLInputElement}} */ { target }) =>
      change({ ...range, [name]: target.value ? new Date(target.value).toISOString() : '' });
    return html`<label class="row nowrap small"><span class="dim">${label}</span><input type="datetime-local" step="1"
      .value=${live(local(range[name]))} @change=${changed}></label>`;
  };
  const any = !range.since && !range.until;
  return html`<details class="range" ?open=${!any}><summary class="btn">Time</summary>
    <span class="row wrap" role="group" aria-label="Time">${field('since', 'From')}${field('until', 'to')}${
      any
        ? nothing
        : html`<button type="button" class="icon quiet" aria-label="Lines of any time" title="Any time" @click=${() => change(ANY_TIME)}>${icon('x')}</button>`
    }</span></details>`;
}

/** A time of day, on the day of some moment. @param {number} moment @param {string} time such as `09:22:01` */
export function onDayOf(moment, time) {
  const [hours, minutes, seconds = 0] = time.split(':').map(Number);
  const there = new Date(moment);
  there.setHours(hours, minutes, seconds, 0);
  return there;
}

/** A moment as such a field writes it. @param {string} iso */
const local = (iso) => (iso ? fullTime(iso).slice(0, 19).replace(' ', 'T') : '');
