// The page's state in its address, so that a link or a reload shows the same.

/** @param {string} name @returns {string} empty when it is not there */
export const urlValue = (name) => new URLSearchParams(location.search).get(name) ?? '';

/** Put values into the address without leaving the page; an empty one is taken out. @param {Record<string, string>} values */
export function changeUrl(values) {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(values)) {
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  globalThis.history.replaceState(null, '', url);
}
