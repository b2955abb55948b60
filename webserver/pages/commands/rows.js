// The rows of the history.
import { clock, pairs } from '/static/durapy/format.js';
import { glyph } from '/static/durapy/icons.js';
import { html } from '/static/durapy/lit.js';

/** @typedef {import('/static/durapy/types.js').CommandRecord} CommandRecord */

/**
 * One record as a row.
 *
 * @param {CommandRecord} record
 * @param {boolean} chosen
 * @param {() => void} select
 */
export function row(record, chosen, select) {
  const time = clock(record.sent_at);
  return html`<tr aria-selected=${chosen} @click=${select}>
    <td class="num dim mono nowrap">${time}</td>
    <td><button type="button" class="rowbtn type" aria-label="${record.type ?? 'no type'} at ${time}, detail">${record.type ?? '(no type)'}</button></td>
    <td class="muted ellipsis hide-t">${record.sender ?? '–'}</td>
    <td class="ellipsis">${record.problem ? problemMark(record.problem) : html`<span class="kv ellipsis">${pairs(record.body).map(([k, v]) => html`<b>${k}=</b>${v}  `)}</span>`}</td></tr>`;
}

/** @param {string} problem */
const problemMark = (problem) =>
  html`<span class="st small" data-s="warn" title=${problem}>${glyph('warn')}<span class="ellipsis">${problem}</span></span>`;

/** Rows while the first page is on its way. */
export const skeleton = () =>
  html`<div class="form-body stack" aria-hidden="true">${Array.from({ length: 9 }, () => html`<div class="skel"></div>`)}</div>`;
