/** What waits in queues for its owners. */
import { sql } from 'kysely';
import { HOUR_MS } from '../../base/clock.ts';
import type { Context } from '../../store/database.ts';

/** Held jobs that are given up within this time are ending soon. */
const SOON_MS = 2 * HOUR_MS;

export type HeldJobs = {
  readonly queueId: string;
  readonly count: number;
  readonly oldestAt: Date;
  /** How many of them are given up soon unless somebody releases them. */
  readonly endingSoon: number;
};

/** Of each queue that holds any. */
export async function countHeld(context: Context): Promise<HeldJobs[]> {
  const soon = new Date(context.clock.now().getTime() + SOON_MS);
  const rows = await context.db
    .selectFrom('jobs')
    .select(['queue_id', sql<number>`count(*)::int`.as('count'), sql<Date>`min(created_at)`.as('oldest')])
    .select(sql<number>`(count(*) FILTER (WHERE held_until <= ${soon}))::int`.as('ending'))
    .where('state', '=', 'pending-held')
    .groupBy('queue_id')
    .execute();
  return rows.map(({ queue_id, count, oldest, ending }) => ({
    queueId: queue_id,
    count,
    oldestAt: oldest,
    endingSoon: ending,
  }));
}
