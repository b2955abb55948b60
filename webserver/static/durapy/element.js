// The base of the console's own elements: plain HTML inside, one render for many changes.
import { nothing, render } from './lit.js';

/**
 * A custom element in the light DOM. A subclass gives `view()`; whatever changes calls `update()`,
 * and the element renders once in the next frame's turn however often it was called.
 */
export class DpElement extends HTMLElement {
  #waiting = false;
  /** @type {(() => void)[]} */
  #owned = [];

  /** What the element shows. @returns {unknown} */
  view() {
    return nothing;
  }

  /** Called when the element enters the document: subscribe here, by `own`. */
  start() {}

  connectedCallback() {
    this.start();
    this.update();
  }

  disconnectedCallback() {
    for (const off of this.#owned.splice(0)) off();
  }

  /**
   * Keep a subscription until the element leaves the document.
   *
   * @param {() => void} off ends the subscription
   */
  own(off) {
    this.#owned.push(off);
  }

  /** Render soon: once in this turn, however often it is asked. */
  update() {
    if (this.#waiting) return;
    this.#waiting = true;
    queueMicrotask(() => {
      this.#waiting = false;
      this.renderNow();
    });
  }

  /** Render at once; for code that then looks at what it shows. */
  renderNow() {
    if (this.isConnected) render(this.view(), this);
  }
}

/**
 * A function that runs `work` once in the next frame, however often it is called before.
 *
 * @param {() => void} work
 */
export function oncePerFrame(work) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      work();
    });
  };
}
