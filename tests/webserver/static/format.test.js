import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ago, hms, ms, pairs, shortRevision } from '../../../webserver/static/durapy/format.js';

test('an elapsed time runs on past a day', () => {
  assert.equal(hms(4368.9), '01:12:48');
  assert.equal(hms(360_000), '100:00:00');
});

test('a length of time has the unit that fits it', () => {
  assert.deepEqual([0.62, 45.4, 4440, 15_120, 259_200].map(ago), [
    '0.6 s',
    '45 s',
    '74 min',
    '4.2 h',
    '3.0 d',
  ]);
});

test('handler times keep two figures and none is a dash', () => {
  assert.deepEqual([0.00042, 0.0028, 0.036, null].map(ms), ['0.42 ms', '2.8 ms', '36 ms', '–']);
  assert.deepEqual([0, 0.000004, 0.000006].map(ms), ['0.00 ms', '< 0.01 ms', '0.01 ms']);
});

test('a revision is shortened only where it is a hash', () => {
  assert.equal(shortRevision('a41f9c2d3e4f5a6b7c8d9e0f1a2b3c4d5e6f7a8b-dirty'), 'a41f9c2-dirty');
  assert.equal(shortRevision('v2.4.0'), 'v2.4.0');
});

test('a body on one line is cut, and its text stays text', () => {
  const [[name, value]] = pairs({ key: `<script>${'x'.repeat(10_000)}` });

  assert.equal(name, 'key');
  assert.ok(value.startsWith('<script>'));
  assert.ok(value.length < 200);
  assert.deepEqual(pairs(null), []);
});
