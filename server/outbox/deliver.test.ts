import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  aMessage,
  bytesOf,
  endPauses,
  moveToDue,
  type OutboxStage,
  openOutboxStage,
  reach,
  reachLater,
} from '../../test/harness/outbox.ts';
import type { Moment, Reaction, Said } from '../../test/harness/submission-server.ts';
import { eventually } from '../../test/harness/time.ts';
import { HOUR_MS, MINUTE_MS } from '../base/clock.ts';
import { countOutbox, getMessage, listAttempts, releaseMessage, submitMessage } from './outbox.ts';

/** Answers the first so many of these moments, and then as usual. */
function answerFirst(times: number, moment: Moment, reaction: Reaction): (said: Said) => Reaction {
  let left = times;
  return (said) => {
    if (said.moment !== moment || left === 0) return undefined;
    left -= 1;
    return reaction;
  };
}

async function submit(stage: OutboxStage, ...args: Parameters<typeof aMessage>): Promise<string> {
  return await submitMessage(stage.context, aMessage(...args));
}

describe('a recipient', () => {
  test('that is refused for good fails alone; the others have it, and a retry asks only about the refused one', async () => {
    await using stage = await openOutboxStage();
    const { context, server } = stage;
    server.react(({ moment, line }) =>
      moment === 'rcpt' && line.includes('gone@') ? '550 5.1.1 User unknown' : undefined,
    );
    const id = await submit(stage, { recipients: ['here@practice.example', 'gone@practice.example'] });
    const failed = await reach(context, id, 'failed');
    assert.deepEqual(
      failed.recipients.map(({ address, state, problem }) => [address, state, problem?.code, problem?.remote]),
      [
        ['here@practice.example', 'sent', undefined, undefined],
        ['gone@practice.example', 'failed', 'recipient-refused', '550 5.1.1 User unknown'],
      ],
    );
    server.react(() => undefined);
    await releaseMessage(context, id, 'anna');
    await reach(context, id, 'sent');
    assert.deepEqual(
      server.accepted.map(({ recipients }) => recipients),
      [['here@practice.example'], ['gone@practice.example']],
    );
  });

  test('that is refused for now is tried again by the timetable, without the others', async () => {
    await using stage = await openOutboxStage();
    const { context, server } = stage;
    server.react(answerFirst(1, 'rcpt', '451 4.2.1 Greylisted'));
    const id = await submit(stage, { recipients: ['slow@practice.example', 'quick@practice.example'] });
    const deferred = await reach(context, id, 'deferred');
    assert.deepEqual(
      deferred.recipients.map(({ state }) => state),
      ['queued', 'sent'],
    );
    assert.equal(deferred.problem?.code, 'message-deferred');
    await reachLater(stage, id, 'sent');
    assert.deepEqual(
      server.accepted.map(({ recipients }) => recipients),
      [['quick@practice.example'], ['slow@practice.example']],
    );
  });

  test('more than the server takes at once goes with the next transaction', async () => {
    await using stage = await openOutboxStage();
    const { context, server } = stage;
    server.react(({ moment, recipients }) =>
      moment === 'rcpt' && recipients.length >= 3 ? '452 4.5.3 Too many recipients' : undefined,
    );
    const recipients = Array.from({ length: 8 }, (_, at) => `r${at}@practice.example`);
    await reach(context, await submit(stage, { recipients }), 'sent');
    assert.deepEqual(
      server.accepted.map((one) => one.recipients.length),
      [3, 3, 2],
    );
    assert.deepEqual(server.accepted.flatMap((one) => one.recipients).sort(), recipients);
  });

  test('no more than 500 are named in one transaction', async () => {
    await using stage = await openOutboxStage();
    const recipients = Array.from({ length: 620 }, (_, at) => `r${String(at).padStart(3, '0')}@practice.example`);
    await reach(stage.context, await submit(stage, { recipients }), 'sent');
    assert.deepEqual(
      stage.server.accepted.map((one) => one.recipients.length),
      [500, 120],
    );
    assert.deepEqual(stage.server.accepted.flatMap((one) => one.recipients).sort(), recipients);
  });

  test('too many after the dot halves the transaction', async () => {
    await using stage = await openOutboxStage();
    const { context, server } = stage;
    server.react(({ moment, recipients }) =>
      moment === 'dot' && recipients.length > 2 ? '550 5.5.3 RESOLVER.ADR.RecipLimit; too many' : undefined,
    );
    const recipients = Array.from({ length: 5 }, (_, at) => `r${at}@practice.example`);
    await reach(context, await submit(stage, { recipients }), 'sent');
    assert.deepEqual(server.accepted.flatMap((one) => one.recipients).sort(), recipients);
  });
});

