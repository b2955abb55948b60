// The rows of the history, or why there are none.
import { clock, pairs } from '/static/durapy/format.js';
import { glyph, icon } from '/static/durapy/icons.js';
import { guard, html, nothing, repeat } from '/static/durapy/lit.js';

/** @typedef {import('/static/durapy/types.js').CommandRecord} CommandRecord */

/**
 * @typedef {object} Rows
 * @property {CommandRecord[]} records newest first
 * @property {string | null} before where older ones begin; null when there are none
 * @property {boolean} cut whether older ones were removed
 * @property {boolean} loading
 * @property {string} problem why the last page could not be had
 * @property {boolean} filtered
 * @property {string | undefined} chosen key of the chosen record
 * @property {(record: CommandRecord) => void} select
 * @property {() => void} older
 * @property {() => void} again
 * @property {() => void} clear takes the filter away
 */

/** @param {Rows} rows */
export function list(rows) {
  const { records, loading, problem } = rows;
  if (records.length === 0 && loading) return skeleton();
  const trouble = problem
    ? html`<p class="older small" role="alert">${problem} <button type="button" class="sm" @click=${rows.again}>Try again</button></p>`
    : nothing;
  if (records.length === 0) return html`${problem ? trouble : empty(rows)}${olderButton(rows)}`;
  return html`<table class="hist"><colgroup><col><col><col class="hide-t"><col></colgroup>
    <thead class="sr"><tr><th>Time</th><th>Type</th><th>Sender</th><th>Body</th></tr></thead>
    <tbody>${repeat(
      records,
      ({ key }) => key,
      (record) => quietRow(record, rows),
    )}</tbody></table>${trouble}${olderButton(rows)}`;
}

/** Drawn again only when it is chosen or let go: hundreds may arrive in a second. @param {CommandRecord} record @param {Rows} rows */
function quietRow(record, { chosen, select }) {
  const isChosen = chosen === record.key;
  return guard([record, isChosen], () => row(record, isChosen, () => select(record)));
}

/** @param {Rows} rows */
function olderButton({ before, cut, records, older }) {
  if (before === null && cut)
    return html`<p class="older small dim">Older records were removed: this rig keeps its newest only.</p>`;
  if (before === null) return nothing;
  const last = records.at(-1);
  return html`<div class="older"><button type="button" class="sm quiet" @click=${older}>${icon('down')}
    ${last ? `Older than ${clock(last.sent_at)}` : 'Look further back'}</button></div>`;
}

/** @param {Rows} rows */
function empty({ filtered, clear }) {
  if (!filtered) {
    return html`<div class="empty">${icon('cmd')}<b>No commands yet</b>
      <p>Send one with the form, or start a session; each command shows here as it is stored.</p></div>`;
  }
  return html`<div class="empty">${icon('cmd')}<b>Nothing matches</b><p>Loosen the filter, or clear it.</p>
    <button type="button" class="sm" @click=${clear}>Clear the filter</button></div>`;
}

/**
 * One record as a row.
 *
 * @param {CommandRecord} record
 * @param {boolean} chosen
 * @param {() => void} select
 */
function row(record, chosen, select) {
  const time = clock(record.sent_at);
  return html`<tr aria-selected=${chosen} @click=${select}>
    <td class="num dim mono nowrap">${time}</td>
    <td><button type="button" class="rowbtn type" aria-label="${record.type ?? 'no type'} at ${time}, detail">${mark(record.type)}${record.type ?? '(no type)'}</button></td>
    <td class="muted ellipsis hide-t">${record.sender ?? '–'}</td>
    <td class="ellipsis">${record.problem ? problemMark(record.problem) : html`<span class="kv ellipsis">${pairs(record.body).map(([k, v]) => html`<b>${k}=</b>${v}  `)}</span>`}</td></tr>`;
}

/** What stands out in the list, by its shape. @type {Record<string, import('/static/durapy/icons.js').Status>} */
const MARKS = { SAFE_STATE: 'bad', CLEAR_SAFE_STATE: 'ok', NOTE: 'note' };

/** @param {string | null} type */
const mark = (type) =>
  type && Object.hasOwn(MARKS, type)
    ? html`<span class="tone" data-s=${MARKS[type]}>${glyph(MARKS[type])}</span> `
    : nothing;

/** @param {string} problem */
const problemMark = (problem) =>
  html`<span class="st small" data-s="warn" title=${problem}>${glyph('warn')}<span class="ellipsis">${problem}</span></span>`;

/** Rows while the first page is on its way. */
const skeleton = () =>
  html`<div class="form-body stack" aria-hidden="true">${Array.from({ length: 9 }, () => html`<div class="skel"></div>`)}</div>`;
