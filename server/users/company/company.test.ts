import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addPerson, browserHeaders, call, openServer, PASSWORD } from '../../../test/attacks/callers.ts';
import { prepareFirstRun } from '../users.ts';

async function firstRun(more: Readonly<Record<string, unknown>>) {
  const server = await openServer();
  const { setupToken } = await prepareFirstRun(server.test.context);
  const body = { setupToken, name: 'Ada', email: 'Ada@Contoso.example', password: PASSWORD, language: 'en', ...more };
  return { server, answer: await call(server, 'POST', '/api/v1/first-run', { headers: browserHeaders(server), body }) };
}

test('the mail domain of the company is that of the first address, unless another one was given', async () => {
  for (const [more, domain] of [
    [{}, 'contoso.example'],
    [{ mailDomain: 'School.Contoso.example' }, 'school.contoso.example'],
  ] as const) {
    const { server, answer } = await firstRun(more);
    await using _closed = server;
    assert.equal(answer.status, 201, answer.text);
    const { headers } = await addPerson(server, 'operator');
    const read = await call(server, 'GET', '/api/v1/settings/company', { headers });
    assert.deepEqual(read.json, { mailDomain: domain });
  }
  const { server, answer } = await firstRun({ mailDomain: 'not a domain' });
  await using _closed = server;
  assert.equal(answer.status, 400);
});

test('an administrator changes it, and the journal tells', async () => {
  await using server = await openServer();
  const path = '/api/v1/settings/company';
  const operator = await addPerson(server, 'operator');
  assert.deepEqual((await call(server, 'GET', path, { headers: operator.headers })).json, { mailDomain: null });
  const body = { mailDomain: 'contoso.example' };
  assert.equal((await call(server, 'PUT', path, { headers: operator.headers, body })).status, 403);
  const { headers } = await addPerson(server, 'administrator');
  assert.deepEqual((await call(server, 'PUT', path, { headers, body })).json, body);
  const { json } = await call(server, 'GET', '/api/v1/journal?type=company-changed', { headers });
  assert.deepEqual(
    (json.items as { data: unknown }[]).map(({ data }) => data),
    [{ name: 'contoso.example' }],
  );
  for (const mailDomain of ['', 'localhost', 'a..b', 'x@contoso.example', `${'a'.repeat(250)}.example`]) {
    assert.equal((await call(server, 'PUT', path, { headers, body: { mailDomain } })).status, 400, mailDomain);
  }
});
