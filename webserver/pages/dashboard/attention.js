// <dp-attention>: what needs a look, with the act beside it; and how busy the last minutes were.
import { durapy } from '/static/durapy/client.js';
import { DpElement } from '/static/durapy/element.js';
import { rowsOf } from '/static/durapy/health.js';
import { glyph } from '/static/durapy/icons.js';
import { knownTypes } from '/static/durapy/known-types.js';
import { html, nothing } from '/static/durapy/lit.js';
import { hasPage } from '/static/durapy/pages.js';
import { rig } from '/static/durapy/rig.js';
import './load.js';
import { restarts } from './restarts.js';

/** @typedef {import('/static/durapy/types.js').CommandType} CommandType */
/** @typedef {import('/static/durapy/health.js').Concern} Concern */

class Attention extends DpElement {
  start() {
    const draw = () => this.update();
    for (const source of [rig, durapy, restarts, knownTypes]) {
      const event = source === durapy ? 'status' : 'change';
      source.addEventListener(event, draw);
      this.own(() => source.removeEventListener(event, draw));
    }
  }

  view() {
    const found = rig.concerns;
    const unsound = (knownTypes.list ?? []).filter(({ conflict, changed }) => conflict ?? changed);
    const unread = knownTypes.problem ? 1 : 0;
    const count = found.length + unsound.length + unread;
    return html`<section class="card" aria-labelledby="attention-title">
      <header><h2 id="attention-title">Needs attention</h2>${count ? html`<span class="sub num">${count}</span>` : nothing}</header>
      <ul role="list" class="notes scroll" tabindex="0" aria-labelledby="attention-title">
        ${found.map(item)}${unsound.map(typeItem)}${unread ? unreadItem() : nothing}${count ? nothing : nothingToSay()}</ul>
      <dp-load></dp-load>
    </section>`;
  }
}

/** @param {Concern} concern */
const item = (concern) =>
  html`<li><span class="st" data-s=${concern.state}>${glyph(concern.state)}</span><span><b>${concern.service}</b> ${concern.text}</span><span class="acts">${actOf(concern)}</span></li>`;

/** What helps, right beside it. @param {Concern} concern */
function actOf({ act, service, record }) {
  const found = rig.services.find((known) => known.service === service);
  if (act === 'restart' && found) return restarts.control(found, durapy.status !== 'live');
  if (act === 'record' && record)
    return html`<a class="btn sm quiet" href="/commands?show=${encodeURIComponent(record)}">Its record</a>`;
  if (!hasPage('/logs')) return nothing;
  return html`<a class="btn sm quiet" href="/logs?service=${encodeURIComponent(service)}">Its log</a>`;
}

function nothingToSay() {
  if (!rig.current)
    return html`<li><span class="st" data-s="idle">${glyph('todo')}</span><span>Not known at the moment.</span></li>`;
  const running = rowsOf(rig.services).filter(({ up }) => up).length;
  if (running === 0)
    return html`<li><span class="st" data-s="idle">${glyph('idle')}</span><span>No service runs.</span></li>`;
  return html`<li><span class="st" data-s="ok">${glyph('ok')}</span><span>Nothing: every running service answers, no handler has failed.
    <span class="dim">Watched: heartbeats, handlers, unreadable records, faults and schemas of ${running} ${running === 1 ? 'service' : 'services'}.</span></span></li>`;
}

/** @param {CommandType} type */
function typeItem({ type, conflict, changed }) {
  const state = conflict ? 'bad' : 'warn';
  return html`<li><span class="st" data-s=${state}>${glyph(state)}</span><span><b>${type}</b> ${conflict ?? changed}</span>
    <span class="acts"><a class="btn sm quiet" href="/commands?type=${encodeURIComponent(type)}">Look</a></span></li>`;
}

const unreadItem = () =>
  html`<li><span class="st" data-s="warn">${glyph('warn')}</span><span>The list of commands could not be read. ${knownTypes.problem}</span></li>`;

customElements.define('dp-attention', Attention);
