import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MINUTE_MS } from '../../server/base/clock.ts';
import { SESSION_IDLE_MS, SESSION_LIFE_MS, startSession } from '../../server/users/sessions.ts';
import {
  addPerson,
  addProgram,
  browserHeaders,
  call,
  cookieOf,
  openServer,
  PASSWORD,
  type Person,
  type Server,
} from './callers.ts';

async function signIn(server: Server, email: string, headers: Record<string, string> = {}) {
  const body = { email, password: PASSWORD };
  const answer = await call(server, 'POST', '/api/v1/sessions', {
    body,
    headers: { ...browserHeaders(server), ...headers },
  });
  assert.equal(answer.status, 201);
  return cookieOf(answer);
}

async function statusWith(server: Server, cookie: string) {
  return (await call(server, 'GET', '/api/v1/sessions/current', { headers: { cookie } })).status;
}

test('a cookie that was there before the sign-in is not adopted', async () => {
  await using server = await openServer();
  const { email } = await addPerson(server, 'user', { password: PASSWORD });
  const fixed = 'platen-session=chosen-by-somebody-else';
  const cookie = await signIn(server, email, { cookie: fixed });
  assert.notEqual(cookie, fixed);
  assert.equal(await statusWith(server, fixed), 401);
  assert.equal(await statusWith(server, cookie), 200);
});

test('a sign-in ends the session that the browser had, whoever it belonged to', async () => {
  await using server = await openServer();
  const ada = await addPerson(server, 'user', { password: PASSWORD });
  const before = await signIn(server, ada.email);
  const after = await signIn(server, ada.email, { cookie: before });
  assert.notEqual(after, before);
  assert.equal(await statusWith(server, before), 401);
});

test('a session that was signed out on one node is worth nothing on the other', async () => {
  await using first = await openServer();
  await using second = await openServer({ besides: first.test });
  const { email } = await addPerson(first, 'user', { password: PASSWORD });
  const cookie = await signIn(first, email);
  assert.equal(await statusWith(second, cookie), 200);
  const signedOut = await call(first, 'DELETE', '/api/v1/sessions/current', {
    headers: { ...browserHeaders(first), cookie },
  });
  assert.equal(signedOut.status, 204);
  assert.equal(await statusWith(second, cookie), 401);
  assert.equal(await statusWith(first, cookie), 401);
});

test('a change of role ends every session of the user', async () => {
  await using server = await openServer();
  const boss = await addPerson(server, 'administrator', { password: PASSWORD });
  const ada = await addPerson(server, 'administrator', { password: PASSWORD });
  const cookie = await signIn(server, ada.email);
  const change = { headers: boss.headers, body: { role: 'user' } };
  assert.equal((await call(server, 'PATCH', `/api/v1/users/${ada.id}`, change)).status, 200);
  assert.equal(await statusWith(server, cookie), 401);
  assert.equal(await statusWith(server, ada.headers.cookie ?? ''), 401);
  assert.equal(await statusWith(server, boss.headers.cookie ?? ''), 200);
});

test('a new password from an administrator, and disabling, end every session of the user', async () => {
  await using server = await openServer();
  const boss = await addPerson(server, 'administrator', { password: PASSWORD });
  for (const body of [{ password: 'another seven lanterns' }, { disabled: true }]) {
    const ada = await addPerson(server, 'user');
    assert.equal(await statusWith(server, ada.headers.cookie ?? ''), 200);
    assert.equal((await call(server, 'PATCH', `/api/v1/users/${ada.id}`, { headers: boss.headers, body })).status, 200);
    assert.equal(await statusWith(server, ada.headers.cookie ?? ''), 401);
  }
});

test('a change of one’s own password gives a new session and ends all others', async () => {
  await using server = await openServer();
  const { email } = await addPerson(server, 'user', { password: PASSWORD });
  const here = await signIn(server, email);
  const elsewhere = await signIn(server, email);
  const body = { currentPassword: PASSWORD, newPassword: 'nine slow winter ferries' };
  const headers = { ...browserHeaders(server), cookie: here };
  const changed = await call(server, 'PUT', '/api/v1/sessions/current/password', { headers, body });
  assert.equal(changed.status, 204);
  assert.equal(await statusWith(server, here), 401);
  assert.equal(await statusWith(server, elsewhere), 401);
  assert.equal(await statusWith(server, cookieOf(changed)), 200);
});

test('a stolen session does not serve to guess the password', async () => {
  await using server = await openServer();
  const ada = await addPerson(server, 'user', { password: PASSWORD });
  const change = (currentPassword: string) =>
    call(server, 'PUT', '/api/v1/sessions/current/password', {
      headers: ada.headers,
      body: { currentPassword, newPassword: 'nine slow winter ferries' },
    });
  for (let tries = 0; tries < 10; tries += 1) {
    assert.equal((await change(`guess number ${tries}`)).json.code, 'current-password-wrong');
  }
  assert.equal((await change(PASSWORD)).json.code, 'too-many-attempts');
});

