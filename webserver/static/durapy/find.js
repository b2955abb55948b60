// Ctrl K: go to a page, a command or a service by a part of its name.
import { api } from './api.js';
import { dialog } from './dialog.js';
import { icon } from './icons.js';
import { html, nothing, render } from './lit.js';
import { rig } from './rig.js';

/** @typedef {{name: string, kind: string, href: string}} Place */

const SHOWN = 9;

/** @returns {Place[]} */
function pages() {
  /** @type {NodeListOf<HTMLAnchorElement>} */
  const links = document.querySelectorAll('#rail .nav a');
  return [...links].map((link) => ({
    name: link.querySelector('span')?.textContent?.trim() ?? '',
    kind: 'page',
    href: link.href,
  }));
}

/** @returns {Promise<Place[]>} */
async function commands() {
  const { types } = await api('types').catch(() => ({ types: [] }));
  return types.map((/** @type {import('./types.js').CommandType} */ { type }) => ({
    name: type,
    kind: 'command',
    href: `/commands?type=${encodeURIComponent(type)}`,
  }));
}

/** @returns {Place[]} */
const services = () =>
  rig.services.map(({ service }) => ({ name: service, kind: 'service', href: `/#${service}` }));

/** Open the dialog; Enter goes to the first hit. */
export async function find() {
  const box = dialog('find', 'Find');
  /** @type {Place[]} */
  let types = [];
  let typed = '';
  const hits = () => {
    const query = typed.toLowerCase();
    const places = [...pages(), ...services(), ...types];
    return places.filter(({ name }) => name.toLowerCase().includes(query)).slice(0, SHOWN);
  };
  const go = (/** @type {Event} */ event) => {
    event.preventDefault();
    const [first] = hits();
    if (first) location.href = first.href;
  };
  const type = (/** @type {{target: HTMLInputElement}} */ { target }) => {
    typed = target.value;
    paint();
  };
  const paint = () => render(view(hits(), go, type), box);
  const input = box.querySelector('input');
  if (input) input.value = '';
  paint();
  rig.addEventListener('change', paint); // the services may not be known yet
  box.addEventListener('close', () => rig.removeEventListener('change', paint), { once: true });
  box.showModal();
  types = await commands();
  paint();
}

/**
 * @param {Place[]} hits
 * @param {(event: Event) => void} go
 * @param {(event: any) => void} type
 */
const view = (hits, go, type) =>
  html`<form class="dialog-body find" @submit=${go}>
    <span class="search">${icon('search')}<input aria-label="Find a page, service or command"
      placeholder="Page, service or command" autocomplete="off" @input=${type}></span>
    <div class="hits">${hits.map(
      (
        hit,
        i,
      ) => html`<a class="btn quiet" href=${hit.href} aria-current=${i === 0 ? 'true' : nothing}>
        <span class="grow">${hit.name}</span><span class="small dim">${hit.kind}</span></a>`,
    )}</div>
    <p class="sr" role="status">${hits.length} found</p>
  </form>`;
