import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { openTestContext } from '../../test/harness/database.ts';

test('the database ends a session that is silent inside a transaction, so that a frozen node keeps no locks', async () => {
  await using test = await openTestContext();
  const { rows } = await sql<{ ms: number }>`
    SELECT setting::int AS ms FROM pg_settings WHERE name = 'idle_in_transaction_session_timeout'
  `.execute(test.context.db);
  assert.equal(rows[0]?.ms, 15_000);
});
