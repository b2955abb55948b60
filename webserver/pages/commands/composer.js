// The form of the chosen command: checked while it is filled, sent, confirmed where that is asked.
import { ApiError, durapy } from '/static/durapy/client.js';
import { confirmed, toast } from '/static/durapy/dialog.js';
import { DpElement } from '/static/durapy/element.js';
import '/static/durapy/form.js';
import { icon, status } from '/static/durapy/icons.js';
import { html, nothing } from '/static/durapy/lit.js';
import { DryRun } from './dry-run.js';
import { facts, noTypes, skeleton } from './facts.js';
import { presetBar, star } from './preset-bar.js';
import { presets } from './presets.js';

/** @typedef {import('/static/durapy/types.js').CommandType} CommandType */
/** @typedef {import('/static/durapy/form.js').DpForm} DpForm */

/** Fires `choose` with a wire type, from the menu of narrow screens, and `fill` with a preset. */
export class Composer extends DpElement {
  /** @type {CommandType | null} */
  type = null;
  /** Null until they are known. @type {CommandType[] | null} */
  #types = null;
  #asJson = false;
  #sending = false;
  #form = /** @type {DpForm} */ (document.createElement('dp-form'));
  #dryRun = new DryRun(this.#form, () => this.update());

  /** @param {CommandType[]} types */
  set types(types) {
    this.#types = types;
    this.update();
  }

  /** Show a type's form. @param {CommandType} type @param {object} [body] to start with */
  show(type, body) {
    this.type = type;
    this.#form.schema = type.schema;
    if (body) this.#form.value = { ...this.#form.value, ...body };
    this.update();
    this.#dryRun.soon(type.type);
  }

  /** The type was published anew: keep what is typed unless its fields changed. @param {CommandType} type */
  refresh(type) {
    const same = JSON.stringify(type.schema) === JSON.stringify(this.type?.schema);
    if (same) this.type = type;
    else this.show(type, this.#form.value);
    this.update();
  }

  focusForm() {
    this.updateForm();
    /** @type {HTMLElement | null} */ (
      this.#form.querySelector('input, select, textarea')
    )?.focus();
  }

  updateForm() {
    this.renderNow();
    this.#form.renderNow();
  }

  start() {
    const redraw = () => this.update();
    durapy.addEventListener('status', redraw);
    this.own(() => durapy.removeEventListener('status', redraw));
    presets.addEventListener('change', redraw);
    this.own(() => presets.removeEventListener('change', redraw));
    this.#form.addEventListener('change', () => {
      this.update();
      this.#dryRun.soon(this.type?.type ?? '');
    });
  }

  /** Check, ask where the command wants it, send. */
  async send() {
    const type = this.type;
    if (!type || this.#sending || durapy.status !== 'live') return;
    this.#dryRun.cancel();
    this.#form.errors = [];
    if (!this.#form.check()) {
      this.update();
      return;
    }
    this.#sending = true;
    this.update();
    try {
      if (await this.#agreed(type)) await this.#deliver(type);
    } catch (error) {
      this.#refused(error);
    }
    this.#sending = false;
    this.update();
  }

  /** @param {CommandType} type */
  async #agreed(type) {
    if (!type.confirm) return true;
    await durapy.check(type.type, this.#form.value); // ask about nothing that would be refused
    return confirmed({
      title: `Send ${type.type} now?`,
      text: `${type.description} This cannot be taken back.`,
      yes: `Send ${type.type}`,
      detail: html`<pre class="json" tabindex="0">${JSON.stringify(this.#form.value, null, 1)}</pre>`,
    });
  }

  /** @param {CommandType} type */
  async #deliver(type) {
    await durapy.send(type.type, this.#form.value);
    const nobody = type.running === 0 ? ' No service that handles it is running now.' : '';
    toast(nobody ? 'warn' : 'ok', html`<b>${type.type}</b> sent.${nobody}`);
  }

  /** @param {unknown} error */
  #refused(error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.errors.length === 0) {
      toast('bad', error.message);
      return;
    }
    this.#form.errors = error.errors;
    this.#form.check();
  }

  view() {
    const type = this.type;
    if (!type) return this.#types?.length === 0 ? noTypes() : skeleton();
    return html`<section class="card" aria-labelledby="form-title">
      ${this.#head(type)}
      <div class="form-body scroll grow">
        ${this.#asJson ? html`<pre class="json" tabindex="0">${JSON.stringify(this.#form.value, null, 2)}</pre>` : nothing}
        <div ?hidden=${this.#asJson}>${this.#form}</div>
      </div>
      ${this.#foot(type)}
    </section>`;
  }

  /** @param {CommandType} type */
  #head(type) {
    const pick = (/** @type {{target: HTMLSelectElement}} */ { target }) =>
      this.dispatchEvent(new CustomEvent('choose', { detail: target.value }));
    const toggle = () => {
      this.#asJson = !this.#asJson;
      this.update();
    };
    return html`<div class="form-head">
      <div class="row spread"><h2 id="form-title" class="type big-type">${type.type}</h2>
        <span class="row"><select class="only-t" aria-label="Command" @change=${pick}>
          ${this.#types?.map((t) => html`<option value=${t.type} .selected=${t.type === type.type}>${t.type}</option>`)}
        </select>${star(type.type)}<button type="button" class="sm quiet" aria-pressed=${this.#asJson} @click=${toggle}>JSON</button></span></div>
      <p class="muted small">${type.description}</p>
      <div class="row wrap">${facts(type)}</div>
      ${presetBar(type.type, {
        fill: (preset) => this.dispatchEvent(new CustomEvent('fill', { detail: preset })),
        body: () => this.#form.value,
      })}
    </div>`;
  }

  /** @param {CommandType} type */
  #foot(type) {
    const off = durapy.status !== 'live'; // not while sending: a disabled button loses the focus
    const defaults = () => this.show(type);
    return html`<div class="form-foot">
      <button type="button" class=${type.confirm ? 'danger' : 'primary'} ?disabled=${off} @click=${() => this.send()}>
        ${type.confirm ? `Send ${type.type}…` : 'Send'}<kbd aria-hidden="true">Ctrl Enter</kbd></button>
      <button type="button" class="quiet" @click=${defaults}>${icon('undo')}Defaults</button>
      <span class="grow"></span><span role="status">${this.#verdict()}</span></div>`;
  }

  #verdict() {
    if (durapy.status === 'lost') return status('idle', 'Not connected');
    const count = this.#form.isConnected ? this.#form.problems : 0;
    if (count === 0) return this.#dryRun.accepted ? status('ok', 'Valid') : nothing;
    return status('bad', count === 1 ? '1 field to correct' : `${count} fields to correct`);
  }
}

customElements.define('cmd-composer', Composer);
