// A note with one key: it is stamped with the moment it was begun, not with that of sending it.
import { durapy } from './client.js';
import { dialog, toast } from './dialog.js';
import { clock } from './format.js';
import { glyph } from './icons.js';
import { bind } from './keyboard.js';
import { html, nothing, render } from './lit.js';

const LONGEST = 4000;
const STORE = 'note';

let begun_ms = 0;
let problem = '';
let sending = false;

const box = () => dialog('note', 'Note');
const field = () => /** @type {HTMLTextAreaElement} */ (box().querySelector('textarea'));

/** Begin a note. What was typed and not sent is there again, with its time, on any page. */
export function takeNote() {
  const draft = kept();
  begun_ms = draft?.begun_ms ?? durapy.now();
  problem = '';
  draw();
  field().value = draft?.text ?? '';
  box().showModal();
}

/** What this tab has of a note that was not sent. @returns {{text: string, begun_ms: number} | null} */
function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(STORE) ?? 'null');
  } catch {
    return null; // no storage
  }
}

/** Keep what is typed until it is sent. */
function keep() {
  const text = field().value;
  try {
    if (text.trim()) sessionStorage.setItem(STORE, JSON.stringify({ text, begun_ms }));
    else sessionStorage.removeItem(STORE);
  } catch {
    // No storage: what is typed lasts as long as the dialog is open.
  }
}

/** @param {Event} event */
async function send(event) {
  event.preventDefault();
  const text = field().value.trim();
  if (!text || sending) return;
  sending = true;
  try {
    await durapy.send('NOTE', { text, at: new Date(begun_ms).toISOString() });
    field().value = '';
    keep();
    box().close();
    toast('ok', 'Noted.');
  } catch (error) {
    problem = /** @type {Error} */ (error).message;
    draw();
  }
  sending = false;
}

/** Enter sends, Shift Enter begins a line. @param {KeyboardEvent} event */
function keyed(event) {
  if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) send(event);
}

function draw() {
  render(
    html`<form @submit=${send}>
      <div class="dialog-body note">
        <h2 class="row"><span class="st" data-s="note">${glyph('note')}</span>Note at <span class="num">${clock(begun_ms)}</span></h2>
        <textarea aria-label="Note" rows="4" maxlength=${LONGEST} autofocus @keydown=${keyed} @input=${keep}></textarea>
        <p class="small dim">It is on the record like any command. Enter adds it, Shift Enter begins a line.</p>
        ${problem ? html`<p class="small" role="alert"><span class="st" data-s="bad">${glyph('bad')}</span> ${problem} What you typed is kept.</p>` : nothing}
      </div>
      <div class="dialog-foot"><button type="button" @click=${() => box().close()}>Later</button>
        <button class="primary">Add note</button></div>
    </form>`,
    box(),
  );
}

bind('a', 'Add a note, stamped with this moment', (event) => {
  event.preventDefault();
  takeNote();
});
