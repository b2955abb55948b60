// <dp-plot>: a chart that follows the theme, its container and a moving window. Stable.
//
//     const chart = plot('#answer', [{ label: 'round trip' }], { unit: 'ms' });
//     chart.push(Date.now() / 1000, 2.4);   // x, then one y per series; drawn at most ten times a second
//     chart.set([xs, ys]);                  // or everything at once
import uPlot from '/static/durapy/uplot.js';
import { paced } from './pace.js';
import { chartOptions, DEFAULTS } from './plot-options.js';
import { onTheme } from './theme.js';

/** @typedef {import('./plot-options.js').Series} Series */
/** @typedef {import('./plot-options.js').PlotOptions} PlotOptions */

/** The element; `label` is the attribute that a screen reader reads. */
export class DpPlot extends HTMLElement {
  /** @type {Series[]} */
  #series = [];
  /** @type {PlotOptions & typeof DEFAULTS} */
  #options = DEFAULTS;
  /** @type {(number | null)[][]} */
  #data = [];
  /** @type {uPlot | null} */
  #chart = null;
  #draw = paced(() => this.#show());

  /**
   * Say what is drawn; call it once.
   *
   * @param {Series[]} series
   * @param {PlotOptions} [options]
   * @returns {this}
   */
  setup(series, options = {}) {
    this.#series = series;
    this.#options = { ...DEFAULTS, ...options };
    this.#data = Array.from({ length: series.length + 1 }, () => []);
    addStyles();
    this.#make();
    const fit = () => this.#chart?.setSize({ width: this.clientWidth, height: this.#height });
    new ResizeObserver(fit).observe(this);
    onTheme(() => this.#make());
    return this;
  }

  /** Add one sample. @param {number} x seconds for a time plot @param {...(number | null)} ys one for each series */
  push(x, ...ys) {
    [x, ...ys].forEach((value, i) => {
      this.#data[i].push(value);
    });
    if (this.#data[0].length > this.#options.window)
      for (const column of this.#data) column.shift();
    this.#draw();
  }

  /** Replace everything. @param {(number | null)[][]} data x values, then one list for each series */
  set(data) {
    this.#data = data;
    this.#draw();
  }

  get #height() {
    const { fill, height } = this.#options;
    return fill ? Math.max(height, this.clientHeight) : height;
  }

  #make() {
    this.#chart?.destroy();
    const width = this.clientWidth || 400;
    const options = chartOptions(this.#series, this.#options);
    const data = /** @type {uPlot.AlignedData} */ (this.#data);
    this.#chart = new uPlot({ ...options, width, height: this.#height }, data, this);
    const names = this.#series.map(({ label }) => label).join(', ');
    this.#chart.root.setAttribute('role', 'img');
    this.#chart.root.setAttribute('aria-label', this.getAttribute('label') ?? names);
    this.#show();
  }

  #show() {
    const chart = this.#chart;
    if (!chart) return;
    chart.setData(/** @type {uPlot.AlignedData} */ (this.#data));
    const pointed = (chart.cursor.left ?? -1) >= 0;
    if (this.#options.legend && !pointed) chart.setLegend({ idx: this.#data[0].length - 1 }, false);
  }
}

/**
 * Set up the plot that a selector finds: `setup` in one call.
 *
 * @param {string} selector
 * @param {Series[]} series
 * @param {PlotOptions} [options]
 * @returns {DpPlot}
 */
export function plot(selector, series, options) {
  const element = document.querySelector(selector);
  if (!(element instanceof DpPlot)) throw new Error(`${selector} finds no <dp-plot> on this page`);
  return element.setup(series, options);
}

/** uPlot's own styles, once, for the pages that draw. */
function addStyles() {
  const href = '/static/vendor/uplot/uPlot.min.css';
  if (document.querySelector(`link[href="${href}"]`)) return;
  const link = document.createElement('link');
  link.rel = 'stylesheet';
  link.href = href;
  document.head.prepend(link);
}

customElements.define('dp-plot', DpPlot);
