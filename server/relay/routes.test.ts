import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addPerson, call, openServer, type Server } from '../../test/attacks/callers.ts';
import { openConversation } from '../../test/harness/conversation.ts';
import { eventually } from '../../test/harness/time.ts';
import type { Role } from '../store/schema.ts';
import { relayRoutes } from './routes.ts';
import { startRelayWorker } from './worker.ts';

type Ask = (role: Role, method: string, path: string, body?: unknown) => ReturnType<typeof call>;

async function open(): Promise<{ server: Server; ask: Ask }> {
  const server = await openServer({ routes: [relayRoutes], settings: { relayPort: 0 } });
  const people = new Map<Role, Readonly<Record<string, string>>>();
  const ask: Ask = async (role, method, path, body) => {
    if (!people.has(role)) people.set(role, (await addPerson(server, role)).headers);
    const headers = people.get(role) ?? {};
    return await call(server, method, `/api/v1${path}`, { headers, ...(body === undefined ? {} : { body }) });
  };
  return { server, ask };
}

test('an administrator adds, reads, changes and removes a device, and its password is shown once', async () => {
  const { server, ask } = await open();
  await using _ = server;
  const added = await ask('administrator', 'POST', '/devices', { name: ' Copier ', credential: { username: 'Scan' } });
  assert.equal(added.status, 201);
  const { id, createdAt, password, ...device } = added.json;
  assert.match(String(password), /^[a-z2-9]{20}$/);
  assert.match(String(createdAt), /^\d{4}-/);
  assert.deepEqual(device, {
    name: 'Copier',
    addresses: [],
    username: 'scan',
    allowsPlainAuth: false,
    limits: {
      messagesPerMinute: 60,
      messagesPerDay: 5000,
      recipientsPerDay: 10_000,
      maxMessageBytes: 36_700_160,
      maxRecipients: 100,
      maxSessions: 10,
    },
    allowedDomains: [],
    senderMap: { sender: null, displayName: null, ownAddress: 'reply-to' },
    normalisesBareLf: false,
    enabled: true,
    lastMessageAt: null,
    messagesToday: 0,
    recipientsToday: 0,
  });
  const busy = await ask('administrator', 'POST', '/devices', {
    name: 'Busy',
    credential: { username: 'busy' },
    limits: { messagesPerDay: 50_000 },
  });
  assert.equal((busy.json.limits as { recipientsPerDay: number }).recipientsPerDay, 50_000);
  assert.equal((await ask('administrator', 'DELETE', `/devices/${String(busy.json.id)}`)).status, 204);
  const path = `/devices/${String(id)}`;
  const read = await ask('operator', 'GET', path);
  assert.ok(!read.text.includes(String(password)) && !read.text.includes('scrypt'));
  assert.deepEqual((await ask('operator', 'GET', '/devices')).json, { items: [read.json], nextCursor: null });
  const changed = await ask('administrator', 'PATCH', path, {
    limits: { maxRecipients: 5 },
    allowedDomains: ['Fabrikam.example'],
    senderMap: { sender: 'scan@fabrikam.example' },
    credential: { username: 'scan', password: 'chosen by hand' },
  });
  assert.equal(changed.json.password, null);
  assert.deepEqual(changed.json.allowedDomains, ['fabrikam.example']);
  assert.deepEqual(changed.json.limits, { ...(device.limits as object), maxRecipients: 5 });
  const other = await ask('administrator', 'PATCH', path, { enabled: false });
  assert.deepEqual([other.json.enabled, other.json.limits], [false, changed.json.limits]);
  assert.equal((await ask('administrator', 'DELETE', path)).status, 204);
  assert.equal((await ask('operator', 'GET', path)).json.code, 'not-found');
  assert.equal((await ask('administrator', 'DELETE', path)).json.code, 'not-found');
});

