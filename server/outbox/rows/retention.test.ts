import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aMessage, openOutboxStage, reach } from '../../../test/harness/outbox.ts';
import { eventually } from '../../../test/harness/time.ts';
import { DAY_MS, MINUTE_MS, SECOND_MS } from '../../base/clock.ts';
import { holdMessage, listMessages, submitMessage } from '../outbox.ts';
import { pruneEnded } from './retention.ts';

test('what was sent or has failed is forgotten after 30 days with all that belongs to it, and nothing else is', async () => {
  await using stage = await openOutboxStage();
  const { context, clock, server } = stage;
  server.react(({ moment, recipients }) =>
    moment === 'dot' && recipients[0]?.startsWith('no@') ? '554 5.6.0 Corrupt message content' : undefined,
  );
  const sent = await submitMessage(context, aMessage());
  const failed = await submitMessage(context, aMessage({ recipients: ['no@practice.example'] }, 200_000));
  await reach(context, sent, 'sent');
  await reach(context, failed, 'failed');
  await eventually(() => server.openSessions() === 0);
  await stage.stopWorker();
  const held = await submitMessage(context, aMessage());
  await holdMessage(context, held, 'test');
  const ids = async () => (await listMessages(context, { limit: 10 })).map(({ id }) => id).sort();

  clock.advance(30 * DAY_MS - 2 * MINUTE_MS);
  assert.equal(await pruneEnded(context), 0);
  assert.deepEqual(await ids(), [sent, failed, held].sort());
  clock.advance(3 * MINUTE_MS);
  assert.equal(await pruneEnded(context), 2);
  assert.deepEqual(await ids(), [held]);
  const { db } = context;
  assert.deepEqual(
    (await db.selectFrom('outbox_recipients').select('message_id').execute()).map((row) => row.message_id),
    [held],
  );
  assert.deepEqual(await db.selectFrom('outbox_attempts').select('id').execute(), []);
  assert.deepEqual(await db.selectFrom('spool_files').select('id').execute(), []);
});

test('the worker does that by itself, in batches', async () => {
  await using stage = await openOutboxStage();
  const { context, clock } = stage;
  const { db } = context;
  const first = await submitMessage(context, aMessage());
  await reach(context, first, 'sent');
  const row = await db.selectFrom('outbox_messages').selectAll().executeTakeFirstOrThrow();
  const copies = Array.from({ length: 1200 }, (_, index) => ({
    ...row,
    problem: null,
    id: `00000000-0000-7000-8000-${String(index).padStart(12, '0')}`,
  }));
  await db.insertInto('outbox_messages').values(copies).execute();
  await eventually(() => stage.server.openSessions() === 0);
  clock.advance(31 * DAY_MS);
  await eventually(
    async () => {
      clock.advance(30 * SECOND_MS);
      return (await db.selectFrom('outbox_messages').select('id').limit(1).execute()).length === 0;
    },
    { what: 'old messages are forgotten', timeoutMs: 30_000 },
  );
});