describe('a message', () => {
  test('that is refused for good fails with the words of the server, and keeps its bytes for a retry', async () => {
    await using stage = await openOutboxStage();
    const { context, server } = stage;
    server.react(answerFirst(1, 'dot', '554 5.6.0 Corrupt message content'));
    const one = aMessage();
    const id = await submitMessage(context, one);
    const failed = await reach(context, id, 'failed');
    assert.deepEqual(
      [failed.problem?.code, failed.remoteAnswer],
      ['message-refused', '554 5.6.0 Corrupt message content'],
    );
    await releaseMessage(context, id, 'anna');
    await reach(context, id, 'sent');
    assert.deepEqual(server.accepted[0]?.data, bytesOf(one));
  });

  test('that is refused for now is tried after 1, 5 and 15 minutes', async () => {
    await using stage = await openOutboxStage();
    const { context, server } = stage;
    server.react(answerFirst(3, 'dot', '451 4.3.0 Not now'));
    const id = await submit(stage);
    for (const minutes of [1, 5, 15]) {
      const { dueAt } = await reach(context, id, 'deferred');
      const [attempt] = await listAttempts(context, id);
      const pauseMs = (dueAt?.getTime() ?? 0) - (attempt?.endedAt?.getTime() ?? 0);
      assert.ok(Math.abs(pauseMs / MINUTE_MS - minutes) <= 0.1 * minutes + 0.01, `${pauseMs} for ${minutes} minutes`);
      await eventually(async () => {
        const now = await getMessage(context, id);
        if (now.dueAt?.getTime() === dueAt?.getTime()) moveToDue(stage, now);
        return now.dueAt?.getTime() !== dueAt?.getTime();
      });
    }
    assert.equal((await reachLater(stage, id, 'sent')).attempts, 4);
  });

  test('whose sender may not be used is held and asks; the next one leaves', async () => {
    await using stage = await openOutboxStage();
    const { context, server } = stage;
    server.react(({ moment, sender }) =>
      moment === 'dot' && sender.startsWith('boss@')
        ? '554 5.2.252 SendAsDenied; a not allowed to send as b'
        : undefined,
    );
    const id = await submit(stage, { sender: 'boss@practice.example' });
    const held = await reach(context, id, 'held');
    assert.deepEqual([held.holdReason, held.problem?.code], ['message', 'sender-not-allowed']);
    await reach(context, await submit(stage), 'sent');
    assert.equal((await getMessage(context, id)).state, 'held');
  });

  test('cut off after the final dot is uncertain, goes out again byte for byte, and is marked possibly twice', async () => {
    await using stage = await openOutboxStage();
    const { context, server } = stage;
    server.react(answerFirst(1, 'dot', 'drop'));
    const one = aMessage({}, 100_000);
    const id = await submitMessage(context, one);
    const uncertain = await reach(context, id, 'uncertain');
    assert.deepEqual(
      [uncertain.problem?.code, uncertain.possiblyTwice, uncertain.recipients[0]?.state],
      ['outcome-uncertain', true, 'uncertain'],
    );
    const sent = await reachLater(stage, id, 'sent');
    assert.deepEqual([sent.possiblyTwice, sent.attempts, sent.recipients[0]?.state], [true, 2, 'sent']);
    assert.equal(server.dotted.length, 2);
    for (const { data } of server.dotted) assert.ok(data.equals(bytesOf(one)));
  });

  test('cut off before the final dot is not uncertain', async () => {
    await using stage = await openOutboxStage();
    const { context, server } = stage;
    server.react(answerFirst(1, 'content', 'drop'));
    const id = await submit(stage, {}, 20_000_000);
    const deferred = await reach(context, id, 'deferred');
    assert.deepEqual([deferred.problem?.code, deferred.possiblyTwice], ['server-unreachable', false]);
    await reachLater(stage, id, 'sent');
  });

  test('whose bytes were damaged here never gets its final dot', async () => {
    await using stage = await openOutboxStage();
    const { context, server } = stage;
    server.react(({ moment }) => (moment === 'mail' ? '451 4.0.0 Later' : undefined));
    const id = await submit(stage);
    await reach(context, id, 'deferred');
    const { body } = await context.db.selectFrom('outbox_messages').select('body').executeTakeFirstOrThrow();
    const damaged = Buffer.from(body ?? '');
    damaged[damaged.length - 5] = 0x7a;
    await context.db.updateTable('outbox_messages').set({ body: damaged }).execute();
    server.react(() => undefined);
    await releaseMessage(context, id, 'anna');
    const failed = await reach(context, id, 'failed');
    assert.equal(failed.problem?.code, 'document-missing');
    assert.deepEqual(server.dotted, []);
    await reach(context, await submit(stage), 'sent');
  });

  test('larger than the server announced to take fails without being sent', async () => {
    await using stage = await openOutboxStage();
    const { context, server } = stage;
    server.react(({ moment }) => (moment === 'ehlo' ? '250-small.test\r\n250-SIZE 1000\r\n250 8BITMIME' : undefined));
    const failed = await reach(context, await submit(stage, {}, 5000), 'failed');
    assert.equal(failed.problem?.code, 'message-too-large');
    assert.equal(
      server.said.some(({ moment }) => moment === 'mail'),
      false,
    );
    await reach(context, await submit(stage, {}, 500), 'sent');
  });
});

