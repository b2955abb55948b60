// How often what is live is drawn: at once when it is calm, ten times a second when it is not.

/** A list that changes faster than this is no easier to read, and costs a processor. */
const DRAWS_APART_MS = 100;
/** @type {Set<() => void>} */
const waiting = new Set();
/** So much may be drawn sooner after a pause. */
const BURST_MS = 500;
let isDue = false;
/** When the next frame may be drawn, on the clock of `performance.now`. */
let freeAt = 0;

/**
 * A function that runs `work` in the next frame, and while it is called without a pause ten times
 * a second. Whatever is called so on a page is run together, in one frame.
 *
 * @param {() => void} work
 */
export function paced(work) {
  return () => {
    waiting.add(work);
    if (isDue) return;
    isDue = true;
    const wait_ms = freeAt - performance.now();
    if (wait_ms > 0) setTimeout(requestAnimationFrame, wait_ms, drawAll);
    else requestAnimationFrame(drawAll);
  };
}

/** Run what waits. */
function drawAll() {
  isDue = false;
  freeAt = Math.max(freeAt, performance.now() - BURST_MS) + DRAWS_APART_MS;
  const works = [...waiting];
  waiting.clear();
  for (const work of works) {
    try {
      work();
    } catch (error) {
      reportError(error); // one element's mistake must not leave the others undrawn
    }
  }
}
