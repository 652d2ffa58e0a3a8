import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestContext, type TestContext } from '../../test/harness/database.ts';
import { HOUR_MS } from '../base/clock.ts';
import { newId } from '../base/secrets.ts';
import { addDevice } from '../relay/relay.ts';
import type { JobState } from '../store/schema.ts';
import { readCalls } from './calls.ts';
import { readOverview } from './overview.ts';

async function addQueue({ context }: TestContext): Promise<string> {
  const id = newId();
  await context.db.insertInto('queues').values({ id, name: 'Queue', mode: 'hold' }).execute();
  return id;
}

async function addJob({ context }: TestContext, queueId: string, state: JobState, endedAt?: Date): Promise<void> {
  const [owner] = await context.db.selectFrom('users').select('id').execute();
  const id = newId();
  const ownerId = owner?.id ?? newId();
  if (owner === undefined) {
    const user = { id: ownerId, email: 'user1@contoso.example', name: 'User', role: 'user', language: 'en' } as const;
    await context.db.insertInto('users').values(user).execute();
  }
  const document = { document_format: 'application/pdf', document_bytes: 1, created_at: context.clock.now() };
  const owned = { owner_id: ownerId, owner_name: 'User', queue_id: queueId, title: 'A job', options: '{}' };
  await context.db
    .insertInto('jobs')
    .values({ id, ...owned, ...document, state, ended_at: endedAt ?? null })
    .execute();
}

async function addPrinter({ context }: TestContext, name: string, state: 'idle' | 'stopped'): Promise<void> {
  const reasons = state === 'stopped' ? ['media-empty-error'] : [];
  await context.db
    .insertInto('printers')
    .values({ id: newId(), name, uri: `ipp://${name}.example/`, state, reasons, state_since: context.clock.now() })
    .execute();
}

test('nothing is set up, and nothing is wrong', async () => {
  await using platen = await openTestContext();
  const overview = await readOverview(platen.context);
  assert.deepEqual([overview.verdict, overview.faults], ['well', []]);
  assert.equal(overview.scanToMail.outgoing, 'none');
  assert.equal(overview.mailToPaper.hours.length, 24);
});

test('the hours of the last day are counted, those before are not', async () => {
  await using platen = await openTestContext();
  const { context } = platen;
  const queueId = await addQueue(platen);
  const now = context.clock.now();
  const hour = new Date(Math.floor(now.getTime() / HOUR_MS) * HOUR_MS);
  const first = new Date(hour.getTime() - 23 * HOUR_MS);
  await addJob(platen, queueId, 'completed', now);
  await addJob(platen, queueId, 'completed', first);
  await addJob(platen, queueId, 'aborted', first);
  await addJob(platen, queueId, 'canceled', first);
  await addJob(platen, queueId, 'completed', new Date(first.getTime() - 1));
  await addJob(platen, queueId, 'pending-held');
  const { mailToPaper, lastJobs } = await readOverview(context);
  assert.deepEqual(mailToPaper.hours.at(-1), { at: hour, done: 1, failed: 0 });
  assert.deepEqual(mailToPaper.hours[0], { at: first, done: 1, failed: 1 });
  assert.equal(
    mailToPaper.hours.reduce((sum, { done }) => sum + done, 0),
    2,
  );
  assert.deepEqual(mailToPaper.jobs, { held: 1, waiting: 0, printing: 0, stopped: 0 });
  assert.equal(lastJobs.length, 6);
});

test('a printer that does not print is broken with its reasons, one that does is not', async () => {
  await using platen = await openTestContext();
  await addPrinter(platen, 'one', 'idle');
  await addPrinter(platen, 'two', 'stopped');
  const { verdict, faults, mailToPaper } = await readOverview(platen.context);
  assert.equal(verdict, 'broken');
  assert.deepEqual(
    faults.map(({ severity, kind, name, reasons }) => ({ severity, kind, name, reasons })),
    [{ severity: 'broken', kind: 'printer', name: 'two', reasons: ['media-empty-error'] }],
  );
  assert.deepEqual(mailToPaper.printers, { all: 2, ready: 1, troubled: 1 });
});

test('jobs of which nobody knows how they ended are counted, and not everything works', async () => {
  await using platen = await openTestContext();
  const queueId = await addQueue(platen);
  for (const state of ['processing-stopped', 'processing-stopped', 'pending-held'] as const) {
    await addJob(platen, queueId, state);
  }
  const { verdict, faults } = await readOverview(platen.context);
  assert.equal(verdict, 'warning');
  assert.deepEqual(
    faults.map(({ severity, kind, waiting }) => [severity, kind, waiting]),
    [['warning', 'jobs', 2]],
  );
});

