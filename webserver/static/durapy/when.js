// Parts of a page that can be used only while no session runs, or only while one does. By themselves:
//
//     <fieldset data-when="idle" disabled>…</fieldset>  <button data-when="session" disabled>…</button>
import { rig } from './rig.js';
import { safety } from './safety.js';

/** Switch each such part on or off; off also while nothing could be sent. */
export function switchParts() {
  const idle = rig.session?.state === 'idle';
  /** @type {Record<string, boolean>} */
  const may = {
    idle: rig.current && idle && !safety.engaged, // in the safe state no session begins
    session: rig.current && !idle,
  };
  for (const part of document.querySelectorAll('[data-when]')) {
    const { when = '' } = /** @type {HTMLElement} */ (part).dataset;
    part.toggleAttribute('disabled', !may[when]);
  }
}
