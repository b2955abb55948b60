// Which pages this console has.

/** Whether a page is in the rail, so that a link to it leads somewhere. @param {string} path */
export const hasPage = (path) =>
  [...document.querySelectorAll('#rail .nav a')].some((a) => a.getAttribute('href') === path);