test('only an administrator says who may relay', async () => {
  const { server, ask } = await open();
  await using _ = server;
  const body = { name: 'Copier', addresses: ['192.0.2.7'] };
  const { id } = (await ask('administrator', 'POST', '/devices', body)).json;
  for (const role of ['operator', 'user'] as const) {
    assert.equal((await ask(role, 'POST', '/devices', { ...body, name: 'Other' })).status, 403);
    assert.equal((await ask(role, 'PATCH', `/devices/${String(id)}`, { enabled: false })).status, 403);
    assert.equal((await ask(role, 'DELETE', `/devices/${String(id)}`)).status, 403);
  }
  for (const path of ['/devices', `/devices/${String(id)}`, '/relay']) {
    assert.equal((await ask('operator', 'GET', path)).status, 200);
    assert.equal((await ask('user', 'GET', path)).status, 403);
  }
});

test('devices are listed by name, page by page', async () => {
  const { server, ask } = await open();
  await using _ = server;
  for (const name of ['c', 'a', 'b']) {
    await ask('administrator', 'POST', '/devices', { name, credential: { username: name, password: 'a password' } });
  }
  const first = await ask('operator', 'GET', '/devices?limit=2');
  const names = (answer: typeof first) => (answer.json.items as { name: string }[]).map(({ name }) => name);
  assert.deepEqual(names(first), ['a', 'b']);
  const second = await ask('operator', 'GET', `/devices?limit=2&cursor=${String(first.json.nextCursor)}`);
  assert.deepEqual([names(second), second.json.nextCursor], [['c'], null]);
});

test('a conflict names the other device in the language of the caller', async () => {
  const { server, ask } = await open();
  await using _ = server;
  await ask('administrator', 'POST', '/devices', { name: 'First', addresses: ['192.0.2.0/24'] });
  const answer = await ask('administrator', 'POST', '/devices', { name: 'Second', addresses: ['192.0.2.9/24'] });
  assert.deepEqual([answer.status, answer.json.code], [409, 'device-taken']);
  assert.match(String(answer.json.advice), /192\.0\.2\.0\/24 .* First/);
});

test('what the relay does is shown: where it listens, how much it took, and why it refused', async () => {
  const { server, ask } = await open();
  await using _ = server;
  assert.deepEqual((await ask('operator', 'GET', '/relay')).json.address, null);
  await using relay = await startRelayWorker(server.test.context);
  assert.deepEqual((await ask('operator', 'GET', '/relay')).json, {
    address: { host: '127.0.0.1', port: relay.port },
    sessions: 0,
    accepted: 0,
    refused: [],
    disk: 'plenty',
  });
});

test('what goes wrong with devices is read by an operator in the language that is asked for, and taken off by an administrator', async () => {
  const { server, ask } = await open();
  await using _ = server;
  await using relay = await startRelayWorker(server.test.context);
  await using conversation = await openConversation({ port: relay.port });
  await conversation.play(`
    S: 220 {/.*/}
    C: EHLO copier.local
    S: ...
    S: 250 {/.*/}
    C: MAIL FROM:<scanner@copier.local>
    S: 550 5.7.1 Relaying denied`);
  const read = async () => (await ask('operator', 'GET', '/device-faults')).json.items as Record<string, unknown>[];
  await eventually(async () => (await read()).length === 1, { what: 'the fault' });
  const [{ id, firstAt, lastAt, ...fault } = {}] = await read();
  assert.equal(firstAt, lastAt);
  assert.deepEqual(fault, {
    deviceId: null,
    name: null,
    address: '127.0.0.1',
    reason: 'not-a-device',
    title: 'An unknown device wants to send',
    advice: 'If it is yours, add it as a device. If not, look for it in your network.',
    repairs: [],
    remote: 'EHLO copier.local · MAIL FROM:<scanner@copier.local>',
    reply: '550 5.7.1 Relaying denied',
    count: 1,
  });
  const path = `/device-faults/${String(id)}`;
  assert.equal((await ask('user', 'GET', '/device-faults')).status, 403);
  assert.equal((await ask('operator', 'DELETE', path)).status, 403);
  assert.equal((await ask('administrator', 'DELETE', path)).status, 204);
  assert.deepEqual(await read(), []);
});
