// <dp-hero>: the state of the session, large enough to be read across the room, and its buttons.
import { durapy } from '/static/durapy/client.js';
import { DpElement } from '/static/durapy/element.js';
import { ago, clock, hms, ms } from '/static/durapy/format.js';
import { glyph, icon } from '/static/durapy/icons.js';
import { knownTypes } from '/static/durapy/known-types.js';
import { html, nothing } from '/static/durapy/lit.js';
import { takeNote } from '/static/durapy/note.js';
import { rig } from '/static/durapy/rig.js';
import { answersInWords, safety } from '/static/durapy/safety.js';
import { endSession } from '/static/durapy/session-acts.js';
import { faultOf, faulty, sessionSign } from '/static/durapy/sign.js';

const BEGIN_BUTTONS = 2;

class Hero extends DpElement {
  start() {
    const draw = () => this.update();
    for (const source of [rig, safety, durapy, knownTypes]) {
      const event = source === durapy ? 'status' : 'change';
      source.addEventListener(event, draw);
      this.own(() => source.removeEventListener(event, draw));
    }
    const timer = setInterval(draw, 1000);
    this.own(() => clearInterval(timer));
  }

  view() {
    const { state, word } = sessionSign();
    if (word === 'WAITING') {
      return html`<div class="skel hero-skel" role="status" aria-label="Waiting for the first report"></div>`;
    }
    return html`<section class="hero" data-s=${state === 'todo' ? 'idle' : state} aria-label="Session state">
      <div class="big">${glyph(state)}<div>
        <div class="words"><span class="word" role="status">${word}</span>${this.#clock()}${this.#begin()}</div>
        <div class="line">${this.#line()}</div></div></div>
      ${this.#facts()}${this.#side()}
    </section>`;
  }

  #clock() {
    const elapsed_s = rig.current ? rig.elapsed_s() : null;
    return elapsed_s === null
      ? nothing
      : html`<span class="clock" role="timer" aria-label="elapsed">${hms(elapsed_s)}</span>`;
  }

  #line() {
    const session = rig.session;
    const name = session?.label ?? session?.type;
    if (!rig.current) return this.#lastSeen();
    const up = rig.services.filter((service) => service.up).length;
    const all = rig.services.length;
    const kept = session?.state === 'running' ? html` <b>${name}</b> stays open.` : nothing;
    if (safety.state?.engaged) return html`${this.#stopped(safety.state)}${kept}`;
    const broken = faulty();
    if (broken.length > 0) return html`${broken.map(faultLine)}${kept}`;
    if (session?.state === 'running') {
      return html`<b>${name}</b>, <b class="num">${inSession(session)}</b> in session`;
    }
    if (session?.state === 'unknown') {
      return html`Session <b>${name}</b> is open, but ${session.services.join(', ')} can no longer be heard.`;
    }
    if (all === 0)
      return html`No service has reported yet. Start one, and it shows here within a second.`;
    return html`No session open. <b class="num">${up} of ${all}</b> services up.`;
  }

  /** @param {import('/static/durapy/types.js').SafeState} state */
  #stopped(state) {
    const since = state.since ? html` since <b class="num">${clock(state.since)}</b>` : nothing;
    return html`In the safe state${since}: ${answersInWords(state) || 'no service is up'}.`;
  }

  #lastSeen() {
    const session = rig.session;
    if (!session) return html`Nothing has been heard from the rig since this page was opened.`;
    const heard = ago((Date.now() - durapy.heardAt) / 1000);
    const name =
      session.state === 'running'
        ? html`, session <b>${session.label ?? session.type}</b>`
        : nothing;
    return html`Last seen <b>${session.state.toUpperCase()}</b>${name}, ${heard} ago`;
  }

  #facts() {
    if (!rig.current || rig.session?.state !== 'running') return html`<i></i>`;
    const members = rig.members.filter(({ up }) => up);
    const worst = (/** @type {(number | null)[]} */ values) => {
      const known = values.filter((value) => value !== null);
      return known.length ? ms(Math.max(...known)) : null;
    };
    const lag = worst(members.map(({ lag_s }) => lag_s));
    const handling = worst(members.map(({ p99_s }) => p99_s));
    return html`<div class="facts wide">
      ${lag ? html`<div><b>${lag}</b><span>lag, worst</span></div>` : nothing}
      ${handling ? html`<div><b>${handling}</b><span>handling, p99</span></div>` : nothing}</div>`;
  }

  #side() {
    if (durapy.status === 'lost') {
      return html`<div class="side"><button type="button" class="solid" @click=${() => durapy.retryNow()}>${icon('redo')}Try now</button></div>`;
    }
    const session = rig.session;
    const note = html`<button type="button" @click=${takeNote}>${icon('pin')}Add note</button>`;
    if (session && session.state !== 'idle') {
      return html`<div class="side">${session.ends.map(
        (type) => html`<button type="button" class="solid" @click=${() => endSession(type)}>
          ${icon('power')}${session.ends.length > 1 ? type : 'End session…'}</button>`,
      )}${note}</div>`;
    }
    return html`<div class="side">${note}</div>`;
  }

  /** Beginning is on the other side than ending and STOP; in the safe state none can begin. */
  #begin() {
    const { begins } = knownTypes;
    if (!rig.current || safety.engaged || rig.session?.state !== 'idle') return nothing;
    if (begins.length === 0) return nothing;
    return html`<div class="begin">${begins.slice(0, BEGIN_BUTTONS).map(
      ({ type }) => html`<a class="btn solid" href="/commands?type=${encodeURIComponent(type)}">
        ${icon('play')}${begins.length > 1 ? type : 'Start session…'}</a>`,
    )}${begins.length > BEGIN_BUTTONS ? html`<a class="btn" href="/commands">Others…</a>` : nothing}</div>`;
  }
}

/** Of those that take part in such sessions: the console, for one, never does. @param {import('/static/durapy/types.js').Session} session */
function inSession({ type, services }) {
  const known = knownTypes.begins.find((begun) => begun.type === type)?.services ?? [];
  const able = known.filter(({ roles }) => roles.includes('begins'));
  const all = new Set([...services, ...able.map(({ service }) => service)]).size;
  return `${services.length} of ${all} ${all === 1 ? 'service' : 'services'}`;
}

/** @param {import('/static/durapy/types.js').ServiceStatus} service */
const faultLine = (service) =>
  html`<b>${service.service}</b>${service.up ? ':' : ''} ${faultOf(service)}. `;

customElements.define('dp-hero', Hero);
