// The state of the rig in one word and one status: what is read across the room.
import { durapy } from './client.js';
import { rig } from './rig.js';
import { safety } from './safety.js';

/** @typedef {import('./types.js').ServiceStatus} ServiceStatus */
/** @typedef {{state: import('./icons.js').Status, word: string}} Sign */

/**
 * The safe state comes before all else, a fault before the session.
 *
 * @returns {Sign}
 */
export function sessionSign() {
  const waiting = !rig.snapshot && durapy.status !== 'lost';
  if (!rig.current) return { state: 'todo', word: waiting ? 'WAITING' : 'UNKNOWN' };
  if (safety.engaged) return { state: 'bad', word: 'STOPPED' };
  if (faulty().length > 0) return { state: 'bad', word: 'FAULT' };
  switch (rig.session?.state) {
    case 'running':
      return { state: 'ok', word: 'RUNNING' };
    case 'idle':
      return { state: 'idle', word: 'IDLE' };
    default:
      return { state: 'todo', word: 'UNKNOWN' };
  }
}

/**
 * The services of the open session that somebody must look at: they say so, or can no longer be
 * heard. Of a session that nobody in it can be heard of, nothing is known.
 */
export function faulty() {
  if (rig.session?.state !== 'running') return [];
  return rig.members.filter(({ up, fault }) => fault || !up);
}

/** Why somebody must look at a service of the session. @param {ServiceStatus} service */
export function faultOf({ up, state, fault }) {
  if (up) return fault ?? '';
  return state === 'stopped' ? 'has stopped while its session is open' : 'does not answer any more';
}