test('a page that was left open makes no administrator: the own password is asked for', async () => {
  await using server = await openServer();
  const ada = await addPerson(server, 'administrator', { password: PASSWORD });
  const eve = await addPerson(server, 'user');
  const raise = (body: object) => call(server, 'PATCH', `/api/v1/users/${eve.id}`, { headers: ada.headers, body });
  const role = 'administrator';
  const added = { email: 'eve2@contoso.example', name: 'Eve', role };
  assert.equal(
    (await call(server, 'POST', '/api/v1/users', { headers: ada.headers, body: added })).json.code,
    'own-password-needed',
  );
  const needed = await raise({ role });
  assert.deepEqual([needed.status, needed.json.code], [403, 'own-password-needed']);
  assert.equal((await raise({ role, ownPassword: 'not the right one' })).json.code, 'current-password-wrong');
  assert.equal((await raise({ role: 'operator' })).json.role, 'operator', 'other roles need none');
  const raised = await raise({ role, ownPassword: PASSWORD });
  assert.deepEqual([raised.status, raised.json.role], [200, role], raised.text);
  assert.equal((await raise({ role, name: 'Eve again' })).status, 200, 'who is one already stays one');
  const body = { ...added, ownPassword: PASSWORD };
  const made = await call(server, 'POST', '/api/v1/users', { headers: ada.headers, body });
  assert.equal(made.status, 201);
  assert.ok(!made.text.includes(PASSWORD) && !server.test.logLines.join('').includes(PASSWORD));
});

test('a session ends when it was idle for too long', async () => {
  await using server = await openServer();
  const ada = await addPerson(server, 'user');
  server.test.clock.advance(SESSION_IDLE_MS - MINUTE_MS);
  assert.equal(await statusWith(server, ada.headers.cookie ?? ''), 200);
  server.test.clock.advance(SESSION_IDLE_MS - MINUTE_MS);
  assert.equal(await statusWith(server, ada.headers.cookie ?? ''), 200);
  server.test.clock.advance(SESSION_IDLE_MS);
  assert.equal(await statusWith(server, ada.headers.cookie ?? ''), 401);
});

test('a session ends after a week, however much it is used', async () => {
  await using server = await openServer();
  const ada = await addPerson(server, 'user');
  const step = SESSION_IDLE_MS / 2;
  for (let passed = step; passed < SESSION_LIFE_MS; passed += step) {
    server.test.clock.advance(step);
    assert.equal(await statusWith(server, ada.headers.cookie ?? ''), 200);
  }
  server.test.clock.advance(step);
  assert.equal(await statusWith(server, ada.headers.cookie ?? ''), 401);
});

test('whoever asks is told how long the session lasts, so that nobody is signed out without a warning', async () => {
  await using server = await openServer();
  const { headers } = await addPerson(server, 'user');
  const { clock } = server.test;
  const read = async (headers: Readonly<Record<string, string>>) =>
    (await call(server, 'GET', '/api/v1/sessions/current', { headers })).json.session;
  const idleSeconds = (SESSION_IDLE_MS - MINUTE_MS) / 1000;
  assert.deepEqual(await read(headers), { endsInSeconds: SESSION_LIFE_MS / 1000, idleSeconds });
  // A warning comes before it: a page that waits for as long as it is told still has its session.
  clock.advance(idleSeconds * 1000);
  assert.deepEqual(await read(headers), { endsInSeconds: SESSION_LIFE_MS / 1000 - idleSeconds, idleSeconds });
  assert.equal(await read(await addProgram(server, 'user')), null);
});

test('the cookie is out of reach for scripts and other sites, and behind TLS bound to the host', async () => {
  await using plain = await openServer();
  const ada = await addPerson(plain, 'user', { password: PASSWORD });
  const body = { email: ada.email, password: PASSWORD };
  const over = async (server: Server) =>
    (await call(server, 'POST', '/api/v1/sessions', { body })).headers['set-cookie']?.[0] ?? '';
  assert.match(await over(plain), /^platen-session=[\w-]{43}; Path=\/; .*HttpOnly; SameSite=Strict$/);

  const settings = { publicUrl: 'https://platen.contoso.example' };
  await using behindProxy = await openServer({ besides: plain.test, settings });
  assert.match(
    await over(behindProxy),
    /^__Host-platen-session=[\w-]{43}; Path=\/; .*HttpOnly; Secure; SameSite=Strict$/,
  );
  assert.equal(await statusWith(behindProxy, ada.headers.cookie ?? ''), 401);
});

