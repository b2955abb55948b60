// <dep-lock>: while a session runs, what is in it is left alone until that is allowed, or waits.
import { DpElement } from '/static/durapy/element.js';
import { icon } from '/static/durapy/icons.js';
import { html, nothing } from '/static/durapy/lit.js';
import { rig } from '/static/durapy/rig.js';
import { isTold } from './model.js';
import { deploy } from './state.js';

class Lock extends DpElement {
  start() {
    const draw = () => this.update();
    deploy.addEventListener('change', draw);
    this.own(() => deploy.removeEventListener('change', draw));
  }

  view() {
    const session = rig.session;
    if (!session?.key || !isTold(deploy.deployment)) return nothing;
    const name = deploy.service?.service ?? '';
    const touched = deploy.inSession(name);
    return html`<div class="banner warn" role="group" aria-label="Session lock">${icon('warn')}
      <span class="grow"><b>A session is running.</b> Services in it (${session.services.join(', ')}) are deployed only after it ends, or when you allow it for one service.</span>
      <button type="button" class="sm" aria-pressed=${deploy.queue} @click=${() => deploy.waitForEnd()}>Queue until it ends</button>
      ${touched ? html`<button type="button" class="sm" aria-pressed=${deploy.allowed.has(name)} @click=${() => deploy.allow(name)}>${deploy.allowed.has(name) ? 'Allowed' : 'Allow'}: ${name}</button>` : nothing}
    </div>`;
  }
}

customElements.define('dep-lock', Lock);
