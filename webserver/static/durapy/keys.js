// The list of the page's keys, and the switch that turns single ones off.
import { dialog } from './dialog.js';
import { setSingleKeys, shortcuts, singleKeysOn } from './keyboard.js';
import { html, render } from './lit.js';

/** Show it. */
export function showKeys() {
  const box = dialog('keys', 'Keyboard');
  const change = (/** @type {{target: HTMLInputElement}} */ { target }) =>
    setSingleKeys(target.checked);
  render(
    html`<form method="dialog"><div class="dialog-body"><h2>Keyboard</h2>
      <table>${shortcuts().map(({ keys, label }) => html`<tr><td>${keys.split(' ').map((key) => html`<kbd>${key}</kbd> `)}</td><td>${label}</td></tr>`)}</table>
      <label class="switch"><input type="checkbox" role="switch" .checked=${singleKeysOn()} @change=${change}><span>Single keys work (those with Ctrl always do)</span></label>
      </div><div class="dialog-foot"><button autofocus>Close</button></div></form>`,
    box,
  );
  box.showModal();
}
