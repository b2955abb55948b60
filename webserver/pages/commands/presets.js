// Favourite commands and filled-in forms, as the server keeps them for every browser of the rig.
import { whenBack } from '/static/durapy/back.js';
import { ApiError, api, durapy } from '/static/durapy/client.js';
import { toast } from '/static/durapy/dialog.js';

/** @typedef {{type: string, name: string, body: Record<string, any>}} Preset */

/** Fires `change`, also when somebody at another browser has changed something. */
class Presets extends EventTarget {
  /** @type {string[]} */
  favourites = [];
  /** @type {Preset[]} */
  presets = [];
  #asked = 0;

  constructor() {
    super();
    durapy.subscribe('presets', () => this.load());
    whenBack(() => this.load());
  }

  /** @param {string} type */
  of(type) {
    return this.presets.filter((preset) => preset.type === type);
  }

  load() {
    return this.#ask('presets', 'GET');
  }

  /** @param {string} type */
  toggleFavourite(type) {
    const method = this.favourites.includes(type) ? 'DELETE' : 'PUT';
    return this.#ask(`favourites/${encodeURIComponent(type)}`, method);
  }

  /** @param {Preset} preset */
  save({ type, name, body }) {
    return this.#ask(path(type, name), 'PUT', { body });
  }

  /** @param {Preset} preset */
  remove({ type, name }) {
    return this.#ask(path(type, name), 'DELETE');
  }

  /** @param {string} address @param {string} method @param {object} [body] */
  async #ask(address, method, body) {
    const asked = ++this.#asked;
    try {
      const { favourites, presets } = await api(address, { method, body });
      if (asked !== this.#asked) return; // a later question is under way
      this.favourites = favourites;
      this.presets = presets;
      this.dispatchEvent(new Event('change'));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      toast('bad', error.message);
    }
  }
}

/** @param {string} type @param {string} name */
const path = (type, name) => `presets/${encodeURIComponent(type)}/${encodeURIComponent(name)}`;

export const presets = new Presets();
