/** The route of what waits for printers. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Context } from '../../store/database.ts';
import { countWaitingJobs } from './waiting.ts';

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
