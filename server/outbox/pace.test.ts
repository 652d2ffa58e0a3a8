import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sql } from 'kysely';
import { openTestContext } from '../../test/harness/database.ts';
import type { Context } from '../store/database.ts';
import { withLease } from '../store/leases.ts';
import { transaction } from '../store/transaction.ts';
import {
  EXCHANGE_LIMITS,
  type Pace,
  park,
  readHeadroom,
  readParking,
  slotsOf,
  type Turn,
  takeTurn,
  unpark,
} from './pace.ts';

const PACE: Pace = { mailbox: 'print@practice.example', sessions: 2, limits: EXCHANGE_LIMITS };

const take = (context: Context, recipients = 1, pace: Pace = PACE): Promise<Turn> =>
  transaction(context, (context) => takeTurn(context, pace, recipients));

/** As if the last turn had been taken so long ago. */
async function letPass(context: Context, seconds: number): Promise<void> {
  await context.db
    .updateTable('pace_buckets')
    .set({ counted_at: sql`counted_at - make_interval(secs => ${seconds})` })
    .execute();
}

async function takeAll(context: Context): Promise<number> {
  let taken = 0;
  while ((await take(context)).kind === 'go') taken += 1;
  return taken;
}

describe('the pace of a mailbox', () => {
  test('is a burst of 5, then one message every 2.4 seconds, and never more than 30 in a minute', async () => {
    await using node = await openTestContext();
    const { context } = node;
    assert.equal(await takeAll(context), 5);
    const wait = await take(context);
    assert.ok(wait.kind === 'wait' && wait.ms > 1500 && wait.ms <= 2400, JSON.stringify(wait));
    let inMinute = 5;
    for (let second = 1; second <= 60; second++) {
      await letPass(context, 1);
      inMinute += await takeAll(context);
    }
    assert.ok(inMinute >= 29 && inMinute <= 31, `${inMinute} in a minute`);
  });

  test('is shared by two nodes that ask at the same time', async () => {
    await using one = await openTestContext();
    await using other = await openTestContext({ besides: one });
    const turns = await Promise.all(Array.from({ length: 20 }, (_, at) => take((at % 2 === 0 ? one : other).context)));
    assert.equal(turns.filter(({ kind }) => kind === 'go').length, 5);
  });

  test('stops at 10,000 recipients in 24 hours, and goes on when the oldest hour is over', async () => {
    await using node = await openTestContext();
    const { context } = node;
    const hour = (hoursAgo: number) =>
      sql<Date>`date_trunc('hour', clock_timestamp()) - make_interval(hours => ${hoursAgo})`;
    await context.db
      .insertInto('pace_hours')
      .values([
        { mailbox: PACE.mailbox, hour: hour(30), recipients: 9000 },
        { mailbox: PACE.mailbox, hour: hour(20), recipients: 4000 },
        { mailbox: PACE.mailbox, hour: hour(2), recipients: 5990 },
      ])
      .execute();
    assert.equal((await take(context, 10)).kind, 'go');
    assert.equal((await readHeadroom(context, PACE)).recipientsLeftToday, 0);
    const wait = await take(context, 1);
    assert.equal(wait.kind, 'wait');
    const hours = wait.kind === 'wait' ? wait.ms / 3_600_000 : 0;
    assert.ok(hours > 4 && hours <= 5, `${hours} hours`);
    await context.db.deleteFrom('pace_hours').where('recipients', '=', 4000).execute();
    assert.equal((await take(context, 1)).kind, 'go');
  });

  test('tells how many sessions of the mailbox are open, on whichever node', async () => {
    await using one = await openTestContext();
    await using other = await openTestContext({ besides: one });
    const open = async () => {
      const { sessionsOpen, sessions } = await readHeadroom(one.context, PACE);
      return [sessionsOpen, sessions];
    };
    assert.deepEqual(await open(), [0, 2]);
    await withLease(other.context, `${slotsOf('print@practice.examples')}1`, {}, async () => {
      await withLease(other.context, `${slotsOf(PACE.mailbox)}1`, {}, async () => {
        assert.deepEqual(await open(), [1, 2], 'and none of another mailbox');
      });
    });
    assert.deepEqual(await open(), [0, 2]);
  });

  test('takes nothing back for a message that was not begun', async () => {
    await using node = await openTestContext();
    const { context } = node;
    const undone = transaction(context, async (context) => {
      await takeTurn(context, PACE, 3);
      throw new Error('undone');
    });
    await assert.rejects(undone, /undone/);
    assert.equal(await takeAll(context), 5);
  });

  test('says until when it is used up, and nothing while a message may leave', async () => {
    await using node = await openTestContext();
    const { context } = node;
    assert.equal((await readHeadroom(context, PACE)).nextInMs, undefined);
    await takeAll(context);
    // One message in 2.4 seconds.
    const { nextInMs = 0, messagesNow } = await readHeadroom(context, PACE);
    assert.ok(nextInMs > 0 && nextInMs <= 2_400, `${nextInMs} ms`);
    assert.equal(messagesNow, 0);
  });

  test('is none for a server without limits', async () => {
    await using node = await openTestContext();
    const free: Pace = { mailbox: 'server:x:25', sessions: 5, limits: undefined };
    for (let count = 0; count < 50; count++) assert.equal((await take(node.context, 1000, free)).kind, 'go');
    const room = await readHeadroom(node.context, free);
    assert.deepEqual([room.messagesNow, room.recipientsLeftToday], [undefined, undefined]);
  });
});

describe('a parked mailbox', () => {
  const problem = { code: 'too-busy', detail: 'busy', at: '2026-01-01T00:00:00.000Z' };

  test('gives no turn until its pause is over or ended', async () => {
    await using node = await openTestContext();
    const { context } = node;
    await park(context, PACE.mailbox, { ms: 60_000, isHeld: false, problem });
    const wait = await take(context);
    assert.ok(wait.kind === 'wait' && wait.ms > 50_000);
    const room = await readHeadroom(context, PACE);
    assert.equal(room.problem?.code, 'too-busy');
    assert.ok((room.nextInMs ?? 0) > 50_000);
    assert.equal(await unpark(context, PACE.mailbox), true);
    assert.equal((await take(context)).kind, 'go');
    assert.equal(await unpark(context, PACE.mailbox), false);
  });

  test('keeps the longer of two pauses, and counts them', async () => {
    await using node = await openTestContext();
    const { context } = node;
    await park(context, PACE.mailbox, { ms: 600_000, isHeld: false, problem });
    await park(context, PACE.mailbox, { ms: 1000, isHeld: false, problem });
    const parking = await readParking(context, PACE.mailbox);
    assert.ok(parking.ms > 500_000);
    assert.equal(parking.pauses, 2);
  });
});
