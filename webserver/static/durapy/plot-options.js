// From what a page says of its plot to what uPlot wants to know.
import uPlot from '/static/durapy/uplot.js';
import { color } from './theme.js';

/**
 * @typedef {object} Series
 * @property {string} label
 * @property {string} [color] a token: `s1` to `s6`; the next one if left out
 * @property {'line' | 'points' | 'bars'} [style]
 * @property {number[]} [dash] lengths of stroke and gap
 * @property {boolean} [fill] also colour what lies below the line
 */

/**
 * @typedef {object} PlotOptions
 * @property {string} [unit] of the y values
 * @property {number} [height] in pixels
 * @property {boolean} [fill] take the height of the element if that is more
 * @property {number} [window] how many samples are kept
 * @property {number} [span] how much of x is shown, up to the newest sample
 * @property {[number, number]} [y] fixed limits
 * @property {boolean} [time] whether x is a time in seconds since 1970
 * @property {boolean} [legend]
 * @property {string} [xLabel] what x is called when it is no time
 */

/** What is assumed where a page says nothing. */
export const DEFAULTS = {
  unit: '',
  height: 220,
  window: 600,
  time: true,
  legend: true,
  xLabel: 'x',
};

const time = (/** @type {number} */ s) => new Date(s * 1000).toTimeString().slice(0, 8);

/**
 * What uPlot is told.
 *
 * @param {Series[]} series
 * @param {PlotOptions & typeof DEFAULTS} options
 * @returns {Omit<uPlot.Options, 'width'>}
 */
export function chartOptions(series, options) {
  const bars = series.some(({ style }) => style === 'bars');
  return {
    height: options.height,
    legend: { show: options.legend },
    padding: [12, 28, 0, 4],
    cursor: { points: { size: 6 } },
    scales: {
      x: { time: options.time, ...xRange(bars, options) },
      y: { range: options.y ?? fromZero },
    },
    axes: axes(options),
    series: [xSeries(options), ...series.map((one, i) => ySeries(one, i, options))],
  };
}

/** @type {uPlot.Range.Function} */
const fromZero = (_chart, low, high) => [Math.min(0, low ?? 0), (high || 1) * 1.12];

/** @param {boolean} bars @param {PlotOptions} options @returns {Partial<uPlot.Scale>} */
function xRange(bars, { span }) {
  if (bars) return { range: roomForBars };
  if (!span) return {};
  return {
    range: (chart) => {
      const newest = chart.data[0].at(-1) ?? Date.now() / 1000;
      return [newest - span, newest];
    },
  };
}

/** @type {uPlot.Range.Function} */
function roomForBars(chart, low, high) {
  const half = (high - low) / Math.max(1, chart.data[0].length - 1) / 2 || 0.5;
  return [low - half, high + half];
}

/** @param {PlotOptions & typeof DEFAULTS} options @returns {uPlot.Axis[]} */
function axes({ unit, time: isTime }) {
  const common = {
    stroke: color('text-3'),
    font: '11px Inter',
    grid: { stroke: color('line-2'), width: 1 },
    ticks: { show: false },
  };
  const withUnit = (/** @type {number} */ value) => (unit ? `${value} ${unit}` : `${value}`);
  return [
    {
      ...common,
      size: 30,
      space: 84,
      ...(isTime ? { values: (_u, splits) => splits.map(time) } : {}),
    },
    { ...common, size: 52, values: (_u, splits) => splits.map(withUnit) },
  ];
}

/** @param {PlotOptions & typeof DEFAULTS} options @returns {uPlot.Series} */
const xSeries = (options) => ({
  label: options.time ? 'time' : options.xLabel,
  value: (_u, x) => (x == null ? '–' : options.time ? time(x) : x),
});

/** @param {Series} one @param {number} i @param {PlotOptions} options @returns {uPlot.Series} */
function ySeries({ label, color: chosen, style = 'line', dash, fill }, i, { unit }) {
  const token = chosen ?? `s${i + 1}`;
  /** @type {Record<string, Partial<uPlot.Series>>} */
  const styles = {
    line: { width: 1.6, fill: fill ? color(token, 0.12) : undefined, points: { show: false } },
    points: { width: 0, paths: () => null, points: { show: true, size: 5, fill: color(token) } },
    bars: {
      width: 1.6,
      fill: color(token, 0.5),
      paths: uPlot.paths.bars?.({ size: [0.86, 60] }),
      points: { show: false },
    },
  };
  const value = (/** @type {unknown} */ _u, /** @type {number | null} */ y) =>
    y == null ? '–' : `${Number(y.toFixed(2))} ${unit ?? ''}`;
  return { label, dash, stroke: color(token), value, ...styles[style] };
}
