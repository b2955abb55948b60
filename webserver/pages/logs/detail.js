// One log line in full.
import { toast } from '/static/durapy/dialog.js';
import { fullTime } from '/static/durapy/format.js';
import { icon, status } from '/static/durapy/icons.js';
import { html, nothing } from '/static/durapy/lit.js';
import { MARKS } from './log-list.js';

/** @typedef {import('./lines.js').Line} Line */

/** @param {Line} line @param {() => void} close */
export function detail(line, close) {
  const fields = Object.keys(line.fields).length > 0;
  return html`<div class="detail" role="region" aria-label="Line detail">
    <div class="row spread wrap">
      <span class="row wrap">${status(MARKS[line.kind], line.level.toLowerCase())}<b>${line.service ?? 'nobody'}</b>
        <span class="dim small num">${fullTime(line.time)}</span></span>
      <span class="row">${line.record ? html`<a class="btn sm" href="/commands?show=${encodeURIComponent(line.record)}">${icon('cmd')}Its command</a>` : nothing}
        <button type="button" class="icon sm quiet" aria-label="Copy as JSON" title="Copy as JSON" @click=${() => copy(line)}>${icon('copy')}</button>
        <button type="button" class="icon sm quiet" aria-label="Close detail" title="Close" @click=${close}>${icon('x')}</button></span>
    </div>
    <p class="said">${line.message}</p>
    ${line.exception ? html`<pre class="json" tabindex="0">${line.exception}</pre>` : nothing}
    ${fields ? html`<pre class="json" tabindex="0">${JSON.stringify(line.fields, null, 1)}</pre>` : nothing}
    <p class="row wrap small dim">${line.replica ? html`<span>process <span class="mono">${line.replica}</span></span>` : nothing}
      ${line.record ? html`<span>while handling <span class="mono">${line.record}</span></span>` : nothing}</p>
  </div>`;
}

/** @param {Line} line */
async function copy({ at, kind, more, ...line }) {
  try {
    await navigator.clipboard.writeText(JSON.stringify(line, null, 1));
    toast('ok', 'Copied.');
  } catch {
    toast('warn', 'This browser does not let a page copy; mark the text instead.');
  }
}
