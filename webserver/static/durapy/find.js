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
  [...new Set(rig.services.map(({ service }) => service))].map((name) => ({
    name,
    kind: 'service',
    href: `/#${name}`,
  }));

/** Open the dialog; Enter goes to the first hit, or to one that the arrows have led to. */
export async function find() {
  const box = dialog('find', 'Find');
  /** @type {Place[]} */
  let types = [];
  let typed = '';
  let at = 0;
  const hits = () => {
    const query = typed.toLowerCase();
    const places = [...pages(), ...services(), ...types];
    return places.filter(({ name }) => name.toLowerCase().includes(query));
  };
  const go = (/** @type {Event} */ event) => {
    event.preventDefault();
    const hit = hits()[at];
    box.close(); // the place may be on this page
    if (hit) location.href = hit.href;
  };
  const type = (/** @type {{target: HTMLInputElement}} */ { target }) => {
    typed = target.value;
    at = 0;
    paint();
  };
  const move = (/** @type {KeyboardEvent} */ event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    at = Math.max(0, Math.min(at + by, hits().length - 1, SHOWN - 1));
    paint();
  };
  const paint = () => render(view(hits(), at, { go, type, move, leave: () => box.close() }), box);
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
 * @param {number} at the one that Enter goes to
 * @param {{go: (event: Event) => void, type: (event: any) => void, move: (event: any) => void, leave: () => void}} act
 */
const view = (hits, at, { go, type, move, leave }) =>
  html`<form class="dialog-body find" @submit=${go}>
    <span class="search">${icon('search')}<input aria-label="Find a page, service or command"
      placeholder="Page, service or command" autocomplete="off" @input=${type} @keydown=${move}></span>
    <div class="hits">${hits.slice(0, SHOWN).map(
      (
        hit,
        i,
      ) => html`<a class="btn quiet" href=${hit.href} aria-current=${i === at ? 'true' : nothing} @click=${leave}>
        <span class="grow ellipsis">${hit.name}</span><span class="small dim">${hit.kind}</span></a>`,
    )}</div>
    <p class=${hits.length > SHOWN ? 'small dim' : 'sr'} role="status">${hits.length > SHOWN ? `and ${hits.length - SHOWN} more: type on` : `${hits.length} found`}</p>
  </form>`;
