// <dep-panel>: one service: which revision is wanted, how its rollout goes, what was before.
import { api, durapy } from '/static/durapy/client.js';
import { DpElement } from '/static/durapy/element.js';
import { icon } from '/static/durapy/icons.js';
import { html, nothing } from '/static/durapy/lit.js';
import { rollOut } from './actions.js';
import { changesView } from './changes-view.js';
import { historyView } from './history-view.js';
import { isTold } from './model.js';
import { rolloutView } from './rollout-view.js';
import { deploy } from './state.js';

/** @typedef {import('./model.js').Deployed} Deployed */
/** @typedef {import('./changes-view.js').Changes} Changes */

const WORKING_TREE = '@working-tree';
const TABS = [
  ['rollout', 'Rollout'],
  ['changes', 'Changes'],
  ['past', 'History'],
];

class Panel extends DpElement {
  #tab = 'rollout';
  #wanted = '';
  /** @type {Changes | null} */
  #changes = null;
  #problem = '';
  /** The comparison that is waited for. */
  #asked = '';

  start() {
    const draw = () => this.update();
    deploy.addEventListener('change', draw);
    this.own(() => deploy.removeEventListener('change', draw));
    this.own(durapy.subscribe('operation', (news) => this.#heard(news)));
    const timer = setInterval(draw, 1000);
    this.own(() => clearInterval(timer));
  }

  renderNow() {
    const before = this.querySelector('#rollout-log');
    const atEnd = !before || before.scrollHeight - before.scrollTop - before.clientHeight < 40;
    super.renderNow();
    const log = this.querySelector('#rollout-log');
    if (log && atEnd) log.scrollTop = log.scrollHeight;
  }

  /** Where it is moved to, while it is. @param {Deployed} service */
  #target({ service }) {
    const rollout = deploy.rollout(service);
    const target = rollout?.wishes.revision || deploy.deployment?.branch;
    if (rollout?.state !== 'requested' || rollout.verb !== 'rollout' || !target) return nothing;
    return html` <span class="dim">to</span> <span class="sha">${target}</span>`;
  }

  view() {
    const service = deploy.service;
    if (!service) return nothing;
    return html`<section class="card dep-panel" aria-labelledby="panel-title">
      <header><h2 id="panel-title">${service.service}</h2><span class="rev small"><span class="sha">${service.revision}</span>${this.#target(service)}</span><span class="grow"></span>
        <span class="seg" role="group" aria-label="View">${TABS.map(
          ([tab, word]) =>
            html`<button type="button" aria-pressed=${this.#tab === tab} @click=${() => this.#show(tab)}>${word}</button>`,
        )}</span></header>
      ${service.built ? this.#picker(service) : nothing}
      ${this.#content(service)}</section>`;
  }

  /** @param {Deployed} service */
  #content(service) {
    if (this.#tab === 'changes') return changesView(this.#changes, this.#problem);
    if (this.#tab === 'past') return historyView(service.service);
    return rolloutView(service);
  }

  /** @param {Deployed} service */
  #picker(service) {
    const { deployment } = deploy;
    const name = service.service;
    const running = deploy.rollout(name)?.state === 'requested';
    const locked = deploy.locked(name) && !deploy.queue;
    const off = running || locked || durapy.status === 'lost' || !isTold(deployment);
    const head = deployment?.branch || deployment?.head.slice(0, 7) || '';
    return html`<form class="dep-picker" @submit=${(/** @type {Event} */ event) => this.#submit(event, name, head)}>
      <label for="revision" class="nowrap">Revision</label>
      <input id="revision" class="mono" list="revisions" autocomplete="off" spellcheck="false" placeholder=${head ? `${head}, or a branch, tag or commit` : 'branch, tag or commit'} .value=${this.#wanted} @input=${(/** @type {InputEvent} */ event) => this.#typed(event)}>
      <datalist id="revisions">${(deployment?.refs ?? []).map(({ name: ref, commit, subject }) => html`<option value=${ref}>${commit.slice(0, 7)} ${subject}</option>`)}
        ${deployment?.changed ? html`<option value=${WORKING_TREE}>the files as they are on disk</option>` : nothing}</datalist>
      <button class="primary" ?disabled=${off}>${icon('deploy')}${deploy.queue && deploy.inSession(name) ? 'Queue' : 'Deploy'}</button>
      ${locked ? html`<span class="small dim dep-why">In the session: allow it above, or queue it.</span>` : nothing}</form>`;
  }

  /** @param {InputEvent} event */
  #typed(event) {
    this.#wanted = /** @type {HTMLInputElement} */ (event.target).value;
    this.#changes = null;
    if (this.#tab === 'changes') this.#show('rollout');
  }

  /** @param {Event} event @param {string} name @param {string} head */
  async #submit(event, name, head) {
    event.preventDefault();
    const revision = this.#wanted.trim();
    this.#tab = 'rollout';
    await rollOut(name, revision, revision || head);
    this.update();
  }

  /** @param {string} tab */
  #show(tab) {
    this.#tab = tab;
    this.update();
    if (tab === 'changes') this.#compare();
  }

  async #compare() {
    const service = deploy.service?.service;
    if (!service) return;
    this.#changes = null;
    this.#problem = '';
    const revision = this.#wanted.trim();
    this.#asked =
      (await deploy.ask(`services/${encodeURIComponent(service)}/changes`, { revision })) ?? '';
    if (this.#asked) this.#heard(await api(`operations/${encodeURIComponent(this.#asked)}`));
  }

  /** @param {import('./model.js').News} news */
  #heard({ key, state, message, details }) {
    if (key !== this.#asked || state === 'requested') return;
    this.#changes = details;
    this.#problem = state === 'failed' ? message : '';
    this.update();
  }
}

customElements.define('dep-panel', Panel);
