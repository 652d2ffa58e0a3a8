import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { openTestContext } from '../../test/harness/database.ts';
import type { Db } from './database.ts';

async function namesOf(db: Db): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`SELECT name FROM pg_prepared_statements ORDER BY name`.execute(db);
  return rows.map(({ name }) => name);
}

test('a statement that says so is planned once on its connection, and gives each time what it was asked', async () => {
  await using opened = await openTestContext();
  await opened.context.db.connection().execute(async (db) => {
    for (const words of [['one'], ['two', 'three'], []]) {
      const { rows } = await sql<{ word: string }>`/* planned once: words-of-a-test */
        SELECT word FROM unnest(${words}::text[]) AS w (word)`.execute(db);
      assert.deepEqual(
        rows.map(({ word }) => word),
        words,
      );
    }
    await sql`SELECT 1 /* planned once: not-at-the-beginning */`.execute(db);
    assert.deepEqual(await namesOf(db), ['words-of-a-test']);
  });
});

test('an error of such a statement is told as one of any other', async () => {
  await using opened = await openTestContext();
  const divide = (by: number) => sql`/* planned once: a-division */ SELECT 1 / ${by}::int`.execute(opened.context.db);
  await assert.rejects(divide(0), { code: '22012' });
  assert.equal((await divide(1)).rows.length, 1);
});
