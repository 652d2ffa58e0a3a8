import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PlatenError } from '../../server/base/errors.ts';
import { mountedRoutes, type RouteModule } from '../../server/http/mount.ts';
import { record } from '../../server/journal/journal.ts';
import { addPerson, call, openServer } from './callers.ts';

const HOSTILE =
  '<img src=x onerror=alert(1)>\u001b[2J\u001b]0;owned\u0007\r\n{"level":60,"msg":"forged line"}\u2028\u0000\u202egnp.exe';

const refusing: RouteModule = async (app) => {
  app.get('/refused', { config: { role: 'public' } }, () => {
    throw new PlatenError('conflict', HOSTILE, { remote: HOSTILE, facts: { subject: HOSTILE } });
  });
  app.get('/broken', { config: { role: 'public' } }, () => {
    throw new Error(HOSTILE);
  });
};

function assertCleanLog(lines: readonly string[]): void {
  const text = lines.join('');
  // Every control character but the line end after each record would let a subject write its own log.
  assert.doesNotMatch(text.replaceAll('\n', ''), /\p{Cc}/u);
  for (const line of text.split('\n').filter((line) => line !== '')) {
    const entry = JSON.parse(line) as { level: number; msg: string };
    assert.notEqual(entry.msg, 'forged line');
  }
}

test('a hostile subject in the journal reaches the caller as JSON text that no browser runs', async () => {
  await using server = await openServer();
  const operator = await addPerson(server, 'operator');
  const subject = HOSTILE.replaceAll('\0', '');
  await record(server.test.context, 'message-refused', { subjectId: 'message', data: { subject } });
  const answer = await call(server, 'GET', '/api/v1/journal?type=message-refused', { headers: operator.headers });
  const [event] = answer.json.items as { data: { subject: string } }[];
  assert.equal(event?.data.subject, subject);
  assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8');
  assert.equal(answer.headers['x-content-type-options'], 'nosniff');
  assert.match(String(answer.headers['content-security-policy']), /^default-src 'self'/);
  assert.doesNotMatch(answer.text, /\p{Cc}/u);
});

test('hostile words in an error stay one field of one log line and of one JSON answer', async () => {
  await using server = await openServer({ routes: [...mountedRoutes, refusing] });
  for (const path of ['/api/v1/refused', '/api/v1/broken']) {
    const answer = await call(server, 'GET', path);
    assert.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8');
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    assert.doesNotMatch(answer.text, /\p{Cc}/u);
  }
  const logged = server.test.logLines.join('');
  assert.ok(logged.includes('onerror=alert(1)'), 'the log has the words themselves');
  assertCleanLog(server.test.logLines);
});

test('a hostile path, query or header does not write a log line of its own', async () => {
  await using server = await openServer();
  const paths = [
    `/${encodeURIComponent(HOSTILE)}`,
    `/api/v1/users?cursor=${encodeURIComponent(HOSTILE)}`,
    '/%0d%0aforged',
  ];
  for (const path of paths) {
    await call(server, 'GET', path, {
      headers: { 'user-agent': '\t<b>', 'x-request-id': 'forged', authorization: 'Bearer \t' },
    });
  }
  assertCleanLog(server.test.logLines);
  assert.ok(!server.test.logLines.join('').includes('"requestId":"forged"'));
});

test('control characters are refused where they would end in headers, mails and logs', async () => {
  await using server = await openServer();
  const { headers } = await addPerson(server, 'administrator');
  for (const name of ['two\r\nlines', 'an \u001b[31mescape', 'a \0 byte', 'a\u2028line', '   ']) {
    const user = { email: 'ada@contoso.example', name, role: 'user' };
    const answer = await call(server, 'POST', '/api/v1/users', { headers, body: user });
    assert.deepEqual([answer.status, answer.json.code], [400, 'invalid-request'], JSON.stringify(name));
    const token = await call(server, 'POST', '/api/v1/tokens', { headers, body: { name, role: 'user' } });
    assert.equal(token.status, 400);
  }
  for (const email of ['a\r\nb@contoso.example', '"<script>"@contoso.example', 'a@b\0.example', 'x'.repeat(300)]) {
    const body = { email, password: 'a wrong guess' };
    assert.equal((await call(server, 'POST', '/api/v1/sessions', { body })).status, 400);
  }
});

test('an error of the inside tells a stranger an id and nothing else', async () => {
  await using server = await openServer({ routes: [...mountedRoutes, refusing] });
  const answer = await call(server, 'GET', '/api/v1/broken', { headers: { 'accept-language': 'it' } });
  assert.equal(answer.status, 500);
  assert.deepEqual(Object.keys(answer.json).sort(), [
    'advice',
    'code',
    'instance',
    'status',
    'temporary',
    'title',
    'type',
  ]);
  const id = String(answer.json.instance).replace('urn:uuid:', '');
  assert.ok(server.test.logLines.some((line) => line.includes(id) && line.includes('onerror')));
});
