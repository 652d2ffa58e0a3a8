/** What Exchange Online allows in a minute and in a day: everything leaves as fast as it may, nothing is lost, nobody storms. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sql } from 'kysely';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../server/base/clock.ts';
import { getMessage, headroom, listAttempts, outsidePause, releaseMessage } from '../../server/outbox/outbox.ts';
import { setMailDomain } from '../../server/users/company/company.ts';
import { reach } from '../harness/outbox.ts';
import { movePace, movePaceUntilSent, type Timed, untilNoSession } from '../harness/pace.ts';
import { PRINT_ROOM, sharePractice } from '../harness/practice-connection.ts';
import { openSendingNode, submitSome } from '../harness/sending-node.ts';
import { eventually } from '../harness/time.ts';

const practice = await sharePractice();

/** Each was accepted once, and no waiting has used up a try. */
async function assertSentOnce({ context }: Timed, ids: readonly string[]): Promise<void> {
  const copies = Map.groupBy(practice.smtp.accepted(), ({ messageId }) => messageId);
  for (const id of ids) {
    const { state, messageIdHeader, attempts, possiblyTwice } = await getMessage(context, id);
    assert.deepEqual(
      [state, copies.get(messageIdHeader ?? '')?.length, attempts, possiblyTwice],
      ['sent', 1, 1, false],
    );
  }
  assert.equal(practice.smtp.accepted().length, ids.length);
}

function mostInAMinute(): number {
  const times = practice.smtp.accepted().map(({ at }) => at.getTime());
  return Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + MINUTE_MS).length));
}

describe('thirty messages in a minute', () => {
  test('are never exceeded by a full outbox, which leaves at 25 a minute, and nothing is refused', async () => {
    await using node = await openSendingNode(practice);
    practice.smtp.setSwitches({ messagesPerMinute: 30 });
    const ids = await submitSome(node.context, 40);
    await movePaceUntilSent(node, { stepMs: 1 * SECOND_MS, atMostMs: 10 * MINUTE_MS });
    await assertSentOnce(node, ids);
    assert.equal(practice.smtp.counters.refused, 0);
    assert.ok(mostInAMinute() <= 30, `${mostInAMinute()} in a minute`);
    // A burst of 5, and then 25 in each minute.
    const times = practice.smtp.accepted().map(({ at }) => at.getTime());
    const perMinute = (ids.length - 5) / ((Math.max(...times) - Math.min(...times)) / MINUTE_MS);
    assert.ok(perMinute >= 20 && perMinute <= 26.5, `${perMinute} in a minute`);
  });

  test('of which others use the most: 432 makes everything wait, without a try, and without a storm', async () => {
    await using node = await openSendingNode(practice);
    practice.smtp.setSwitches({ messagesPerMinute: 6 });
    const ids = await submitSome(node.context, 12);
    const passedMs = await movePaceUntilSent(node, { stepMs: 2 * SECOND_MS, atMostMs: 15 * MINUTE_MS });
    await assertSentOnce(node, ids);
    assert.ok(mostInAMinute() <= 6, `${mostInAMinute()} in a minute`);
    const { refused } = practice.smtp.counters;
    // Two sessions may meet the limit at the same time; then both wait 15 s, 30 s, a minute …
    assert.ok(refused >= 2 && refused <= 6 * (passedMs / MINUTE_MS), `${refused} refusals in ${passedMs} ms`);
  });

  test('and three sessions: while others hold all of them everything waits, and leaves when one is free', async () => {
    await using node = await openSendingNode(practice);
    practice.smtp.addFault({ named: 'busy', times: 6 });
    const ids = await submitSome(node.context, 6);
    await movePaceUntilSent(node, { stepMs: 4 * SECOND_MS, atMostMs: 30 * MINUTE_MS });
    await assertSentOnce(node, ids);
    assert.equal(practice.smtp.counters.refused, 6);
  });
});

