import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineList, passes, toLine } from '../../../webserver/pages/logs/lines.js';

const ALL = {
  levels: new Set(['error', 'warning', 'info', 'debug']),
  services: null,
  text: '',
};

/** @param {number} n @param {object} [more] */
const line = (n, more = {}) => ({
  key: String(n),
  time: new Date(n * 1000).toISOString(),
  level: 'INFO',
  service: 'camera',
  replica: null,
  record: null,
  message: `line ${n}`,
  fields: {},
  exception: null,
  ...more,
});

/** @param {number} from @param {number} to */
const lines = (from, to) => Array.from({ length: to - from }, (_, i) => line(from + i));

/** @param {readonly {key: string}[]} list */
const keys = (list) => list.map(({ key }) => Number(key));

test('a filter looks at level, service, message, fields and traceback', () => {
  const one = toLine(
    line(1, { level: 'CRITICAL', fields: { gain: 2.5 }, exception: 'ValueError: No' }),
  );

  assert.ok(passes(one, { ...ALL, levels: new Set(['error']) }));
  assert.ok(!passes(one, { ...ALL, levels: new Set(['info']) }));
  assert.ok(!passes(one, { ...ALL, services: new Set(['dog']) }));
  for (const text of ['LINE', 'gain=2.5', 'valueerror']) assert.ok(passes(one, { ...ALL, text }));
  assert.ok(!passes(one, { ...ALL, text: 'nowhere' }));
});

test('each line is there once, whoever tells of it', () => {
  const list = new LineList(ALL);
  list.replace(lines(10, 20));
  list.arrive(lines(15, 25));
  list.prepend(lines(5, 12));

  assert.deepEqual(keys(list.lines), keys(lines(5, 25)));
});

test('the oldest lines are let go, a tenth at a time', () => {
  const list = new LineList(ALL, 100);
  for (let n = 0; n < 1000; n += 7) list.arrive(lines(n, n + 7));

  assert.ok(list.lines.length <= 110);
  assert.ok(list.lines.length >= 100);
  assert.deepEqual(list.view, list.lines);
  assert.equal(list.lines.at(-1)?.key, '1000');
});

test('paused, it holds still and counts; then it goes on where it was', () => {
  const list = new LineList(ALL);
  list.arrive(lines(0, 3));
  list.paused = true;
  list.arrive(lines(3, 8));

  assert.deepEqual(keys(list.view), [0, 1, 2]);
  assert.equal(list.fresh, 5);

  list.follow();
  assert.deepEqual(keys(list.view), keys(lines(0, 8)));
  assert.equal(list.fresh, 0);
});

test('newer lines are put behind also while it holds still', () => {
  const list = new LineList(ALL);
  list.arrive(lines(0, 3));
  list.paused = true;
  list.extend(lines(2, 6));

  assert.deepEqual(keys(list.view), keys(lines(0, 6)));
  assert.equal(list.fresh, 0);
});

test('a changed filter looks at all lines anew', () => {
  const list = new LineList({ ...ALL, text: '7' });
  list.arrive(lines(0, 20));
  assert.deepEqual(keys(list.view), [7, 17]);

  list.filter = { ...ALL, text: '19' };
  assert.deepEqual(keys(list.view), [19]);
});

test('a moment is found by the first line at or after it', () => {
  const list = new LineList(ALL);
  list.arrive(lines(0, 10));

  assert.equal(list.indexAt(3500), 4);
  assert.equal(list.indexAt(99_000), 10);
});
