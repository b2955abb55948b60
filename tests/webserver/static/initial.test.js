import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldTitle, fresh, initial } from '../../../webserver/static/durapy/form/initial.js';

test('a form starts with the defaults and leaves open what only the user knows', () => {
  const schema = {
    type: 'object',
    required: ['subject'],
    properties: {
      subject: { type: 'string' },
      trials: { type: 'integer', default: 120 },
      label: { anyOf: [{ type: 'string' }, { type: 'null' }] },
      kind: { const: 'sine' },
      video: { type: 'boolean' },
    },
  };

  assert.deepEqual(initial(schema, schema), {
    trials: 120,
    label: null,
    kind: 'sine',
    video: false,
  });
});

test('a default is copied, so that two forms do not share it', () => {
  const schema = { type: 'array', default: [{ x: 1 }] };

  const first = initial(schema, schema);
  first[0].x = 2;

  assert.deepEqual(initial(schema, schema), [{ x: 1 }]);
});

test('a model that holds itself does not unfold for ever', () => {
  const root = {
    $defs: {
      Tree: {
        type: 'object',
        properties: { children: { type: 'array', items: { $ref: '#/$defs/Tree' }, default: [] } },
      },
    },
  };

  assert.deepEqual(initial({ $ref: '#/$defs/Tree' }, root), { children: [] });
});

test('a tuple has a place for each of its values', () => {
  const schema = { type: 'array', prefixItems: [{ type: 'number' }, { type: 'boolean' }] };

  assert.deepEqual(initial(schema, schema), [null, false]);
});

test('what the user asks to be set is never nothing', () => {
  const optional = { anyOf: [{ type: 'integer', minimum: 5 }, { type: 'null' }], default: null };

  assert.equal(fresh(optional, {}), 5);
  assert.equal(fresh({ type: 'number', exclusiveMinimum: 0, multipleOf: 0.5 }, {}), 0.5);
  assert.equal(fresh({ enum: ['left', 'right'] }, {}), 'left');
  assert.equal(fresh({ type: 'string' }, {}), '');
});

test('a title that pydantic made from the name is written as words', () => {
  assert.equal(fieldTitle({ title: 'Inter Trial' }, 'inter_trial'), 'Inter trial');
  assert.equal(fieldTitle({ title: 'Key prefix' }, 'prefix'), 'Key prefix');
  assert.equal(fieldTitle({}, 'n_trials'), 'N trials');
});