describe('the recipients of a day', () => {
  test('when the server says that they are used up: everything is parked until they are there again', async () => {
    await using node = await openSendingNode(practice);
    practice.smtp.setSwitches({ recipientsPerDay: 8 });
    const ids = await submitSome(node.context, 12);
    // First at the pace of the minute, until the day is used up.
    await eventually(
      async () => {
        await movePace(node, 1 * SECOND_MS);
        return practice.smtp.counters.refused > 0 && practice.smtp.sessions().length === 0;
      },
      { timeoutMs: 30_000, what: 'the day is used up' },
    );
    assert.equal(practice.smtp.accepted().length, 8);
    const waiting = await Promise.all(ids.map((id) => getMessage(node.context, id)));
    const deferred = waiting.filter(({ state }) => state === 'deferred');
    assert.equal(deferred.length, 4);
    for (const { problem, dueAt, attempts } of deferred) {
      assert.deepEqual([problem?.code, attempts], ['daily-limit', 0]);
      assert.ok((dueAt?.getTime() ?? 0) - node.clock.now().getTime() > HOUR_MS / 2);
    }
    const passedMs = await movePaceUntilSent(node, { stepMs: HOUR_MS, atMostMs: 60 * HOUR_MS });
    assert.ok(passedMs >= 20 * HOUR_MS, `${passedMs / HOUR_MS} hours`);
    await assertSentOnce(node, ids);
    const { refused } = practice.smtp.counters;
    assert.ok(refused <= 4, `${refused} refusals in a day`);
  });

  test('when our own count says so: nobody is even asked before the oldest hour is over', async () => {
    await using node = await openSendingNode(practice);
    // In two hours, as when a full one strikes meanwhile: what is moved by an hour must not meet the next one on its way.
    const hour = (ago: number) => sql<Date>`date_trunc('hour', clock_timestamp()) - make_interval(hours => ${ago})`;
    await node.context.db
      .insertInto('pace_hours')
      .values([
        { mailbox: PRINT_ROOM, hour: hour(1), recipients: 5_000 },
        { mailbox: PRINT_ROOM, hour: hour(0), recipients: 4_999 },
      ])
      .execute();
    const [first = ''] = await submitSome(node.context, 1);
    await reach(node.context, first, 'sent');
    const [second = ''] = await submitSome(node.context, 1);
    const { problem, attempts } = await reach(node.context, second, 'deferred');
    assert.deepEqual([problem?.code, attempts], ['daily-limit', 0]);
    const room = await headroom(node.context);
    assert.equal(room?.recipientsLeftToday, 0);
    assert.ok((room?.pausedForMs ?? 0) > 20 * HOUR_MS, `${room?.pausedForMs}`);
    for (let hours = 0; hours < 20; hours += 5) {
      await untilNoSession(node);
      await movePace(node, 5 * HOUR_MS);
    }
    assert.equal((await listAttempts(node.context, second)).length, 0);
    assert.equal(practice.smtp.accepted().length, 1);
    await movePaceUntilSent(node, { stepMs: HOUR_MS, atMostMs: 12 * HOUR_MS });
    await assertSentOnce(node, [first, second]);
  });
});

