// What is said of a command above its form.
import { icon, tag } from '/static/durapy/icons.js';
import { html, nothing } from '/static/durapy/lit.js';

/** @typedef {import('/static/durapy/types.js').CommandType} CommandType */

/** What one should know before sending. @param {CommandType} type */
export function facts(type) {
  const handled = type.services.filter(({ roles }) => roles.some((role) => role !== 'sends'));
  return html`${type.running === 0 ? tag('warn', '0 running') : nothing}
    ${type.actuates ? tag('busy', 'acts on the world') : nothing}
    ${type.conflict ? html`<span class="small" data-s="bad">${tag('bad', 'conflict')} ${type.conflict}</span>` : nothing}
    ${handled.length ? html`<span class="small dim">heard by ${handled.map(({ service, running }) => `${service}${running ? '' : ' (down)'}`).join(', ')}</span>` : nothing}`;
}

/** The form while the types are on their way. */
export const skeleton = () =>
  html`<section class="card" aria-label="Form" aria-busy="true"><div class="form-body stack" aria-hidden="true">
    ${Array.from({ length: 5 }, () => html`<div class="skel tall"></div>`)}</div></section>`;

/** The form when there is nothing to send. */
export const noTypes = () =>
  html`<section class="card" aria-label="Form"><div class="empty">${icon('cmd')}<b>Nothing to send yet</b>
    <p>Commands come from services: start one, and its commands appear here at once.</p></div></section>`;
