// The form of the chosen command: checked while it is filled, sent, confirmed where that is asked.
import { ApiError, durapy } from '/static/durapy/client.js';
import { toast } from '/static/durapy/dialog.js';
import { DpElement } from '/static/durapy/element.js';
import '/static/durapy/form.js';
import { icon, status } from '/static/durapy/icons.js';
import { html, nothing } from '/static/durapy/lit.js';
import { rig } from '/static/durapy/rig.js';
import { safety } from '/static/durapy/safety.js';
import { draftOf, forgetDraft, keepDraft } from './drafts.js';
import { DryRun } from './dry-run.js';
import { facts, hindranceTo, menu, noForm } from './facts.js';
import { presetBar, star } from './preset-bar.js';
import { presets } from './presets.js';
import { sendForm } from './sending.js';

/** @typedef {import('/static/durapy/types.js').CommandType} CommandType */
/** @typedef {import('/static/durapy/form.js').DpForm} DpForm */

/** Fires `choose` with a wire type, from the menu of narrow screens, and `fill` with a preset. */
export class Composer extends DpElement {
  /** @type {CommandType | null} */
  type = null;
  /** Null until they are known. @type {CommandType[] | null} */
  #types = null;
  /** Why the types are not known. */
  #problem = '';
  /** Whether it began with what was typed earlier and not sent. */
  #isLeft = false;
  /** What is said of it, as drawn. @type {import('./facts.js').Hindrance} */
  #hindrance = null;
  #asJson = false;
  #sending = false;
  #form = /** @type {DpForm} */ (document.createElement('dp-form'));
  #dryRun = new DryRun(this.#form, () => this.update());

  /** They were published anew: what is typed stays unless its fields have changed. @param {CommandType[]} types */
  set types(types) {
    this.#types = types;
    const now = types.find((known) => known.type === this.type?.type);
    if (now && JSON.stringify(now.schema) !== JSON.stringify(this.type?.schema))
      this.show(now, this.#form.value);
    else if (now) this.type = now;
    this.update();
  }

  /** @param {string} text why the types cannot be shown */
  set problem(text) {
    this.#problem = text;
    this.update();
  }

  /** Whether no service publishes the shown type any more. */
  get #isGone() {
    return !this.#types?.some((known) => known.type === this.type?.type);
  }

  /** Show a type's form. @param {CommandType} type @param {object} [body] to start with, else with what was left */
  show(type, body) {
    const left = body ? null : draftOf(type);
    this.type = type;
    this.#isLeft = left !== null;
    this.#form.schema = type.schema;
    this.#form.value = { ...this.#form.value, ...(body ?? left) };
    this.update();
    this.#dryRun.soon(type.type);
  }

  focusForm() {
    this.renderNow();
    this.#form.renderNow();
    /** @type {HTMLElement | null} */ (
      this.#form.querySelector('input, select, textarea')
    )?.focus();
  }

  /** Go to the menu of commands, which narrow windows have in place of the list. */
  focusMenu() {
    this.querySelector('select')?.focus();
  }

  start() {
    const redraw = () => this.update();
    durapy.addEventListener('status', redraw);
    this.own(() => durapy.removeEventListener('status', redraw));
    presets.addEventListener('change', redraw);
    this.own(() => presets.removeEventListener('change', redraw));
    for (const source of [rig, safety]) {
      source.addEventListener('change', this.#lookAtRig);
      this.own(() => source.removeEventListener('change', this.#lookAtRig));
    }
    this.#form.addEventListener('change', () => {
      this.update();
      if (!this.type) return;
      this.#dryRun.soon(this.type.type);
      keepDraft(this.type, this.#form.value);
    });
  }

  /** The rig reports every second; a form that is being filled is better not drawn so often. */
  #lookAtRig = () => {
    if (hindranceTo(this.type)?.text !== this.#hindrance?.text) this.update();
  };

  /** Check, ask where the command wants it, send. */
  async send() {
    const type = this.type;
    if (!type || this.#sending || this.#isGone || durapy.status !== 'live') return;
    this.#dryRun.cancel();
    this.#form.errors = [];
    if (!this.#form.check()) {
      this.#showFields();
      return;
    }
    this.#sending = true;
    this.update();
    try {
      await sendForm(type, this.#form.value);
    } catch (error) {
      this.#refused(error);
    } finally {
      this.#sending = false;
      this.update();
    }
  }

  /** @param {unknown} error */
  #refused(error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.errors.length === 0) {
      toast('bad', error.message);
      return;
    }
    this.#form.errors = error.errors;
    this.#showFields();
  }

  /** Show what is wrong at its field, also where the form was shown as JSON. */
  #showFields() {
    this.#asJson = false;
    this.renderNow();
    this.#form.check();
  }

  view() {
    const type = this.type;
    this.#hindrance = hindranceTo(type);
    if (!type) return noForm(this.#types, this.#problem);
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
    const pick = (/** @type {string} */ name) =>
      this.dispatchEvent(new CustomEvent('choose', { detail: name }));
    const all = this.#types ?? [];
    const toggle = () => {
      this.#asJson = !this.#asJson;
      this.update();
    };
    return html`<div class="form-head">
      <div class="row spread"><h2 id="form-title" class="type big-type">${type.type}</h2>
        <span class="row">${menu(type.type, this.#isGone ? [type, ...all] : all, pick)}${star(type.type)}<button type="button" class="sm quiet" aria-pressed=${this.#asJson} @click=${toggle}>JSON</button></span></div>
      <p class="muted small">${type.description}</p>
      <div class="row wrap">${facts(type, { hindrance: this.#hindrance, isLeft: this.#isLeft })}</div>
      ${presetBar(type.type, {
        fill: (preset) => this.dispatchEvent(new CustomEvent('fill', { detail: preset })),
        body: () => this.#form.value,
      })}
    </div>`;
  }

  /** @param {CommandType} type */
  #foot(type) {
    const off = durapy.status !== 'live' || this.#isGone; // not while sending: that loses the focus
    const once = (/** @type {MouseEvent} */ { detail }) => detail < 2 && this.send(); // a double click is one
    const defaults = () => {
      forgetDraft(type);
      this.show(type);
    };
    return html`<div class="form-foot">
      <button type="button" class=${type.confirm ? 'danger' : 'primary'} ?disabled=${off} @click=${once}>
        ${type.confirm ? `Send ${type.type}…` : 'Send'}<kbd aria-hidden="true">Ctrl Enter</kbd></button>
      <button type="button" class="quiet" @click=${defaults}>${icon('undo')}Defaults</button>
      <span class="grow"></span><span role="status">${this.#verdict()}</span></div>`;
  }

  #verdict() {
    if (durapy.status === 'lost') return status('idle', 'Not connected');
    if (this.#isGone) return status('bad', 'No service knows it any more');
    const count = this.#form.isConnected ? this.#form.problems : 0;
    if (count === 0) return this.#dryRun.accepted ? status('ok', 'Valid') : nothing;
    return status('bad', count === 1 ? '1 field to correct' : `${count} fields to correct`);
  }
}

customElements.define('cmd-composer', Composer);
