// <dp-services>: every service with its own account of itself, and a button to restart it.
import { durapy } from '/static/durapy/client.js';
import { DpElement } from '/static/durapy/element.js';
import { ago, ms, shortRevision } from '/static/durapy/format.js';
import { glyph, icon, status } from '/static/durapy/icons.js';
import { html, nothing, repeat } from '/static/durapy/lit.js';
import { hasPage } from '/static/durapy/pages.js';
import { rig } from '/static/durapy/rig.js';
import '/static/durapy/spark.js';
import { health, rowsOf } from '/static/durapy/health.js';
import { Recent } from './recent.js';
import { restarts } from './restarts.js';

/** @typedef {import('/static/durapy/types.js').ServiceStatus} ServiceStatus */

/** A name, and on which windows it is there: `wide` ones, or all but phones. @type {[string, string][]} */
const COLUMNS = [
  ['Service', ''],
  ['Health', ''],
  ['Session', 'roomy'],
  ['Running revision', 'roomy'],
  ['Heartbeat, age', ''],
  ['Command lag', 'wide'],
  ['Handler time, 1 min, p99', 'roomy'],
  ['Up for', 'wide right'],
];

class Services extends DpElement {
  #recent = new Recent();
  /** Whether the row that the address names has been gone to. */
  #found = location.hash === '';

  start() {
    const draw = () => this.update();
    const heard = () => {
      this.#recent.hear(rig.services);
      draw();
      if (!this.#found) this.#findRow();
    };
    rig.addEventListener('change', heard);
    restarts.addEventListener('change', draw);
    this.own(() => restarts.removeEventListener('change', draw));
    durapy.addEventListener('status', draw);
    const timer = setInterval(() => {
      if (rig.current) this.#recent.tick();
      draw();
    }, 1000);
    this.own(() => clearInterval(timer));
    this.own(() => rig.removeEventListener('change', heard));
    this.own(() => durapy.removeEventListener('status', draw));
  }

  /** The rows came after the page, so the browser has not found the one in the address. */
  #findRow() {
    this.#found = true;
    this.renderNow();
    location.replace(location.hash);
  }

  view() {
    const lost = durapy.status === 'lost';
    const loading = !rig.snapshot;
    return html`<section class=${lost ? 'card stale' : 'card'} aria-busy=${loading} aria-labelledby="services-title">
      <header><h2 id="services-title">Services</h2>${loading ? html`<span class="sub">waiting for the first heartbeat</span>` : this.#counts(lost)}<span class="grow"></span>
        ${hasPage('/deploy') ? html`<a class="btn" href="/deploy">${icon('deploy')}Deploy</a>` : nothing}</header>
      <div class="scroll" tabindex="0" role="region" aria-label="All services">${this.#table(loading)}</div>
    </section>`;
  }

  /** @param {boolean} lost */
  #counts(lost) {
    const signs = rowsOf(rig.services).map((service) => health(service));
    const count = (/** @type {string[]} */ kinds) =>
      signs.filter(({ state }) => kinds.includes(state)).length;
    const down = signs.filter(({ word }) => word === 'Down').length;
    /** @type {[import('/static/durapy/icons.js').Status, number, string][]} */
    const all = [
      ['ok', count(['ok', 'busy']), 'up'],
      ['warn', count(['warn']), 'late or busy'],
      ['bad', count(['bad']) - down, 'with a fault'],
      ['bad', down, 'down'],
      ['idle', count(['idle']), 'stopped'],
    ];
    return html`${lost ? html`<span class="sub">as last seen</span>` : nothing}<span class="row wrap">
      ${all.filter(([state, n]) => n > 0 || state === 'ok').map(([state, n, word]) => status(state, `${n} ${word}`))}</span>`;
  }

  /** @param {boolean} loading */
  #table(loading) {
    const rows = rowsOf(rig.services);
    if (!loading && rows.length === 0) {
      return html`<div class="empty">${icon('power')}<b>No service has reported yet</b>
        <p>Start one with <code>durapy run NAME</code> or Compose; it shows here within a second.</p></div>`;
    }
    return html`<table class="svc"><thead><tr>
      ${COLUMNS.map(([name, where]) => html`<th scope="col" class=${where}>${name}</th>`)}
      <th scope="col"><span class="sr">Restart</span></th></tr></thead>
      <tbody>${
        loading
          ? Array.from({ length: 4 }, skeletonRow)
          : repeat(
              rows,
              ({ service, replica }) => `${service} ${replica}`,
              (row, i) => this.#row(row, rows[i - 1]?.service === row.service),
            )
      }</tbody></table>`;
  }

  /** @param {ServiceStatus} service @param {boolean} again whether it has a row already */
  #row(service, again) {
    const lost = durapy.status === 'lost';
    const { state, word } = health(service);
    const recent = this.#recent.of(service);
    const inSession = rig.members.includes(service);
    return html`<tr id=${again ? nothing : service.service} data-s=${lost ? 'idle' : state}>
      <th scope="row" class="name" title="${service.replica} on ${service.host}">${service.service}${again ? html` <span class="dim small">${service.replica}</span>` : nothing}</th>
      <td>${lost ? html`<span class="st" data-s="idle">${glyph('todo')}<span>was ${word.toLowerCase()}</span></span>` : status(state, word)}</td>
      <td class="roomy">${inSession ? html`<span class="muted small nowrap">in session</span>` : html`<span class="dim small">–</span>`}</td>
      <td class="roomy"><span class="rev" title=${service.revision}><span class="sha">${shortRevision(service.revision)}</span></span></td>
      <td><span class="row"><dp-beats class="tone" data-s=${state} .data=${recent.ages_s}></dp-beats><span class="num small muted nowrap">${ago(recent.age_s)}</span></span></td>
      <td class="wide">${lag(service.up ? service.lag_s : null)}</td>
      <td class="roomy"><span class="row"><dp-spark class="tone" data-s="busy" .data=${service.up ? recent.p99_s : []}></dp-spark><span class="num small muted nowrap right grow">${ms(service.up ? service.p99_s : null)}</span></span></td>
      <td class="num small muted wide right nowrap">${service.up ? ago((durapy.now() - Date.parse(service.started_at)) / 1000) : '–'}</td>
      <td class="right">${restarts.control(service, lost)}</td></tr>`;
  }
}

const LAG_WARN_S = 0.025;
const LAG_BAD_S = 0.1;

/** A bar on a logarithmic scale, since lag spans decades. @param {number | null} lag_s */
function lag(lag_s) {
  if (lag_s === null) return html`<span class="dim">–</span>`;
  const state = lag_s > LAG_BAD_S ? 'bad' : lag_s > LAG_WARN_S ? 'warn' : 'busy';
  const width = Math.min(100, 22 * Math.log2(1 + lag_s * 1000));
  return html`<span class="lag" data-s=${state}><span class="bar"><i .style=${`width:${width}%`}></i></span><span class="num small right nowrap">${ms(lag_s)}</span></span>`;
}

const skeletonRow = () =>
  html`<tr aria-hidden="true">${[...COLUMNS, ['', '']].map(([, where]) => html`<td class=${where}><div class="skel"></div></td>`)}</tr>`;

customElements.define('dp-services', Services);