describe('the recipients outside of a tenant', () => {
  const OUTSIDE = ['who@elsewhere.example'];
  const stateOf = async ({ context }: Timed, id: string) => (await getMessage(context, id)).state;

  test('when they are used up: mail to outside waits, mail inside leaves, and one message an hour tries again', async () => {
    await using node = await openSendingNode(practice);
    const { context } = node;
    practice.smtp.setSwitches({ externalRecipientsPerDay: 0 });
    const outside = await submitSome(context, 6, OUTSIDE);
    for (const id of outside) {
      const { problem, attempts, dueAt } = await reach(context, id, 'deferred');
      assert.deepEqual([problem?.code, attempts], ['tenant-recipient-limit', 0]);
      assert.ok((dueAt?.getTime() ?? 0) - node.clock.now().getTime() > HOUR_MS / 2);
    }
    assert.ok(practice.smtp.counters.refused <= 2, 'one of each session');
    const pause = await outsidePause(context);
    assert.equal(pause?.problem.code, 'tenant-recipient-limit');
    const inside = await submitSome(context, 3);
    const late = await submitSome(context, 1, ['archive@practice.example', ...OUTSIDE]);
    for (const id of inside) await reach(context, id, 'sent');
    const [lateId = ''] = late;
    assert.equal((await reach(context, lateId, 'deferred')).problem?.code, 'tenant-recipient-limit');
    assert.equal((await listAttempts(context, lateId)).length, 0, 'it was not even tried');
    const before = practice.smtp.counters.refused;
    for (let hours = 1; hours <= 3; hours++) {
      await untilNoSession(node);
      await movePace(node, HOUR_MS + MINUTE_MS);
      await eventually(
        async () => {
          await movePace(node, 1 * SECOND_MS);
          return practice.smtp.counters.refused === before + hours;
        },
        { timeoutMs: 30_000, what: 'one message tries again' },
      );
      await eventually(async () => ((await outsidePause(context))?.nextInMs ?? 0) > HOUR_MS / 2);
    }
    practice.smtp.setSwitches({ externalRecipientsPerDay: undefined });
    await untilNoSession(node);
    await movePace(node, HOUR_MS + MINUTE_MS);
    await movePaceUntilSent(node, { stepMs: 2 * SECOND_MS, atMostMs: 10 * MINUTE_MS });
    assert.equal(practice.smtp.counters.refused, before + 3, 'no two of them tried at the same time');
    assert.equal(await outsidePause(context), undefined);
    for (const id of [...outside, ...late]) assert.equal(await stateOf(node, id), 'sent');
  });

  test('the other domains of the company are inside as well', async () => {
    await using node = await openSendingNode(practice);
    const { context } = node;
    await setMailDomain(context, 'Practice.onmicrosoft.example', 'test');
    practice.smtp.setSwitches({ externalRecipientsPerDay: 0 });
    const [outside = ''] = await submitSome(context, 1, OUTSIDE);
    await reach(context, outside, 'deferred');
    const [inside = ''] = await submitSome(context, 1, ['archive@practice.onmicrosoft.example']);
    await reach(context, inside, 'sent');
    assert.equal(await stateOf(node, outside), 'deferred');
  });

  test('a person who lets one of them go makes it try at once', async () => {
    await using node = await openSendingNode(practice);
    const { context } = node;
    practice.smtp.setSwitches({ externalRecipientsPerDay: 0 });
    const [first = '', second = ''] = await submitSome(context, 2, OUTSIDE);
    for (const id of [first, second]) await reach(context, id, 'deferred');
    practice.smtp.setSwitches({ externalRecipientsPerDay: undefined });
    await releaseMessage(context, second, 'test');
    await reach(context, second, 'sent');
    await reach(context, first, 'sent');
  });
});

test('a mailbox that is full (554 5.2.2) holds everything, is asked four times an hour, and sends all when there is room', async () => {
  await using node = await openSendingNode(practice);
  practice.smtp.addFault({ named: 'mailbox-full', times: 1_000 });
  const ids = await submitSome(node.context, 5);
  for (const id of ids) {
    await eventually(
      async () => {
        await movePace(node, 1 * SECOND_MS);
        return (await getMessage(node.context, id)).state === 'held';
      },
      { timeoutMs: 30_000, what: 'the message is held' },
    );
    const { holdReason, problem, attempts } = await getMessage(node.context, id);
    assert.deepEqual([holdReason, problem?.code, attempts], ['mailbox', 'sender-mailbox-full', 0]);
    assert.match(problem?.remote ?? '', /^554 5\.2\.2 /);
  }
  const before = practice.smtp.counters.refused;
  for (let minutes = 0; minutes < 60; minutes += 10) {
    await untilNoSession(node);
    await movePace(node, 10 * MINUTE_MS);
  }
  assert.ok(practice.smtp.counters.refused - before <= 5, `${practice.smtp.counters.refused - before} in an hour`);
  practice.smtp.faults.clear();
  await movePaceUntilSent(node, { stepMs: 10 * MINUTE_MS, atMostMs: 2 * HOUR_MS });
  await assertSentOnce(node, ids);
});
