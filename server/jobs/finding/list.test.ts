import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fillArchive } from '../../../bench/archive/fill.ts';
import { clientOptions, openTestContext } from '../../../test/harness/database.ts';
import { DAY_MS } from '../../base/clock.ts';
import type { Context } from '../../store/database.ts';
import { type JobFilter, listJobs } from './list.ts';

/** More than are looked at one after the other before an index is asked. */
const JOBS = 5_000;
const LIMIT = 40;

type Row = Awaited<ReturnType<typeof readAll>>[number];

const readAll = async (context: Context) =>
  await context.db.selectFrom('jobs').selectAll().orderBy('id', 'desc').execute();

/** What must be found, by looking at each row. */
function fitting(rows: readonly Row[], { text, ...filter }: Omit<JobFilter, 'limit'>): string[] {
  return rows
    .filter((row) => text === undefined || row.search.includes(text.toLowerCase()) || String(row.number) === text)
    .filter((row) => filter.queueId === undefined || row.queue_id === filter.queueId)
    .filter((row) => filter.state === undefined || row.state === filter.state)
    .filter((row) => filter.printerId === undefined || row.printer_id === filter.printerId)
    .filter((row) => filter.since === undefined || row.created_at >= filter.since)
    .filter((row) => filter.until === undefined || row.created_at < filter.until)
    .filter((row) => filter.before === undefined || row.id < filter.before)
    .slice(0, LIMIT)
    .map(({ id }) => id);
}

test('jobs are found among very many as if each had been looked at, whatever the text is and however often it occurs', async () => {
  await using test = await openTestContext();
  const { context } = test;
  const archive = await fillArchive(clientOptions(test.target), JOBS);
  assert.equal(archive.jobs, JOBS);
  const rows = await readAll(context);
  const check = async (filter: Omit<JobFilter, 'limit'>) => {
    const found = await listJobs(context, { ...filter, limit: LIMIT });
    assert.deepEqual(
      found.map(({ id }) => id),
      fitting(rows, filter),
      JSON.stringify(filter),
    );
    return found.length;
  };
  let found = 0;
  for (let at = 0; at < JOBS; at += 250) {
    const row = rows[at] as Row;
    const [title = '', name = '', sender = '', subject = '', mail = ''] = row.search.split('\n');
    for (const text of [
      title,
      name.toUpperCase(),
      sender,
      subject,
      mail,
      subject.split(' ')[0] ?? '',
      'company.example',
    ]) {
      found += await check({ text });
      await check({ text, queueId: row.queue_id, before: (rows[Math.floor(at / 2)] as Row).id });
    }
    found += await check({ text: String(row.number) });
    await check({ since: row.created_at, until: new Date(row.created_at.getTime() + 3 * DAY_MS) });
    await check({ until: row.created_at, state: 'completed', printerId: row.printer_id ?? undefined });
  }
  assert.ok(found > 2_000, `${found} found`);
  for (const text of ['nowhere to be found', '100%', 'a_b\\', "'; --", 'x\0y']) assert.equal(await check({ text }), 0);
});

test('one or two letters are looked for among the newest jobs', async () => {
  await using test = await openTestContext();
  await fillArchive(clientOptions(test.target), 50);
  const rows = await readAll(test.context);
  const found = await listJobs(test.context, { text: 'IN', limit: LIMIT });
  assert.ok(found.length > 0);
  assert.deepEqual(
    found.map(({ id }) => id),
    fitting(rows, { text: 'in' }),
  );
});
