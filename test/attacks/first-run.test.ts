import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completeFirstRun, prepareFirstRun } from '../../server/users/users.ts';
import { openTestContext } from '../harness/database.ts';
import { call, cookieOf, openServer, PASSWORD, type Server } from './callers.ts';

const ADMINISTRATOR = { name: 'Ada', password: PASSWORD, language: 'it' };

function setUp(server: Server, setupToken: string, email: string) {
  return call(server, 'POST', '/api/v1/first-run', { body: { ...ADMINISTRATOR, setupToken, email } });
}

async function prepare(server: Server): Promise<string> {
  const { setupToken } = await prepareFirstRun(server.test.context);
  assert.ok(setupToken);
  return setupToken;
}

test('of fifty first runs at the same moment, on two nodes, exactly one wins', async () => {
  await using first = await openServer();
  await using second = await openServer({ besides: first.test });
  const token = await prepare(first);

  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) => setUp(index % 2 ? first : second, token, `ada${index}@contoso.example`)),
  );

  assert.equal(answers.filter(({ status }) => status === 201).length, 1);
  const losers = answers.filter(({ status }) => status !== 201);
  assert.equal(losers.length, 49);
  for (const { status, json } of losers) assert.deepEqual([status, json.code], [409, 'setup-closed']);
  const users = await first.test.context.db.selectFrom('users').select('role').execute();
  assert.deepEqual(users, [{ role: 'administrator' }]);
});

test('the winner is signed in and may do everything', async () => {
  await using server = await openServer();
  const answer = await setUp(server, await prepare(server), 'ada@contoso.example');
  const users = await call(server, 'GET', '/api/v1/users', { headers: { cookie: cookieOf(answer) } });
  assert.equal(users.status, 200);
});

test('after the first run the door stays shut, also after a restart', async () => {
  await using server = await openServer();
  const token = await prepare(server);
  assert.deepEqual((await call(server, 'GET', '/api/v1/first-run')).json, { due: true });
  assert.equal((await setUp(server, token, 'ada@contoso.example')).status, 201);

  assert.deepEqual((await call(server, 'GET', '/api/v1/first-run')).json, { due: false });
  const replay = await setUp(server, token, 'eve@contoso.example');
  assert.deepEqual([replay.status, replay.json.code], [409, 'setup-closed']);
  assert.deepEqual(await prepareFirstRun(server.test.context), { due: false });
});

test('a database without its administrators does not open the door again', async () => {
  await using server = await openServer();
  const token = await prepare(server);
  await setUp(server, token, 'ada@contoso.example');
  await server.test.context.db.deleteFrom('users').execute();

  assert.deepEqual(await prepareFirstRun(server.test.context), { due: false });
  assert.equal((await setUp(server, token, 'eve@contoso.example')).json.code, 'setup-closed');
});

test('a database with users whose first run was never recorded stays shut', async () => {
  await using test = await openTestContext();
  const { setupToken } = await prepareFirstRun(test.context);
  await completeFirstRun(
    test.context,
    { ...ADMINISTRATOR, language: 'en', email: 'ada@contoso.example' },
    { kind: 'console' },
  );
  await test.context.db.updateTable('installation').set({ completed_at: null }).execute();
  assert.ok(setupToken);
  assert.deepEqual(await prepareFirstRun(test.context), { due: false });
});

test('of several first runs at the machine itself exactly one wins as well', async () => {
  await using test = await openTestContext();
  const outcomes = await Promise.allSettled(
    Array.from({ length: 5 }, (_, index) => {
      const administrator = { ...ADMINISTRATOR, language: 'en' as const, email: `ada${index}@contoso.example` };
      return completeFirstRun(test.context, administrator, { kind: 'console' });
    }),
  );
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') assert.equal(outcome.reason.code, 'setup-closed');
  }
});

test('a wrong set-up token makes nobody, and the token of an earlier start is wrong', async () => {
  await using server = await openServer();
  const earlier = await prepare(server);
  const latest = await prepare(server);
  for (const token of ['', 'x', `${latest}x`, earlier].filter((text) => text !== '')) {
    const answer = await setUp(server, token, 'eve@contoso.example');
    assert.deepEqual([answer.status, answer.json.code], [403, 'setup-token-wrong']);
  }
  assert.equal((await setUp(server, latest, 'ada@contoso.example')).status, 201);
});

test('a weak password keeps the first run open', async () => {
  await using server = await openServer();
  const setupToken = await prepare(server);
  const body = { ...ADMINISTRATOR, setupToken, email: 'ada@contoso.example', password: 'password' };
  const weak = await call(server, 'POST', '/api/v1/first-run', { body });
  assert.deepEqual([weak.status, weak.json.code], [400, 'password-too-weak']);
  assert.equal((await setUp(server, setupToken, 'ada@contoso.example')).status, 201);
});

test('a set-up token of PLATEN_SETUP_TOKEN is used as it is, and refused when it is short', async () => {
  const setupToken = 'a chosen set-up token';
  await using server = await openServer({ settings: { setupToken } });
  assert.deepEqual(await prepareFirstRun(server.test.context), { due: true, setupToken });
  assert.equal((await setUp(server, setupToken, 'ada@contoso.example')).status, 201);

  await using other = await openTestContext({ settings: { setupToken: 'short' } });
  await assert.rejects(prepareFirstRun(other.context), { code: 'invalid-setting' });
});

test('neither the set-up token nor the password is in the log or in the database', async () => {
  await using server = await openServer();
  const token = await prepare(server);
  await setUp(server, 'wrong', 'ada@contoso.example');
  await setUp(server, token, 'ada@contoso.example');
  const rows = await Promise.all([
    server.test.context.db.selectFrom('installation').selectAll().execute(),
    server.test.context.db.selectFrom('users').selectAll().execute(),
    server.test.context.db.selectFrom('journal').selectAll().execute(),
  ]);
  const everything = JSON.stringify(rows) + server.test.logLines.join('');
  assert.ok(!everything.includes(token));
  assert.ok(!everything.includes(PASSWORD));
});
