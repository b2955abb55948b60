import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldProblem, parseNumber } from '../../../webserver/static/durapy/form/check.js';

test('limits of a number are told in words', () => {
  const schema = { type: 'integer', minimum: 1, exclusiveMaximum: 10 };

  assert.equal(fieldProblem(schema, 0, true), 'At least 1');
  assert.equal(fieldProblem(schema, 10, true), 'Less than 10');
  assert.equal(fieldProblem(schema, 1.5, true), 'A whole number');
  assert.equal(fieldProblem(schema, 5, true), '');
});

test('a multiple is judged as people count, not as floats do', () => {
  assert.equal(fieldProblem({ type: 'number', multipleOf: 0.1 }, 0.3, true), '');
  assert.equal(fieldProblem({ type: 'number', multipleOf: 0.1 }, 0.35, true), 'A multiple of 0.1');
});

test('a number with more digits than a browser keeps is refused rather than changed', () => {
  assert.match(fieldProblem({ type: 'integer' }, 2 ** 60, true), /command line/);
});

test('an empty field is a problem only where a value is required', () => {
  assert.equal(fieldProblem({ type: 'string' }, undefined, true), 'Required');
  assert.equal(fieldProblem({ type: 'string' }, undefined, false), '');
  assert.equal(fieldProblem({}, null, true), '');
});

test('a text is counted in characters and matched anywhere, as the schema says', () => {
  assert.equal(fieldProblem({ type: 'string', maxLength: 1 }, '🧠', true), '');
  assert.equal(fieldProblem({ type: 'string', pattern: 'b' }, 'abc', true), '');
  assert.equal(
    fieldProblem({ type: 'string', pattern: '^\\d$', examples: ['7'] }, 'x', true),
    'Does not match, try 7',
  );
});

test('a pattern that the browser cannot read is left to the server', () => {
  assert.equal(fieldProblem({ type: 'string', pattern: '(?P<a>x' }, 'y', true), '');
});

test('a number is read with a point or a comma, and nothing else is a number', () => {
  assert.equal(parseNumber(' 0,2 '), 0.2);
  assert.equal(parseNumber('-.5e3'), -500);
  assert.equal(parseNumber(''), undefined);
  for (const text of ['abc', '1.2.3', '0x10', 'Infinity', '1e999', '1 2'])
    assert.ok(Number.isNaN(parseNumber(text)), text);
});
