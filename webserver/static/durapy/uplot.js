// uPlot, as it is published for browsers: a third of its module's size, but a classic script.

// uPlot gives the browser's language to Intl. WebKitGTK in the locale `C`, such as on a screen that
// systemd starts, calls it `C`, which Intl refuses; without this there would be no chart.
try {
  Intl.getCanonicalLocales(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en', configurable: true });
}

const script = document.createElement('script');
script.src = import.meta.resolve('/static/vendor/uplot/uPlot.iife.min.js');
await new Promise((resolve, reject) => {
  script.onload = resolve;
  script.onerror = () => reject(new Error(`${script.src} could not be loaded`));
  document.head.append(script);
});

export default /** @type {any} */ (globalThis).uPlot;
