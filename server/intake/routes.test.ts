import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, addPerson, call, openServer, type Person, type Server } from '../../test/attacks/callers.ts';
import { addQueue } from '../jobs/jobs.ts';

const PASSWORD = 'a password for the mail server';

type Room = { readonly administrator: Person; readonly queueId: string };

async function furnish(server: Server): Promise<Room> {
  const administrator = await addPerson(server, 'administrator');
  const queue = await addQueue(server.test.context, { name: 'Front desk', mode: 'hold' }, 'test');
  return { administrator, queueId: queue.id };
}

function classicMailbox(queueId: string) {
  const server = { host: '127.0.0.1', port: 1, security: 'tls', username: 'print', password: PASSWORD };
  return {
    title: 'Print room',
    protocol: 'imap',
    address: 'print@contoso.example',
    queueId,
    server,
    afterIntake: 'move',
  };
}

function ask(
  server: Server,
  { administrator }: Room,
  request: { method: string; path: string; body?: unknown },
): Promise<Answer> {
  const { method, path, body } = request;
  return call(server, method, `/api/v1${path}`, {
    headers: administrator.headers,
    ...(body === undefined ? {} : { body }),
  });
}

test('a mailbox is added, read, changed and removed, and its password is never shown', async () => {
  await using server = await openServer();
  const room = await furnish(server);
  const added = await ask(server, room, { method: 'POST', path: '/mailboxes', body: classicMailbox(room.queueId) });
  assert.equal(added.status, 201, added.text);
  const { id } = added.json as { id: string };
  const path = `/mailboxes/${id}`;
  const change = { title: 'Second floor', pollSeconds: 60, enabled: false };
  const answers = [
    added,
    await ask(server, room, { method: 'GET', path }),
    await ask(server, room, { method: 'GET', path: '/mailboxes' }),
    await ask(server, room, { method: 'PATCH', path, body: change }),
    await ask(server, room, { method: 'GET', path: `/journal?subject=${id}` }),
  ];
  for (const answer of answers) {
    assert.ok(answer.status === 200 || answer.status === 201, answer.text);
    assert.ok(!answer.text.includes(PASSWORD) && !/sealed|"password"/.test(answer.text), answer.text);
  }
  const changed = answers[3]?.json as Record<string, unknown>;
  assert.deepEqual(
    [changed.title, changed.pollSeconds, changed.enabled, changed.folder],
    ['Second floor', 60, false, 'INBOX'],
  );
  assert.ok(!server.test.logLines.join('').includes(PASSWORD));
  assert.equal((await ask(server, room, { method: 'DELETE', path })).status, 204);
  assert.equal((await ask(server, room, { method: 'GET', path })).status, 404);
});

