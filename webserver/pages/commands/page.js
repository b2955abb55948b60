// The Commands page: choose a type, fill its form, send, and watch what every service says.
import { api } from '/static/durapy/client.js';
import { toast } from '/static/durapy/dialog.js';
import { bind } from '/static/durapy/keyboard.js';
import { knownTypes } from '/static/durapy/known-types.js';
import { html } from '/static/durapy/lit.js';
import './composer.js';
import './history.js';
import './palette.js';
import { changeUrl, urlValue } from '/static/durapy/address.js';
import { presets } from './presets.js';

/** @typedef {import('/static/durapy/types.js').CommandRecord} CommandRecord */

const palette = /** @type {import('./palette.js').Palette} */ (
  document.querySelector('cmd-palette')
);
const composer = /** @type {import('./composer.js').Composer} */ (
  document.querySelector('cmd-composer')
);
const history = /** @type {import('./history.js').History} */ (
  document.querySelector('cmd-history')
);

/** Whether the page has shown its first form, or found none to show. */
let begun = false;

/** @param {string} name @param {object} [body] what the form starts with; else the defaults @param {string} [preset] */
function choose(name, body, preset = '') {
  const type = knownTypes.list?.find((known) => known.type === name);
  if (!type) return;
  palette.chosen = name;
  composer.show(type, body);
  changeUrl({ type: name, key: '', preset });
}

/** What is typed stays, also when nobody publishes its type any more. */
function typesChanged() {
  const { list, problem } = knownTypes;
  palette.problem = composer.problem = list ? '' : problem;
  if (!list) return;
  palette.types = list;
  composer.types = list;
  history.types = list;
  if (begun && !composer.type) choose(wantedType());
}

/** @param {string} key of a record whose type and body fill the form */
async function resend(key) {
  try {
    const record = /** @type {CommandRecord} */ (await api(`commands/${encodeURIComponent(key)}`));
    fill(record);
  } catch (error) {
    toast('bad', /** @type {Error} */ (error).message);
  }
}

/** @param {CommandRecord} record */
function fill(record) {
  if (!isKnown(record.type)) {
    toast('warn', `No running service knows ${record.type}, so there is no form for it.`);
    return;
  }
  choose(record.type ?? '', record.body ?? {});
  composer.focusForm();
}

palette.addEventListener('choose', (event) => choose(/** @type {CustomEvent} */ (event).detail));
composer.addEventListener('choose', (event) => choose(/** @type {CustomEvent} */ (event).detail));
composer.addEventListener('fill', (event) => {
  const { type, name, body } = /** @type {CustomEvent} */ (event).detail;
  choose(type, body, name);
});
history.addEventListener('resend', (event) => fill(/** @type {CustomEvent} */ (event).detail));
knownTypes.addEventListener('change', typesChanged);

bind('n', 'New command: find its type', () => palette.focusSearch() || composer.focusMenu());
bind('Ctrl Enter', 'Send the command', () => composer.send());
bind('Space', 'Pause or follow the live list', () => history.togglePause());
bind('j', 'Next row', () => history.step(1));
bind('k', 'Previous row', () => history.step(-1));
bind('f', 'Favourite or not', () => composer.type && presets.toggleFavourite(composer.type.type));
bind('e', 'Edit and resend the chosen row', () => history.resend());

await Promise.all([knownTypes.ready, presets.load()]);
typesChanged();
if (urlValue('type') && knownTypes.list && !isKnown(urlValue('type')))
  toast('warn', html`No service has published a command <b>${urlValue('type')}</b>.`);
const key = urlValue('key');
if (key) await resend(key);
if (!composer.type) choosePreset(urlValue('preset'));
if (!composer.type) choose(wantedType());
begun = true;
const shown = urlValue('show');
if (shown) history.open(shown);

/** Fill the form as the address says, if that preset is still there. @param {string} name */
function choosePreset(name) {
  const preset = presets.of(urlValue('type')).find((known) => known.name === name);
  if (preset) choose(preset.type, preset.body, name);
}

/** The type in the address, else what somebody who has just come may want: what begins a session. */
function wantedType() {
  if (isKnown(urlValue('type'))) return urlValue('type');
  const [first] = [...knownTypes.begins, ...(knownTypes.list ?? [])];
  return first?.type ?? '';
}

/** @param {string | null} name */
function isKnown(name) {
  return knownTypes.list?.some(({ type }) => type === name) ?? false;
}
