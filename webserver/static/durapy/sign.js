// The state of the rig in one word and one status: what is read across the room.
import { rig } from './rig.js';
import { safety } from './safety.js';

/** @typedef {{state: import('./icons.js').Status, word: string}} Sign */

/**
 * The safe state comes before all else, a fault before the session.
 *
 * @returns {Sign}
 */
export function sessionSign() {
  if (!rig.current) return { state: 'todo', word: rig.snapshot ? 'UNKNOWN' : 'WAITING' };
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

/** The services of the open session that say somebody must look. */
export function faulty() {
  const members = new Set(rig.session?.services);
  return rig.services.filter(({ service, up, fault }) => up && fault && members.has(service));
}