test('a check says why a mailbox does not open, with advice in the language of the caller', async () => {
  await using server = await openServer();
  const room = await furnish(server);
  const added = await ask(server, room, { method: 'POST', path: '/mailboxes', body: classicMailbox(room.queueId) });
  const { id } = added.json as { id: string };
  const checked = await call(server, 'POST', `/api/v1/mailboxes/${id}/check`, {
    headers: { ...room.administrator.headers, 'accept-language': 'it' },
  });
  const { outcome, problem } = checked.json as { outcome: string; problem: Record<string, string> };
  assert.equal(outcome, 'failed');
  assert.equal(problem.code, 'mailbox-unreachable');
  assert.match(problem.remote ?? '', /ECONNREFUSED/);
  assert.doesNotMatch(`${problem.title} ${problem.advice}`, /errors\.|\{\{/);
});

const wrong: readonly (readonly [string, (mailbox: Record<string, unknown>) => Record<string, unknown>])[] = [
  ['a folder with a wildcard', (mailbox) => ({ ...mailbox, folder: 'INBOX*' })],
  ['a folder with a line end', (mailbox) => ({ ...mailbox, folder: 'INBOX\r\nA1 LOGOUT' })],
  ['an address with a line end', (mailbox) => ({ ...mailbox, address: 'print@contoso.example\r\n' + 'x' })],
  [
    'an address that would choose another way to log in',
    (mailbox) => ({ ...mailbox, address: 'a/print@contoso.example' }),
  ],
  [
    'a host that is an address of the web',
    (mailbox) => ({ ...mailbox, server: { ...(mailbox.server as object), host: 'http://x/' } }),
  ],
  ['neither connection nor server', ({ server: _server, ...mailbox }) => mailbox],
  ['an unknown protocol', (mailbox) => ({ ...mailbox, protocol: 'exec' })],
  ['a look every second', (mailbox) => ({ ...mailbox, pollSeconds: 1 })],
];

test('a mailbox with wrong values is refused', async () => {
  await using server = await openServer();
  const room = await furnish(server);
  for (const [title, change] of wrong) {
    const answer = await ask(server, room, {
      method: 'POST',
      path: '/mailboxes',
      body: change(classicMailbox(room.queueId)),
    });
    assert.deepEqual([answer.status, (answer.json as { code?: string }).code], [400, 'invalid-request'], title);
  }
  const unknown = { ...classicMailbox('01890000-0000-7000-8000-000000000000') };
  assert.equal((await ask(server, room, { method: 'POST', path: '/mailboxes', body: unknown })).status, 404);
});

test('a link-local address is not connected to, and the check says so', async () => {
  await using server = await openServer();
  const room = await furnish(server);
  const mailbox = classicMailbox(room.queueId);
  const metadata = { ...mailbox, server: { ...mailbox.server, host: '169.254.169.254' } };
  const added = await ask(server, room, { method: 'POST', path: '/mailboxes', body: metadata });
  const { id } = added.json as { id: string };
  const checked = await ask(server, room, { method: 'POST', path: `/mailboxes/${id}/check` });
  const { problem } = checked.json as { problem: { code: string; facts: { failure: string } } };
  assert.deepEqual([problem.code, problem.facts.failure], ['mailbox-refused', 'blocked-address']);
});

test('whoever is signed in is told the addresses of mailboxes that are read, with what happens there', async () => {
  await using server = await openServer();
  const room = await furnish(server);
  const { context } = server.test;
  const printerId = '01890000-0000-7000-8000-000000000001';
  await context.db
    .insertInto('printers')
    .values({ id: printerId, name: 'Hall', uri: 'ipp://127.0.0.1:1/', state: 'idle', state_since: context.clock.now() })
    .execute();
  const direct = await addQueue(context, { name: 'Hall', mode: 'direct', printerIds: [printerId] }, 'test');
  const add = async (queueId: string, more: object) => {
    const body = { ...classicMailbox(queueId), ...more };
    const { status, text } = await ask(server, room, { method: 'POST', path: '/mailboxes', body });
    assert.equal(status, 201, text);
  };
  await add(room.queueId, {});
  await add(room.queueId, { folder: 'Second', title: 'The same address' });
  await add(direct.id, { address: 'hall@contoso.example', title: 'Hall' });
  await add(direct.id, { address: 'off@contoso.example', title: 'Off', enabled: false });
  const user = await addPerson(server, 'user');
  const look = async (query = '', headers: Readonly<Record<string, string>> = user.headers) =>
    await call(server, 'GET', `/api/v1/mailboxes/addresses${query}`, { headers });
  const hall = { address: 'hall@contoso.example', queueName: 'Hall', mode: 'direct' };
  const desk = { address: 'print@contoso.example', queueName: 'Front desk', mode: 'hold' };
  assert.deepEqual((await look()).json.items, [desk, hall]);
  assert.deepEqual((await look(`?printer=${printerId}`)).json.items, [hall]);
  assert.equal((await look('', {})).status, 401);
  assert.equal((await call(server, 'GET', '/api/v1/mailboxes', { headers: user.headers })).status, 403);
});
