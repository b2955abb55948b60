// What stands in the place of the lines while there are none to show.
import { icon } from '/static/durapy/icons.js';
import { html } from '/static/durapy/lit.js';

/** @typedef {import('./source.js').LogSource} LogSource */

/** @param {LogSource} source @param {boolean} any whether there are lines that the filter holds back */
export function empty({ loading, more, range }, any) {
  if (loading) {
    return html`<div class="waiting" aria-hidden="true">${Array.from({ length: 14 }, () => html`<div class="skel"></div>`)}</div>`;
  }
  if (any) {
    const further = more ? ' There are older lines: choose their time.' : '';
    return words(
      'Nothing matches',
      `Turn a level or a service back on, or change the text.${further}`,
    );
  }
  if (range.since || range.until) {
    return words(
      'No lines of that time',
      'Choose another time, or take it out with the × beside it.',
    );
  }
  return words('No lines yet', 'Lines show here as services write them.');
}

/** @param {string} title @param {string} advice */
const words = (title, advice) =>
  html`<div class="empty">${icon('logs')}<b>${title}</b><p>${advice}</p></div>`;
