import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { addPerson, addProgram, call, openServer, PASSWORD, type Person, pathOf, type Server } from './callers.ts';

let server: Server;
let administrator: Person;

const FOREIGN_PAGES: Record<string, Record<string, string>> = {
  'another site': { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
  'another site in an old browser': { origin: 'https://evil.example' },
  'a sandboxed frame': { origin: 'null' },
  'another port of this machine': { origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site' },
  'the same name by another scheme': { origin: 'https://127.0.0.1' },
  'a name that begins like ours': { origin: 'http://127.0.0.1.evil.example' },
  'a sibling host': { 'sec-fetch-site': 'same-site' },
  'a page that hides its origin': { 'sec-fetch-site': 'cross-site' },
  'nowhere that is told': {},
};

const FORM_TYPES = [
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'text/plain; application/json',
  'application/xml',
  '',
];

const UPLOAD = 'POST /api/v1/jobs';

function changes() {
  return server.http.routeTable.filter(({ method }) => method !== 'GET');
}

function own(): Record<string, string> {
  return { origin: `http://127.0.0.1:${server.http.address.port}`, 'sec-fetch-site': 'same-origin' };
}

async function snapshot() {
  const { db } = server.test.context;
  return {
    users: await db.selectFrom('users').selectAll().execute(),
    tokens: await db.selectFrom('api_tokens').select(['id', 'name', 'role']).execute(),
    journal: await db.selectFrom('journal').select(['id', 'type']).execute(),
    queues: await db.selectFrom('queues').selectAll().execute(),
    connections: await db.selectFrom('connections').selectAll().execute(),
  };
}

describe('changes from foreign pages', () => {
  before(async () => {
    server = await openServer();
    administrator = await addPerson(server, 'administrator');
  });
  after(async () => await server[Symbol.asyncDispose]());

  test('no route that changes something takes it from a foreign page, whatever the content type', async () => {
    assert.ok(changes().length > 10);
    for (const { method, url } of changes()) {
      for (const [page, headers] of Object.entries(FOREIGN_PAGES)) {
        for (const type of ['application/json', 'text/plain']) {
          const cookie = administrator.headers.cookie ?? '';
          const answer = await call(server, method, pathOf(url), {
            headers: { ...headers, cookie, 'content-type': type },
            text: '{}',
          });
          assert.equal(answer.json.code, 'cross-site-request', `${method} ${url} from ${page} as ${type}`);
        }
      }
    }
  });

  test('no route takes a body that a form of another site could send', async () => {
    for (const { method, url } of changes()) {
      for (const type of FORM_TYPES) {
        const headers = { ...administrator.headers, ...(type === '' ? {} : { 'content-type': type }) };
        const answer = await call(server, method, pathOf(url), { headers, text: '{"a":1}' });
        if (`${method} ${url}` === UPLOAD && type.startsWith('multipart')) {
          // Files come as a form sends them, but with a header that no form can set: without it nothing is read.
          assert.equal(answer.status, 400, `${type}: ${answer.text}`);
          assert.match(answer.text, /Idempotency-Key/);
          continue;
        }
        assert.equal(answer.status, 415, `${method} ${url} as ${type || 'no type'}: ${answer.text}`);
        assert.equal(answer.json.code, 'wrong-content-type');
      }
    }
  });

  test('a foreign page cannot sign somebody in or make the first run, even without a cookie', async () => {
    for (const path of ['/api/v1/sessions', '/api/v1/first-run']) {
      const body = { email: 'ada@contoso.example', password: PASSWORD, setupToken: 'x', name: 'Ada' };
      const headers = { origin: 'https://evil.example' };
      assert.equal((await call(server, 'POST', path, { headers, body })).json.code, 'cross-site-request');
    }
  });

  test('our own page may, by every name that the server answers to', async () => {
    const { port } = server.http.address;
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`]) {
      const headers = { ...administrator.headers, host, origin: `http://${host}` };
      const body = { language: 'it' };
      assert.equal((await call(server, 'PATCH', '/api/v1/sessions/current', { headers, body })).status, 200);
    }
    const mixed = { ...administrator.headers, host: `localhost:${port}`, ...own() };
    const answer = await call(server, 'PATCH', '/api/v1/sessions/current', {
      headers: mixed,
      body: { language: 'it' },
    });
    assert.equal(answer.json.code, 'cross-site-request');
  });

  test('a program with a token needs no page, but a foreign page cannot use one either', async () => {
    const headers = await addProgram(server, 'administrator');
    const body = { name: 'ci', role: 'operator' };
    assert.equal((await call(server, 'POST', '/api/v1/tokens', { headers, body })).status, 201);
    const foreign = { ...headers, origin: 'https://evil.example' };
    assert.equal((await call(server, 'POST', '/api/v1/tokens', { headers: foreign, body })).status, 403);
  });

  test('nothing is changed by GET, and no answer allows another origin to read it', async () => {
    const before = await snapshot();
    for (const { url } of server.http.routeTable.filter(({ method }) => method === 'GET')) {
      if (url.endsWith('/events')) continue;
      const headers = { cookie: administrator.headers.cookie ?? '', origin: 'https://evil.example' };
      const answer = await call(server, 'GET', pathOf(url), { headers });
      assert.equal(answer.headers['access-control-allow-origin'], undefined, url);
      assert.equal(answer.headers['cross-origin-resource-policy'], 'same-origin', url);
    }
    assert.deepEqual(await snapshot(), before);
  });

  test('a preflight gets no permission', async () => {
    for (const { url } of changes()) {
      const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
      const answer = await call(server, 'OPTIONS', pathOf(url), { headers });
      assert.equal(answer.status, 404);
      assert.equal(answer.headers['access-control-allow-origin'], undefined);
      assert.equal(answer.headers['access-control-allow-methods'], undefined);
    }
  });
});
