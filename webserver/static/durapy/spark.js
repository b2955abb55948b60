// Small pictures for table rows: <dp-spark> a line, <dp-beats> the last heartbeats.
import { DpElement } from './element.js';
import { html, nothing, svg } from './lit.js';

const WIDTH = 120;
const HEIGHT = 24;
/** So that what does not change is a line, and not a full box. */
const HEADROOM = 1.6;

/** `data`: the values, oldest first; `max`: the value at the top. */
class Spark extends DpElement {
  /** @type {number[]} */
  #data = [];
  max = 0;

  /** @param {number[]} data */
  set data(data) {
    this.#data = data;
    this.update();
  }

  view() {
    const data = this.#data;
    if (data.length < 2) return nothing;
    const top = this.max || Math.max(...data, 1e-9) * HEADROOM;
    const x = (/** @type {number} */ i) => ((i / (data.length - 1)) * WIDTH).toFixed(1);
    const y = (/** @type {number} */ v) =>
      (HEIGHT - 2 - Math.min(v / top, 1) * (HEIGHT - 4)).toFixed(1);
    const line = data.map((v, i) => `${i ? 'L' : 'M'}${x(i)} ${y(v)}`).join('');
    return html`<svg viewBox="0 0 120 24" preserveAspectRatio="none" aria-hidden="true">
      <path d="${line}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z" fill="currentColor" opacity=".13"></path>
      <path d=${line} fill="none" stroke="currentColor" stroke-width="1.5" vector-effect="non-scaling-stroke" stroke-linejoin="round"></path>
    </svg>`;
  }
}

const BEATS = 18;

/** `data`: ages in seconds as they were seen each second, oldest first; a late one is low, a missed one a dash. */
class Beats extends DpElement {
  /** @type {number[]} */
  #data = [];

  /** @param {number[]} data */
  set data(data) {
    this.#data = data.slice(-BEATS);
    this.update();
  }

  view() {
    const first = BEATS - this.#data.length;
    return html`<svg viewBox="0 0 90 16" aria-hidden="true">${first > 1 ? unseen(first) : nothing}${this.#data.map((age_s, i) => beat(age_s, first + i))}</svg>`;
  }
}

/** A faint line for the time before the page was there. @param {number} places */
const unseen = (places) => svg`<path class="unseen" d="M0 15.5h${places * 5 - 2}"></path>`;

/** @param {number} age_s @param {number} place */
function beat(age_s, place) {
  if (age_s > 3) {
    return svg`<path d="M${place * 5} 15h3" stroke="currentColor" stroke-width="1.5" opacity=".55"></path>`;
  }
  const late = Math.max(0, age_s - 1.2) * 5;
  const opacity = 0.45 + (0.55 * place) / BEATS;
  return svg`<rect x=${place * 5} y=${2 + late} width="3" height=${14 - late} rx="1" fill="currentColor" opacity=${opacity}></rect>`;
}

customElements.define('dp-spark', Spark);
customElements.define('dp-beats', Beats);
