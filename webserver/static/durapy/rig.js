// The last state of the rig this page was told: services and session, and how old that is.
import { durapy } from './client.js';
import { concerns } from './health.js';

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

  /** The services that the open session counts on, whether or not they can be heard now. */
  get members() {
    const key = this.session?.key;
    return key ? this.services.filter(({ session }) => session?.key === key) : [];
  }

  /** What needs a look; empty while nothing is known. */
  get concerns() {
    const inSession = this.members.map(({ service }) => service);
    return this.current ? concerns(this.services, inSession) : [];
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
