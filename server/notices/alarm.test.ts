import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import PostalMime from 'postal-mime';
import { openTestContext } from '../../test/harness/database.ts';
import { useSubmissionServer } from '../../test/harness/outbox.ts';
import { startSubmissionServer } from '../../test/harness/submission-server.ts';
import { eventually } from '../../test/harness/time.ts';
import { DAY_MS, MINUTE_MS, SECOND_MS } from '../base/clock.ts';
import { newId } from '../base/secrets.ts';
import { createConnection, setNetworkSettings } from '../connections/connections.ts';
import type { Context } from '../store/database.ts';
import { withLease } from '../store/leases.ts';
import { addUser } from '../users/users.ts';
import { type ClearSince, makeCalls, watchTroubles } from './alarm.ts';
import { DEFAULT_RULES } from './notice.ts';
import {
  countOpenAlarms,
  getAlarmSettings,
  listAlarms,
  setAlarmSettings,
  setNoticeSettings,
  testAlarm,
} from './notices.ts';
import { startNoticesWorker } from './worker.ts';

const SECRET = 'a shared secret of the webhook';

type Call = { readonly headers: Readonly<Record<string, unknown>>; readonly body: string };

/** A web server that keeps what it is told, and answers what the test says. */
async function openHook() {
  const calls: Call[] = [];
  const answers: number[] = [];
  const server = createServer(async (request, answer) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    calls.push({ headers: request.headers, body: Buffer.concat(chunks).toString('utf8') });
    answer.writeHead(answers.shift() ?? 200).end('private answer');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    calls,
    answers,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    phases: () => calls.map(({ body }) => (JSON.parse(body) as { phase: string }).phase),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function addConnection(context: Context): Promise<string> {
  const client = '01890000-0000-4000-8000-000000000001';
  const asked = { title: 'Exchange school', cloud: 'worldwide', clientId: client, tenantId: client } as const;
  return (await createConnection(context, { ...asked, uses: ['smtp', 'imap'] }, 'test')).id;
}

async function setState(context: Context, id: string, state: 'connected' | 'needs-confirmation'): Promise<void> {
  const values = { reasonText: 'aadsts.50173.meaning', actionText: 'aadsts.50173.action' };
  const remote = 'AADSTS50173: expired';
  const problem = { code: 'connection-needs-confirmation', detail: 'x', remote, values, at: '' };
  await context.db
    .updateTable('connections')
    .set({
      state,
      problem: state === 'connected' ? null : JSON.stringify(problem),
      account_username: 'p@school.example',
      account_oid: 'o',
      account_tid: 't',
    })
    .where('id', '=', id)
    .execute();
}

/** One look and the calls that are due after it, as the worker makes them. */
async function look(context: Context, clearSince: ClearSince = new Map()): Promise<void> {
  await withLease(context, 'alarms', {}, async (lease) => {
    await watchTroubles(context, lease, clearSince);
    await makeCalls(context, lease);
  });
}

test('one alarm is told for one incident, signed, and its end is told too', async () => {
  await using opened = await openTestContext();
  await using hook = await openHook();
  const { context } = opened;
  const id = await addConnection(context);
  await setAlarmSettings(context, { webhook: { url: hook.url, secret: SECRET } }, 'test');
  await look(context);
  assert.equal(hook.calls.length, 0);
  await setState(context, id, 'needs-confirmation');
  await look(context);
  await look(context);
  assert.deepEqual(hook.phases(), ['raised']);
  assert.equal(await countOpenAlarms(context), 1);
  const [call] = hook.calls;
  assert.ok(call);
  const seconds = Number(call.headers['platen-timestamp']);
  assert.ok(Math.abs(seconds - context.clock.now().getTime() / 1000) < 2);
  const expected = createHmac('sha256', SECRET).update(`${seconds}.${call.body}`).digest('hex');
  assert.equal(call.headers['platen-signature'], `sha256=${expected}`);
  const body = JSON.parse(call.body) as Record<string, unknown>;
  assert.equal(body.kind, 'connection');
  assert.equal(body.subject, id);
  assert.match(String(body.text), /Exchange school can no longer use p@school\.example\./);
  assert.match(String(body.text), /The permission was revoked\. .* Confirm the connection again/s);
  assert.match(String(body.text), /AADSTS50173/);
  await setState(context, id, 'connected');
  await look(context);
  await look(context);
  assert.deepEqual(hook.phases(), ['raised', 'solved']);
  assert.equal(await countOpenAlarms(context), 0);
  await setState(context, id, 'needs-confirmation');
  await look(context);
  assert.deepEqual(hook.phases(), ['raised', 'solved', 'raised']);
  assert.notEqual(hook.calls[0]?.headers['platen-alarm-id'], hook.calls[2]?.headers['platen-alarm-id']);
});

test('an alarm that lasts is told again after a day, and not before', async () => {
  await using opened = await openTestContext();
  await using hook = await openHook();
  const { context, clock } = opened;
  const id = await addConnection(context);
  await setAlarmSettings(context, { webhook: { url: hook.url, secret: SECRET } }, 'test');
  await setState(context, id, 'needs-confirmation');
  await look(context);
  clock.advance(DAY_MS - SECOND_MS);
  await look(context);
  assert.deepEqual(hook.phases(), ['raised']);
  clock.advance(2 * SECOND_MS);
  await look(context);
  await look(context);
  assert.deepEqual(hook.phases(), ['raised', 'reminder']);
});

test('a webhook that fails is tried again later with the same id, and what it answers is kept nowhere', async () => {
  await using opened = await openTestContext();
  await using hook = await openHook();
  const { context, clock } = opened;
  const id = await addConnection(context);
  await setAlarmSettings(context, { webhook: { url: hook.url, secret: SECRET } }, 'test');
  await setState(context, id, 'needs-confirmation');
  hook.answers.push(500, 302);
  await look(context);
  await look(context);
  assert.equal(hook.calls.length, 1);
  const [failed] = (await listAlarms(context, 10))[0]?.calls ?? [];
  assert.equal(failed?.state, 'due');
  assert.equal(failed?.problem?.code, 'webhook-refused');
  clock.advance(MINUTE_MS);
  await look(context);
  assert.equal(hook.calls.length, 2);
  clock.advance(MINUTE_MS);
  await look(context);
  assert.equal(hook.calls.length, 2);
  clock.advance(4 * MINUTE_MS);
  await look(context);
  await look(context);
  assert.equal(hook.calls.length, 3);
  assert.equal(new Set(hook.calls.map(({ headers }) => headers['platen-alarm-id'])).size, 1);
  const kept = JSON.stringify([
    await context.db.selectFrom('alarm_calls').selectAll().execute(),
    await context.db.selectFrom('journal').selectAll().execute(),
    opened.logLines,
  ]);
  assert.ok(!kept.includes('private answer'));
  assert.ok(!kept.includes(SECRET));
  assert.ok(!kept.includes('/hook'), 'the address of a webhook is a secret for some');
  const types = await context.db.selectFrom('journal').select('type').where('type', 'like', 'alarm-%').execute();
  assert.deepEqual(
    types.map(({ type }) => type),
    ['alarm-settings-changed', 'alarm-raised', 'alarm-failed', 'alarm-delivered'],
  );
});

test('a way that is set up later learns of an open alarm, and of no end of one that it never heard of', async () => {
  await using opened = await openTestContext();
  await using hook = await openHook();
  const { context } = opened;
  const id = await addConnection(context);
  await setState(context, id, 'needs-confirmation');
  await look(context);
  await setAlarmSettings(context, { webhook: { url: hook.url, secret: SECRET } }, 'test');
  await look(context);
  assert.deepEqual(hook.phases(), ['raised']);
  await setAlarmSettings(context, { webhook: null }, 'test');
  await setState(context, id, 'connected');
  await look(context);
  await setState(context, id, 'needs-confirmation');
  await look(context);
  await setAlarmSettings(context, { webhook: { url: hook.url, secret: SECRET } }, 'test');
  await setState(context, id, 'connected');
  await look(context);
  assert.deepEqual(hook.phases(), ['raised']);
});

async function holdMessage(context: Context, reason: 'message' | 'connection' = 'message'): Promise<void> {
  const now = context.clock.now();
  const problem = { code: 'sender-not-allowed', detail: 'x', remote: '554 5.2.252 SendAsDenied', at: '' };
  await context.db
    .insertInto('outbox_messages')
    .values({
      ...{
        id: '01890000-0000-7000-8000-00000000000c',
        kind: 'scan',
        priority: 10,
        sender: 'a@b.example',
        subject: 's',
      },
      ...{ message_id_header: '<1@b>', body: Buffer.from('x'), bytes: 1, sha256: Buffer.alloc(32), state: 'held' },
      ...{ hold_reason: reason, problem: JSON.stringify(problem), expires_at: now, created_at: now },
    })
    .execute();
}

test('mail that is held raises an alarm, which a moment without held mail does not solve', async () => {
  await using opened = await openTestContext();
  await using hook = await openHook();
  const { context, clock } = opened;
  const clearSince: ClearSince = new Map();
  await setAlarmSettings(context, { webhook: { url: hook.url, secret: SECRET } }, 'test');
  await holdMessage(context);
  await look(context, clearSince);
  assert.match(hook.calls[0]?.body ?? '', /554 5\.2\.252 SendAsDenied/);
  await context.db.deleteFrom('outbox_messages').execute();
  await look(context, clearSince);
  clock.advance(MINUTE_MS);
  await holdMessage(context);
  await look(context, clearSince);
  await context.db.deleteFrom('outbox_messages').execute();
  await look(context, clearSince);
  clock.advance(4 * MINUTE_MS);
  await look(context, clearSince);
  assert.deepEqual(hook.phases(), ['raised']);
  clock.advance(MINUTE_MS);
  await look(context, clearSince);
  assert.deepEqual(hook.phases(), ['raised', 'solved']);
});

test('mail that is held because of a connection is one alarm, not two', async () => {
  await using opened = await openTestContext();
  await using hook = await openHook();
  const { context } = opened;
  await setAlarmSettings(context, { webhook: { url: hook.url, secret: SECRET } }, 'test');
  await setState(context, await addConnection(context), 'needs-confirmation');
  await holdMessage(context);
  await look(context);
  assert.equal(hook.calls.length, 1);
  assert.match(hook.calls[0]?.body ?? '', /one message to send; nothing is lost/);
});

test('mail that waited for an outgoing server that is there again is about to leave, and no alarm of its own', async () => {
  await using opened = await openTestContext();
  await using hook = await openHook();
  const { context } = opened;
  await setAlarmSettings(context, { webhook: { url: hook.url, secret: SECRET } }, 'test');
  await holdMessage(context, 'connection');
  await useSubmissionServer(context, { host: '127.0.0.1', port: 25 });
  await look(context);
  assert.deepEqual(hook.phases(), []);
  await setNetworkSettings(context, { senderEmail: 'a@b.example', senderName: undefined, outgoing: undefined }, 'test');
  await look(context);
  assert.deepEqual(hook.phases(), ['raised']);
});

test('the alarm server tells everybody in the languages that they read, and is used for nothing else', async () => {
  await using opened = await openTestContext();
  await using mail = await startSubmissionServer();
  const { context } = opened;
  await addUser(context, { email: 'rita@school.example', name: 'Rita', role: 'administrator', language: 'it' }, 'test');
  await addUser(context, { email: 'sam@school.example', name: 'Sam', role: 'user', language: 'en' }, 'test');
  const server = {
    ...({ host: mail.host, port: mail.port, security: 'none', verifyCertificate: true } as const),
    ...{ username: 'alarm', password: 'canary-password', sender: 'alarm@school.example' },
    recipients: ['rita@school.example', 'sam@school.example'],
  };
  await setAlarmSettings(context, { server }, 'test');
  await setState(context, await addConnection(context), 'needs-confirmation');
  await look(context);
  await look(context);
  const [taken, ...others] = mail.accepted;
  assert.ok(taken);
  assert.equal(others.length, 0);
  assert.deepEqual(taken.recipients, server.recipients);
  const parsed = await PostalMime.parse(taken.data);
  assert.match(parsed.subject ?? '', /Exchange school must be confirmed again · .*Exchange school va confermato/);
  assert.match(parsed.text ?? '', /can no longer use.*non può più usare/s);
  assert.equal(parsed.headers.find(({ key }) => key === 'auto-submitted')?.value, 'auto-generated');
  assert.ok(!JSON.stringify(await context.db.selectFrom('notice_settings').selectAll().execute()).includes('canary'));
});

test('the password of the alarm server goes to no other server', async () => {
  await using opened = await openTestContext();
  const { context } = opened;
  const server = {
    ...({ host: 'one.example', port: 587, security: 'starttls', verifyCertificate: true } as const),
    ...{ username: 'alarm', sender: 'alarm@school.example', recipients: ['rita@school.example'] },
  };
  const hasPassword = async () => (await getAlarmSettings(context)).server?.hasPassword;
  await setAlarmSettings(context, { server: { ...server, password: 'canary' } }, 'test');
  await setAlarmSettings(context, { server: { ...server, recipients: ['sam@school.example'] } }, 'test');
  assert.equal(await hasPassword(), true);
  await setAlarmSettings(context, { server: { ...server, host: 'two.example' } }, 'test');
  assert.equal(await hasPassword(), false);
});

test('a test alarm says of each way whether it arrived', async () => {
  await using opened = await openTestContext();
  await using hook = await openHook();
  const { context } = opened;
  const { signal } = new AbortController();
  await assert.rejects(testAlarm(context, signal), { code: 'alarm-way-missing' });
  const server = {
    ...({ host: '127.0.0.1', port: 1, security: 'none', verifyCertificate: true } as const),
    ...{ username: null, sender: 'alarm@school.example', recipients: ['rita@school.example'] },
  };
  await setAlarmSettings(context, { webhook: { url: hook.url, secret: SECRET }, server }, 'test');
  const told = await testAlarm(context, signal);
  assert.deepEqual(
    told.map(({ way, problem }) => [way, problem?.code]),
    [
      ['webhook', undefined],
      ['server', 'alarm-server-failed'],
    ],
  );
  assert.deepEqual(await listAlarms(context, 10), []);
});

test('two nodes tell an alarm once', async () => {
  await using opened = await openTestContext();
  await using other = await openTestContext({ besides: opened });
  await using hook = await openHook();
  const { context } = opened;
  await setAlarmSettings(context, { webhook: { url: hook.url, secret: SECRET } }, 'test');
  await setState(context, await addConnection(context), 'needs-confirmation');
  const fence = async () =>
    (await context.db.selectFrom('leases').select('fence').where('name', '=', 'alarms').executeTakeFirst())?.fence ?? 0;
  const first = await startNoticesWorker(context);
  await using _second = await startNoticesWorker(other.context);
  await eventually(() => hook.calls.length > 0);
  // The lease may have gone to either; when the first node has stopped, it is the second one that looks.
  await first[Symbol.asyncDispose]();
  await eventually(async () => {
    other.clock.advance(5 * SECOND_MS);
    return (await fence()) >= 2 || other.clock.sleeping >= 2;
  });
  other.clock.advance(15 * SECOND_MS);
  await eventually(() => other.clock.sleeping >= 2);
  assert.deepEqual(hook.phases(), ['raised']);
});

test('a permission that may end is told of a week and a day before, over the chosen ways, and its end is no cure', async () => {
  await using opened = await openTestContext();
  await using hook = await openHook();
  const { context, clock } = opened;
  const id = await addConnection(context);
  await setState(context, id, 'connected');
  await setAlarmSettings(context, { webhook: { url: hook.url, secret: SECRET } }, 'test');
  // The last one lived for 30 days, and this one is 20 days old.
  const now = clock.now().getTime();
  const permission = { connection_id: id, account_tid: 't', account_oid: 'o', method: 'link' } as const;
  const at = (days: number) => new Date(now + days * DAY_MS);
  await context.db
    .insertInto('connection_permissions')
    .values([
      { ...permission, id: newId(), signed_in_at: at(-60), ended_at: at(-30), end_aadsts: 50078 },
      { ...permission, id: newId(), signed_in_at: at(-20), ended_at: null },
    ])
    .execute();
  const lookAt = async (days: number) => {
    clock.advance(now + days * DAY_MS - clock.now().getTime());
    await look(context);
    await look(context);
    return hook.phases();
  };
  assert.deepEqual(await lookAt(2), []);
  assert.deepEqual(await lookAt(3.5), ['raised']);
  const body = JSON.parse(hook.calls[0]?.body ?? '{}') as Record<string, unknown>;
  assert.equal(body.kind, 'expiry');
  assert.match(String(body.title), /Exchange school may need confirmation soon/);
  assert.match(
    String(body.text).replaceAll(/\s+/g, ' '),
    /may end about .*Expected about: .*\/settings\/connections\//,
  );
  assert.deepEqual(await lookAt(8), ['raised']);
  assert.deepEqual(await lookAt(9.5), ['raised', 'reminder']);
  await setState(context, id, 'needs-confirmation');
  assert.deepEqual(await lookAt(10), ['raised', 'reminder', 'raised']);
  await setState(context, id, 'connected');
  await context.db
    .updateTable('connection_permissions')
    .set({ signed_in_at: at(10) })
    .where('ended_at', 'is', null)
    .execute();
  await look(context);
  const kinds = hook.calls.slice(3).map(({ body }) => Object.values(JSON.parse(body) as object).slice(2, 4));
  assert.deepEqual(kinds.sort(), [
    ['connection', 'solved'],
    ['expiry', 'solved'],
  ]);
  assert.equal(await countOpenAlarms(context), 0);
});

test('an alarm goes over those ways alone that the rule of its event names', async () => {
  await using opened = await openTestContext();
  await using hook = await openHook();
  const { context } = opened;
  const id = await addConnection(context);
  await setAlarmSettings(context, { webhook: { url: hook.url, secret: SECRET } }, 'test');
  const event = 'connection-needs-confirmation';
  const { ways: _, ...rule } = DEFAULT_RULES[event];
  await setNoticeSettings(context, { rules: { [event]: { ...rule, ways: ['server'] } } }, 'test');
  await setState(context, id, 'needs-confirmation');
  await look(context);
  assert.deepEqual([hook.phases(), await countOpenAlarms(context)], [[], 1]);
  // A rule that says nothing of ways keeps them; one that names the webhook is followed while the trouble lasts.
  await setNoticeSettings(context, { rules: { [event]: { ...rule, enabled: false } } }, 'test');
  await look(context);
  assert.deepEqual(hook.phases(), []);
  await setNoticeSettings(context, { rules: { [event]: { ...rule, enabled: false, ways: ['webhook'] } } }, 'test');
  await look(context);
  assert.deepEqual(hook.phases(), ['raised']);
});

test('a way is proved by what has arrived over it, and not any more when it is changed', async () => {
  await using opened = await openTestContext();
  await using hook = await openHook();
  const { context } = opened;
  const provedAt = async () => (await getAlarmSettings(context)).webhook?.provedAt;
  await setAlarmSettings(context, { webhook: { url: hook.url, secret: SECRET } }, 'test');
  hook.answers.push(500);
  await testAlarm(context, AbortSignal.timeout(MINUTE_MS));
  assert.equal(await provedAt(), null);
  await testAlarm(context, AbortSignal.timeout(MINUTE_MS));
  assert.equal(await provedAt(), context.clock.now().toISOString());
  await setAlarmSettings(context, { server: null }, 'test');
  assert.notEqual(await provedAt(), null);
  await setAlarmSettings(context, { webhook: { url: `${hook.url}/other` } }, 'test');
  assert.equal(await provedAt(), null);
  // An alarm proves as much as a test.
  await setState(context, await addConnection(context), 'needs-confirmation');
  await look(context);
  assert.notEqual(await provedAt(), null);
});
