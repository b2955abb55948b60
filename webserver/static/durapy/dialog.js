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
  const box = dialog('confirm', title);
  box.setAttribute('aria-label', title);
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
  box.returnValue = '';
  box.showModal();
  return new Promise((resolve) => {
    box.onclose = () => resolve(box.returnValue === 'yes');
  });
}

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
  place.replaceChildren(item);
  if (state === 'ok' || state === 'busy') setTimeout(close, 4000);
}
