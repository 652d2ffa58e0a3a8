import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openTestContext } from '../../test/harness/database.ts';
import {
  aMessage,
  bytesOf,
  endPauses,
  openOutboxStage,
  reach,
  reachLater,
  useSubmissionServer,
} from '../../test/harness/outbox.ts';
import { startSubmissionServer } from '../../test/harness/submission-server.ts';
import { eventually } from '../../test/harness/time.ts';
import { DAY_MS, MINUTE_MS, SECOND_MS } from '../base/clock.ts';
import { PlatenError } from '../base/errors.ts';
import { readJournal } from '../journal/journal.ts';
import { keep } from '../spool/spool.ts';
import { transaction } from '../store/transaction.ts';
import {
  countOutbox,
  dropMessage,
  findReasonToWait,
  getMessage,
  holdMessage,
  listAttempts,
  listMessages,
  releaseMessage,
  submitInTransaction,
  submitMessage,
} from './outbox.ts';
import { startOutboxWorker } from './worker.ts';

const isError = (code: string) => (error: unknown) => error instanceof PlatenError && error.code === code;

describe('a message', () => {
  test('leaves through the outgoing server byte for byte, and keeps no bytes afterwards', async () => {
    await using stage = await openOutboxStage();
    const one = aMessage();
    const id = await submitMessage(stage.context, one);
    const sent = await reach(stage.context, id, 'sent');
    assert.deepEqual(stage.server.accepted[0]?.data, bytesOf(one));
    assert.match(sent.remoteAnswer ?? '', /^250 2\.0\.0 OK <kept@/);
    assert.deepEqual(
      sent.recipients.map(({ state }) => state),
      ['sent'],
    );
    const row = await stage.context.db.selectFrom('outbox_messages').selectAll().executeTakeFirstOrThrow();
    assert.deepEqual([row.body, row.spool_id, row.possibly_twice], [null, null, false]);
    const [attempt] = await listAttempts(stage.context, id);
    assert.deepEqual([attempt?.verdict, attempt?.code], ['accepted', 250]);
    const events = await readJournal(stage.context, { subjectId: id, limit: 10 });
    assert.deepEqual(
      events.map((event) => [event.type, event.data.to]),
      [
        ['outbox-message-queued', undefined],
        ['outbox-message-state-changed', 'sent'],
      ],
    );
  });

  test('of many megabytes passes through the spool, and the spool forgets it', async () => {
    await using stage = await openOutboxStage();
    const one = aMessage({}, 3_000_000);
    const id = await submitMessage(stage.context, one);
    assert.equal((await stage.context.db.selectFrom('spool_files').selectAll().execute()).length, 1);
    await reach(stage.context, id, 'sent');
    assert.ok(stage.server.accepted[0]?.data.equals(bytesOf(one)));
    assert.deepEqual(await stage.context.db.selectFrom('spool_files').selectAll().execute(), []);
  });
});

