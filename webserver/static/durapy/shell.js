// What every page has around it: session state, connection, banner, find, theme, keyboard.
import { durapy } from './client.js';
import { oncePerFrame } from './element.js';
import { find } from './find.js';
import { hms } from './format.js';
import { glyph } from './icons.js';
import { bind } from './keyboard.js';
import { html, nothing, render } from './lit.js';
import { banner } from './notices.js';
import { safety } from './safety.js';
import './stop.js';
import './note.js';
import { rig } from './rig.js';
import { sessionSign } from './sign.js';
import { toggleTheme } from './theme.js';
import { switchParts } from './when.js';

const page = document.body.dataset.page;

function stateBar() {
  const { state, word } = sessionSign();
  const elapsed_s = rig.current ? rig.elapsed_s() : null;
  return html`<a class="statebar" href="/" data-s=${state}><span class="sr">Session</span>${glyph(state)}
    <span class="word">${word}</span>
    ${elapsed_s !== null ? html`<span class="clock">${hms(elapsed_s)}</span><span class="name wide">${rig.session?.label ?? rig.session?.type}</span>` : nothing}</a>`;
}

const titled = document.title;
const rigName = document.getElementById('rig-name')?.textContent ?? '';

/** What a row of tabs tells: the state of each rig before the name of its page. */
function nameTab() {
  const { word } = sessionSign();
  const title = word === 'WAITING' ? titled : `${word} · ${rigName} · ${titled}`;
  if (document.title !== title) document.title = title;
}

const CONNECTION = {
  connecting: /** @type {const} */ (['todo', 'Connecting']),
  live: /** @type {const} */ (['ok', 'Live']),
  lost: /** @type {const} */ (['bad', 'Disconnected']),
};

/** How many things on the dashboard are urgent, in the rail of every page. */
function attention() {
  const count = rig.concerns.filter(({ state }) => state === 'bad').length;
  return count
    ? html`<b class="count">${count}<span class="sr"> need attention</span></b>`
    : nothing;
}

/** @param {string} id @param {unknown} content */
function fill(id, content) {
  const place = document.getElementById(id);
  if (place) render(content, place);
}

/** A mistake of a script is said on the page; what says so is loaded when there is one. @param {Event} event */
const mistaken = (event) =>
  import('./mistake.js').then(
    ({ tell }) => tell(event),
    () => null,
  );
addEventListener('error', mistaken, true); // of a script that cannot be loaded it does not bubble
addEventListener('unhandledrejection', mistaken);

const draw = oncePerFrame(() => {
  const [state, word] = CONNECTION[durapy.status];
  if (page !== 'dashboard') fill('state', stateBar());
  fill(
    'connection',
    html`<span class="conn" data-s=${state}>${glyph(state)}<span class="conn-word">${word}</span></span>`,
  );
  fill('notice', banner());
  nameTab();
  fill('attention', attention());
  switchParts();
});

/** The list of keys, loaded when it is asked for. */
const showKeys = () => import('./keys.js').then((keys) => keys.showKeys());

/** Go to the page's own filter; a page without one has the find of all pages. */
function focusFilter() {
  const input = document.querySelector('#main .filters .search input');
  if (input instanceof HTMLInputElement) input.focus();
  else find();
}

/** @type {NodeListOf<HTMLAnchorElement>} */
const shortLinks = document.querySelectorAll('#rail a[data-key]');
for (const link of shortLinks) {
  bind(`g ${link.dataset.key}`, `Go to ${link.textContent?.trim()}`, () => link.click());
}
bind('Ctrl K', 'Find a page, command or service', () => find());
bind('/', 'Filter this page, or find', focusFilter);
bind('t', 'Dark or light', toggleTheme);
bind('?', 'This list', showKeys);
document.getElementById('find-button')?.addEventListener('click', () => find());
document.getElementById('theme-button')?.addEventListener('click', toggleTheme);
document.getElementById('keys-button')?.addEventListener('click', showKeys);

durapy.addEventListener('status', draw);
rig.addEventListener('change', draw);
safety.addEventListener('change', draw);
setInterval(draw, 1000);
draw();
