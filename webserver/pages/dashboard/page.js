// The Dashboard: what the rig is doing, which services run, what was said last, what needs a look.
import './attention.js';
import './hero.js';
import './services.js';
import './ticker.js';