test('a device that is shut out is broken, one whose message was not taken is a warning, and strangers are one together', async () => {
  await using platen = await openTestContext();
  const { context } = platen;
  const { device: shut } = await addDevice(context, { name: 'Copier', addresses: ['192.0.2.1'] }, 'test');
  const { device: large } = await addDevice(context, { name: 'Scanner', addresses: ['192.0.2.2'] }, 'test');
  const now = context.clock.now();
  const note = async (deviceId: string | null, address: string, reason: string) => {
    const what = { id: newId(), subject: deviceId ?? address, device_id: deviceId, address, reason, repairs: [] };
    const seen = { words: 'EHLO copier.local', first_at: now, last_at: now, count: 1 };
    await context.db
      .insertInto('device_faults')
      .values({ ...what, ...seen })
      .execute();
  };
  await note(shut.id, '192.0.2.1', 'not-a-device');
  await note(large.id, '192.0.2.2', 'too-large');
  await note(large.id, '192.0.2.2', 'repaired');
  for (const address of ['198.51.100.1', '198.51.100.2']) await note(null, address, 'not-a-device');
  const { verdict, faults } = await readOverview(context);
  assert.equal(verdict, 'broken');
  assert.deepEqual(
    faults.map(({ severity, kind, subjectId, refusal, waiting }) => {
      return [severity, kind, subjectId, refusal?.reason, waiting];
    }),
    [
      ['broken', 'device', shut.id, 'not-signed-in', undefined],
      ['warning', 'device', large.id, 'too-large', undefined],
      ['warning', 'knock', undefined, 'not-a-device', 2],
    ],
  );
});

test('a mailbox that fails is broken, one that is switched off is not', async () => {
  await using platen = await openTestContext();
  const { context } = platen;
  const queueId = await addQueue(platen);
  const at = context.clock.now();
  const problem = {
    code: 'mailbox-not-found',
    detail: 'no such folder',
    remote: 'NO [NONEXISTENT]',
    at: at.toISOString(),
  };
  const server = { host: 'mail.contoso.example', port: 993, security: 'tls', username: 'print' };
  for (const [title, enabled] of [
    ['on', true],
    ['off', false],
  ] as const) {
    const place = { address: `${title}@contoso.example`, folder: 'INBOX', server: JSON.stringify(server) };
    const rest = { poll_seconds: 60, after_intake: 'move', queue_id: queueId, protocol: 'imap', enabled } as const;
    const state = { state: 'failing', state_since: at, problem: JSON.stringify(problem) } as const;
    await context.db
      .insertInto('mailboxes')
      .values({ id: newId(), title, ...place, ...rest, ...state })
      .execute();
  }
  const { faults, mailToPaper } = await readOverview(context);
  assert.deepEqual(
    faults.map(({ kind, name, problem }) => [kind, name, problem?.remote]),
    [['mailbox', 'on', 'NO [NONEXISTENT]']],
  );
  assert.deepEqual(mailToPaper.mailboxes, { watched: 0, failing: 1, waiting: 0, off: 1 });
});

test('an outgoing connection that cannot send is told, also while another connection waits to be confirmed', async () => {
  await using platen = await openTestContext();
  const { context } = platen;
  const [used, other] = [newId(), newId()];
  for (const [id, state] of [
    [used, 'connected'],
    [other, 'awaiting-confirmation'],
  ] as const) {
    const what = {
      kind: 'exchange-online',
      title: state,
      cloud: 'global',
      client_id: newId(),
      tenant_id: newId(),
    } as const;
    const account = { account_username: 'print@contoso.example', account_addresses: ['print@contoso.example'] };
    await context.db
      .insertInto('connections')
      .values({ id, ...what, ...account, uses: ['imap'], scopes: [], state, state_since: context.clock.now() })
      .execute();
  }
  const outgoing = { outgoing_kind: 'connection', outgoing_connection_id: used } as const;
  await context.db
    .updateTable('network_settings')
    .set({ sender_email: 'print@contoso.example', ...outgoing })
    .execute();
  const { faults } = await readOverview(context);
  assert.deepEqual(
    faults.map(({ kind }) => kind),
    ['network'],
  );
});

test('only what a person must act on is counted for the navigation', async () => {
  await using platen = await openTestContext();
  const { context } = platen;
  assert.deepEqual(await readCalls(context), { jobs: 0, outbox: 0, printers: 0, connections: 0 });
  const queueId = await addQueue(platen);
  for (const state of ['processing-stopped', 'pending-held', 'pending', 'completed'] as const) {
    await addJob(platen, queueId, state, state === 'completed' ? context.clock.now() : undefined);
  }
  await addPrinter(platen, 'one', 'idle');
  await addPrinter(platen, 'two', 'stopped');
  for (const state of ['connected', 'degraded', 'needs-confirmation', 'awaiting-confirmation'] as const) {
    const ids = { client_id: newId(), tenant_id: newId() };
    const what = { kind: 'exchange-online', title: state, cloud: 'global', ...ids } as const;
    await context.db
      .insertInto('connections')
      .values({ id: newId(), ...what, uses: ['imap'], scopes: [], state, state_since: context.clock.now() })
      .execute();
  }
  // Held by somebody on purpose it waits for nobody else.
  for (const hold_reason of ['administrator', 'mailbox'] as const) {
    const now = context.clock.now();
    const message = { kind: 'scan', priority: 10, sender: 'p@contoso.example', subject: 'x' } as const;
    const content = { message_id_header: '<1@b>', body: Buffer.from('x'), bytes: 1, sha256: Buffer.alloc(32) };
    await context.db
      .insertInto('outbox_messages')
      .values({
        id: newId(),
        ...message,
        ...content,
        state: 'held',
        hold_reason,
        expires_at: now,
        created_at: now,
      })
      .execute();
  }
  assert.deepEqual(await readCalls(context), { jobs: 1, outbox: 1, printers: 1, connections: 2 });
});
