// What is said of a command above its form.
import { glyph, icon, tag } from '/static/durapy/icons.js';
import { knownTypes } from '/static/durapy/known-types.js';
import { html, nothing } from '/static/durapy/lit.js';
import { rig } from '/static/durapy/rig.js';
import { safety } from '/static/durapy/safety.js';

/** @typedef {import('/static/durapy/types.js').CommandType} CommandType */
/** @typedef {{state: import('/static/durapy/icons.js').Status, text: string} | null} Hindrance */

/**
 * The commands as a menu, for windows without room for a list.
 *
 * @param {string} chosen
 * @param {CommandType[]} types
 * @param {(type: string) => void} pick
 */
export const menu = (chosen, types, pick) =>
  html`<select class="only-t" aria-label="Command" @change=${(/** @type {{target: HTMLSelectElement}} */ { target }) => pick(target.value)}>
    ${types.map(({ type }) => html`<option value=${type} .selected=${type === chosen}>${type}</option>`)}</select>`;

/**
 * What one should know before sending.
 *
 * @param {CommandType} type
 * @param {{hindrance: Hindrance, isLeft: boolean}} more `isLeft`: its form holds what was typed earlier
 */
export function facts(type, { hindrance, isLeft }) {
  const handled = type.services.filter(({ roles }) => roles.some((role) => role !== 'sends'));
  return html`${type.running === 0 ? tag('warn', '0 running') : nothing}
    ${type.actuates ? tag('busy', 'acts on the world') : nothing}
    ${isLeft ? tag('idle', 'as you left it, not sent') : nothing}
    ${hindrance ? words(hindrance.state, hindrance.text) : nothing}
    ${type.conflict ? html`<span class="small" data-s="bad">${tag('bad', 'conflict')} ${type.conflict}</span>` : nothing}
    ${handled.length ? html`<span class="small dim">heard by ${handled.map(({ service, running }) => `${service}${running ? '' : ' (down)'}`).join(', ')}</span>` : nothing}`;
}

/**
 * What the rig would say to a command at the moment, if not yes.
 *
 * @param {CommandType | null} type
 * @returns {Hindrance}
 */
export function hindranceTo(type) {
  if (!type || !rig.current) return null;
  const { actuates, services } = type;
  const named = (/** @type {string} */ role) =>
    services.filter(({ roles }) => roles.includes(role)).map(({ service }) => service);
  const [begins, ends] = [named('begins'), named('ends')];
  if (safety.engaged && (actuates || begins.length))
    return { state: 'bad', text: 'refused now: the rig is in the safe state' };
  const open = rig.services.filter(({ up, session }) => up && session).map((one) => one.service);
  const busy = begins.filter((name) => open.includes(name));
  if (busy.length)
    return { state: 'warn', text: `refused now by ${busy.join(', ')}: a session is open` };
  if (ends.length && !ends.some((name) => open.includes(name)))
    return { state: 'idle', text: 'no session is open that it ends' };
  return null;
}

/** A label that may be long. @param {import('/static/durapy/icons.js').Status} state @param {string} text */
const words = (state, text) =>
  html`<span class="tag long" data-s=${state}>${glyph(state)}${text}</span>`;

/**
 * What stands in the form's place while there is none.
 *
 * @param {CommandType[] | null} types null until they are known
 * @param {string} problem why they are not
 */
export function noForm(types, problem) {
  if (problem) return unreadTypes(problem);
  return types?.length === 0 ? noTypes() : skeleton();
}

/** The form when what could be sent is not known. @param {string} problem */
const unreadTypes = (problem) =>
  html`<section class="card" aria-label="Form"><div class="empty" role="alert">${icon('warn')}<b>The commands could not be read</b>
    <p>${problem}</p><button type="button" class="sm" @click=${() => knownTypes.load()}>Try again</button></div></section>`;

/** The form while the types are on their way. */
const skeleton = () =>
  html`<section class="card" aria-label="Form" aria-busy="true"><div class="form-body stack" aria-hidden="true">
    ${Array.from({ length: 5 }, () => html`<div class="skel tall"></div>`)}</div></section>`;

/** The form when there is nothing to send. */
const noTypes = () =>
  html`<section class="card" aria-label="Form"><div class="empty">${icon('cmd')}<b>Nothing to send yet</b>
    <p>Commands come from services: start one, and its commands appear here at once.</p></div></section>`;
