// uPlot, as it is published for browsers: a third of its module's size, but a classic script.

const script = document.createElement('script');
script.src = '/static/vendor/uplot/uPlot.iife.min.js';
await new Promise((resolve, reject) => {
  script.onload = resolve;
  script.onerror = () => reject(new Error(`${script.src} could not be loaded`));
  document.head.append(script);
});

export default /** @type {any} */ (globalThis).uPlot;
