// The list of command types, by group.

import { DpElement } from '/static/durapy/element.js';
import { glyph, icon } from '/static/durapy/icons.js';
import { html, nothing } from '/static/durapy/lit.js';
import { presets } from './presets.js';

/** @typedef {import('/static/durapy/types.js').CommandType} CommandType */

const FAVOURITES = 'Favourites';

/** Fires `choose` with a wire type. */
export class Palette extends DpElement {
  /** @type {CommandType[] | null} */
  #types = null;
  #chosen = '';
  #query = '';
  #problem = '';

  /** @param {CommandType[]} types */
  set types(types) {
    this.#types = types;
    this.#problem = '';
    this.update();
  }

  /** @param {string} type */
  set chosen(type) {
    this.#chosen = type;
    this.update();
  }

  /** @param {string} text why the types cannot be shown */
  set problem(text) {
    this.#problem = text;
    this.update();
  }

  start() {
    const draw = () => this.update();
    presets.addEventListener('change', draw);
    this.own(() => presets.removeEventListener('change', draw));
  }

  /** @returns {boolean} false: it does not show in a window this narrow */
  focusSearch() {
    const input = this.querySelector('input');
    if (!input?.checkVisibility()) return false;
    input.focus();
    return true;
  }

  view() {
    const input = (/** @type {{target: HTMLInputElement}} */ { target }) => {
      this.#query = target.value;
      this.update();
    };
    const enter = (/** @type {Event} */ event) => {
      event.preventDefault();
      const [first] = this.#hits();
      if (first) this.#choose(first.type);
    };
    return html`<section class="card palette scroll" aria-label="Command types">
      <form class="search" role="search" @submit=${enter}>${icon('search')}<input aria-label="Find a command"
        placeholder="Find a command" autocomplete="off" .value=${this.#query} @input=${input}></form>
      ${this.#list()}
    </section>`;
  }

  #list() {
    if (this.#problem) return html`<p class="small muted" role="alert">${this.#problem}</p>`;
    if (!this.#types) return skeleton();
    if (this.#types.length === 0) {
      return noService();
    }
    const hits = this.#hits();
    if (hits.length === 0) return html`<p class="small muted">No command matches.</p>`;
    const groups = [...new Set(hits.map((type) => this.#groupOf(type)))];
    const first = groups.includes(FAVOURITES) ? [FAVOURITES] : [];
    const names = [...first, ...groups.filter((name) => name !== FAVOURITES)];
    return html`${names.map(
      (name) => html`<div><h2>${name}</h2><ul role="list">
        ${hits.filter((type) => this.#groupOf(type) === name).map((type) => this.#item(type))}</ul></div>`,
    )}${hits.every(isOurs) ? noService() : nothing}`;
  }

  /** @param {CommandType} type */
  #groupOf(type) {
    return presets.favourites.includes(type.type) ? FAVOURITES : type.group || 'Other';
  }

  #hits() {
    const query = this.#query.toLowerCase();
    const hit = (/** @type {CommandType} */ { type, title }) =>
      `${type} ${title ?? ''}`.toLowerCase().includes(query);
    return (this.#types ?? []).filter(hit);
  }

  /** @param {CommandType} type */
  #item(type) {
    const mark = markOf(type);
    return html`<li><button type="button" aria-current=${type.type === this.#chosen ? 'true' : 'false'}
      title=${type.title ?? nothing} @click=${() => this.#choose(type.type)}>
      <span class="type ellipsis">${type.type}</span>${mark}</button></li>`;
  }

  /** @param {string} type */
  #choose(type) {
    this.dispatchEvent(new CustomEvent('choose', { detail: type }));
  }
}

/** Whether only the console itself knows a type. @param {CommandType} type */
const isOurs = ({ services }) => services.every(({ service }) => service === 'webserver');

const noService = () =>
  html`<p class="small muted">No service has published a command yet. Start one: its commands appear here.</p>`;

/** What one should know of a type before choosing it. @param {CommandType} type */
function markOf(type) {
  if (type.conflict)
    return html`<span class="mark" data-s="bad" title=${type.conflict}>${glyph('bad')}<span class="sr">conflict</span></span>`;
  if (type.running === 0) return html`<span class="mark small dim">0 running</span>`;
  if (type.confirm)
    return html`<span class="mark" data-s="warn" title="asks before sending">${glyph('warn')}<span class="sr">asks before sending</span></span>`;
  return nothing;
}

const skeleton = () =>
  html`<div class="stack" aria-hidden="true">${Array.from({ length: 6 }, () => html`<div class="skel"></div>`)}</div>`;

customElements.define('cmd-palette', Palette);
