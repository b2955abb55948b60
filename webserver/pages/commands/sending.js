// Sends what a form holds: asks first where the command wants it, and says what came of it.
import { durapy } from '/static/durapy/client.js';
import { confirmed, toast } from '/static/durapy/dialog.js';
import { clock } from '/static/durapy/format.js';
import { html } from '/static/durapy/lit.js';
import { forgetDraft } from './drafts.js';

/** @typedef {import('/static/durapy/types.js').CommandType} CommandType */

/**
 * Ask, if the command wants that, and send.
 *
 * @param {CommandType} type
 * @param {object} body
 * @throws {import('/static/durapy/client.js').ApiError} it was refused, or not answered
 */
export async function sendForm(type, body) {
  if (type.confirm && !(await agreed(type, body))) return;
  const { sent_at } = await durapy.send(type.type, body);
  forgetDraft(type);
  const nobody = type.running === 0 ? ' No service that handles it is running now.' : '';
  toast(nobody ? 'warn' : 'ok', html`<b>${type.type}</b> sent at ${clock(sent_at)}.${nobody}`);
}

/** @param {CommandType} type @param {object} body */
async function agreed({ type, description }, body) {
  await durapy.check(type, body); // ask about nothing that would be refused
  return confirmed({
    title: `Send ${type} now?`,
    text: `${description} This cannot be taken back.`,
    yes: `Send ${type}`,
    detail: html`<pre class="json" tabindex="0">${JSON.stringify(body, null, 1)}</pre>`,
  });
}
