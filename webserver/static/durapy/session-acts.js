// Ending a session: asked for by name, then sent.
import { durapy } from './client.js';
import { confirmed, toast } from './dialog.js';
import { html } from './lit.js';
import { rig } from './rig.js';

let ending = false;

/** Ask, then send the command that ends the session. @param {string} type */
export async function endSession(type) {
  if (ending) return; // not disabled meanwhile: a disabled button loses the focus
  ending = true;
  try {
    await askAndSend(type);
  } catch (error) {
    const { code, message } = /** @type {import('./client.js').ApiError} */ (error);
    // It wants fields that only a person can fill.
    if (code === 'invalid') location.href = `/commands?type=${encodeURIComponent(type)}`;
    else toast('bad', message);
  }
  ending = false;
}

/** @param {string} type */
async function askAndSend(type) {
  await durapy.check(type, {});
  const session = rig.session;
  const away = session?.state === 'unknown' ? ' They hear it when they run again.' : '';
  const agreed = await confirmed({
    title: `End the session ${session?.label ?? ''}?`,
    text: `${type} is sent to ${session?.services.join(', ')}.${away} An ended session cannot be taken up again.`,
    yes: 'End session',
  });
  if (!agreed) return;
  await durapy.send(type, {});
  toast('ok', html`<b>${type}</b> sent.`);
}
