import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { openTestContext } from '../../test/harness/database.ts';
import { eventually } from '../../test/harness/time.ts';
import { enqueueTasks, followTasks, ringFollower } from './tasks.ts';
import { readTogether, transaction } from './transaction.ts';

test('a transaction whose statement failed is never taken for committed, even when the failure was swallowed', async () => {
  await using test = await openTestContext();
  await assert.rejects(
    transaction(test.context, async (context) => {
      await sql`INSERT INTO login_attempts VALUES ('a', now())`.execute(context.db);
      await sql`SELECT 1/0`.execute(context.db).catch(() => undefined);
    }),
  );
  const left = await sql<{ n: number }>`SELECT count(*)::int AS n FROM login_attempts`.execute(test.context.db);
  assert.equal(left.rows[0]?.n, 0);
});

test('a task rings on its node right after the commit, once more through the database, and never after a rollback', async () => {
  await using test = await openTestContext();
  const rung: string[] = [];
  await using _follow = await followTasks(test.context, 'print-job', (ids) => rung.push(...ids));
  await assert.rejects(
    transaction(test.context, async (context) => {
      await enqueueTasks(context, 'print-job', ['rolled-back']);
      throw new Error('stop');
    }),
    /stop/,
  );
  await transaction(test.context, (context) => enqueueTasks(context, 'print-job', ['kept']));
  assert.deepEqual(rung, ['kept']);
  await eventually(() => rung.length > 1, { what: 'the alarm through the database' });
  assert.deepEqual(rung, ['kept', 'kept']);
});

test('an alarm that is for a follower of this node rings after the commit and leaves nothing in the database', async () => {
  await using test = await openTestContext();
  const rung: string[] = [];
  await using _follow = await followTasks(test.context, 'outbox', (ids) => rung.push(...ids));
  const rolledBack = transaction(test.context, async (context) => {
    await ringFollower(context, 'outbox', ['rolled-back']);
    throw new Error('not after all');
  });
  await assert.rejects(rolledBack, /not after all/);
  await transaction(test.context, async (context) => {
    await ringFollower(context, 'outbox', ['kept']);
    assert.deepEqual(rung, []);
  });
  assert.deepEqual(rung, ['kept']);
  const kept = async (queue: string) =>
    (
      await sql<{ count: number }>`SELECT count(*)::int AS count FROM pgboss.job WHERE name = ${queue}`.execute(
        test.context.db,
      )
    ).rows[0]?.count;
  assert.equal(await kept('outbox'), 0);
  // Where nobody follows, the alarm waits for a node that does.
  await transaction(test.context, (context) => ringFollower(context, 'print-job', ['other']));
  assert.equal(await kept('print-job'), 1);
});

test('two hundred tasks of one transaction ring at once', async () => {
  await using test = await openTestContext();
  const rung: string[] = [];
  await using _follow = await followTasks(test.context, 'print-job', (ids) => rung.push(...ids));
  const ids = Array.from({ length: 200 }, (_, index) => `job-${index}`);
  await transaction(test.context, (context) => enqueueTasks(context, 'print-job', ids));
  // Here and through the database, well before the backstop poll of 30 seconds.
  await eventually(() => rung.length === 400, { timeoutMs: 10_000 });
  assert.deepEqual(rung.slice(0, 200), ids);
});

test('what is read together agrees, whatever others commit in between', async () => {
  await using test = await openTestContext();
  const count = (context: typeof test.context) =>
    sql<{ n: number }>`SELECT count(*)::int AS n FROM login_attempts`
      .execute(context.db)
      .then(({ rows }) => rows[0]?.n);
  const seen = await readTogether(test.context, async (context) => {
    const before = await count(context);
    await sql`INSERT INTO login_attempts VALUES ('a', now())`.execute(test.context.db);
    return [before, await count(context)];
  });
  assert.deepEqual(seen, [0, 0]);
  assert.equal(await count(test.context), 1);
});
