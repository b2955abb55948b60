// The last state of the rig this page was told: services and session, and how old that is.
import { durapy } from './client.js';

/** @typedef {import('./types.js').RigSnapshot} RigSnapshot */

/** Fires `change` with each snapshot. `snapshot` is null until the first one. */
class Rig extends EventTarget {
  /** @type {RigSnapshot | null} */
  snapshot = null;

  constructor() {
    super();
    durapy.subscribe('services', (snapshot) => {
      this.snapshot = snapshot;
      this.dispatchEvent(new Event('change'));
    });
  }

  get services() {
    return this.snapshot?.services ?? [];
  }

  get session() {
    return this.snapshot?.session ?? null;
  }

  /** Whether what is known is still true, as far as anyone can tell. */
  get current() {
    return this.snapshot !== null && durapy.status === 'live';
  }

  /** Seconds since the session began, by the server's clock; null when none is running. */
  elapsed_s() {
    const since = this.session?.since;
    return since ? Math.max(0, (durapy.now() - Date.parse(since)) / 1000) : null;
  }
}

export const rig = new Rig();
