/** `/settings/company`: what is proposed wherever the company's own domain matters. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Context } from '../../store/database.ts';
import { mailDomain } from '../shapes.ts';
import { readMailDomain, setMailDomain } from './company.ts';

const answer = z.object({ mailDomain: z.string().nullable() });

export function companyRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  const tags = ['users'];

  routes.get(
    '/settings/company',
    { config: { role: 'operator' }, schema: { tags, response: { 200: answer } } },
    async () => ({ mailDomain: await readMailDomain(context) }),
  );

  routes.put(
    '/settings/company',
    {
      config: { role: 'administrator' },
      schema: { tags, body: z.strictObject({ mailDomain }), response: { 200: answer } },
    },
    async (request) => {
      await setMailDomain(context, request.body.mailDomain, request.actor);
      return { mailDomain: await readMailDomain(context) };
    },
  );
}
