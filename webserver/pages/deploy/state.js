// What the page knows: the deployment, the operations, which service is chosen, what is allowed.
import { ApiError, api, durapy } from '/static/durapy/client.js';
import { toast } from '/static/durapy/dialog.js';
import { rig } from '/static/durapy/rig.js';

/** @typedef {import('./model.js').Deployment} Deployment */
/** @typedef {import('./model.js').News} News */

const LOOK_EVERY_MS = 2000;
const ROLLOUTS = new Set(['rollout', 'rollback']);

/** Fires `change` when anything here has changed. */
class DeployState extends EventTarget {
  /** @type {Deployment | null} */
  deployment = null;
  /** The latest operations, newest first. @type {News[]} */
  operations = [];
  /** All news of the rollout that is shown, by its key. @type {Map<string, News[]>} */
  #news = new Map();
  /** The service that the panel shows. */
  chosen = decodeURIComponent(location.hash.slice(1));
  /** Services of the session that may be touched all the same. @type {Set<string>} */
  allowed = new Set();
  /** Whether what touches the session waits for its end. */
  queue = false;
  /** Why nothing is known, if that is so. */
  problem = '';

  begin() {
    durapy.subscribe('operation', (news) => this.#heard(news));
    durapy.addEventListener('status', () => this.#changed());
    rig.addEventListener('change', () => this.#sessionChanged());
    addEventListener('hashchange', () => this.choose(decodeURIComponent(location.hash.slice(1))));
    setInterval(() => this.look(), LOOK_EVERY_MS);
    this.look();
    this.#loadOperations();
  }

  get service() {
    const services = this.deployment?.services ?? [];
    return services.find(({ service }) => service === this.chosen) ?? services[0] ?? null;
  }

  /** Whether the open session forbids to touch a service. @param {string} name */
  locked(name) {
    return this.inSession(name) && !this.allowed.has(name);
  }

  /** @param {string} name */
  inSession(name) {
    const session = rig.session;
    return Boolean(session?.key && session.services.includes(name));
  }

  /** The rollout of a service that was asked for last. @param {string} name @returns {News | null} */
  rollout(name) {
    const of = (/** @type {News} */ { verb, service }) =>
      ROLLOUTS.has(verb) && (service === name || service === '*');
    return this.operations.find(of) ?? null;
  }

  /** All that was told of an operation, oldest first. @param {string} key */
  news(key) {
    const known = this.#news.get(key);
    if (!known) this.#loadNews(key);
    return known ?? [];
  }

  /** @param {string} name */
  choose(name) {
    this.chosen = name;
    if (decodeURIComponent(location.hash.slice(1)) !== name) {
      history.replaceState(null, '', `#${encodeURIComponent(name)}`);
    }
    this.#changed();
  }

  /** @param {string} name */
  allow(name) {
    if (!this.allowed.delete(name)) this.allowed.add(name);
    this.queue = false;
    this.#changed();
  }

  waitForEnd() {
    this.queue = !this.queue;
    this.#changed();
  }

  async look() {
    try {
      this.deployment = await api('deployment');
      this.problem = '';
    } catch (error) {
      this.problem = /** @type {Error} */ (error).message;
    }
    this.#changed();
  }

  /**
   * Ask for something and return the operation's key; null if it was refused, which is said.
   *
   * @param {string} path below /api/v1
   * @param {object} [body]
   * @returns {Promise<string | null>}
   */
  async ask(path, body = {}) {
    try {
      const { operation } = await api(path, { method: 'POST', body });
      await this.#loadOperations();
      return operation;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      toast('bad', error.message);
      return null;
    }
  }

  async #loadOperations() {
    try {
      const { operations } = await api('operations', { query: { limit: 200 } });
      this.operations = withoutGoingBack(operations, this.operations);
    } catch {
      return; // the banner says that the server is gone
    }
    this.#changed();
  }

  /** @param {string} key */
  async #loadNews(key) {
    this.#news.set(key, []);
    try {
      const { news } = await api(`operations/${encodeURIComponent(key)}/news`);
      const later = (this.#news.get(key) ?? []).filter(({ at }) => at > (news.at(-1)?.at ?? ''));
      this.#news.set(key, [...news, ...later]);
    } catch {
      this.#news.delete(key);
      return;
    }
    this.#changed();
  }

  /** @param {News} news */
  #heard(news) {
    this.#news.get(news.key)?.push(news);
    const at = this.operations.findIndex(({ key }) => key === news.key);
    if (at < 0) this.operations = [news, ...this.operations];
    else if (news.message)
      this.operations = this.operations.with(at, moved(this.operations[at], news));
    if (news.state !== 'requested') {
      this.#say(news);
      this.look();
    }
    this.#changed();
  }

  /** @param {News} news */
  #say({ verb, service, state, message }) {
    if (verb === 'changes' || verb === 'cancel') return;
    if (state === 'done') toast('ok', message);
    else toast('bad', `${service}: ${message}`);
  }

  #sessionChanged() {
    if (!rig.session?.key) {
      this.allowed.clear();
      this.queue = false;
    }
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}

/** An operation after some news: what was asked for, by whom and when stays. @param {News} before @param {News} news @returns {News} */
const moved = ({ wishes, by, at }, news) => ({ ...news, lines: [], wishes, by, at });

/**
 * Operations as they were listed, but for those whose end was heard while the list was under way.
 *
 * @param {News[]} listed
 * @param {News[]} known
 */
function withoutGoingBack(listed, known) {
  const ended = new Map(
    known.filter(({ state }) => state !== 'requested').map((it) => [it.key, it]),
  );
  return listed.map((it) => (it.state === 'requested' && ended.get(it.key)) || it);
}

export const deploy = new DeployState();