test('a removed API token is worth nothing on any node', async () => {
  await using first = await openServer();
  await using second = await openServer({ besides: first.test });
  const boss = await addPerson(first, 'administrator');
  const made = await call(first, 'POST', '/api/v1/tokens', {
    headers: boss.headers,
    body: { name: 'ci', role: 'operator' },
  });
  const headers = { authorization: `Bearer ${made.json.token}` };
  assert.equal((await call(second, 'GET', '/api/v1/users', { headers })).status, 200);
  const removed = await call(first, 'DELETE', `/api/v1/tokens/${made.json.id}`, { headers: boss.headers });
  assert.equal(removed.status, 204);
  assert.equal((await call(second, 'GET', '/api/v1/users', { headers })).status, 401);
});

test('a token is shown once: no list, log line, journal entry or row has it', async () => {
  await using server = await openServer();
  const boss = await addPerson(server, 'administrator');
  const made = await call(server, 'POST', '/api/v1/tokens', {
    headers: boss.headers,
    body: { name: 'ci', role: 'operator' },
  });
  const token = String(made.json.token);
  assert.match(token, /^platen_[\w-]{43}$/);
  const list = await call(server, 'GET', '/api/v1/tokens', { headers: { authorization: `Bearer ${token}` } });
  assert.equal(list.status, 403);
  const rows = await Promise.all([
    server.test.context.db.selectFrom('api_tokens').selectAll().execute(),
    server.test.context.db.selectFrom('journal').selectAll().execute(),
    call(server, 'GET', '/api/v1/tokens', { headers: boss.headers }),
  ]);
  assert.ok(!(JSON.stringify(rows) + server.test.logLines.join('')).includes(token.slice(10)));
});

test('an API token has no session to end and no password to change', async () => {
  await using server = await openServer();
  const headers = await addProgram(server, 'administrator');
  assert.equal((await call(server, 'DELETE', '/api/v1/sessions/current', { headers })).status, 403);
  const body = { currentPassword: PASSWORD, newPassword: PASSWORD };
  assert.equal((await call(server, 'PUT', '/api/v1/sessions/current/password', { headers, body })).status, 403);
});

test('people see and end their own sessions alone, administrators those of everybody, programs none', async () => {
  await using server = await openServer();
  const ada = await addPerson(server, 'user');
  const bob = await addPerson(server, 'operator');
  const chief = await addPerson(server, 'administrator');
  const { context } = server.test;
  const elsewhere = await startSession(context, ada.id, { remoteAddress: '192.0.2.7', userAgent: 'Firefox\u0007/140' });
  type Listed = {
    readonly id: string;
    readonly userId: string;
    readonly isCurrent: boolean;
    readonly userAgent: string;
  };
  const list = async (person: Person, path = '/api/v1/sessions') =>
    (await call(server, 'GET', path, { headers: person.headers })).json.items as Listed[];
  const end = (person: Person, id: string) =>
    call(server, 'DELETE', `/api/v1/sessions/${id}`, { headers: person.headers });
  const own = await list(ada);
  assert.deepEqual(own.map(({ isCurrent }) => isCurrent).sort(), [false, true]);
  assert.ok(own.every(({ userId }) => userId === ada.id));
  assert.ok(own.some(({ userAgent }) => userAgent === 'Firefox /140'));
  assert.ok(!JSON.stringify(own).includes(elsewhere.token));
  assert.equal((await end(bob, elsewhere.id)).status, 404);
  assert.equal((await list(ada)).length, 2);
  assert.equal((await call(server, 'GET', '/api/v1/sessions/all', { headers: bob.headers })).status, 403);
  assert.equal((await list(chief, '/api/v1/sessions/all')).length, 4);
  assert.equal((await end(chief, elsewhere.id)).status, 204);
  assert.equal(await statusWith(server, `platen-session=${elsewhere.token}`), 401);

  const more = await startSession(context, ada.id, { remoteAddress: '192.0.2.8', userAgent: undefined });
  assert.equal((await call(server, 'DELETE', '/api/v1/sessions/others', { headers: ada.headers })).status, 204);
  assert.equal(await statusWith(server, `platen-session=${more.token}`), 401);
  assert.equal((await list(ada)).length, 1);
  assert.equal((await list(bob)).length, 1);

  const program = await addProgram(server, 'operator');
  assert.deepEqual((await call(server, 'GET', '/api/v1/sessions', { headers: program })).json.items, []);
  const [hers] = await list(ada);
  const refused = await call(server, 'DELETE', `/api/v1/sessions/${hers?.id}`, { headers: program });
  assert.equal(refused.json.code, 'forbidden');
  server.test.clock.advance(SESSION_IDLE_MS);
  const late = await addPerson(server, 'administrator');
  assert.equal((await list(late, '/api/v1/sessions/all')).length, 1);
});
