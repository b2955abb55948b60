// <dp-load>: commands per second and the worst lag, of what this page has received itself.
import { durapy } from '/static/durapy/client.js';
import { DpElement } from '/static/durapy/element.js';
import { ms } from '/static/durapy/format.js';
import { html } from '/static/durapy/lit.js';
import '/static/durapy/plot.js';
import { rig } from '/static/durapy/rig.js';

/** @typedef {import('/static/durapy/plot.js').DpPlot} DpPlot */

const WINDOW_S = 120;
const SHAPE = { height: 96, fill: true, window: WINDOW_S, span: WINDOW_S, legend: false };

const makePlot = () => /** @type {DpPlot} */ (document.createElement('dp-plot'));

class Load extends DpElement {
  #rate = makePlot();
  #lag = makePlot();
  #commands = 0;
  /** @type {number | null} */
  #lastRate = null;
  /** @type {number | null} */
  #lastLag = null;

  start() {
    this.own(durapy.on('*', () => this.#commands++));
    const timer = setInterval(() => this.#measure(), 1000);
    this.own(() => clearInterval(timer));
    this.#rate.setAttribute('label', 'Commands per second over the last two minutes');
    this.#lag.setAttribute('label', 'Worst lag in milliseconds over the last two minutes');
  }

  connectedCallback() {
    super.connectedCallback();
    this.renderNow();
    this.#rate.setup([{ label: 'commands / s', color: 's1', fill: true }], SHAPE);
    this.#lag.setup([{ label: 'lag, ms', color: 's2', dash: [5, 3] }], SHAPE);
  }

  /** One point a second; none while nothing is known. */
  #measure() {
    if (rig.current) {
      const lags = rig.services.filter(({ up }) => up).flatMap(({ lag_s }) => lag_s ?? []);
      this.#lastLag = lags.length ? Math.max(...lags) : null;
      this.#lastRate = this.#commands;
      const now = Math.round(durapy.now() / 1000);
      this.#rate.push(now, this.#commands);
      this.#lag.push(now, this.#lastLag === null ? null : this.#lastLag * 1000);
      this.update();
    }
    this.#commands = 0;
  }

  view() {
    return html`<h3 class="plot-head"><span>${key('s1')}Commands / s</span><b class="num">${this.#lastRate ?? '–'}</b>
        <span class="dim grow">last 2 min, since this page opened</span></h3>${this.#rate}
      <h3 class="plot-head"><span>${key('s2')}Worst lag of a service</span><b class="num">${ms(this.#lastLag)}</b></h3>${this.#lag}`;
  }
}

/** @param {string} token */
const key = (token) =>
  html`<svg viewBox="0 0 20 8" class="tone" data-series=${token} aria-hidden="true"><path d="M0 4h20" stroke="currentColor" stroke-width="2" stroke-dasharray=${token === 's2' ? '4 3' : 'none'}></path></svg>`;

customElements.define('dp-load', Load);
