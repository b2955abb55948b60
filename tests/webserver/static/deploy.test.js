import assert from 'node:assert/strict';
import { test } from 'node:test';
import { condition, isTold, logOf, place, stepsOf } from '../../../webserver/pages/deploy/model.js';

const T0 = Date.parse('2026-11-24T08:00:00Z');

const news = (
  /** @type {string} */ step,
  /** @type {number} */ at_s,
  /** @type {object} */ rest = {},
) =>
  /** @type {any} */ ({
    step,
    at: new Date(T0 + at_s * 1000).toISOString(),
    state: 'requested',
    message: '',
    lines: [],
    ...rest,
  });

const deployed = (/** @type {object} */ rest = {}) =>
  /** @type {any} */ ({ state: 'running', exit_code: null, restarts: 0, healthy: true, ...rest });

const states = (/** @type {any[]} */ all, now_s = 100) =>
  stepsOf(all, T0 + now_s * 1000).map(({ state, took_s }) => [state, took_s]);

test('a rollout under way shows what is done, what is busy and for how long', () => {
  const shown = states([news('resolve', 0), news('build', 2), news('build', 3)], 10);

  assert.deepEqual(shown.slice(0, 3), [
    ['ok', 2],
    ['busy', 8],
    ['todo', null],
  ]);
});

test('the step in which a rollout failed is the bad one', () => {
  const shown = states([
    news('resolve', 0),
    news('build', 1),
    news('start', 5),
    news('undone', 6),
    news('', 7, { state: 'failed' }),
  ]);

  assert.deepEqual(shown[2], ['bad', 1]);
  assert.deepEqual(shown[3], ['todo', null]);
});

test('a step that a finished rollout did not need is not called open', () => {
  const all = ['resolve', 'build', 'switch', 'start', 'watch', 'done'].map((s, i) => news(s, i));

  const shown = states([...all, news('', 6, { state: 'done' })]);

  assert.deepEqual(
    shown.map(([state]) => state),
    ['ok', 'ok', 'ok', 'idle', 'ok', 'ok'],
  );
});

test('the log names what was done, marks what was cached and what went wrong', () => {
  const lines = logOf([
    news('build', 0, { message: 'building', lines: ['RUN x CACHED', 'ERROR: no'] }),
    news('undone', 1, { message: 'it ended', lines: ['Traceback'] }),
  ]);

  assert.deepEqual(
    lines.map(({ text, kind }) => [text, kind]),
    [
      ['building', 'head'],
      ['RUN x CACHED', 'good'],
      ['ERROR: no', 'bad'],
      ['it ended', 'bad'],
      ['Traceback', 'bad'],
    ],
  );
});

test('a process that ended by itself is told from one that was stopped', () => {
  const word = (/** @type {object} */ rest) => condition(deployed(rest), null).word;

  assert.equal(word({ state: 'stopped', exit_code: 0 }), 'Stopped');
  assert.equal(word({ state: 'stopped', exit_code: 143 }), 'Stopped');
  assert.equal(word({ state: 'stopped', exit_code: 1 }), 'Exited 1');
  assert.equal(word({ state: 'waiting', restarts: 4 }), 'Crashes, restarted 4 times');
  assert.equal(word({ healthy: false }), 'Unhealthy');
  assert.equal(word({}), 'Up');
});

test('how a revision stands to the checkout is said in words', () => {
  const at = (/** @type {number | null} */ ahead, /** @type {number | null} */ behind) =>
    place(deployed({ ahead, behind }), /** @type {any} */ ({ branch: 'main' }));

  assert.equal(at(0, 0), 'up to date');
  assert.equal(at(2, 0), 'main is 2 ahead');
  assert.equal(at(1, 3), 'main is 1 ahead, 3 behind');
  assert.equal(at(null, null), '');
});

test('what nobody has told for a while counts as not told', () => {
  assert.equal(isTold(/** @type {any} */ ({ age_s: 2 })), true);
  assert.equal(isTold(/** @type {any} */ ({ age_s: 60 })), false);
  assert.equal(isTold(/** @type {any} */ ({ age_s: null })), false);
  assert.equal(isTold(null), false);
});
