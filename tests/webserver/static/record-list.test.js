import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passes, RecordList } from '../../../webserver/pages/commands/record-list.js';

const record = (/** @type {number} */ n, /** @type {object} */ rest = {}) =>
  /** @type {any} */ ({ key: `k${n}`, type: 'PING', sender: 'pinger', body: { n }, ...rest });
const keys = (/** @type {RecordList} */ list) => list.records.map(({ key }) => key);

test('what arrives while the newest page is on its way is there once', () => {
  const list = new RecordList();
  list.expectPage();
  list.arrive(record(2));
  list.arrive(record(3));

  list.begin({ records: [record(2), record(1)], before: null });

  assert.deepEqual(keys(list), ['k3', 'k2', 'k1']);
});

test('a paused list holds still, counts, and then shows what it held', () => {
  const list = new RecordList();
  list.begin({ records: [record(1)], before: null });
  list.paused = true;

  list.arrive(record(2));
  list.arrive(record(3));

  assert.deepEqual(keys(list), ['k1']);
  assert.equal(list.fresh, 2);
  assert.equal(list.follow(), true);
  assert.deepEqual(keys(list), ['k3', 'k2', 'k1']);
  assert.equal(list.fresh, 0);
});

test('after a long pause the newest page has to be asked for', () => {
  const list = new RecordList();
  list.paused = true;
  for (let n = 0; n < 1000; n++) list.arrive(record(n));

  assert.equal(list.follow(), false);
});

test('older pages are joined without gap or repeat', () => {
  const list = new RecordList();
  list.begin({ records: [record(5), record(4)], before: 'k4' });
  list.arrive(record(6));

  list.addOlder({ records: [record(4), record(3), record(2)], before: null });

  assert.deepEqual(keys(list), ['k6', 'k5', 'k4', 'k3', 'k2']);
  assert.equal(list.before, null);
});

test('a list that follows stays short, and what it gives up can be paged to', () => {
  const list = new RecordList();
  list.begin({ records: [record(0)], before: null });

  for (let n = 1; n <= 2000; n++) list.arrive(record(n));

  assert.ok(list.records.length <= 120);
  assert.notEqual(list.before, null);
  assert.equal(keys(list)[0], 'k2000');
});

test('in a rush a list keeps no more than can be seen, and all again when it is calm', () => {
  const list = new RecordList();
  list.begin({ records: [], before: null });

  for (let n = 1; n <= 50; n++) list.arrive(record(n));
  list.settle(20);
  const inRush = keys(list);
  for (let n = 51; n <= 150; n++) {
    list.arrive(record(n));
    list.settle(20);
  }

  assert.deepEqual([inRush.length, inRush[0], inRush.at(-1)], [20, 'k50', 'k31']);
  assert.equal(list.records.length, 120);
});

test('a list that is being read is not cut', () => {
  const list = new RecordList();
  list.begin({ records: [record(1)], before: 'k1' });
  list.addOlder({ records: [record(0)], before: null });

  for (let n = 2; n <= 1500; n++) list.arrive(record(n));

  assert.ok(keys(list).includes('k0'));
});

test('a filter asks for type and sender as they are and for text anywhere', () => {
  const all = { type: '', sender: '', text: '' };

  assert.ok(passes(record(1), all));
  assert.ok(!passes(record(1), { ...all, type: 'PONG' }));
  assert.ok(!passes(record(1), { ...all, sender: 'ping' }));
  assert.ok(passes(record(7), { ...all, text: 'PINGER' }));
  assert.ok(passes(record(1, { body: null, raw: 'not JSON' }), { ...all, text: 'json' }));
});
