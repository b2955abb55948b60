// <dep-services>: every container, its revision, its state, and buttons for its life.
import { durapy } from '/static/durapy/client.js';
import { DpElement } from '/static/durapy/element.js';
import { health } from '/static/durapy/health.js';
import { glyph, icon, status, tag } from '/static/durapy/icons.js';
import { html, nothing, repeat } from '/static/durapy/lit.js';
import { rig } from '/static/durapy/rig.js';
import { lifecycle, rollOutAll } from './actions.js';
import { condition, isTold, place } from './model.js';
import { deploy } from './state.js';

/** @typedef {import('./model.js').Deployed} Deployed */

class Services extends DpElement {
  start() {
    const draw = () => this.update();
    deploy.addEventListener('change', draw);
    this.own(() => deploy.removeEventListener('change', draw));
  }

  view() {
    const told = isTold(deploy.deployment);
    const off = durapy.status === 'lost' || !told;
    const loading = deploy.deployment === null && !deploy.problem;
    return html`<section class="card" aria-busy=${loading} aria-labelledby="services-title">
      <header><h2 id="services-title">Services</h2><span class="grow"></span>
        <button type="button" class="sm quiet" ?disabled=${off} @click=${() => deploy.ask('deployment/fetch')}>${icon('redo')}Fetch revisions</button>
        <button type="button" class="sm" ?disabled=${off} @click=${rollOutAll}>Update all…</button></header>
      ${loading || told ? nothing : this.#nobody()}
      <div class="scroll" tabindex="0" role="region" aria-label="All services">${this.#table(loading, off)}</div>
      ${told ? this.#others() : nothing}</section>`;
  }

  #nobody() {
    const why = deploy.problem || deploy.deployment?.problem || 'The deployer does not answer.';
    const never = !deploy.problem && deploy.deployment?.age_s === null; // as it should be on a rig without one
    return html`<div class="dep-note stack"><p>${status(never ? 'idle' : 'warn', why)}</p>
      <p class="small muted">Services that need it are restarted on <a href="/">the Dashboard</a>; <code>durapy start</code>, <code>stop</code> and <code>restart</code> do it for any.</p></div>`;
  }

  /** @param {boolean} loading @param {boolean} off */
  #table(loading, off) {
    const rows = deploy.deployment?.services ?? [];
    if (!loading && rows.length === 0) return nothing;
    return html`<table class="svc"><thead><tr><th scope="col">Service</th><th scope="col">Running</th>
      <th scope="col" class="right">Lifecycle</th></tr></thead><tbody>${
        loading
          ? Array.from(
              { length: 5 },
              () => html`<tr aria-hidden="true"><td colspan="3"><div class="skel"></div></td></tr>`,
            )
          : repeat(
              rows,
              ({ service }) => service,
              (row) => this.#row(row, off),
            )
      }</tbody></table>`;
  }

  /** @param {Deployed} deployed @param {boolean} off */
  #row(deployed, off) {
    const name = deployed.service;
    const account = rig.services.find((one) => one.service === name && one.up);
    const { state, word } = condition(deployed, account ? health(account) : null);
    const runs = deployed.state !== 'stopped' || Boolean(account);
    const chosen = name === deploy.service?.service;
    const choose = () => deploy.choose(name);
    return html`<tr data-s=${off ? 'idle' : state} aria-current=${chosen ? 'true' : nothing} @click=${choose}>
      <th scope="row" class="name"><button type="button" class="rowbtn" aria-current=${chosen ? 'true' : nothing}>${name}</button>
        <div>${off ? html`<span class="st" data-s="idle">${glyph('todo')}<span>was ${word.toLowerCase()}</span></span>` : status(state, word)}</div></th>
      <td><span class="rev"><span class="sha">${deployed.revision || '–'}</span></span><div class="dep-place">${this.#place(deployed)}</div></td>
      <td class="right nowrap" @click=${stop}>${buttons(name, runs, off)}</td></tr>
      ${deployed.lines.length > 0 && state === 'bad' ? trouble(deployed) : nothing}`;
  }

  /** @param {Deployed} deployed */
  #place(deployed) {
    const { deployment } = deploy;
    const rollout = deploy.rollout(deployed.service);
    if (rollout?.state === 'requested') {
      const word =
        rollout.step === 'queued' ? 'waits for the end of the session' : 'is being replaced';
      return tag('busy', word);
    }
    if (!deployed.built) return html`<span class="small dim">not built here</span>`;
    if (deployed.revision.endsWith('-dirty')) return tag('warn', 'from files on disk');
    return deployment
      ? html`<span class="small dim">${place(deployed, deployment)}</span>`
      : nothing;
  }

  /** What was never started here, and what is left over. */
  #others() {
    const { missing = [], orphans = [], changed = false } = deploy.deployment ?? {};
    if (missing.length + orphans.length === 0 && !changed) return nothing;
    return html`<ul role="list" class="dep-others">
      ${missing.map(({ service, command }) => html`<li>${status('todo', html`<b>${service}</b> not deployed`)}<code>${command}</code></li>`)}
      ${orphans.map((name) => html`<li>${status('warn', html`<b>${name}</b> is left over`)}<span class="small muted">docker-compose.yml has no such service</span></li>`)}
      ${changed ? html`<li>${status('warn', 'The checkout has changes that no commit has')}<span class="small muted">deploy them with the revision <code>@working-tree</code></span></li>` : nothing}
    </ul>`;
  }
}

/** @param {Event} event */
const stop = (event) => event.stopPropagation();

/** @param {string} service @param {boolean} runs @param {boolean} off */
function buttons(service, runs, off) {
  const ask = (/** @type {'start' | 'stop' | 'restart'} */ verb) => () => lifecycle(verb, service);
  if (service === 'deployer') return html`<span class="small dim">by its rollout</span>`;
  if (!runs) {
    return html`<button type="button" class="sm" aria-label="Start ${service}" ?disabled=${off} @click=${ask('start')}>${icon('play')}Start</button>`;
  }
  return html`<button type="button" class="icon sm quiet" aria-label="Restart ${service}" title="Restart" ?disabled=${off} @click=${ask('restart')}>${icon('redo')}</button>
    <button type="button" class="icon sm quiet" aria-label="Stop ${service}" title="Stop" ?disabled=${off} @click=${ask('stop')}>${icon('power')}</button>`;
}

/** @param {Deployed} deployed */
const trouble = ({ service, lines }) =>
  html`<tr class="dep-trouble"><td colspan="3"><details><summary>What ${service} wrote last</summary>
    <pre class="buildlog" tabindex="0" aria-label="Last lines of ${service}">${lines.join('\n')}</pre></details></td></tr>`;

customElements.define('dep-services', Services);
