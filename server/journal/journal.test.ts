import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestContext } from '../../test/harness/database.ts';
import { transaction } from '../store/transaction.ts';
import { readJournal, record } from './journal.ts';

test('a reader never passes an event whose transaction commits later', async () => {
  await using test = await openTestContext();
  let early: (() => void) | undefined;
  let written: (() => void) | undefined;
  const hasWritten = new Promise<void>((resolve) => {
    written = resolve;
  });
  const slow = transaction(test.context, async (context) => {
    await record(context, 'job-created', { subjectId: 'slow' });
    written?.();
    await new Promise<void>((resolve) => {
      early = resolve;
    });
  });
  await hasWritten;
  await record(test.context, 'job-created', { subjectId: 'fast' });
  const before = await readJournal(test.context, { limit: 10 });
  early?.();
  await slow;
  const since = before.at(-1)?.cursor;
  const after = await readJournal(test.context, { limit: 10, ...(since === undefined ? {} : { since }) });
  assert.deepEqual([...before, ...after].map((event) => event.subjectId).sort(), ['fast', 'slow']);
});

test('an event of a rolled-back transaction is never read', async () => {
  await using test = await openTestContext();
  await assert.rejects(
    transaction(test.context, async (context) => {
      await record(context, 'job-created', { subjectId: 'gone' });
      throw new Error('stop');
    }),
  );
  assert.deepEqual(await readJournal(test.context, { limit: 10 }), []);
});

test('a filter by owner shows no event of others', async () => {
  await using test = await openTestContext();
  const mine = '00000000-0000-7000-8000-000000000001';
  const other = '00000000-0000-7000-8000-000000000002';
  await record(test.context, 'job-created', { subjectId: 'a', ownerId: mine });
  await record(test.context, 'job-created', { subjectId: 'b', ownerId: other });
  await record(test.context, 'printer-added', { subjectId: 'c' });
  const events = await readJournal(test.context, { limit: 10, ownerId: mine });
  assert.deepEqual(
    events.map((event) => event.subjectId),
    ['a'],
  );
});

test('a long transaction in another database of the same server holds back no event', async () => {
  await using test = await openTestContext();
  await using other = await openTestContext();
  let end: (() => void) | undefined;
  let written: (() => void) | undefined;
  const hasWritten = new Promise<void>((resolve) => {
    written = resolve;
  });
  const long = transaction(other.context, async (context) => {
    await record(context, 'job-created', { subjectId: 'elsewhere' });
    written?.();
    await new Promise<void>((resolve) => {
      end = resolve;
    });
  });
  await hasWritten;
  await record(test.context, 'job-created', { subjectId: 'here' });
  const events = await readJournal(test.context, { limit: 10 });
  end?.();
  await long;
  assert.deepEqual(
    events.map((event) => event.subjectId),
    ['here'],
  );
});
