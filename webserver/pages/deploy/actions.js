// What the page asks for, and what it asks the experimenter before.
import { confirmed } from '/static/durapy/dialog.js';
import { html } from '/static/durapy/lit.js';
import { rig } from '/static/durapy/rig.js';
import { deploy } from './state.js';

/** @param {string} name */
const path = (name) => `services/${encodeURIComponent(name)}`;

const sessionName = () => rig.session?.label ?? rig.session?.type ?? '';

/**
 * What goes with a request that touches a service: the session that is known to be touched, or
 * that it waits.
 *
 * @param {string} name
 */
function wishes(name) {
  if (!deploy.inSession(name)) return {};
  return deploy.queue && !deploy.allowed.has(name)
    ? { when: 'session_ends' }
    : { session: rig.session?.key };
}

/** @param {'start' | 'stop' | 'restart'} verb @param {string} name */
export async function lifecycle(verb, name) {
  if (verb === 'start') {
    await deploy.ask(`${path(name)}/start`);
    return;
  }
  const word = verb === 'stop' ? 'Stop' : 'Restart';
  const again =
    verb === 'stop' ? 'It stays stopped until it is started again.' : 'It starts again.';
  const touched = deploy.inSession(name);
  const agreed = await confirmed({
    title: `${word} ${name}?`,
    text: touched
      ? `${name} is in the session ${sessionName()}. ${again} Commands for it wait meanwhile.`
      : `${again} Commands for it wait meanwhile.`,
    yes: `${word} ${name}`,
  });
  const known = touched ? { session: rig.session?.key } : {};
  if (agreed) await deploy.ask(`${path(name)}/${verb}`, known);
}

/** @param {string} name @param {string} revision @param {string} shown how the revision is called */
export async function rollOut(name, revision, shown) {
  if (!(await agreed(name, `Deploy ${shown} to ${name}?`, `Deploy ${name}`))) return;
  await deploy.ask(`${path(name)}/rollout`, { revision, ...wishes(name) });
}

/** @param {string} name */
export async function rollBack(name) {
  if (!(await agreed(name, `Roll ${name} back?`, `Roll back ${name}`))) return;
  await deploy.ask(`${path(name)}/rollback`, wishes(name));
}

export async function rollOutAll() {
  const open = rig.session?.key;
  const sure = await confirmed({
    title: 'Update every service?',
    text: open
      ? `The session ${sessionName()} is running. Each service in it hands over to its new revision, one after the other; the console and the deployer come last.`
      : 'Each service is moved to what the checkout is on, one after the other; the console and the deployer come last. The first failure ends it.',
    yes: 'Update all',
  });
  if (sure) await deploy.ask('deployment/rollout', open ? { session: open } : {});
}

/** Only what is in a session is asked about: elsewhere a rollout disturbs nobody. */
async function agreed(
  /** @type {string} */ name,
  /** @type {string} */ title,
  /** @type {string} */ yes,
) {
  if (!deploy.inSession(name) || 'when' in wishes(name)) return true;
  return confirmed({
    title,
    text: html`<b>${name}</b> is in the session <b>${sessionName()}</b>. The new container starts
      beside the old one; then it takes the session up where the old one was. Handling pauses for a
      moment, no command is lost. After any failure the old one takes over again.`,
    yes,
  });
}
