import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asPython, asShell } from '../../../webserver/pages/commands/copying.js';

const record = (type, body) => ({ type, body, raw: null });

test('a command without fields is the shortest line', () => {
  assert.equal(asShell(record('END_SESSION', {})), 'durapy send END_SESSION');
  assert.equal(asPython(record('END_SESSION', {})), 'ctx.send(EndSessionCommand())');
});

test('a quote in a value does not end the shell word', () => {
  assert.equal(asShell(record('PING', { key: "it's" })), `durapy send PING '{"key":"it'\\''s"}'`);
});

test('values are written as Python writes them', () => {
  const body = { on: true, off: false, none: null, n: 1.5, list: [1, 'a'], at: { x: 1 } };
  assert.equal(
    asPython(record('START_BLOCK', body)),
    'ctx.send(StartBlockCommand(on=True, off=False, none=None, n=1.5, list=[1, "a"], at={"x": 1}))',
  );
});

test('a field that cannot be a name goes by a dictionary', () => {
  assert.equal(
    asPython(record('PING', { class: 1, 'a-b': 2 })),
    'ctx.send(PingCommand(**{"class": 1, "a-b": 2}))',
  );
});
