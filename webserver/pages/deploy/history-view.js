// The panel's third tab: what was asked for, by whom, and how it ended.
import { fullTime } from '/static/durapy/format.js';
import { status } from '/static/durapy/icons.js';
import { html } from '/static/durapy/lit.js';
import { deploy } from './state.js';

/** @typedef {import('./model.js').News} News */

const SHOWN = new Set(['rollout', 'rollback', 'start', 'stop', 'restart']);

/** @param {string} name */
export function historyView(name) {
  const past = deploy.operations.filter(
    ({ verb, service }) => SHOWN.has(verb) && (service === name || service === '*'),
  );
  if (past.length === 0) return html`<div class="empty"><b>Nothing was asked for yet</b></div>`;
  return html`<div class="scroll grow" tabindex="0" role="region" aria-label="Past operations"><table class="commits">
    <thead><tr><th scope="col">When</th><th scope="col">What</th><th scope="col">By</th><th scope="col">Outcome</th></tr></thead>
    <tbody>${past.map(row)}</tbody></table></div>`;
}

/** @param {News} operation */
const row = ({ at, verb, wishes, by, state, message }) =>
  html`<tr><td class="num nowrap">${fullTime(at).slice(0, 19)}</td>
    <td>${verb} <span class="mono">${wishes.revision ?? ''}</span></td><td class="dim">${by ?? ''}</td>
    <td>${status(state === 'done' ? 'ok' : state === 'failed' ? 'bad' : 'busy', message)}</td></tr>`;
