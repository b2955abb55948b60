// Light or dark: the choice, and the colours that canvas drawing needs.

/** Switch between light and dark and remember the choice on this browser. */
export function toggleTheme() {
  const root = document.documentElement;
  const system = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  root.dataset.theme = (root.dataset.theme || system) === 'dark' ? 'light' : 'dark';
  try {
    localStorage.setItem('theme', root.dataset.theme);
  } catch {
    // No storage: the choice holds until the page is left.
  }
  document.dispatchEvent(new Event('themechange'));
}

/**
 * Call `callback` whenever the colours change, by the button or by the system.
 *
 * @param {() => void} callback
 * @returns {() => void} stops it
 */
export function onTheme(callback) {
  const system = matchMedia('(prefers-color-scheme: dark)');
  document.addEventListener('themechange', callback);
  system.addEventListener('change', callback);
  return () => {
    document.removeEventListener('themechange', callback);
    system.removeEventListener('change', callback);
  };
}

/** @type {HTMLElement | undefined} */
let probe;

/**
 * The present value of a colour token, for canvas, which does not know `light-dark()`.
 *
 * @param {string} token its name without dashes: `s1`, `text-3`
 * @param {number} [alpha] from 0 to 1
 */
export function color(token, alpha = 1) {
  if (!probe) {
    probe = document.createElement('i');
    probe.hidden = true;
    document.body.append(probe);
  }
  probe.style.setProperty('color', `var(--${token})`);
  const solid = getComputedStyle(probe).color;
  return alpha === 1 ? solid : solid.replace(/^rgb\(([^)]*)\)$/, `rgba($1, ${alpha})`);
}
