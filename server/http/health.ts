/** `/healthz`: the process answers. `/readyz`: it can do its work, or which part cannot. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { sql } from 'kysely';
import { z } from 'zod';
import type { Context } from '../store/database.ts';
import { READY_TIMEOUT_MS } from './limits.ts';

/** One part that must work. `detail` is read by strangers: what, not where. */
export type ReadinessCheck = { readonly name: string; readonly ready: boolean; readonly detail?: string };
export type Readiness = () => Promise<readonly ReadinessCheck[]>;

const answer = z.object({
  ready: z.boolean(),
  reasons: z.array(z.object({ name: z.string(), ready: z.boolean(), detail: z.string().optional() })),
});

export function healthRoutes(app: FastifyInstance, context: Context, readiness: Readiness): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.get(
    '/healthz',
    {
      config: { role: 'public' },
      schema: { tags: ['health'], response: { 200: z.object({ status: z.literal('alive') }) } },
    },
    async () => ({ status: 'alive' as const }),
  );

  routes.get(
    '/readyz',
    { config: { role: 'public' }, schema: { tags: ['health'], response: { 200: answer, 503: answer } } },
    async (_request, reply) => {
      const reasons = await inTime(context, async () => [await checkDatabase(context), ...(await readiness())]);
      const ready = reasons.every((reason) => reason.ready);
      return reply.code(ready ? 200 : 503).send({ ready, reasons });
    },
  );
}

async function checkDatabase(context: Context): Promise<ReadinessCheck> {
  try {
    await sql`SELECT 1`.execute(context.db);
    return { name: 'database', ready: true };
  } catch (error) {
    context.log.warn({ error }, 'not ready: the database does not answer');
    return { name: 'database', ready: false, detail: 'the database does not answer' };
  }
}

async function inTime(context: Context, check: () => Promise<ReadinessCheck[]>): Promise<ReadinessCheck[]> {
  const done = new AbortController();
  const late = context.clock
    .sleep(READY_TIMEOUT_MS, done.signal)
    .then(() => [{ name: 'checks', ready: false, detail: 'the checks did not end in time' }]);
  try {
    return await Promise.race([check(), late]);
  } catch (error) {
    context.log.error({ error }, 'not ready: a check failed');
    return [{ name: 'checks', ready: false, detail: 'a check failed' }];
  } finally {
    done.abort();
  }
}
