// The parts of lit-html in use; the one place that knows where the library lies.

export { guard } from '/static/vendor/lit-html/directives/guard.js';
export { live } from '/static/vendor/lit-html/directives/live.js';
export { repeat } from '/static/vendor/lit-html/directives/repeat.js';
export { html, nothing, render, svg } from '/static/vendor/lit-html/lit-html.js';
