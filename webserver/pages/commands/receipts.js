// Who heard a record: what each service made of it, and who has not said so yet.
import { ms } from '/static/durapy/format.js';
import { status, tag } from '/static/durapy/icons.js';
import { html, nothing } from '/static/durapy/lit.js';

/** @typedef {import('/static/durapy/types.js').CommandType} CommandType */
/** @typedef {import('/static/durapy/types.js').Receipt} Receipt */

/** @type {Record<Receipt['outcome'], {state: import('/static/durapy/icons.js').Status, word: string}>} */
const OUTCOMES = {
  done: { state: 'ok', word: 'Done' },
  failed: { state: 'bad', word: 'Failed' },
  invalid: { state: 'bad', word: 'Invalid' },
  expired: { state: 'warn', word: 'Expired' },
  interrupted: { state: 'warn', word: 'Interrupted' },
  refused: { state: 'warn', word: 'Refused' },
};

/**
 * @param {Receipt[] | null} receipts null while they are on their way
 * @param {CommandType | undefined} type
 */
export function whoHeard(receipts, type) {
  if (!receipts)
    return html`<div class="heard stack" aria-busy="true"><div class="skel"></div><div class="skel"></div></div>`;
  const silent = silentOnes(receipts, type);
  if (receipts.length + silent.length === 0) {
    return html`<p class="heard small dim">Nobody has heard it so far.</p>`;
  }
  const longest_s = Math.max(...receipts.map(({ took_s }) => took_s ?? 0), 1e-9);
  return html`<table class="heard"><thead><tr><th scope="col">Heard by</th><th scope="col">Outcome</th>
      <th scope="col" class="right">Waited</th><th scope="col" class="right">Took</th></tr></thead>
    <tbody>${receipts.map((receipt) => row(receipt, longest_s))}${silent.map(silentRow)}</tbody></table>`;
}

/** @param {Receipt} receipt @param {number} longest_s */
function row({ service, outcome, text, wait_s, took_s, redelivered }, longest_s) {
  const { state, word } = OUTCOMES[outcome];
  const width = Math.max(2, (100 * (took_s ?? 0)) / longest_s);
  return html`<tr><th scope="row">${service}</th>
    <td>${status(state, word)} ${redelivered ? tag('warn', 'redelivered') : nothing}</td>
    <td class="num right nowrap">${ms(wait_s)}</td>
    <td class="num right"><span class="took">${took_s === null ? nothing : html`<span class="bar" data-s="busy"><i .style=${`width:${width}%`}></i></span>`}${ms(took_s)}</span></td></tr>
    ${text ? html`<tr class="why"><td colspan="4" data-s=${state}>${text}</td></tr>` : nothing}`;
}

/** @param {Silent} silent */
const silentRow = ({ service, running }) =>
  html`<tr><th scope="row">${service}</th><td>${running ? status('todo', 'No receipt') : status('idle', 'Down, no receipt')}</td>
    <td class="right dim">–</td><td class="right dim">–</td></tr>`;

/** @typedef {{service: string, running: boolean}} Silent */

/**
 * Who publishes that it hears the type and has written nothing about this record.
 *
 * @param {Receipt[]} receipts
 * @param {CommandType | undefined} type
 * @returns {Silent[]}
 */
function silentOnes(receipts, type) {
  const said = new Set(receipts.map(({ service }) => service));
  return (type?.services ?? []).filter(
    ({ service, roles }) => roles.some((role) => role !== 'sends') && !said.has(service),
  );
}
