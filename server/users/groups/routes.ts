/** `GET /groups`: the groups that there are, which are those that somebody belongs to. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { sql } from 'kysely';
import { z } from 'zod';
import type { Context } from '../../store/database.ts';

const MAX_GROUPS = 500;

const answer = z.object({ items: z.array(z.object({ name: z.string(), people: z.number() })), nextCursor: z.null() });

export function groupRoutes(app: FastifyInstance, context: Context): void {
  app.withTypeProvider<ZodTypeProvider>().get('/groups', {
    config: { role: 'operator' },
    schema: { tags: ['users'], response: { 200: answer } },
    handler: async () => {
      const rows = await context.db
        .selectFrom('users')
        .select(['group_name', sql<number>`count(*)::int`.as('people')])
        .where('group_name', 'is not', null)
        .groupBy('group_name')
        .orderBy('group_name')
        .limit(MAX_GROUPS)
        .execute();
      return { items: rows.map(({ group_name, people }) => ({ name: group_name ?? '', people })), nextCursor: null };
    },
  });
}
