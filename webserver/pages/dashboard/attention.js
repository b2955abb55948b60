// <dp-attention>: what needs a look, and how busy the last two minutes were.
import { api, durapy } from '/static/durapy/client.js';
import { DpElement } from '/static/durapy/element.js';
import { glyph } from '/static/durapy/icons.js';
import { html, nothing } from '/static/durapy/lit.js';
import '/static/durapy/plot.js';
import { rig } from '/static/durapy/rig.js';
import { concerns } from './health.js';

/** @typedef {import('/static/durapy/types.js').CommandType} CommandType */

const WINDOW_S = 120;

class Attention extends DpElement {
  /** @type {CommandType[]} */
  #unsound = [];
  #plot = /** @type {import('/static/durapy/plot.js').DpPlot} */ (
    document.createElement('dp-plot')
  );
  #commands = 0;

  start() {
    this.own(durapy.on('*', () => this.#commands++));
    this.own(durapy.subscribe('types', () => this.#loadTypes()));
    const draw = () => this.update();
    rig.addEventListener('change', draw);
    durapy.addEventListener('status', draw);
    this.own(() => rig.removeEventListener('change', draw));
    this.own(() => durapy.removeEventListener('status', draw));
    const timer = setInterval(() => this.#measure(), 1000);
    this.own(() => clearInterval(timer));
    this.#plot.setAttribute('label', 'Commands per second and worst lag over the last two minutes');
    this.#loadTypes();
  }

  connectedCallback() {
    super.connectedCallback();
    this.renderNow();
    this.#plot.setup(
      [
        { label: 'commands / s', color: 's1', fill: true },
        { label: 'lag, ms', color: 's2', dash: [5, 3] },
      ],
      { height: 112, window: WINDOW_S, span: WINDOW_S, legend: false },
    );
  }

  async #loadTypes() {
    const { types } = await api('types').catch(() => ({ types: [] }));
    this.#unsound = types.filter(
      (/** @type {CommandType} */ { conflict, changed }) => conflict ?? changed,
    );
    this.update();
  }

  /** One point a second, of what this page has received. */
  #measure() {
    const lags = rig.services.filter(({ up }) => up).flatMap(({ lag_s }) => lag_s ?? []);
    const lag = lags.length ? Math.max(...lags) * 1000 : null;
    if (rig.current) this.#plot.push(Math.round(durapy.now() / 1000), this.#commands, lag);
    this.#commands = 0;
  }

  view() {
    const found = rig.current ? concerns(rig.services, rig.session?.services ?? []) : [];
    return html`<section class="card" aria-labelledby="attention-title">
      <header><h2 id="attention-title">Needs attention</h2></header>
      <ul role="list" class="notes scroll" tabindex="0" aria-labelledby="attention-title">
        ${found.map(item)}${this.#unsound.map(typeItem)}
        ${found.length + this.#unsound.length ? nothing : nothingToSay()}</ul>
      <h3 class="plot-head">Last 2 min, since this page opened
        <span class="keys"><span>${key('s1', '')}commands / s</span><span>${key('s2', '4 3')}worst lag, ms</span></span></h3>
      ${this.#plot}
    </section>`;
  }
}

/** @param {ReturnType<typeof concerns>[number]} concern */
const item = ({ state, service, text }) =>
  html`<li><span class="st" data-s=${state}>${glyph(state)}</span><span><b>${service}</b> ${text}</span></li>`;

function nothingToSay() {
  if (!rig.current)
    return html`<li><span class="st" data-s="idle">${glyph('todo')}</span><span>Not known at the moment.</span></li>`;
  if (rig.services.length === 0)
    return html`<li><span class="st" data-s="idle">${glyph('idle')}</span><span>No service runs.</span></li>`;
  return html`<li><span class="st" data-s="ok">${glyph('ok')}</span><span>Nothing: every running service answers, no handler has failed.</span></li>`;
}

/** @param {CommandType} type */
function typeItem({ type, conflict, changed }) {
  const state = conflict ? 'bad' : 'warn';
  return html`<li><span class="st" data-s=${state}>${glyph(state)}</span><span><b>${type}</b> ${conflict ?? changed}</span></li>`;
}

/** @param {string} token @param {string} dash */
const key = (token, dash) =>
  html`<svg viewBox="0 0 20 8" class="tone" data-series=${token} aria-hidden="true"><path d="M0 4h20" stroke="currentColor" stroke-width="2" stroke-dasharray=${dash || nothing}></path></svg>`;

customElements.define('dp-attention', Attention);
