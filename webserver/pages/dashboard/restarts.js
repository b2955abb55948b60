// Restarting a service: asked for, followed, told. The request and its outcome are on record.
import { ApiError, api, durapy } from '/static/durapy/client.js';
import { confirmed, toast } from '/static/durapy/dialog.js';
import { icon, status } from '/static/durapy/icons.js';
import { html } from '/static/durapy/lit.js';
import { rig } from '/static/durapy/rig.js';

/** @typedef {import('/static/durapy/types.js').ServiceStatus} ServiceStatus */
/** @typedef {import('/static/durapy/types.js').Operation} Operation */

const NO_ANSWER_S = 60;

/** The restarts that this page has asked for and not heard of again; fires `change`. */
class Restarts extends EventTarget {
  /** Service name by operation key. @type {Map<string, string>} */
  #open = new Map();

  constructor() {
    super();
    durapy.subscribe('operation', (operation) => this.#heard(operation));
  }

  /** The button of a service, or what became of it. @param {ServiceStatus} service @param {boolean} off */
  control(service, off) {
    if ([...this.#open.values()].includes(service.service)) return status('busy', 'Restarting');
    return html`<button type="button" class="sm quiet" aria-label="Restart ${service.service}" title="Restart"
      ?disabled=${off} @click=${() => this.#ask(service)}>${icon('redo')}<span class="wide">Restart</span></button>`;
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }

  /** @param {ServiceStatus} service */
  async #ask({ service, session }) {
    const open = rig.session?.label ?? session?.label ?? session?.type;
    const agreed = await confirmed({
      title: `Restart ${service}?`,
      text: session
        ? `${service} is in the session ${open}. It stops, starts again and takes the session up where it was; commands wait meanwhile.`
        : `${service} stops and starts again; commands for it wait meanwhile.`,
      yes: `Restart ${service}`,
    });
    if (agreed) await this.#request(service, session?.key);
  }

  /** @param {string} service @param {string | undefined} session the one that is known to be touched */
  async #request(service, session) {
    try {
      const { operation } = await api(`services/${encodeURIComponent(service)}/restart`, {
        method: 'POST',
        body: session ? { session } : {},
      });
      this.#open.set(operation, service);
      this.#changed();
      setTimeout(() => this.#giveUp(operation), NO_ANSWER_S * 1000);
      this.#heard(await api(`operations/${encodeURIComponent(operation)}`)); // it may be over already
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      toast('bad', error.message);
    }
  }

  /** @param {Operation} operation */
  #heard({ key, state, service, message }) {
    if (state === 'requested' || !this.#open.delete(key)) return;
    toast(
      state === 'done' ? 'ok' : 'bad',
      state === 'done' ? message : html`<b>${service}</b> was not restarted. ${message}`,
    );
    this.#changed();
  }

  /** @param {string} key */
  #giveUp(key) {
    const service = this.#open.get(key);
    if (!service) return;
    this.#open.delete(key);
    toast(
      'warn',
      html`No answer about <b>${service}</b> for ${NO_ANSWER_S} s. The request stands; its row shows when it is back.`,
    );
    this.#changed();
  }
}

export const restarts = new Restarts();
