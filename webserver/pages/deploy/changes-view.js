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
 * @property {{path: string, added: number, removed: number}[]} files
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

/** @param {Changes['files'][number]} file */
const file = ({ path, added, removed }) =>
  html`<tr><td class="mono">${path} ${NEEDS.test(path) ? tag('warn', 'needs change') : nothing}</td>
    <td class="right num nowrap">${added < 0 ? html`<span class="dim">binary</span>` : html`<span class="add">+${added}</span> <span class="del">−${removed}</span>`}</td></tr>`;
