import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deliver } from '../../../webserver/static/durapy/deliver.js';

const never = () => new Promise(() => {});
const refuse = (text) => () => Promise.reject(new Error(text));

test('a socket that answers in time is enough', async () => {
  let asked = 0;
  const request = async () => ++asked;
  assert.equal(await deliver({ socket: async () => 'ack', request }), 'ack');
  assert.equal(asked, 0);
});

test('a silent socket is overtaken by a request', async () => {
  const answer = await deliver({
    socket: never,
    request: async () => 'by request',
    patience_ms: 20,
  });
  assert.equal(answer, 'by request');
});

test('a socket that refuses is not waited for', async () => {
  const answer = await deliver({
    socket: refuse('not connected'),
    request: async () => 'by request',
    patience_ms: 1e8,
  });
  assert.equal(answer, 'by request');
});

test('a late answer of the socket counts if the request fails', async () => {
  const late = () => new Promise((resolve) => setTimeout(resolve, 60, 'late'));
  const answer = await deliver({ socket: late, request: refuse('no answer'), patience_ms: 10 });
  assert.equal(answer, 'late');
});

test('when neither way works the reason is that of the request', async () => {
  await assert.rejects(
    deliver({ socket: refuse('not connected'), request: refuse('no answer'), patience_ms: 10 }),
    /no answer/,
  );
});
