// Dialogs and short messages. A dialog gives the focus back where it came from.
import { glyph } from './icons.js';
import { html, nothing, render } from './lit.js';

/**
 * The page's dialog of that name, made when first asked for.
 *
 * @param {string} id
 * @param {string} label what a screen reader calls it
 * @returns {HTMLDialogElement}
 */
export function dialog(id, label) {
  const found = document.getElementById(id);
  if (found instanceof HTMLDialogElement) return found;
  const made = document.createElement('dialog');
  made.id = id;
  made.setAttribute('aria-label', label);
  document.body.append(made);
  return made;
}

/**
 * Ask before something is done. Cancel has the focus.
 *
 * @param {{title: string, text?: unknown, yes: string, detail?: unknown}} question
 * @returns {Promise<boolean>}
 */
export function confirmed({ title, text, yes, detail }) {
  const box = document.createElement('dialog'); // its own: another question may come above it
  box.setAttribute('aria-label', title);
  document.body.append(box);
  render(
    html`<form method="dialog">
      <div class="dialog-body">
        <h2 class="row"><span class="st" data-s="warn">${glyph('warn')}</span>${title}</h2>
        ${text ? html`<p class="muted">${text}</p>` : nothing}
        ${detail}
      </div>
      <div class="dialog-foot">
        <button value="no" autofocus>Cancel</button>
        <button value="yes" class="danger">${yes}</button>
      </div>
    </form>`,
    box,
  );
  box.showModal();
  return new Promise((resolve) => {
    box.onclose = () => {
      box.remove();
      resolve(box.returnValue === 'yes');
    };
  });
}

const BRIEF_MS = 4000;
/** Problems that are kept in view at a time. */
const KEPT = 3;

/**
 * Say shortly what happened; a problem stays until it is pressed, good news leaves by itself.
 *
 * @param {import('./icons.js').Status} state
 * @param {unknown} text
 */
export function toast(state, text) {
  const place = document.getElementById('toasts');
  if (!place) return;
  const item = document.createElement('div');
  item.className = 'toast';
  item.dataset.s = state;
  const close = () => item.remove();
  render(
    html`${glyph(state)}<span class="grow">${text}</span>
      <button class="sm quiet" @click=${close}>Close</button>`,
    item,
  );
  makeRoom(place, item);
  place.append(item);
  if (isBrief(item)) setTimeout(close, BRIEF_MS);
}

/** Good news gives way to what comes next, a problem only to itself and to too many others. @param {HTMLElement} place @param {HTMLElement} next */
function makeRoom(place, next) {
  const shown = /** @type {HTMLElement[]} */ ([...place.children]);
  const gone = shown.filter((one) => isBrief(one) || one.textContent === next.textContent);
  const left = shown.filter((one) => !gone.includes(one));
  for (const one of [...gone, ...left.slice(0, -KEPT + 1)]) one.remove();
}

/** @param {HTMLElement} item */
const isBrief = ({ dataset }) => dataset.s === 'ok' || dataset.s === 'busy';
