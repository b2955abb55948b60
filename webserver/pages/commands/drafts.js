// What is typed and not sent: kept in this tab, by type, while other forms and pages are looked at.

/** @typedef {import('/static/durapy/types.js').CommandType} CommandType */

/** @param {CommandType} type */
const place = ({ type }) => `draft ${type}`;

/** What was typed for a command and not sent. @param {CommandType} type @returns {Record<string, any> | null} */
export function draftOf(type) {
  try {
    return JSON.parse(sessionStorage.getItem(place(type)) ?? 'null');
  } catch {
    return null; // no storage
  }
}

/** Keep what is typed. A form that asks for a secret is not kept. @param {CommandType} type @param {object} body */
export function keepDraft(type, body) {
  if (/"writeOnly":true|"format":"password"/.test(JSON.stringify(type.schema))) return;
  try {
    sessionStorage.setItem(place(type), JSON.stringify(body));
  } catch {
    // No storage: what is typed lasts as long as its form.
  }
}

/** It was sent, or is not wanted. @param {CommandType} type */
export function forgetDraft(type) {
  try {
    sessionStorage.removeItem(place(type));
  } catch {
    // No storage: there is none.
  }
}
