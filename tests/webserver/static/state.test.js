import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FormState, put } from '../../../webserver/static/durapy/form/state.js';

const NUMBER = { type: 'number', minimum: 1 };
const make = (/** @type {any} */ value) => new FormState({}, value, () => {});

test('a value is put in its place and the rest is left as it was', () => {
  const before = { a: [{ x: 1 }, { x: 2 }], b: 3 };

  const after = put(before, ['a', 1, 'x'], 9);

  assert.deepEqual(after, { a: [{ x: 1 }, { x: 9 }], b: 3 });
  assert.equal(before.a[1].x, 2);
  assert.equal(after.a[0], before.a[0]);
});

test('a value taken out leaves its name, which JSON does not carry', () => {
  const after = put({ a: 1 }, ['a'], undefined);

  assert.deepEqual(Object.keys(after), ['a']);
  assert.equal(JSON.stringify(after), '{}');
});

test('a problem shows only once its field was touched, and all of them on request', () => {
  const state = make({ n: 0 });

  assert.equal(state.problem(['n'], NUMBER, 0, true), '');
  state.settle(['n']);
  assert.equal(state.problem(['n'], NUMBER, 0, true), 'At least 1');
  assert.equal(state.problem(['m'], NUMBER, undefined, true), '');
  state.touchAll();
  assert.equal(state.problem(['m'], NUMBER, undefined, true), 'Required');
});

test('what the server refused shows at its field until that field is changed', () => {
  const state = make({ n: 5 });
  state.touchAll();
  state.refuse([{ loc: ['n'], msg: 'Too many today' }]);
  assert.equal(state.problem(['n'], NUMBER, 5, true), 'Too many today');

  state.set(['n'], 4);

  assert.equal(state.problem(['n'], NUMBER, 4, true), '');
});

test('what the server refused at no field of the form is not lost', () => {
  const state = make({});
  state.refuse([{ loc: [], msg: 'Not now' }]);

  assert.deepEqual(state.stray(new Set(['["n"]'])), [{ loc: [], msg: 'Not now' }]);
});

test('a text that is no value yet stays as it is typed', () => {
  const state = make({ n: 5 });

  state.type(['n'], '5e', 'Not a number');
  state.settle(['n']);

  assert.equal(state.typed(['n']), '5e');
  assert.equal(state.problem(['n'], NUMBER, 5, true), 'Not a number');
});

test('replacing a list forgets what was typed in its rows', () => {
  const state = make({ rows: [1, 2] });
  state.type(['rows', 1], 'x', 'Not a number');

  state.replace(['rows'], [2]);

  assert.equal(state.typed(['rows', 1]), undefined);
});

test('a chosen branch stays chosen while its value fits another one', () => {
  const union = { anyOf: [{ type: 'integer' }, { type: 'number' }] };
  const state = make({ v: 1 });

  state.choose(['v'], 1, 0);

  assert.equal(state.choice(['v'], union, 0), 1);
});
