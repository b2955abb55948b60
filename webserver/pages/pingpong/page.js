// The ping-pong page. This file, page.html and page.py are all that a page needs.
import { confirmed, durapy, paced, toast } from '/static/durapy/client.js';
import { plot } from '/static/durapy/plot.js';

const series = [{ label: 'one answer', style: 'points' }, { label: 'median of 25' }];
const answer = plot('#answer', series, { unit: 'ms', span: 120, window: 2000 });
const rate = plot('#rate', [{ label: 'pings / s', color: 's3', fill: true }], { span: 120 });
const shown = { pings: 0, open: 0, median: '–' };
const lately = []; // when those of the last 5 s were stored, in ms
const waiting = new Map(); // the same, by key, of those without an answer
const recent = []; // the last 25 answer times, in ms
const show = (id) => document.getElementById(id).replaceChildren(`${shown[id]}`);
const tell = paced(() => Object.keys(shown).forEach(show)); // ten times a second at most
durapy.follow('*', 500, (_body, { type, key, cause, sent_at }) => {
  const moment = Date.parse(sent_at);
  if (type === 'PING') {
    shown.pings += 1;
    lately.push(moment);
    waiting.set(key, moment);
  } else if (type === 'PONG' && waiting.has(cause)) {
    if (recent.push(moment - waiting.get(cause)) > 25) recent.shift();
    waiting.delete(cause);
    shown.median = recent.toSorted((a, b) => a - b)[recent.length >> 1];
    answer.push(moment / 1000, recent.at(-1), shown.median);
  }
  shown.open = waiting.size;
  tell();
});
setInterval(() => {
  while (lately[0] <= durapy.now() - 5000) lately.shift();
  rate.push(Math.floor(durapy.now() / 1000), lately.length / 5);
}, 1000);
const send = (type, body) => durapy.send(type, body).catch(({ message }) => toast('bad', message));
document.getElementById('session').onsubmit = (event) => {
  event.preventDefault();
  send('INITIATE_SESSION', Object.fromEntries(new FormData(event.target)));
};
document.getElementById('end').onclick = async () => {
  if (await confirmed({ title: 'End the session?', yes: 'End session' })) send('END_SESSION', {});
};
