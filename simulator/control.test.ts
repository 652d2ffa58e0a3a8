import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Control, startControl } from './control.ts';
import { ask } from './testing.ts';

let control: Control;

before(async () => {
  control = await startControl();
  control.registerControl({ method: 'POST', path: '/echo', handler: (body) => body });
  control.registerControl({ method: 'GET', path: '/echo', handler: (query) => query });
  control.registerControl({
    method: 'POST',
    path: '/fails',
    handler: () => {
      throw new TypeError('paper is a text');
    },
  });
});
after(() => control.close());

test('a registered route gets the JSON body, or the query of a GET', async () => {
  const posted = await ask(`${control.url}/echo`, { method: 'POST', body: '{"a":[1]}' });
  assert.deepEqual(posted.json, { a: [1] });
  assert.deepEqual((await ask(`${control.url}/echo?a=1&b=x%40y`)).json, { a: '1', b: 'x@y' });
  assert.deepEqual((await ask(`${control.url}/echo`, { method: 'POST' })).json, {});
});

test('the root lists the routes', async () => {
  const { json } = await ask(`${control.url}/`);
  assert.deepEqual(json.routes, ['GET /', 'GET /echo', 'POST /echo', 'POST /fails']);
});

test('what a handler refuses is told to the caller', async () => {
  const { status, json } = await ask(`${control.url}/fails`, { method: 'POST' });
  assert.deepEqual([status, json.error], [400, 'paper is a text']);
});

test('a body that is no JSON object and an unknown route are refused', async () => {
  for (const body of ['[1]', 'null', '{', '"x"']) {
    assert.equal((await ask(`${control.url}/echo`, { method: 'POST', body })).status, 400);
  }
  assert.equal((await ask(`${control.url}/none`)).status, 404);
  assert.equal((await ask(`${control.url}/fails`)).status, 404);
});

test('another host name and a browser of another site are refused', async () => {
  const rebound = await ask(`${control.url}/`, { headers: { host: 'evil.example' } });
  assert.equal(rebound.status, 421);
  const site = await ask(`${control.url}/echo`, { method: 'POST', headers: { origin: 'https://evil.example' } });
  assert.equal(site.status, 403);
});
