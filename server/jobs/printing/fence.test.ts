import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { openPrintingStage } from '../../../test/harness/printing-stage.ts';
import { eventually } from '../../../test/harness/time.ts';
import { PlatenError } from '../../base/errors.ts';
import { newId } from '../../base/secrets.ts';
import type { Context } from '../../store/database.ts';
import { withLease } from '../../store/leases.ts';
import { transaction } from '../../store/transaction.ts';
import { lockJobUnder } from '../rows.ts';

const hasCode = (code: string) => (error: unknown) => error instanceof PlatenError && error.code === code;

const endLease = (context: Context) =>
  sql`UPDATE leases SET expires_at = clock_timestamp() - interval '1 second' WHERE name = 'printer:1'`.execute(
    context.db,
  );

/** Another session has come to a row that is locked here. */
const someoneWaits = (context: Context) =>
  eventually(async () => {
    const { rows } = await sql<{ waiting: boolean }>`
      SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted) AS waiting`.execute(context.db);
    return rows[0]?.waiting === true;
  });

test('a job is locked by whoever holds the lease, and by nobody who has lost it', async () => {
  await using stage = await openPrintingStage();
  const { context } = stage;
  const id = await stage.submit();
  await withLease(context, 'printer:1', {}, async (old) => {
    assert.equal((await transaction(context, (context) => lockJobUnder(context, old, id))).id, id);
    await assert.rejects(
      transaction(context, (context) => lockJobUnder(context, old, newId())),
      hasCode('not-found'),
    );
    await endLease(context);
    await withLease(context, 'printer:1', {}, async () => {
      await assert.rejects(
        transaction(context, (context) => lockJobUnder(context, old, id)),
        hasCode('lease-lost'),
      );
    });
  });
});

test('the lease is not taken over before the transaction that locked a job under it has ended', async () => {
  await using stage = await openPrintingStage();
  const { context } = stage;
  const id = await stage.submit();
  const order: string[] = [];
  await withLease(context, 'printer:1', {}, async (lease) => {
    let takeover: Promise<unknown> = Promise.resolve();
    await transaction(context, async (inside) => {
      await lockJobUnder(inside, lease, id);
      takeover = endLease(context).then(() => order.push('taken'));
      await someoneWaits(inside);
      order.push('committing');
    });
    await takeover;
  });
  assert.deepEqual(order, ['committing', 'taken']);
});

test('a job that another session was just changing is locked as that session left it', async () => {
  await using stage = await openPrintingStage();
  const { context } = stage;
  const id = await stage.submit();
  await withLease(context, 'printer:1', {}, async (lease) => {
    let locked: Promise<string> = Promise.resolve('');
    await transaction(context, async (inside) => {
      await inside.db.updateTable('jobs').set({ title: 'changed' }).where('id', '=', id).execute();
      locked = transaction(context, async (inside) => (await lockJobUnder(inside, lease, id)).title);
      await someoneWaits(inside);
    });
    assert.equal(await locked, 'changed');
  });
});
