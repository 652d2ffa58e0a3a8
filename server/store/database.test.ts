import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { openTestContext } from '../../test/harness/database.ts';
import { transaction } from './transaction.ts';

test('the database ends a session that is silent inside a transaction, so that a frozen node keeps no locks', async () => {
  await using test = await openTestContext();
  const { rows } = await sql<{ ms: number }>`
    SELECT setting::int AS ms FROM pg_settings WHERE name = 'idle_in_transaction_session_timeout'
  `.execute(test.context.db);
  assert.equal(rows[0]?.ms, 15_000);
});

test('a connection that the server ends inside a transaction fails that transaction and nothing else', async () => {
  await using test = await openTestContext();
  const { context } = test;
  const end = transaction(context, async (inner) => {
    const { rows } = await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(inner.db);
    await sql`SELECT pg_terminate_backend(${rows[0]?.pid})`.execute(context.db);
    // The server says good-bye while nobody asks it anything.
    await new Promise((resolve) => setTimeout(resolve, 100));
    await sql`SELECT 1`.execute(inner.db);
  });
  await assert.rejects(end);
  await sql`SELECT 1`.execute(context.db);
});
