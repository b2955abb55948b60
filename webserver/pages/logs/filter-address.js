// The filter in the address, and back.
import { changeUrl, urlValue } from '/static/durapy/address.js';
import { LEVELS } from './bar.js';

/** @typedef {import('./lines.js').Filter} Filter */

const USUAL = LEVELS.filter((level) => level !== 'debug');

/** @returns {Filter} */
export function filterInAddress() {
  const levels = LEVELS.filter((level) => urlValue('level').split(',').includes(level));
  const services = urlValue('service');
  return {
    levels: new Set(urlValue('level') ? levels : USUAL),
    services: services ? new Set(services.split(',')) : null,
    text: urlValue('q'),
  };
}

/** Put a filter into the address; what is usual is left out. @param {Filter} filter */
export function showFilter({ levels, services, text }) {
  const shown = LEVELS.filter((level) => levels.has(level)).join(',');
  changeUrl({
    level: shown === USUAL.join(',') ? '' : shown || 'none',
    service: services ? [...services].join(',') || 'none' : '',
    q: text,
  });
}