describe('a mailbox', () => {
  const OFF = '535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit x';

  test('that may not sign in holds everything without a try; one message asks again, and then all leave', async () => {
    await using stage = await openOutboxStage('print@practice.example');
    const { context, server, clock } = stage;
    server.react(({ moment }) => (moment === 'auth' ? OFF : undefined));
    const ids = [await submit(stage), await submit(stage)];
    for (const id of ids) {
      const held = await reach(context, id, 'held');
      assert.deepEqual([held.holdReason, held.problem?.code, held.attempts], ['mailbox', 'smtp-auth-off-tenant', 0]);
      assert.equal(held.problem?.remote, OFF);
    }
    ids.push(await submit(stage));
    await reach(context, ids[2] ?? '', 'held');
    const sessions = server.sessions();
    assert.ok(sessions <= 2, `${sessions} sign-ins`);

    await endPauses(context);
    clock.advance(HOUR_MS);
    await eventually(() => server.sessions() > sessions);
    await reach(context, ids[0] ?? '', 'held');
    assert.ok(server.sessions() <= sessions + 1);

    server.react(() => undefined);
    await endPauses(context);
    clock.advance(HOUR_MS);
    for (const id of ids) await reach(context, id, 'sent');
    assert.equal(server.accepted.length, 3);
  });

  test('that may not sign in is asked at once when a person retries one message', async () => {
    await using stage = await openOutboxStage('print@practice.example');
    const { context, server } = stage;
    server.react(({ moment }) => (moment === 'auth' ? OFF : undefined));
    const ids = [await submit(stage), await submit(stage)];
    for (const id of ids) await reach(context, id, 'held');
    server.react(() => undefined);
    await releaseMessage(context, ids[1] ?? '', 'anna');
    for (const id of ids) await reach(context, id, 'sent');
  });

  test('that opens for the sign-in only is held after three tries (430 4.2.0)', async () => {
    await using stage = await openOutboxStage();
    const { context, server } = stage;
    server.react(({ moment }) =>
      moment === 'dot' ? '430 4.2.0 STOREDRV; mailbox logon failure; MapiExceptionLogonFailed' : undefined,
    );
    const id = await submit(stage);
    for (let round = 1; round < 3; round++) {
      await eventually(async () => (await listAttempts(context, id)).length === round);
      await eventually(async () => {
        moveToDue(stage, await getMessage(context, id));
        return (await listAttempts(context, id)).length > round;
      });
    }
    const held = await reach(context, id, 'held');
    assert.deepEqual([held.holdReason, held.problem?.code], ['mailbox', 'shared-mailbox-no-access']);
    assert.equal((await listAttempts(context, id)).length, 3);
    server.react(() => undefined);
    await releaseMessage(context, id, 'anna');
    await reach(context, id, 'sent');
  });

  test('that is busy makes everything wait a little, and no try is used up (432 4.3.2)', async () => {
    await using stage = await openOutboxStage();
    const { context, server } = stage;
    server.react(answerFirst(1, 'dot', '432 4.3.2 Concurrent connections limit exceeded. Visit x'));
    const id = await submit(stage);
    const deferred = await reach(context, id, 'deferred');
    assert.deepEqual([deferred.problem?.code, deferred.attempts], ['too-busy', 0]);
    await endPauses(context);
    await reachLater(stage, id, 'sent');
  });

  test('at its daily limit parks for at least an hour', async () => {
    await using stage = await openOutboxStage();
    const { context, server, clock } = stage;
    server.react(answerFirst(1, 'dot', '554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException'));
    const id = await submit(stage);
    const { dueAt, problem } = await reach(context, id, 'deferred');
    assert.equal(problem?.code, 'daily-limit');
    assert.ok((dueAt?.getTime() ?? 0) - clock.now().getTime() >= HOUR_MS);
    const later = await submit(stage);
    clock.advance(10 * MINUTE_MS);
    assert.equal((await getMessage(context, later)).attempts, 0);
    assert.equal(server.sessions(), 1);
  });
});

