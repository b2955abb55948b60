// One record in full.
import { toast } from '/static/durapy/dialog.js';
import { fullTime } from '/static/durapy/format.js';
import { icon, status } from '/static/durapy/icons.js';
import { html, nothing } from '/static/durapy/lit.js';

/** @typedef {import('/static/durapy/types.js').CommandRecord} CommandRecord */
/** @typedef {import('/static/durapy/types.js').CommandType} CommandType */

/**
 * @param {CommandRecord} record
 * @param {CommandType | undefined} type if some service has published it
 * @param {{resend: () => void, close: () => void, open: (key: string) => void}} act
 */
export function detail(record, type, act) {
  return html`<div class="detail" role="region" aria-label="Command detail">
    <div class="row spread wrap">
      <span class="row"><b class="type">${record.type ?? '(no type)'}</b><span class="dim small mono">${record.key}</span></span>
      <span class="row">
        ${type && record.body ? html`<button type="button" class="sm" @click=${act.resend}>${icon('redo')}Edit and resend</button>` : nothing}
        <a class="btn sm quiet" href="/logs?${new URLSearchParams({ t: record.sent_at, record: record.key })}">${icon('logs')}Log lines</a>
        <button type="button" class="icon sm quiet" aria-label="Copy as JSON" title="Copy as JSON" @click=${() => copy(record)}>${icon('copy')}</button>
        <button type="button" class="icon sm quiet" aria-label="Close detail" title="Close" @click=${act.close}>${icon('x')}</button>
      </span>
    </div>
    ${record.problem ? html`<p class="small">${status('warn', record.problem)}</p>` : nothing}
    <pre class="json" tabindex="0">${record.body ? JSON.stringify(record.body, null, 1) : (record.raw ?? '')}</pre>
    <p class="row wrap small dim"><span>sent by ${record.sender ?? 'somebody who did not say'}, ${fullTime(record.sent_at)}</span>
      ${record.cause ? causedBy(record, act.open) : nothing}${type ? heardBy(type) : nothing}</p>
  </div>`;
}

/** @param {CommandRecord} record @param {(key: string) => void} open */
const causedBy = ({ cause, n }, open) =>
  html`<span>${n ? `send ${n} of the handler of` : 'caused by'} <button type="button" class="linkbtn mono"
    @click=${() => open(cause ?? '')}>${cause}</button></span>`;

/** @param {CommandType} type */
function heardBy(type) {
  const names = type.services.filter(({ roles }) => roles.some((role) => role !== 'sends'));
  if (names.length === 0) return nothing;
  return html`<span>for ${names.map(({ service, running }) => service + (running ? '' : ' (down)')).join(', ')}</span>`;
}

/** @param {CommandRecord} record */
async function copy({ type, body, raw }) {
  try {
    await navigator.clipboard.writeText(JSON.stringify({ type, body: body ?? raw }, null, 1));
    toast('ok', 'Copied');
  } catch {
    toast('bad', 'This browser did not allow copying.');
  }
}
