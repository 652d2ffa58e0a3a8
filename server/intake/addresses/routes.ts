/** The one route of the addresses to mail to. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Context } from '../../store/database.ts';
import { listAddresses } from './addresses.ts';

const addressAnswer = z.object({ address: z.string(), queueName: z.string(), mode: z.enum(['hold', 'direct']) });

export function addressRoutes(app: FastifyInstance, context: Context): void {
  app.withTypeProvider<ZodTypeProvider>().get(
    '/mailboxes/addresses',
    {
      config: { role: 'user' },
      schema: {
        tags: ['intake'],
        querystring: z.object({ printer: z.uuid().optional() }),
        response: { 200: z.object({ items: z.array(addressAnswer) }) },
      },
    },
    async (request) => ({ items: await listAddresses(context, request.query.printer) }),
  );
}
