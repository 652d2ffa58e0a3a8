import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { openTestContext } from '../../test/harness/database.ts';
import { eventually } from '../../test/harness/time.ts';
import { systemClock } from '../base/clock.ts';
import { PlatenError } from '../base/errors.ts';
import type { Context } from './database.ts';
import { checkFence, withLease } from './leases.ts';
import { transaction } from './transaction.ts';

const isLeaseLost = (error: unknown) => error instanceof PlatenError && error.code === 'lease-lost';

test('of two nodes only one holds a lease', async () => {
  await using one = await openTestContext();
  await using two = await openTestContext({ besides: one });
  const answer = await withLease(one.context, 'mailbox:1', {}, async () =>
    withLease(two.context, 'mailbox:1', {}, async () => 'both'),
  );
  assert.equal(answer, undefined);
  assert.equal(await withLease(two.context, 'mailbox:1', {}, async () => 'afterwards'), 'afterwards');
});

test('a lease that is not renewed goes to another node with a higher fence, and the old holder changes nothing', async () => {
  await using frozen = await openTestContext();
  await using other = await openTestContext({ besides: frozen });
  await withLease(frozen.context, 'mailbox:1', {}, async (oldLease) => {
    await sql`UPDATE leases SET expires_at = clock_timestamp() - interval '1 second'`.execute(other.context.db);
    await withLease(other.context, 'mailbox:1', {}, async (newLease) => {
      assert.ok(newLease.fence > oldLease.fence);
      await assert.rejects(
        transaction(frozen.context, (context) => checkFence(context, oldLease)),
        isLeaseLost,
      );
      await transaction(other.context, (context) => checkFence(context, newLease));
      // The frozen node wakes up: its next heartbeat tells it.
      frozen.clock.advance(10_000);
      await new Promise<void>((resolve) => {
        if (oldLease.signal.aborted) resolve();
        else oldLease.signal.addEventListener('abort', () => resolve());
      });
      assert.throws(() => oldLease.assertFresh(), isLeaseLost);
    });
  });
});

test('a holder whose renewals fail begins nothing outside after 20 seconds', async () => {
  await using test = await openTestContext();
  await withLease(test.context, 'printer:1', {}, async (lease) => {
    lease.assertFresh();
    test.clock.setWallClock(new Date(0));
    lease.assertFresh();
    // No heartbeat can have answered between the jump of the clock and the question.
    test.clock.advance(20_001);
    assert.throws(() => lease.assertFresh(), isLeaseLost);
  });
});

test('a takeover waits for a transaction that has checked its fence', async () => {
  await using one = await openTestContext();
  await using two = await openTestContext({ besides: one });
  const order: string[] = [];
  await withLease(one.context, 'mailbox:1', {}, async (lease) => {
    let takeover: Promise<unknown> = Promise.resolve();
    await transaction(one.context, async (context) => {
      await checkFence(context, lease);
      await sql`SELECT 1`.execute(two.context.db);
      takeover = (async () => {
        await sql`UPDATE leases SET expires_at = clock_timestamp() - interval '1 second'`.execute(two.context.db);
        order.push('taken');
      })();
      // The other session has to reach the row lock before this one commits.
      for (let waiting = false; !waiting; ) {
        const rows = await sql<{ waiting: boolean }>`
          SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted) AS waiting`.execute(one.context.db);
        waiting = rows.rows[0]?.waiting === true;
      }
      order.push('committing');
    });
    await takeover;
  });
  assert.deepEqual(order, ['committing', 'taken']);
});

test('a lease that could not be given back is given back when the database answers again', async () => {
  await using one = await openTestContext();
  await using two = await openTestContext({ besides: one });
  await withLease(one.context, 'mailbox:1', {}, async () => {
    await sql`ALTER TABLE leases RENAME TO away`.execute(two.context.db);
  });
  await sql`ALTER TABLE away RENAME TO leases`.execute(two.context.db);
  const take = () => withLease(two.context, 'mailbox:1', {}, async () => 'taken');
  assert.equal(await take(), undefined);
  await eventually(
    async () => {
      one.clock.advance(1_000);
      return (await take()) === 'taken';
    },
    { what: 'the lease is free' },
  );
});

async function isOver({ db }: Context): Promise<boolean> {
  const over = sql<boolean>`expires_at <= clock_timestamp()`;
  return (await db.selectFrom('leases').select('name').where(over).executeTakeFirst()) !== undefined;
}

test('a renewal that is late keeps no lease that was given back', async () => {
  await using test = await openTestContext();
  await using other = await openTestContext({ besides: test });
  const gate = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  const landed = Promise.withResolvers<void>();
  let updates = 0;
  /** The first change of a lease, which is the renewal, reaches the database only when the gate is opened. */
  const late = <T extends object>(builder: T): T =>
    new Proxy(builder, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        if (name !== 'executeTakeFirst') return (...given: unknown[]) => late(value.apply(target, given) as object);
        return async () => {
          reached.resolve();
          await gate.promise;
          const answer: unknown = await value.apply(target, []);
          landed.resolve();
          return answer;
        };
      },
    });
  const db = new Proxy(test.context.db, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]) => {
        const made: unknown = value.apply(target, given);
        if (name !== 'updateTable') return made;
        updates += 1;
        return updates === 1 ? late(made as object) : made;
      };
    },
  });
  const ended = withLease({ ...test.context, db }, 'mailbox:1', {}, async () => {
    test.clock.advance(10_000);
    await reached.promise;
  });
  // Whoever does not wait for the renewal has given the lease back by then.
  for (let tries = 0; tries < 20 && !(await isOver(other.context)); tries += 1) await systemClock.sleep(50);
  gate.resolve();
  await Promise.all([ended, landed.promise]);
  assert.ok(updates >= 2, 'it was renewed and given back');
  assert.equal(await withLease(other.context, 'mailbox:1', {}, async () => 'at once'), 'at once');
});
