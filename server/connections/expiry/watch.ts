/** Tells the journal seven days and one day before a permission is expected to end; a notice is written from that. */
import { DAY_MS } from '../../base/clock.ts';
import { record } from '../../journal/journal.ts';
import type { Context } from '../../store/database.ts';
import { transaction } from '../../store/transaction.ts';
import { lockRow } from '../connection.ts';
import { findTokens } from '../tokens.ts';
import { forecastFor } from './permissions.ts';

/** So many days before the end somebody is told. */
const AHEAD_DAYS = [7, 1] as const;

/** Looks at every connection in use; each step is told once for each permission, on whichever node. */
export async function tellExpiries(context: Context): Promise<void> {
  const connections = await context.db
    .selectFrom('connections')
    .select('id')
    .where('state', 'in', ['connected', 'degraded'])
    .execute();
  for (const { id } of connections) await tellExpiry(context, id);
}

async function tellExpiry(context: Context, connectionId: string): Promise<void> {
  await transaction(context, async (context) => {
    const row = await lockRow(context, connectionId);
    const tokens = await findTokens(context, connectionId);
    const { at, reason } = await forecastFor(context, row, tokens?.renewed_at);
    if (at === undefined) return;
    const leftDays = (at.getTime() - context.clock.now().getTime()) / DAY_MS;
    const step = AHEAD_DAYS.filter((days) => leftDays <= days).at(-1);
    if (step === undefined) return;
    const { numUpdatedRows } = await context.db
      .updateTable('connection_permissions')
      .set({ told_days: step })
      .where('connection_id', '=', connectionId)
      .where('ended_at', 'is', null)
      .where((where) => where.or([where('told_days', 'is', null), where('told_days', '>', step)]))
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return;
    await record(context, 'connection-expiry-near', {
      subjectId: connectionId,
      data: { at: at.toISOString(), days: step, reason },
    });
  });
}
