import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import pg from 'pg';
import { startExternalPostgres } from './external-postgres.ts';

async function ask(url: string, question: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const answer = await client.query<{ answer: unknown }>(question);
    return answer.rows[0]?.answer;
  } finally {
    await client.end();
  }
}

test('an external PostgreSQL keeps what was committed when it crashes', { timeout: 120_000 }, async (t) => {
  const postgres = await startExternalPostgres({ settings: { max_connections: '33' } });
  t.after(() => postgres.close());
  assert.equal(await ask(postgres.url, "select current_setting('max_connections') as answer"), '33');
  assert.equal(await ask(postgres.socketUrl, "select current_setting('fsync') as answer"), 'on');
  await ask(postgres.url, 'create table paper (page integer)');
  await ask(postgres.url, 'insert into paper values (7)');
  const busy = new pg.Client({ connectionString: postgres.url });
  const lost = new Promise((resolve) => busy.once('error', resolve));
  await busy.connect();
  await postgres.restartImmediate();
  await lost;
  assert.equal(await ask(postgres.url, 'select page as answer from paper'), 7);
  assert.match(postgres.log(), /was not properly shut down|automatic recovery/);
});

test('a stopped PostgreSQL refuses, comes back on its port, and leaves nothing behind', {
  timeout: 120_000,
}, async () => {
  const postgres = await startExternalPostgres();
  await postgres.stop('fast');
  await assert.rejects(ask(postgres.url, 'select 1 as answer'), { code: 'ECONNREFUSED' });
  await postgres.start();
  assert.equal(await ask(postgres.url, 'select 1 as answer'), 1);
  await postgres.close();
  assert.equal(existsSync(postgres.dataDir), false);
  await assert.rejects(ask(postgres.url, 'select 1 as answer'), { code: 'ECONNREFUSED' });
});
