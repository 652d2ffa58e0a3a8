/** What waits for each printer. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { sql } from 'kysely';
import { z } from 'zod';
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

const waitingShape = z.object({ printerId: z.string(), count: z.number(), oldestAt: z.string() });

export function waitingRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  routes.get('/jobs/waiting', {
    config: { role: 'operator' },
    schema: { response: { 200: z.object({ items: z.array(waitingShape) }) } },
    handler: async () => {
      const waiting = await countWaitingJobs(context);
      return { items: waiting.map((one) => ({ ...one, oldestAt: one.oldestAt.toISOString() })) };
    },
  });
}