describe('a session', () => {
  test('is used while there is work', async () => {
    await using stage = await openOutboxStage();
    const { context, server } = stage;
    for (let count = 1; count <= 5; count++) await submit(stage, {}, 50);
    await eventually(async () => (await countOutbox(context)).states.sent === 5);
    assert.ok(server.sessions() <= 5);
    await Promise.all(Array.from({ length: 40 }, () => submit(stage)));
    await eventually(async () => (await countOutbox(context)).states.sent === 45);
    assert.ok(server.sessions() <= 20, `${server.sessions()} sessions for 45 messages`);
    await eventually(() => server.openSessions() === 0);
  });

  test('that the server has no room for is not missed, and nothing is paused', async () => {
    await using stage = await openOutboxStage();
    const { context, server } = stage;
    server.react(({ moment }) =>
      moment === 'connect' && server.openSessions() > 2 ? '421 4.7.0 Too many connections' : undefined,
    );
    const ids = await Promise.all(Array.from({ length: 60 }, () => submit(stage)));
    for (const id of ids) assert.equal((await reach(context, id, 'sent')).attempts, 1);
    const buckets = await context.db.selectFrom('pace_buckets').select('parked_until').execute();
    assert.deepEqual(
      buckets.filter(({ parked_until }) => parked_until !== null),
      [],
    );
  });

  test('that the server ends after some messages costs no message a try', async () => {
    await using stage = await openOutboxStage();
    const { context, server } = stage;
    const mails = new Map<number, number>();
    server.react(({ moment, session }) => {
      if (moment !== 'mail') return undefined;
      mails.set(session, (mails.get(session) ?? 0) + 1);
      return (mails.get(session) ?? 0) > 2 ? '421 4.4.2 Enough for this session' : undefined;
    });
    const ids = await Promise.all(Array.from({ length: 12 }, () => submit(stage)));
    for (const id of ids) assert.equal((await reach(context, id, 'sent')).attempts, 1);
    assert.equal(server.accepted.length, 12);
  });

  test('takes several from a full queue, and what it had taken and not begun goes back as if never tried', async () => {
    await using stage = await openOutboxStage();
    const { context, server } = stage;
    const attemptsBefore: number[] = [];
    let dots = 0;
    server.react(async ({ moment }) => {
      if (moment !== 'dot') return undefined;
      dots += 1;
      const isCut = dots === 60;
      const open = context.db.selectFrom('outbox_attempts').select('id').where('ended_at', 'is', null);
      attemptsBefore.push((await open.execute()).length);
      return isCut ? 'drop' : undefined;
    });
    const ids = await Promise.all(Array.from({ length: 100 }, () => submit(stage)));
    const all = async () => await Promise.all(ids.map((id) => getMessage(context, id)));
    await eventually(async () => (await all()).filter(({ state }) => state === 'sent').length === 99, {
      what: 'all but one have left',
      timeoutMs: 30_000,
    });
    const cut = (await all()).filter(({ state }) => state !== 'sent');
    assert.deepEqual(
      cut.map(({ state, possiblyTwice }) => [state, possiblyTwice]),
      [['uncertain', true]],
    );
    // Written before it is made, each time, and several with one commit.
    assert.ok(
      attemptsBefore.every((count) => count > 0) && Math.max(...attemptsBefore) > server.sessions(),
      String(attemptsBefore),
    );
    assert.equal(server.accepted.length, 99);
    assert.ok((await all()).every(({ attempts, state }) => attempts === 1 || state === 'uncertain'));
    assert.ok((await all()).filter(({ possiblyTwice }) => possiblyTwice).length === 1);
  });

  test('ends when Platen stops, and a message without an answer is then uncertain', async () => {
    await using stage = await openOutboxStage();
    const { context, server, clock } = stage;
    server.react(({ moment }) => (moment === 'dot' ? 'hang' : undefined));
    const id = await submit(stage);
    await eventually(() => server.dotted.length === 1);
    const stopped = stage.stopWorker();
    await eventually(() => {
      clock.advance(1000);
      return server.openSessions() === 0;
    });
    await stopped;
    assert.equal((await getMessage(context, id)).state, 'uncertain');
  });
});
