// Numbers and times as the console writes them. Pure, without the document.

/** @param {number} n @param {number} [width] */
const pad = (n, width = 2) => String(Math.floor(n)).padStart(width, '0');

/** Seconds as `01:12:48`. @param {number} s */
export const hms = (s) => `${pad(s / 3600)}:${pad((s / 60) % 60)}:${pad(s % 60)}`;

/** A moment as local `09:22:01.112`. @param {string | number} moment */
export function clock(moment) {
  const d = new Date(moment);
  const time = [d.getHours(), d.getMinutes(), d.getSeconds()].map((n) => pad(n)).join(':');
  return `${time}.${pad(d.getMilliseconds(), 3)}`;
}

/** A moment as `2026-11-26 09:22:01.112`, local. @param {string} moment */
export function fullTime(moment) {
  const d = new Date(moment);
  return `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())} ${clock(moment)}`;
}

/** A length of time: `0.6 s`, `74 min`, `4.2 h`, `3.0 d`. @param {number} s seconds */
export function ago(s) {
  if (s < 90) return `${s.toFixed(s < 10 ? 1 : 0)} s`;
  if (s < 5400) return `${Math.round(s / 60)} min`;
  return s < 172800 ? `${(s / 3600).toFixed(1)} h` : `${(s / 86400).toFixed(1)} d`;
}

/** Seconds as milliseconds: `< 0.01 ms`, `0.42 ms`, `2.8 ms`, `36 ms`; a dash for none. @param {number | null | undefined} s */
export function ms(s) {
  if (s === null || s === undefined) return '–';
  const value = s * 1000;
  if (value > 0 && value < 0.005) return '< 0.01 ms';
  if (value < 1) return `${value.toFixed(2)} ms`;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

/** A revision as it is spoken of: the first seven of a hash, anything else whole. @param {string} revision */
export const shortRevision = (revision) =>
  revision.replace(/\b([0-9a-f]{7})[0-9a-f]{5,57}\b/g, '$1');

/**
 * A body as `[key, text]` pairs for one line; long values are cut, since a row shows no more.
 *
 * @param {Record<string, unknown> | null} body
 * @returns {[string, string][]}
 */
export function pairs(body) {
  return Object.entries(body ?? {})
    .slice(0, 12)
    .map(([key, value]) => [key, cut(typeof value === 'string' ? value : JSON.stringify(value))]);
}

/** @param {string} text @param {number} [length] */
export const cut = (text, length = 160) =>
  text.length > length ? `${text.slice(0, length)}…` : text;
