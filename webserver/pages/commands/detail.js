// <cmd-detail>: one record in full, who heard it, what led to it and what followed.
import { api, durapy, toast } from '/static/durapy/client.js';
import { copyText } from '/static/durapy/clipboard.js';
import { DpElement } from '/static/durapy/element.js';
import { fullTime } from '/static/durapy/format.js';
import { icon, status } from '/static/durapy/icons.js';
import { html, nothing } from '/static/durapy/lit.js';
import { paced } from '/static/durapy/pace.js';
import { hasPage } from '/static/durapy/pages.js';
import { asJson, asPython, asShell } from './copying.js';
import { whoHeard } from './receipts.js';
import { causeTree } from './tree.js';

/** @typedef {import('/static/durapy/types.js').CommandRecord} CommandRecord */
/** @typedef {import('/static/durapy/types.js').CommandType} CommandType */
/** @typedef {import('/static/durapy/types.js').Receipt} Receipt */

const COPIES = [
  { name: 'JSON', write: asJson },
  { name: 'durapy send', write: asShell },
  { name: 'Python', write: asPython },
];
const TREE_AFTER_MS = 200;

/** Fires `resend`, `close`, and `open` with the key of another record. */
export class Detail extends DpElement {
  /** @type {CommandRecord | null} */
  #record = null;
  /** If some service has published it. @type {CommandType | undefined} */
  #type;
  /** @type {Receipt[] | null} */
  #receipts = null;
  /** @type {import('./tree.js').Tree | null} */
  #tree = null;
  /** Whether there may have been receipts that are no longer kept. */
  #removed = false;
  #problem = '';
  #timer = 0;
  #soon = paced(() => this.update());

  /** @param {CommandRecord} record */
  set record(record) {
    if (record.key === this.#record?.key) return;
    this.#record = record;
    this.#receipts = null;
    this.#problem = '';
    if (!this.#tree?.records.some(({ key }) => key === record.key)) this.#tree = null;
    this.update();
    this.#load(record.key);
  }

  /** @param {CommandType | undefined} type */
  set type(type) {
    this.#type = type;
    this.update();
  }

  start() {
    this.own(durapy.subscribe('receipt', (receipt) => this.#heard(receipt)));
    this.own(durapy.on('*', (_body, record) => this.#followed(record)));
  }

  /** @param {string} key */
  async #load(key) {
    try {
      const path = `commands/${encodeURIComponent(key)}`;
      const { receipts, receipts_removed } = await api(path);
      if (key !== this.#record?.key) return;
      this.#receipts = merged(receipts, this.#receipts ?? []);
      this.#removed = receipts_removed;
      this.update();
      const tree = await api(`${path}/tree`);
      if (key === this.#record?.key) this.#tree = tree;
    } catch (error) {
      if (key === this.#record?.key) this.#problem = /** @type {Error} */ (error).message;
    }
    this.update();
  }

  /** @param {Receipt} receipt */
  #heard(receipt) {
    if (receipt.key !== this.#record?.key) return;
    this.#receipts = merged(this.#receipts ?? [], [receipt]);
    this.#soon();
  }

  /** Something more followed from what is shown: ask for the tree anew. @param {CommandRecord} record */
  #followed({ cause }) {
    const key = this.#record?.key;
    if (!key || !cause || this.#timer) return;
    if (cause !== key && !this.#tree?.records.some((related) => related.key === cause)) return;
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      if (this.isConnected) this.#load(this.#record?.key ?? key);
    }, TREE_AFTER_MS);
  }

  /** @param {string} name @param {unknown} [detail] */
  #fire(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  view() {
    const record = this.#record;
    if (!record) return nothing;
    return html`<div class="detail" role="region" tabindex="0" aria-label="Command detail">
      ${this.#head(record)}
      ${record.problem ? html`<p class="small">${status('warn', record.problem)}</p>` : nothing}
      <div class="halves"><pre class="json" tabindex="0">${record.body ? JSON.stringify(record.body, null, 1) : (record.raw ?? '')}</pre>
        ${whoHeard(this.#problem ? [] : this.#receipts, this.#type)}</div>
      ${this.#removed ? html`<p class="small dim">Receipts from that time are no longer kept; there may have been more.</p>` : nothing}
      ${this.#problem ? html`<p class="small" role="alert">${status('bad', this.#problem)}</p>` : nothing}
      ${causeTree(this.#tree, record.key, (key) => this.#fire('open', key))}
      <div class="row wrap spread small dim"><span>sent by ${record.sender ?? 'somebody who did not say'}, ${fullTime(record.sent_at)}</span>
        <span class="row copies">Copy as ${COPIES.map(
          ({ name, write }) =>
            html`<button type="button" class="sm quiet" @click=${() => copy(name, write(record))}>${name}</button>`,
        )}</span></div>
    </div>`;
  }

  /** @param {CommandRecord} record */
  #head(record) {
    const resendable = this.#type && record.body;
    return html`<div class="row spread wrap">
      <span class="row"><b class="type">${record.type ?? '(no type)'}</b><span class="dim small mono">${record.key}</span></span>
      <span class="row">
        ${resendable ? html`<button type="button" class="sm" @click=${() => this.#fire('resend')}>${icon('redo')}Edit and resend</button>` : nothing}
        ${hasPage('/logs') ? html`<a class="btn sm quiet" href="/logs?${new URLSearchParams({ t: record.sent_at, record: record.key })}">${icon('logs')}Log lines</a>` : nothing}
        <button type="button" class="icon sm quiet" aria-label="Close detail" title="Close" @click=${() => this.#fire('close')}>${icon('x')}</button>
      </span></div>`;
  }
}

/**
 * What was said earlier and what came since: a service has its latest word.
 *
 * @param {Receipt[]} earlier
 * @param {Receipt[]} later
 */
function merged(earlier, later) {
  const latest = new Map([...earlier, ...later].map((receipt) => [receipt.service, receipt]));
  return [...latest.values()].sort((a, b) => a.service.localeCompare(b.service));
}

/** @param {string} name @param {string} text */
async function copy(name, text) {
  if (await copyText(text)) toast('ok', `Copied as ${name}`);
  else toast('bad', 'This browser did not allow copying.');
}

customElements.define('cmd-detail', Detail);
