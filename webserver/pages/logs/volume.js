// The volume strip: how many lines there are over time, by level, as bars.
import { color } from '/static/durapy/theme.js';

/** @typedef {import('./lines.js').Line} Line */

const STEP = 6;
const BAR = 4;
const EVERY_MS = 250;

/** Draws the strip as often as it is worth, and in any case what it was given last. */
export class VolumeStrip {
  #at = 0;
  #timer = 0;

  /** @param {HTMLCanvasElement | null} canvas @param {readonly Line[]} lines @param {boolean} atOnce */
  show(canvas, lines, atOnce) {
    clearTimeout(this.#timer);
    const wait_ms = atOnce ? 0 : this.#at + EVERY_MS - performance.now();
    if (wait_ms > 0) this.#timer = setTimeout(() => this.show(canvas, lines, true), wait_ms);
    else if (canvas) {
      this.#at = performance.now();
      drawVolume(canvas, lines);
    }
  }
}

/**
 * How many lines fall into each of `count` equal spans of time: `[others, warnings, errors]`.
 *
 * @param {readonly Line[]} lines oldest first
 * @param {number} count
 */
export function buckets(lines, count) {
  const all = Array.from({ length: count }, () => [0, 0, 0]);
  const from = lines[0]?.at ?? 0;
  const span = (lines.at(-1)?.at ?? 0) - from + 1;
  for (const { at, kind } of lines) {
    const place = Math.floor(((at - from) / span) * count);
    const bucket = all[Math.max(0, Math.min(count - 1, place))];
    bucket[kind === 'error' ? 2 : kind === 'warning' ? 1 : 0] += 1;
  }
  return all;
}

/** @param {HTMLCanvasElement} canvas @param {readonly Line[]} lines */
function drawVolume(canvas, lines) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const pen = canvas.getContext('2d');
  if (!pen || width === 0) return;
  canvas.width = width * devicePixelRatio;
  canvas.height = height * devicePixelRatio;
  pen.scale(devicePixelRatio, devicePixelRatio);
  const all = buckets(lines, Math.floor(width / STEP));
  const most = Math.max(1, ...all.map((counts) => counts[0] + counts[1] + counts[2]));
  const colours = [color('idle', 0.55), color('warn'), color('bad')];
  all.forEach((counts, place) => {
    let bottom = height;
    counts.forEach((count, kind) => {
      const tall = (count / most) * (height - 4);
      pen.fillStyle = colours[kind];
      pen.fillRect(place * STEP, bottom - tall, BAR, tall);
      bottom -= tall;
    });
  });
}
