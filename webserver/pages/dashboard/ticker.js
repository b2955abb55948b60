// <dp-ticker>: the latest commands, newest first.
import { durapy } from '/static/durapy/client.js';
import { DpElement } from '/static/durapy/element.js';
import { clock, pairs } from '/static/durapy/format.js';
import { glyph, icon } from '/static/durapy/icons.js';
import { html, nothing, repeat } from '/static/durapy/lit.js';
import { paced } from '/static/durapy/pace.js';

/** @typedef {import('/static/durapy/types.js').CommandRecord} CommandRecord */

const ROWS = 24;

class Ticker extends DpElement {
  /** @type {CommandRecord[] | null} */
  #records = null;
  #problem = '';
  #soon = paced(() => this.update());
  #stop = () => {};

  start() {
    const again = () => this.#follow();
    durapy.addEventListener('gap', again);
    this.own(() => durapy.removeEventListener('gap', again));
    this.own(() => this.#stop());
    this.#follow();
  }

  async #follow() {
    this.#stop();
    this.#records = null;
    this.#problem = '';
    this.update();
    try {
      this.#stop = await durapy.follow('*', ROWS, (_body, record) => {
        this.#records = [record, ...(this.#records ?? [])].slice(0, ROWS);
        this.#soon();
      });
      this.#records ??= [];
    } catch (error) {
      this.#problem = /** @type {Error} */ (error).message;
    }
    this.update();
  }

  view() {
    return html`<section class="card" aria-labelledby="ticker-title">
      <header><h2 id="ticker-title">Commands</h2><span class="sub">newest first</span><span class="grow"></span>
        <a class="btn" href="/commands">${icon('cmd')}All commands</a></header>
      <div class="scroll" tabindex="0" role="region" aria-label="Latest commands">${this.#body()}</div></section>`;
  }

  #body() {
    if (this.#problem)
      return html`<div class="empty" role="alert">${icon('warn')}<b>The commands could not be read</b><p>${this.#problem}</p>
        <button type="button" class="sm" @click=${() => this.#follow()}>Try again</button></div>`;
    if (!this.#records) return skeleton();
    if (this.#records.length === 0) {
      return html`<div class="empty">${icon('cmd')}<b>No commands yet</b><p>They show here as services send them. Start a session to begin.</p></div>`;
    }
    return html`<table class="ticker"><thead class="sr"><tr><th>Time</th><th>Type</th><th>Body</th></tr></thead>
      <tbody>${repeat(this.#records, ({ key }) => key, row)}</tbody></table>`;
  }
}

/** @param {CommandRecord} record */
const row = (record) =>
  html`<tr><td class="num dim nowrap mono">${clock(record.sent_at)}</td>
    <td><a class="type" href="/commands?show=${encodeURIComponent(record.key)}">${record.type ?? '(no type)'}</a></td>
    <td class="kv ellipsis body">${record.problem ? html`<span class="tone" data-s="warn">${glyph('warn')}</span> ${record.problem}` : nothing}
      ${pairs(record.body).map(([name, value]) => html`<b>${name}=</b>${value}  `)}</td></tr>`;

const skeleton = () =>
  html`<div class="waiting stack" aria-hidden="true">${Array.from({ length: 5 }, () => html`<div class="skel"></div>`)}</div>`;

customElements.define('dp-ticker', Ticker);
