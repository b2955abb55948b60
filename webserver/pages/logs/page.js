// The Logs page.
import { bind } from '/static/durapy/keyboard.js';
import './view.js';

const view = /** @type {import('./view.js').LogsView} */ (document.querySelector('logs-view'));

bind('Space', 'Pause or follow the log', () => view.togglePause());
bind('j', 'Next line', () => view.step(1));
bind('k', 'Previous line', () => view.step(-1));
bind('ArrowDown', 'Next line', () => view.step(1));
bind('ArrowUp', 'Previous line', () => view.step(-1));
bind('Enter', 'Show or hide the chosen line in full', () => view.toggleDetail());
