// Icons and status marks, from templates/icons.svg, which every page carries.
import { html } from './lit.js';

/** @typedef {'ok' | 'busy' | 'warn' | 'bad' | 'idle' | 'todo' | 'note'} Status */

/**
 * An icon by its name in icons.svg; decoration, so a button with nothing else needs a label.
 *
 * @param {string} name
 */
export const icon = (name) =>
  html`<svg class="i" aria-hidden="true"><use href="#icon-${name}"></use></svg>`;

/**
 * The shape of a status: disc, half disc, triangle, crossed square, ring, dashed ring, diamond.
 *
 * @param {Status} state
 */
export const glyph = (state) =>
  html`<svg class="g" viewBox="0 0 16 16" aria-hidden="true"><use href="#st-${state}"></use></svg>`;

/**
 * A status as shape, word and colour together.
 *
 * @param {Status} state
 * @param {unknown} word
 */
export const status = (state, word) =>
  html`<span class="st" data-s=${state}>${glyph(state)}<span>${word}</span></span>`;

/**
 * A small label with a status.
 *
 * @param {Status} state
 * @param {unknown} word
 */
export const tag = (state, word) =>
  html`<span class="tag" data-s=${state}>${glyph(state)}${word}</span>`;
