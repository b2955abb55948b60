import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  branches,
  fits,
  pickBranch,
  resolve,
} from '../../../webserver/static/durapy/form/schema.js';

const ROOT = {
  $defs: {
    Point: { type: 'object', properties: { x: { type: 'number' } }, required: ['x'] },
    Loop: { $ref: '#/$defs/Loop' },
    'a/b': { type: 'boolean' },
    Sine: { type: 'object', properties: { kind: { const: 'sine' } } },
    Train: { type: 'object', properties: { kind: { const: 'train' } } },
  },
};

test('a reference is followed and what stands beside it wins', () => {
  const { schema } = resolve({ $ref: '#/$defs/Point', description: 'here' }, ROOT);

  assert.equal(schema.type, 'object');
  assert.equal(schema.description, 'here');
});

test('a reference with an escaped name is followed', () => {
  assert.equal(resolve({ $ref: '#/$defs/a~1b' }, ROOT).schema.type, 'boolean');
});

test('a reference to itself or to nothing ends', () => {
  assert.ok(resolve({ $ref: '#/$defs/Loop' }, ROOT));
  assert.deepEqual(resolve({ $ref: '#/$defs/Gone' }, ROOT).schema, {});
});

test('an optional value is its type, and nullable', () => {
  const { schema, nullable } = resolve(
    { anyOf: [{ type: 'integer', minimum: 0 }, { type: 'null' }], default: null },
    ROOT,
  );

  assert.equal(nullable, true);
  assert.equal(schema.type, 'integer');
  assert.equal(schema.minimum, 0);
  assert.equal(schema.default, null);
});

test('an optional union keeps its other branches', () => {
  const { schema, nullable } = resolve(
    { anyOf: [{ type: 'integer' }, { type: 'string' }, { type: 'null' }] },
    ROOT,
  );

  assert.equal(nullable, true);
  assert.deepEqual(
    branches(schema, ROOT).map(({ type }) => type),
    ['integer', 'string'],
  );
});

test('a list of types with null is an optional value', () => {
  const { schema, nullable } = resolve({ type: ['string', 'null'] }, ROOT);

  assert.equal(nullable, true);
  assert.equal(schema.type, 'string');
});

test('the branch of a tagged union is chosen by its tag', () => {
  const union = {
    discriminator: { propertyName: 'kind' },
    oneOf: [{ $ref: '#/$defs/Sine' }, { $ref: '#/$defs/Train' }],
  };

  assert.equal(pickBranch(union, { kind: 'train' }, ROOT), 1);
  assert.equal(pickBranch(union, { kind: 'other' }, ROOT), 0);
  assert.equal(pickBranch(union, undefined, ROOT), 0);
});

test('the branch of a plain union is the first that the value fits', () => {
  const union = { anyOf: [{ type: 'integer' }, { type: 'string' }, { $ref: '#/$defs/Point' }] };

  assert.equal(pickBranch(union, 3, ROOT), 0);
  assert.equal(pickBranch(union, 'many', ROOT), 1);
  assert.equal(pickBranch(union, { x: 1 }, ROOT), 2);
});

test('a value fits by type, names and choices, whatever its limits', () => {
  assert.equal(fits({ type: 'integer', maximum: 1 }, 9, ROOT), true);
  assert.equal(fits({ type: 'integer' }, 1.5, ROOT), false);
  assert.equal(fits({ $ref: '#/$defs/Point' }, {}, ROOT), false);
  assert.equal(fits({ enum: ['a'] }, 'b', ROOT), false);
  assert.equal(fits({ type: 'array', items: { type: 'string' } }, ['a', 1], ROOT), false);
  assert.equal(
    fits({ type: 'object', properties: {}, additionalProperties: false }, { a: 1 }, ROOT),
    false,
  );
});
