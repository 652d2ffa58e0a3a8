import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { addPerson, call, openServer } from '../../test/attacks/callers.ts';
import { eventually } from '../../test/harness/time.ts';
import { PlatenError } from '../base/errors.ts';
import { updateUser } from '../users/users.ts';
import { mountedRoutes, type RouteModule } from './mount.ts';

const failing: RouteModule = async (app, context) => {
  const open = { config: { role: 'public' } } as const;
  app.get('/refused', open, () => {
    throw new PlatenError('printer-refused', 'the printer refused the job', {
      remote: 'client-error-document-format-not-supported',
      facts: { status: 1034 },
      retryAfterSeconds: 7,
    });
  });
  app.get('/wrong', open, () => {
    throw new TypeError('Cannot read the file /etc/passwd');
  });
  app.get('/killed', open, async () => await sql`SELECT pg_terminate_backend(pg_backend_pid())`.execute(context.db));
  app.get('/thrown-text', open, () => {
    throw 'just a text';
  });
};
const options = { routes: [...mountedRoutes, failing] };

test('a problem has the fields of RFC 9457 and ours', async () => {
  await using server = await openServer(options);
  const { headers } = await addPerson(server, 'user');
  const answer = await call(server, 'GET', '/api/v1/refused', { headers });
  assert.equal(answer.status, 502);
  assert.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8');
  assert.equal(answer.headers['retry-after'], '7');
  const { instance, advice, title, ...rest } = answer.json;
  assert.match(String(instance), /^urn:uuid:[\da-f-]{36}$/);
  assert.ok(String(advice).length > 10 && String(title).length > 5);
  assert.deepEqual(rest, {
    type: 'urn:platen:error:printer-refused',
    status: 502,
    detail: 'the printer refused the job',
    code: 'printer-refused',
    temporary: false,
    remote: 'client-error-document-format-not-supported',
    facts: { status: 1034 },
  });
});

test('title and advice are in the language that is asked for, else in the user’s own', async () => {
  await using server = await openServer(options);
  const { headers, id } = await addPerson(server, 'user');
  await updateUser(server.test.context, id, { language: 'it' }, 'test');
  const title = async (more: Record<string, string>) =>
    (await call(server, 'GET', '/api/v1/nothing', { headers: { ...more } })).json.title;
  const forbidden = async (more: Record<string, string>) => {
    const answer = await call(server, 'GET', '/api/v1/users', { headers: { ...headers, ...more } });
    return [answer.headers['content-language'], answer.json.title];
  };
  assert.equal(await title({}), 'Not found');
  assert.equal(await title({ 'accept-language': 'it-CH, en;q=0.5' }), 'Non trovato');
  assert.equal(await title({ 'accept-language': 'fr' }), 'Not found');
  assert.deepEqual(await forbidden({}), ['it', 'Non puoi farlo']);
  assert.deepEqual(await forbidden({ 'accept-language': 'en' }), ['en', 'You may not do this']);
});

test('a request that is not valid names the fields', async () => {
  await using server = await openServer(options);
  const { headers } = await addPerson(server, 'administrator');
  const body = { email: 'not an address', role: 'king' };
  const answer = await call(server, 'POST', '/api/v1/users', { headers, body });
  assert.deepEqual([answer.status, answer.json.code], [400, 'invalid-request']);
  const fields = (answer.json.fields as { field: string }[]).map(({ field }) => field);
  assert.deepEqual(fields.sort(), ['email', 'name', 'role']);
});

test('JSON that cannot be read, or that reaches for prototypes, is refused', async () => {
  await using server = await openServer(options);
  const headers = { 'content-type': 'application/json' };
  for (const text of ['{', '', '{"__proto__": {"role": "administrator"}}', '[]', 'null', '"x"', '{"a":1}x']) {
    const answer = await call(server, 'POST', '/api/v1/sessions', { headers, text });
    assert.deepEqual([answer.status, answer.json.code], [400, 'invalid-request'], text);
  }
});

test('what fails inside is told as such, without a word of the inside', async () => {
  await using server = await openServer(options);
  const { headers } = await addPerson(server, 'administrator');
  for (const path of ['/api/v1/wrong', '/api/v1/thrown-text']) {
    const answer = await call(server, 'GET', path, { headers });
    assert.deepEqual([answer.status, answer.json.code], [500, 'internal-error']);
    assert.doesNotMatch(answer.text, /passwd|TypeError|just a text/);
  }
  assert.match(server.test.logLines.join(''), /passwd/);
});

test('a database that goes away is temporary, and the next request is served', async () => {
  await using server = await openServer(options);
  const answer = await call(server, 'GET', '/api/v1/killed');
  assert.deepEqual([answer.status, answer.json.code, answer.json.temporary], [503, 'database-unavailable', true]);
  // The pool learns of the lost connection a moment later than we do.
  await eventually(async () => (await call(server, 'GET', '/readyz')).status === 200);
});

test('who is not signed in is told how to authenticate', async () => {
  await using server = await openServer(options);
  const wrong = ['Bearer platen_x', 'Bearer', 'Basic YTpi', 'Bearer a b', `Bearer ${'x'.repeat(5000)}`];
  for (const authorization of [undefined, ...wrong]) {
    const headers = authorization === undefined ? {} : { authorization };
    const answer = await call(server, 'GET', '/api/v1/users', { headers });
    assert.deepEqual([answer.status, answer.json.code], [401, 'unauthenticated']);
    assert.equal(answer.headers['www-authenticate'], 'Bearer realm="platen"');
  }
});
