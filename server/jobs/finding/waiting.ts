/** What waits for each printer. */
import { sql } from 'kysely';
import type { Context } from '../../store/database.ts';

export type WaitingJobs = { readonly printerId: string; readonly count: number; readonly oldestAt: Date };

/** Jobs that are to be printed and were not begun, of each printer that has any; cheap however many have ended. */
export async function countWaitingJobs(context: Context): Promise<WaitingJobs[]> {
  const rows = await context.db
    .selectFrom('jobs')
    .select(['printer_id', sql<number>`count(*)::int`.as('count'), sql<Date>`min(created_at)`.as('oldest')])
    .where('state', '=', 'pending')
    .where('printer_id', 'is not', null)
    .groupBy('printer_id')
    .execute();
  return rows.flatMap(({ printer_id: printerId, count, oldest: oldestAt }) =>
    printerId === null ? [] : [{ printerId, count, oldestAt }],
  );
}
