// Keyboard shortcuts: pages bind them, one listener serves them, the help lists them.

/** @typedef {{keys: string, label: string, run: (event: KeyboardEvent) => void, always: boolean}} Shortcut */

/** @type {Shortcut[]} */
const bound = [];
const STORE = 'single-keys';
const SEQUENCE_S = 1;
let leader = '';
let leaderAt = 0;

/** All that is bound on this page. @returns {readonly Shortcut[]} */
export const shortcuts = () => bound;

/**
 * Bind keys on this page. `'t'` is a single key, `'g d'` one after the other, `'Ctrl Enter'` held
 * together. Single keys rest while something is typed, and wherever the user turned them off.
 *
 * @param {string} keys
 * @param {string} label what it does, for the list of shortcuts
 * @param {(event: KeyboardEvent) => void} run
 * @param {{always?: boolean}} [options] `always`: also while a dialog is open
 */
export function bind(keys, label, run, { always = false } = {}) {
  bound.push({ keys, label, run, always });
}

/** Whether single keys do something (WCAG 2.1.4 asks that they can be turned off). */
export function singleKeysOn() {
  try {
    return localStorage.getItem(STORE) !== 'off';
  } catch {
    return true;
  }
}

/** @param {boolean} on */
export function setSingleKeys(on) {
  try {
    localStorage.setItem(STORE, on ? 'on' : 'off');
  } catch {
    // No storage: nothing to remember it in.
  }
}

/** @param {KeyboardEvent} event */
function name(event) {
  const key = event.key === ' ' ? 'Space' : event.key;
  return event.ctrlKey || event.metaKey
    ? `Ctrl ${key.length === 1 ? key.toUpperCase() : key}`
    : key;
}

/** @param {KeyboardEvent} event */
function busyElsewhere(event) {
  const target = /** @type {Element} */ (event.target);
  if (document.querySelector('dialog[open]')) return true;
  if (target.closest('input, textarea, select, [contenteditable]')) return true;
  // Space and Enter belong to the control that has the focus.
  return [' ', 'Enter'].includes(event.key) && Boolean(target.closest('button, a, summary'));
}

/** @param {KeyboardEvent} event */
function pressed(event) {
  const key = name(event);
  const held = key.startsWith('Ctrl ');
  if (event.altKey || (event.repeat && held)) return;
  if (!held && (busyElsewhere(event) || !singleKeysOn())) return;
  const after = event.timeStamp - leaderAt < SEQUENCE_S * 1000 ? `${leader} ${key}` : key;
  const hit = bound.find((s) => s.keys === after) ?? bound.find((s) => s.keys === key);
  leader = key;
  leaderAt = event.timeStamp;
  if (!hit || (held && !hit.always && document.querySelector('dialog[open]'))) return;
  event.preventDefault();
  hit.run(event);
}

addEventListener('keydown', pressed);
