// A page's own script: listen, show, send. docs/extend.md says what else it can do.
import { durapy, html, render } from '/static/durapy/client.js';

const heard = [];
const row = ({ sent_at, type, sender }) =>
  html`<tr><td>${new Date(sent_at).toLocaleTimeString()}</td><td>${type}</td><td>${sender}</td></tr>`;

// The last ten commands of every type, then each new one; name a type instead of '*' to hear it alone.
durapy.follow('*', 10, (_body, record) => {
  heard.unshift(record);
  heard.length = Math.min(heard.length, 10);
  render(heard.map(row), document.getElementById('heard'));
});
