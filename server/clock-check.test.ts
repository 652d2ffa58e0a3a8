import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { openTestContext, type TestContext } from '../test/harness/database.ts';
import { DAY_MS, doubtOf, HOUR_MS } from './base/clock.ts';
import { checkClock } from './clock-check.ts';
import { readReadiness } from './figures.ts';
import { readJournal, record } from './journal/journal.ts';
import { readOverview } from './overview/overview.ts';

/** Writes something, by the clock of the node as a database on the same machine does. */
async function write({ context, clock }: TestContext): Promise<void> {
  await record(context, 'platen-started', { subjectId: 'test' });
  await sql`UPDATE journal SET at = ${clock.now()} WHERE id = (SELECT max(id) FROM journal)`.execute(context.db);
}

/** What is said about the clock, on the first page and to whoever watches. */
async function readTold({ context }: TestContext) {
  const { faults } = await readOverview(context);
  const checks = await readReadiness(context);
  const noted = await readJournal(context, { type: 'clock-doubted', limit: 10 });
  return {
    faults: faults.map(({ severity, kind }) => `${severity} ${kind}`),
    detail: checks.find(({ name }) => name === 'clock')?.detail,
    noted: noted.map(({ data }) => data.kind),
  };
}

const NOTHING = { faults: [], detail: undefined, noted: [] };

test('a clock that goes on from what was written, also after a while, is believed, and so is the first one', async () => {
  await using node = await openTestContext();
  await checkClock(node.context);
  await write(node);
  for (const ms of [0, 29 * DAY_MS, -29 * DAY_MS - 23 * HOUR_MS]) {
    node.clock.leap(ms);
    await using again = await openTestContext({ besides: node });
    again.clock.setWallClock(node.clock.now());
    await checkClock(again.context);
    assert.equal(doubtOf(again.clock).isDoubtful(), false);
    assert.deepEqual(await readTold(again), NOTHING);
  }
});

for (const { name, ms, kind, detail } of [
  { name: 'a month ahead of', ms: 31 * DAY_MS, kind: 'ahead', detail: /far ahead/ },
  { name: 'a day behind', ms: -DAY_MS - HOUR_MS, kind: 'behind', detail: /is behind/ },
] as const) {
  test(`a clock that is ${name} what was written last is doubted for an hour, and a person is told`, async () => {
    await using node = await openTestContext();
    await write(node);
    node.clock.leap(ms);
    await checkClock(node.context);
    assert.equal(doubtOf(node.clock).isDoubtful(), true);
    const told = await readTold(node);
    assert.deepEqual([told.faults, told.noted], [['warning clock'], [kind]]);
    assert.match(told.detail ?? '', detail);

    // Started again, as after a crash: it has written by that clock itself, and is doubted all the same.
    await using again = await openTestContext({ besides: node });
    again.clock.setWallClock(node.clock.now());
    await write(again);
    await checkClock(again.context);
    assert.equal(doubtOf(again.clock).isDoubtful(), true);
    assert.deepEqual(await readTold(again), told);

    // Put right while it runs, and at the next start.
    node.clock.leap(-ms);
    assert.deepEqual(await readTold(node), { ...NOTHING, noted: [kind] });
    await using right = await openTestContext({ besides: node });
    right.clock.setWallClock(node.clock.now());
    await checkClock(right.context);
    assert.deepEqual(await readTold(right), { ...NOTHING, noted: [kind] });
  });
}

test('a clock that is far ahead is believed after an hour: Platen was off for that long', async () => {
  await using node = await openTestContext();
  await write(node);
  node.clock.leap(400 * DAY_MS);
  await checkClock(node.context);
  node.clock.advance(HOUR_MS);
  assert.equal(doubtOf(node.clock).isDoubtful(), false);
  assert.deepEqual(await readTold(node), { ...NOTHING, noted: ['ahead'] });
});