describe('submitting', () => {
  test('keeps hundreds of messages with few commits', async () => {
    await using node = await openTestContext();
    const { context } = node;
    const ids = await Promise.all(Array.from({ length: 300 }, () => submitMessage(context, aMessage())));
    assert.equal(new Set(ids).size, 300);
    const rows = await context.db.selectFrom('journal').select('tx').distinct().execute();
    assert.ok(rows.length <= 5, `${rows.length} commits`);
    assert.equal((await countOutbox(context)).states.queued, 300);
  });

  test('a message that cannot be kept does not refuse those that came with it', async () => {
    await using node = await openTestContext();
    const { context } = node;
    const file = await keep(context, Buffer.from('twice'), { mediaType: 'message/rfc822', maxBytes: 100 });
    const spooled = { content: { kind: 'spooled', file } } as const;
    const outcomes = await Promise.allSettled([
      submitMessage(context, aMessage()),
      submitMessage(context, aMessage(spooled)),
      submitMessage(context, aMessage(spooled)),
      submitMessage(context, aMessage()),
    ]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
    );
    assert.equal((await listMessages(context, { limit: 10 })).length, 3);
  });

  test('an envelope that could become another command is refused', async () => {
    await using node = await openTestContext();
    const refuse = async (more: Parameters<typeof aMessage>[0]) =>
      await assert.rejects(submitMessage(node.context, aMessage(more)), isError('invalid-request'));
    await refuse({ recipients: [] });
    await refuse({ sender: 'a@b\r\nRCPT TO:<c@d>' });
    for (const address of [
      'a',
      'a@',
      '@b',
      'a b@c',
      'a@b>',
      '<a@b>',
      'a@b@c',
      '"a b"@c',
      'a@b\0',
      `${'a'.repeat(320)}@b`,
    ]) {
      await refuse({ recipients: ['good@practice.example', address] });
    }
    await refuse({ recipients: Array.from({ length: 1001 }, (_, at) => `r${at}@practice.example`) });
    await refuse({ content: { kind: 'bytes', bytes: Buffer.alloc(0) } });
    assert.deepEqual(await listMessages(node.context, { limit: 1 }), []);
  });

  test('a subject from outside is kept as one showable line', async () => {
    await using node = await openTestContext();
    const subject = `a\r\nBcc: x\u0000\ud800${'y'.repeat(5000)}`;
    const id = await submitMessage(node.context, aMessage({ subject }));
    const shown = (await getMessage(node.context, id)).subject;
    assert.doesNotMatch(shown, /\p{Cc}/u);
    assert.ok(shown.length <= 1000 && shown.isWellFormed());
  });

  test('in a transaction that is rolled back leaves nothing', async () => {
    await using node = await openTestContext();
    const { context } = node;
    const rolledBack = transaction(context, async (context) => {
      await submitInTransaction(context, aMessage());
      throw new Error('not after all');
    });
    await assert.rejects(rolledBack, /not after all/);
    assert.deepEqual(await listMessages(context, { limit: 1 }), []);
  });
});

describe('while nothing can leave', () => {
  test('messages wait for an outgoing server, no attempt is used up, and they leave by themselves', async () => {
    await using node = await openTestContext();
    const { context, clock } = node;
    await using _worker = await startOutboxWorker(context);
    const id = await submitMessage(context, aMessage());
    const held = await reach(context, id, 'held');
    assert.deepEqual(
      [held.holdReason, held.problem?.code, held.attempts],
      ['connection', 'outgoing-server-missing', 0],
    );
    // Kept as held from the start, and the journal does not tell the same pause for each message.
    const second = await submitMessage(context, aMessage());
    const kept = await getMessage(context, second);
    assert.deepEqual(
      [kept.state, kept.holdReason, kept.problem?.code, kept.dueAt],
      ['held', 'connection', 'outgoing-server-missing', null],
    );
    assert.equal((await countOutbox(context)).states.held, 2);
    await using server = await startSubmissionServer();
    await useSubmissionServer(context, server);
    clock.advance(6 * SECOND_MS);
    await reach(context, id, 'sent');
    await reach(context, second, 'sent');
    const paused = await readJournal(context, { type: 'outbox-sending-paused', limit: 5 });
    const resumed = await readJournal(context, { type: 'outbox-sending-resumed', limit: 5 });
    assert.deepEqual([paused.length, resumed.length, resumed[0]?.data.count], [1, 1, 2]);
  });

  test('an unreachable server defers everything that waits, and is tried again', async () => {
    await using node = await openTestContext();
    const { context, clock } = node;
    await useSubmissionServer(context, { host: '127.0.0.1', port: 1 });
    const ids = [await submitMessage(context, aMessage()), await submitMessage(context, aMessage())];
    await using _worker = await startOutboxWorker(context);
    for (const id of ids) {
      const deferred = await reach(context, id, 'deferred');
      assert.deepEqual([deferred.problem?.code, deferred.attempts], ['server-unreachable', 1]);
    }
    // The next one is not tried while the server is paused, and can say why all the same.
    const next = await getMessage(context, await submitMessage(context, aMessage()));
    assert.deepEqual([next.state, next.problem], ['queued', null]);
    assert.equal((await findReasonToWait(context, next))?.code, 'server-unreachable');
    await using server = await startSubmissionServer();
    await useSubmissionServer(context, server);
    await endPauses(context);
    clock.advance(2 * MINUTE_MS);
    for (const id of ids) await reachLater({ context, clock, server }, id, 'sent');
  });

  test('time alone ends only what was tried often enough', async () => {
    await using node = await openTestContext();
    const { context, clock } = node;
    const young = await submitMessage(context, aMessage());
    const tried = await submitMessage(context, aMessage());
    await context.db.updateTable('outbox_messages').set({ attempts: 12 }).where('id', '=', tried).execute();
    clock.advance(400 * DAY_MS);
    await useSubmissionServer(context, { host: '127.0.0.1', port: 1 });
    await using _worker = await startOutboxWorker(context);
    const failed = await reach(context, tried, 'failed');
    assert.equal(failed.problem?.code, 'message-expired');
    await reach(context, young, 'deferred');
  });
});

