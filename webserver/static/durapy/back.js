// The moment at which a lost connection is there again: what was missed has to be read.
import { durapy } from './client.js';

/**
 * Call `again` each time the connection is back after it was lost.
 *
 * @param {() => unknown} again
 * @returns {() => void} stops it
 */
export function whenBack(again) {
  let wasLost = durapy.status === 'lost';
  const look = () => {
    const isBack = wasLost && durapy.status === 'live';
    wasLost = durapy.status === 'lost';
    if (isBack) again();
  };
  durapy.addEventListener('status', look);
  return () => durapy.removeEventListener('status', look);
}
