// The presets of the chosen command: one press fills the form; saved under a name for everybody.
import { confirmed, dialog } from '/static/durapy/dialog.js';
import { icon } from '/static/durapy/icons.js';
import { html, render } from '/static/durapy/lit.js';
import { presets } from './presets.js';

/** @typedef {import('./presets.js').Preset} Preset */

const LONGEST_NAME = 60;

/** The star of a type. @param {string} type */
export function star(type) {
  const is = presets.favourites.includes(type);
  return html`<button type="button" class="icon sm quiet star" aria-label="Favourite" title="Favourite" aria-pressed=${is}
    @click=${() => presets.toggleFavourite(type)}>${icon('star')}</button>`;
}

/**
 * @param {string} type
 * @param {{fill: (preset: Preset) => void, body: () => Record<string, any>}} form
 */
export function presetBar(type, { fill, body }) {
  return html`<div class="row wrap chips" role="group" aria-label="Presets">${presets.of(type).map(
    (
      preset,
    ) => html`<span class="chip"><button type="button" @click=${() => fill(preset)}>${preset.name}</button>
      <button type="button" class="icon" aria-label="Remove the preset ${preset.name}" @click=${() => remove(preset)}>${icon('x')}</button></span>`,
  )}<button type="button" class="quiet sm" @click=${() => askName(type, body())}>${icon('plus')}Save preset</button></div>`;
}

/** @param {Preset} preset */
async function remove(preset) {
  const agreed = await confirmed({
    title: `Remove the preset ${preset.name}?`,
    text: 'It is gone for everybody at this rig.',
    yes: 'Remove',
  });
  if (agreed) await presets.remove(preset);
}

/** @param {string} type @param {Record<string, any>} body */
function askName(type, body) {
  const box = dialog('preset', 'Save preset');
  const name = () => /** @type {HTMLInputElement} */ (box.querySelector('input'));
  const taken = () => presets.of(type).some((preset) => preset.name === name()?.value.trim());
  const save = (/** @type {Event} */ event) => {
    event.preventDefault();
    box.close();
    presets.save({ type, name: name().value.trim(), body });
  };
  const draw = () => render(view(), box);
  const view = () =>
    html`<form @submit=${save}><div class="dialog-body"><h2>Save preset of ${type}</h2>
      <div class="stack"><label for="preset-name">Name</label>
        <input id="preset-name" required pattern=".*\\S.*" maxlength=${LONGEST_NAME} autofocus autocomplete="off" @input=${draw}></div>
      <pre class="json" tabindex="0">${JSON.stringify(body, null, 1)}</pre></div>
      <div class="dialog-foot"><button type="button" @click=${() => box.close()}>Cancel</button><button class="primary">${taken() ? 'Replace' : 'Save'}</button></div></form>`;
  draw();
  name().value = '';
  draw();
  box.showModal();
}
