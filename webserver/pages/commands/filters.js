// The filter of the history: by type, by sender, by text, by having a problem.
import { icon } from '/static/durapy/icons.js';
import { html, live } from '/static/durapy/lit.js';

/** @typedef {import('./record-list.js').Filter} Filter */

/** @param {{filter: Filter, types: string[], senders: string[], change: (change: Partial<Filter>) => void}} options */
export const filterBar = ({ filter, types, senders, change }) =>
  html`<div class="filters" role="search" aria-label="Filter the history">
    ${menu({ label: 'Type', all: 'All types', value: filter.type, options: types, pick: (type) => change({ type }) })}
    ${menu({ label: 'Sender', all: 'All senders', value: filter.sender, options: senders, pick: (sender) => change({ sender }) })}
    <span class="search">${icon('search')}<input aria-label="Filter by text" placeholder="Filter by text" autocomplete="off"
      .value=${live(filter.text)} @input=${(/** @type {{target: HTMLInputElement}} */ { target }) => change({ text: target.value })}></span>
    <button type="button" class="icon" aria-label="Only records with a problem" title="Only records with a problem"
      aria-pressed=${Boolean(filter.problem)} @click=${() => change({ problem: filter.problem ? '' : '1' })}>${icon('warn')}</button>
  </div>`;

/** @param {{label: string, all: string, value: string, options: string[], pick: (value: string) => void}} menu */
function menu({ label, all, value, options, pick }) {
  const shown = value && !options.includes(value) ? [...options, value] : options;
  return html`<select aria-label=${label} @change=${(/** @type {{target: HTMLSelectElement}} */ { target }) => pick(target.value)}>
    <option value="" .selected=${value === ''}>${all}</option>
    ${shown.map((option) => html`<option value=${option} .selected=${option === value}>${option}</option>`)}
  </select>`;
}
