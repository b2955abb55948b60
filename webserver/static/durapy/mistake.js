// Says on the page that its script has a mistake, and where. Loaded when there is one.
import { ApiError } from './api.js';
import { icon } from './icons.js';
import { html, nothing, render } from './lit.js';

/** @typedef {{what: string, text: string, place: string}} Mistake */

/** @type {Mistake | null} */
let first = null;
let count = 0;

/**
 * Show a mistake; of several the first, and how many.
 *
 * @param {Event} event an `error` or `unhandledrejection` of the window
 */
export function tell(event) {
  const mistake = mistakeIn(event);
  if (!mistake) return;
  first ??= mistake;
  count += 1;
  const place = document.getElementById('mistake');
  if (place) render(banner(first), place);
}

/** @param {Mistake} mistake */
const banner = ({ what, text, place }) =>
  html`<div class="banner">${icon('warn')}<span class="grow"><b>${what}</b> ${text} ${place}
    ${count > 1 ? html`<span class="num">And ${count - 1} more.</span>` : nothing}
    The other pages and the running services are not touched by this.</span></div>`;

const MISTAKE = "This page's script has a mistake.";

/** @param {Event} event @returns {Mistake | null} null: it is none, or is said elsewhere */
function mistakeIn(event) {
  if (event instanceof PromiseRejectionEvent) return refusalIn(event.reason);
  if (event instanceof ErrorEvent) {
    const { error, filename, lineno } = event;
    // Without an error it is the browser's own remark, such as one of a resize observer.
    return error ? { what: MISTAKE, text: String(error), place: placeOf(filename, lineno) } : null;
  }
  const { target } = event;
  if (!(target instanceof HTMLScriptElement)) return null;
  const { pathname } = new URL(target.src);
  const text = `${pathname}, or a file that it imports, could not be loaded.`;
  return { what: MISTAKE, text, place: '' };
}

/** @param {any} reason of a promise that nobody waited for @returns {Mistake | null} */
function refusalIn(reason) {
  const place = placeIn(reason?.stack);
  if (!(reason instanceof ApiError)) return { what: MISTAKE, text: String(reason), place };
  if (reason.code === 'unreachable') return null; // the banner of the lost connection says it
  return { what: 'What this page asked for was refused.', text: reason.message, place };
}

/** @param {string} address @param {number | string} line */
const placeOf = (address, line) => (address ? `(${new URL(address).pathname}, line ${line}).` : '');

/** The first place in a trace that is none of the console's own scripts. @param {unknown} stack */
function placeIn(stack) {
  const places = String(stack ?? '').matchAll(/(https?:\/\/[^\s)]+?):(\d+):\d+/g);
  const own = [...places].find(([, address]) => !new URL(address).pathname.startsWith('/static/'));
  return own ? placeOf(own[1], own[2]) : '';
}
