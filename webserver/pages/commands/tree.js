// What led to a record and what followed from it; every line leads to its record.
import { clock } from '/static/durapy/format.js';
import { html, nothing, repeat } from '/static/durapy/lit.js';

/** @typedef {{depth: number, key: string, type: string | null, sent_at: string, sender: string | null, n: number | null}} Related */
/** @typedef {{records: Related[], more: boolean}} Tree */

/** Levels drawn; what lies deeper is drawn at the last one. */
const DEEPEST = 8;

/**
 * @param {Tree | null} tree null while it is on its way
 * @param {string} chosen the key of the record that is shown
 * @param {(key: string) => void} open
 */
export function causeTree(tree, chosen, open) {
  if (!tree || tree.records.length < 2) return nothing;
  const top = Math.min(...tree.records.map(({ depth }) => depth));
  return html`<section class="tree" aria-label="What led to it, and what followed">
    <h3>What led to it, and what followed</h3>
    <ol role="list">${repeat(
      tree.records,
      ({ key }) => key,
      (related) => line(related, { level: related.depth - top, chosen, open }),
    )}</ol>
    ${tree.more ? html`<p class="small dim">More followed; open one of the last to see on.</p>` : nothing}
  </section>`;
}

/** @param {Related} related @param {{level: number, chosen: string, open: (key: string) => void}} options */
function line({ key, type, sender, sent_at, n }, { level, chosen, open }) {
  const indent = `padding-left:${Math.min(level, DEEPEST) * 16}px`;
  return html`<li .style=${indent}><button type="button" aria-current=${key === chosen ? 'true' : nothing} @click=${() => open(key)}>
    ${level > 0 ? html`<svg class="i" aria-hidden="true"><use href="#icon-branch"></use></svg>` : nothing}<span class="type">${type ?? '(no type)'}</span>
    <span class="dim">${sender ?? '–'}${n ? `, send ${n}` : ''}</span><span class="num dim mono">${clock(sent_at)}</span>
    <span class="sr">${key}</span></button></li>`;
}
