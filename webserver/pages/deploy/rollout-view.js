// The panel's first tab: the steps of the latest rollout and its log.
import { durapy } from '/static/durapy/client.js';
import { ago, clock } from '/static/durapy/format.js';
import { glyph, icon } from '/static/durapy/icons.js';
import { html, nothing } from '/static/durapy/lit.js';
import { rollBack } from './actions.js';
import { isUntouched, logOf, stepsOf } from './model.js';
import { deploy } from './state.js';

/** @typedef {import('./model.js').Deployed} Deployed */
/** @typedef {import('./model.js').News} News */

const SAID = {
  ok: ' done',
  busy: ' in progress',
  bad: ' failed',
  todo: ' to do',
  idle: ' not needed',
};

/** @param {Deployed} service */
export function rolloutView(service) {
  const rollout = deploy.rollout(service.service);
  if (!rollout) return empty();
  const news = deploy.news(rollout.key);
  return html`${steps(rollout, news)}${log(news)}
    <div class="form-foot">${
      rollout.state === 'requested'
        ? html`<button type="button" @click=${() => deploy.ask(`operations/${encodeURIComponent(rollout.key)}/cancel`)}>${icon('x')}Cancel rollout</button>`
        : nothing
    }${
      service.previous
        ? html`<button type="button" class="quiet" ?disabled=${rollout.state === 'requested' || (deploy.locked(service.service) && !deploy.queue)} @click=${() => rollBack(service.service)}>${icon('undo')}Roll back to ${service.previous.slice(0, 7)}</button>`
        : nothing
    }<span class="grow"></span><span class="small dim">asked by ${rollout.by ?? 'somebody'}</span></div>`;
}

/** @param {News} rollout @param {News[]} news */
function steps(rollout, news) {
  if (rollout.step === 'queued') {
    return html`<p class="dep-note">${glyph('busy')} ${rollout.message}</p>`;
  }
  const all = stepsOf(news, durapy.now());
  const took_s = all.reduce((sum, { took_s: s }) => sum + (s ?? 0), 0);
  const done = all.filter(({ state }) => state === 'ok' || state === 'idle').length;
  const state = rollout.state === 'failed' ? 'bad' : rollout.state === 'done' ? 'ok' : 'busy';
  const percent = state === 'busy' ? Math.round((100 * (done + 0.5)) / all.length) : 100;
  const word = { bad: 'stopped after', ok: 'done in', busy: 'for' }[state];
  const kept = state === 'bad' && isUntouched(news) ? '; the old one was never touched' : '';
  return html`<ol role="list" class="steps" aria-label="Rollout steps">${all.map(
    ({ word: name, state: s, took_s: t }) => html`<li data-s=${s}>${glyph(s)}<b>${name}</b>
      <span>${t === null ? nothing : ago(t)}<span class="sr">${SAID[/** @type {keyof typeof SAID} */ (s)]}</span></span></li>`,
  )}</ol>
    <div class="dep-progress"><span class="progress grow" role="progressbar" aria-label="Rollout" aria-valuemin="0" aria-valuemax="100" aria-valuenow=${percent} data-s=${state}><i .style=${`--v:${percent}%`}></i></span>
    <span class="num small muted nowrap">${word} ${ago(took_s)}${kept}</span></div>`;
}

/** @param {News[]} news */
const log = (news) =>
  html`<pre class="buildlog" id="rollout-log" tabindex="0" role="log" aria-label="Log of the rollout">${logOf(
    news,
  ).map(
    ({ at, text, kind }) =>
      html`<span class="t">${clock(at).slice(0, 8)}</span> <span class=${kind}>${text}</span>\n`,
  )}</pre>`;

const empty = () =>
  html`<div class="empty">${icon('deploy')}<b>No rollout yet</b>
    <p>Choose a branch, a tag or a commit. It is built first; the new container must stand by and stay well before the old one goes.</p></div>`;
