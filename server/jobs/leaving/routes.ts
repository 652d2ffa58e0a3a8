/** Who owns jobs, and the end of an owner. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Context } from '../../store/database.ts';
import { idParams } from '../keeping/shapes.ts';
import { listOwners, removeOwner } from './leaving.ts';

const MAX_USERS = 100;

const ownersQuery = z.object({
  /** Ids of users, with commas between them. */
  users: z
    .string()
    .max(MAX_USERS * 37)
    .transform((text) => text.split(','))
    .pipe(z.array(z.uuid()).max(MAX_USERS)),
});

const ownerShape = z.object({
  userId: z.string(),
  lastJobAt: z.string().nullable(),
  /** Those that have not ended: they are canceled when the user is removed. */
  openJobs: z.number(),
});

export function leavingRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  routes.get('/jobs/owners', {
    config: { role: 'operator' },
    schema: { tags: ['users'], querystring: ownersQuery, response: { 200: z.object({ items: z.array(ownerShape) }) } },
    handler: async ({ query }) => {
      const owners = await listOwners(context, query.users);
      return { items: owners.map((owner) => ({ ...owner, lastJobAt: owner.lastJobAt?.toISOString() ?? null })) };
    },
  });
  routes.delete('/users/:id', {
    config: { role: 'administrator' },
    schema: { tags: ['users'], params: idParams, response: { 204: z.null() } },
    handler: async ({ params, actor }, reply) => {
      await removeOwner(context, params.id, actor);
      return reply.code(204).send(null);
    },
  });
}
