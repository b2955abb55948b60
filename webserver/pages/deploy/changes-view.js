// The panel's second tab: what separates the wanted revision from the one that runs.
import { status, tag } from '/static/durapy/icons.js';
import { html, nothing } from '/static/durapy/lit.js';

/**
 * How one revision differs from another, as the deployer answers it.
 *
 * @typedef {object} Changes
 * @property {string} base
 * @property {string} target
 * @property {number} ahead
 * @property {number} behind
 * @property {{commit: string, author: string, at: string, subject: string}[]} commits
 * @property {{path: string, added: number, removed: number, diff?: string, cut?: boolean}[]} files
 */

const NEEDS = /(^|\/)(requirements\.txt|apt\.txt|Dockerfile[^/]*|pyproject\.toml)$/;

/** @param {Changes | null} changes @param {string} problem */
export function changesView(changes, problem) {
  if (problem) return html`<div class="empty">${status('warn', problem)}</div>`;
  if (!changes)
    return html`<div class="form-body stack" aria-busy="true"><div class="skel"></div><div class="skel"></div></div>`;
  const { base, target, ahead, behind, commits, files } = changes;
  return html`<div class="scroll grow" tabindex="0" role="region" aria-label="Changes">
    <p class="dep-note">${target} is <b>${ahead}</b> ahead of ${base}, which runs${behind ? html`, and <b>${behind}</b> behind` : nothing}.</p>
    ${
      commits.length > 0
        ? html`<table class="commits"><caption class="sr">Commits from ${base} to ${target}</caption><tbody>${commits.map(
            ({ commit, subject, author, at }) =>
              html`<tr><td class="mono">${commit}</td><td>${subject}</td><td class="dim">${author}</td><td class="dim right nowrap">${at.slice(0, 10)}</td></tr>`,
          )}</tbody></table>`
        : nothing
    }
    ${files.length > 0 ? html`<table class="commits"><caption class="sr">Files that differ</caption><tbody>${files.map(file)}</tbody></table>` : nothing}</div>`;
}

/** @typedef {Changes['files'][number]} ChangedFile */

/** @param {ChangedFile} file */
const file = ({ path, added, removed, diff = '', cut = false }) =>
  html`<tr><td class="mono">${lines({ path, diff, cut })}</td>
    <td class="right num nowrap">${added < 0 ? html`<span class="dim">binary</span>` : html`<span class="add">+${added}</span> <span class="del">−${removed}</span>`}</td></tr>`;

/** The name of a file, which opens to the lines that differ. @param {{path: string, diff: string, cut: boolean}} file */
function lines({ path, diff, cut }) {
  const name = html`${path} ${NEEDS.test(path) ? tag('warn', 'needs change') : nothing}`;
  if (!diff && !cut) return name;
  return html`<details><summary>${name}</summary>
    ${diff ? html`<pre class="buildlog" tabindex="0" aria-label="Lines that differ in ${path}">${diff.split('\n').map(line)}</pre>` : nothing}
    ${cut ? html`<p class="dep-cut small dim">More differs than is shown here; <code>git diff</code> in the checkout has all of it.</p>` : nothing}</details>`;
}

/** @type {Record<string, string>} */
const KINDS = { '+': 'good', '-': 'bad', '@': 'head' };

/** @param {string} text */
const line = (text) => html`<span class=${KINDS[text[0]] ?? ''}>${text}\n</span>`;