describe('a person', () => {
  test('holds a message, lets it go again, and drops another with its bytes', async () => {
    await using node = await openTestContext();
    const { context } = node;
    const id = await submitMessage(context, aMessage({}, 200_000));
    const held = await holdMessage(context, id, 'anna');
    assert.deepEqual([held.state, held.holdReason, held.dueAt], ['held', 'administrator', null]);
    assert.equal((await releaseMessage(context, id, 'anna')).state, 'queued');
    await dropMessage(context, id, 'anna');
    await assert.rejects(getMessage(context, id), isError('not-found'));
    assert.deepEqual(await context.db.selectFrom('spool_files').selectAll().execute(), []);
    const [dropped] = await readJournal(context, { type: 'outbox-message-dropped', limit: 2 });
    assert.deepEqual([dropped?.subjectId, dropped?.actor], [id, 'anna']);
  });

  test('does not release what is held by hand when a connection is confirmed', async () => {
    await using stage = await openOutboxStage();
    const { context } = stage;
    stage.server.react(({ moment }) => (moment === 'mail' ? '451 4.0.0 Later' : undefined));
    const id = await submitMessage(context, aMessage());
    await reach(context, id, 'deferred');
    await holdMessage(context, id, 'anna');
    stage.server.react(() => undefined);
    const other = await submitMessage(context, aMessage());
    await reach(context, other, 'sent');
    assert.equal((await getMessage(context, id)).state, 'held');
    await releaseMessage(context, id, 'anna');
    await reach(context, id, 'sent');
    for (const act of [holdMessage, releaseMessage]) {
      await assert.rejects(act(context, id, 'anna'), isError('outbox-state-conflict'));
    }
  });
});

describe('the order', () => {
  test('is test messages, scans, notices', async () => {
    await using node = await openTestContext();
    const { context } = node;
    for (const kind of ['notice', 'scan', 'test', 'notice', 'scan'] as const) {
      await submitMessage(context, aMessage({ kind, subject: kind }));
    }
    await using server = await startSubmissionServer();
    let largest = 0;
    server.react(({ moment }) => {
      if (moment === 'dot') largest = Math.max(largest, server.openSessions());
      return undefined;
    });
    await useSubmissionServer(context, server);
    await using _worker = await startOutboxWorker(context);
    await eventually(async () => (await countOutbox(context)).states.sent === 5);
    const attempts = await context.db.selectFrom('outbox_attempts').select(['message_id']).orderBy('id').execute();
    const kinds = await Promise.all(attempts.map(async (one) => (await getMessage(context, one.message_id)).kind));
    assert.deepEqual(kinds, ['test', 'scan', 'scan', 'notice', 'notice']);
    assert.ok(largest <= 10);
  });
});
