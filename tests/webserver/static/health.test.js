import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Recent } from '../../../webserver/pages/dashboard/recent.js';
import { concerns, health, rowsOf } from '../../../webserver/static/durapy/health.js';

const service = (/** @type {object} */ rest = {}) =>
  /** @type {any} */ ({
    service: 'ponger',
    replica: 'ponger-1',
    state: 'idle',
    up: true,
    age_s: 0.4,
    failed: 0,
    invalid: 0,
    p99_s: 0.002,
    ...rest,
  });

test('a service that was stopped is not called down', () => {
  assert.equal(health(service({ up: false, state: 'stopped' })).word, 'Stopped');
  assert.equal(health(service({ up: false, state: 'in_session', age_s: 9 })).word, 'Down');
});

test('a late heartbeat and a long handler are warnings', () => {
  assert.deepEqual(health(service({ state: 'standby' })), { state: 'idle', word: 'Standby' });
  assert.deepEqual(health(service({ fault: 'no controller' })), { state: 'bad', word: 'Fault' });
  assert.deepEqual(health(service({ age_s: 2.5 })), { state: 'warn', word: 'Late' });
  assert.deepEqual(health(service({ state: 'busy', busy_s: 4.2 })), {
    state: 'warn',
    word: 'Busy 4 s',
  });
});

test('of a service that runs, its dead replicas are not shown', () => {
  const old = service({ replica: 'ponger-0', up: false, state: 'stopped' });
  const gone = service({ service: 'valve', replica: 'valve-1', up: false, state: 'stopped' });

  const rows = rowsOf([service(), gone, old]).map(({ replica }) => replica);

  assert.deepEqual(rows, ['ponger-1', 'valve-1']);
});

test('a stopped service is of concern only while its session is open', () => {
  const stopped = service({ up: false, state: 'stopped' });

  assert.equal(concerns([stopped], []).length, 0);
  assert.equal(concerns([stopped], ['ponger'])[0].state, 'bad');
});

test('what is down comes before what merely failed', () => {
  const failed = service({ failed: 1 });
  const down = service({ service: 'valve', replica: 'valve-1', up: false, age_s: 60 });

  const found = concerns([failed, down], []);

  assert.deepEqual(
    found.map(({ service: name }) => name),
    ['valve', 'ponger'],
  );
});

test('what failed is named by its newest record, which is an act away', () => {
  const replica = service({
    failed: 3,
    invalid: 1,
    last_failed: { key: '7-0', type: 'PING' },
    last_invalid: { key: '9-0', type: null },
  });

  const found = concerns([replica], []).map(({ text, act, record }) => [text, act, record]);

  assert.deepEqual(found, [
    ['3 handlers failed since it started, last on PING.', 'record', '7-0'],
    [
      '1 record could not be read since it started, last on a record without a type.',
      'record',
      '9-0',
    ],
  ]);
});

test('a service of an earlier version, which names no record, leads to its log', () => {
  const [{ text, act }] = concerns([service({ failed: 1 })], []);

  assert.deepEqual([text, act], ['1 handler failed since it started.', 'log']);
});

test('the age of a heartbeat goes on while nothing is heard', () => {
  let now_ms = 0;
  const recent = new Recent(() => now_ms);
  recent.hear([service({ age_s: 0.5 })]);

  now_ms = 2000;
  recent.tick();

  assert.equal(recent.of(service()).age_s, 2.5);
  assert.deepEqual(recent.of(service()).ages_s, [2.5]);
  assert.deepEqual(recent.of(service()).p99_s, [0.002]);
});
