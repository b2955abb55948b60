// <dp-log>: rows of one height, of which only those in sight are in the document, so that 20,000
// lines cost what 40 do.
import { oncePerFrame } from '/static/durapy/element.js';
import { clock } from '/static/durapy/format.js';
import { glyph } from '/static/durapy/icons.js';
import { html, nothing, render } from '/static/durapy/lit.js';

/** @typedef {import('./lines.js').Line} Line */

const ROW = 22;
/** Rows beyond the edges that are drawn before they are seen. */
const BEYOND = 4;

/** The mark of a level, as of any status. */
export const MARKS = /** @type {const} */ ({
  error: 'bad',
  warning: 'warn',
  info: 'idle',
  debug: 'todo',
});

/** Fires `choose` with a line, and `look` when somebody scrolls: `detail` is whether at the end. */
export class LogList extends HTMLElement {
  /** @type {readonly Line[]} */
  #lines = [];
  /** @type {string | undefined} */
  #chosen;
  #text = '';
  #record = '';
  /** Where it was put by the page itself, which is no wish to look elsewhere. */
  #put = -1;
  #pad = document.createElement('div');
  #soon = oncePerFrame(() => this.#draw());

  connectedCallback() {
    this.tabIndex = 0;
    this.setAttribute('role', 'listbox');
    this.setAttribute('aria-label', 'Log lines, oldest first');
    this.#pad.className = 'pad';
    this.#pad.role = 'presentation';
    this.append(this.#pad);
    this.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    new ResizeObserver(this.#soon).observe(this);
  }

  /**
   * Show these lines.
   *
   * @param {{lines: readonly Line[], chosen?: string, text: string, record: string, atEnd: boolean}} shown
   *   `text` is marked, lines of `record` stand out, `atEnd` keeps the last line in sight
   */
  show({ lines, chosen, text, record, atEnd }) {
    const top = Math.floor(this.scrollTop / ROW);
    const read = this.#lines[top];
    this.#lines = lines;
    this.#chosen = chosen;
    this.#text = text.toLowerCase();
    this.#record = record;
    this.#pad.style.setProperty('height', `${lines.length * ROW}px`);
    if (atEnd) this.#scrollTo(this.scrollHeight);
    else if (read && lines[top] !== read) this.#keep(read, top);
    this.#draw();
  }

  /** Bring a line into sight, in the middle if it is not. @param {number} index */
  reveal(index) {
    const top = index * ROW;
    const inSight = top >= this.scrollTop && top + ROW <= this.scrollTop + this.clientHeight;
    if (!inSight) this.#scrollTo(top - this.clientHeight / 2);
    this.#draw();
  }

  /** Leave a line where it is in sight, whatever came before it. @param {Line} line @param {number} index where it was */
  #keep(line, index) {
    const now = this.#lines.indexOf(line);
    if (now >= 0) this.#scrollTo(this.scrollTop + (now - index) * ROW);
  }

  /** @param {number} top */
  #scrollTo(top) {
    this.scrollTop = top;
    this.#put = this.scrollTop;
  }

  #scrolled() {
    this.#soon();
    if (Math.abs(this.scrollTop - this.#put) < 1) return;
    this.#put = -1;
    const atEnd = this.scrollTop + this.clientHeight >= this.scrollHeight - ROW;
    this.dispatchEvent(new CustomEvent('look', { detail: atEnd }));
  }

  #draw() {
    const first = Math.max(0, Math.floor(this.scrollTop / ROW) - BEYOND);
    const last = first + Math.ceil(this.clientHeight / ROW) + 2 * BEYOND;
    const rows = this.#lines.slice(first, last);
    render(
      rows.map((line, i) => this.#row(line, first + i)),
      this.#pad,
    );
    const active = rows.some(({ key }) => key === this.#chosen);
    if (active) this.setAttribute('aria-activedescendant', rowId(this.#chosen ?? ''));
    else this.removeAttribute('aria-activedescendant');
  }

  /** @param {Line} line @param {number} index */
  #row(line, index) {
    const chosen = line.key === this.#chosen;
    const ours = this.#record !== '' && line.record === this.#record;
    const choose = () => this.dispatchEvent(new CustomEvent('choose', { detail: line }));
    return html`<div class="lr ${ours ? 'ours' : ''}" role="option" id=${rowId(line.key)} data-s=${MARKS[line.kind]}
      aria-selected=${chosen} aria-setsize=${this.#lines.length} aria-posinset=${index + 1}
      .style=${`top:${index * ROW}px`} @click=${choose}><span class="t num">${clock(line.at)}</span>${glyph(MARKS[line.kind])}<span
      class="lv">${line.kind === 'warning' ? 'warn' : line.kind}</span><span class="sv">${line.service ?? '–'}</span><span
      class="m">${this.#marked(line.message)}${line.more ? html` <span class="more">${this.#marked(line.more)}</span>` : nothing}${
        line.exception
          ? html` <span class="more">${this.#marked(lastLine(line.exception))}</span>`
          : nothing
      }</span></div>`;
  }

  /** The text, with what is looked for marked. @param {string} whole */
  #marked(whole) {
    const text = whole.length > 500 ? `${whole.slice(0, 500)}…` : whole;
    if (!this.#text) return text;
    const parts = [];
    const low = text.toLowerCase();
    let from = 0;
    for (let at = low.indexOf(this.#text); at >= 0; at = low.indexOf(this.#text, from)) {
      const to = at + this.#text.length;
      parts.push(text.slice(from, at), html`<mark>${text.slice(at, to)}</mark>`);
      from = to;
    }
    return [...parts, text.slice(from)];
  }
}

/** @param {string} key */
const rowId = (key) => `line-${key}`;

/** @param {string} text */
const lastLine = (text) => text.trimEnd().split('\n').at(-1) ?? '';

customElements.define('dp-log', LogList);
