// What this page has seen of each service lately: heartbeat ages and handler times. Pure.

/** @typedef {import('/static/durapy/types.js').ServiceStatus} ServiceStatus */
/** @typedef {{age_s: number, ages_s: number[], p99_s: number[], heardAt: number}} Seen */

const AGES = 18;
const TIMES = 60;

/** One of a page; a reload begins anew, so nothing is shown that was not received. */
export class Recent {
  /** @type {Map<string, Seen>} */
  #seen = new Map();
  #now;

  /** @param {() => number} [now] a clock in ms */
  constructor(now = Date.now) {
    this.#now = now;
  }

  /** Take in a snapshot. @param {ServiceStatus[]} services */
  hear(services) {
    for (const { replica, age_s, p99_s } of services) {
      const seen = this.#of(replica);
      seen.age_s = age_s;
      seen.heardAt = this.#now();
      if (p99_s !== null) seen.p99_s = [...seen.p99_s, p99_s].slice(-TIMES);
    }
  }

  /** A second has passed: note how old each heartbeat is now. */
  tick() {
    for (const seen of this.#seen.values()) {
      seen.ages_s = [...seen.ages_s, this.#age(seen)].slice(-AGES);
    }
  }

  /** @param {ServiceStatus} service @returns {Seen} with `age_s` as of now */
  of({ replica }) {
    const seen = this.#of(replica);
    return { ...seen, age_s: this.#age(seen) };
  }

  /** @param {string} replica */
  #of(replica) {
    const seen = this.#seen.get(replica) ?? {
      age_s: 0,
      ages_s: [],
      p99_s: [],
      heardAt: this.#now(),
    };
    this.#seen.set(replica, seen);
    return seen;
  }

  /** @param {Seen} seen */
  #age(seen) {
    return seen.age_s + (this.#now() - seen.heardAt) / 1000;
  }
}
