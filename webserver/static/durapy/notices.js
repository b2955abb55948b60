// The banner under the top bar: the connection is lost, or the store does not answer.
import { durapy } from './client.js';
import { ago, clock } from './format.js';
import { icon } from './icons.js';
import { html, nothing } from './lit.js';
import { answersInWords, safety } from './safety.js';
import { clear, show } from './stop.js';

/** @type {boolean} */
let signedOut = false;
let engineAway = false;

durapy.addEventListener('heartbeat', (event) => {
  engineAway = /** @type {CustomEvent} */ (event).detail.engine === 'unavailable';
});

durapy.addEventListener('status', async () => {
  if (durapy.status !== 'lost') {
    signedOut = false;
    return;
  }
  // A refused socket does not say why; an ordinary request does.
  const answer = await fetch('/api/v1/services').catch(() => null);
  signedOut = answer?.status === 401;
});

/** What the reader must know before trusting the page; nothing when all is well. */
export function banner() {
  if (durapy.status === 'lost') return signedOut ? signInAgain() : connectionLost();
  if (durapy.status === 'live' && engineAway) return storeAway();
  return safety.state?.engaged ? stopped(safety.state) : nothing;
}

/** Leads back to this page, also to what stands behind the # of its address. */
function signInAgain() {
  const here = encodeURIComponent(location.pathname + location.search);
  return html`<div class="banner">${icon('unplug')}<span class="grow"><b>You are signed out.</b> The rig goes on
    without this page.</span><a class="btn sm" href="/login?next=${here}${location.hash}">Sign in</a></div>`;
}

/** Its buttons are on the left: clearing is nowhere near STOP. @param {import('./types.js').SafeState} state */
const stopped = (state) =>
  html`<div class="banner">${icon('stop')}<b>Safe state${state.since ? ` since ${clock(state.since)}` : ''}.</b>
    <button type="button" class="sm" @click=${show}>Who is safe</button>
    <button type="button" class="sm" @click=${clear}>Clear…</button>
    <span class="grow">${state.by ? `Entered by ${state.by}${state.reason ? `: ${state.reason}` : ''}. ` : ''}What acts on the world is refused. ${answersInWords(state) || 'No service is up'}.</span></div>`;

const storeAway = () =>
  html`<div class="banner">${icon('warn')}<span class="grow"><b>The command store does not answer.</b> Nothing
    can be sent or read until it does; the web server keeps trying.</span></div>`;

function connectionLost() {
  const heard = durapy.heardAt ? ago((Date.now() - durapy.heardAt) / 1000) : null;
  const due_s = Math.max(0, Math.ceil((durapy.retryAt - Date.now()) / 1000));
  return html`<div class="banner">${icon('unplug')}<span class="grow">
      ${heard ? html`<b>Connection lost ${heard} ago.</b> What you see is from ${heard} ago.` : html`<b>No connection to the web server.</b>`}
      Commands cannot be sent from here; the rig goes on without this page.
      ${due_s > 0 ? `Trying again in ${due_s} s.` : 'Trying again now.'}</span>
    <button type="button" class="sm" @click=${() => durapy.retryNow()}>Try now</button></div>`;
}
