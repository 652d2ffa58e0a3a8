/** `POST /printers/{id}/test-page`. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Context } from '../../store/database.ts';
import { jobShape, showJob } from '../finding/shown.ts';
import { idParams } from '../keeping/shapes.ts';
import { uploaderOf, uploadKey } from '../upload/routes.ts';
import { printTestPage } from './test-page.ts';

export function testPageRoutes(app: FastifyInstance, context: Context): void {
  app.withTypeProvider<ZodTypeProvider>().post('/printers/:id/test-page', {
    config: { role: 'operator' },
    schema: {
      params: idParams,
      headers: z.object({ 'idempotency-key': uploadKey }),
      /** For whom a program prints; people print for themselves. */
      body: z.object({ ownerId: z.uuid().optional() }).nullish(),
      response: { 200: jobShape, 201: jobShape },
    },
    handler: async (request, reply) => {
      const owner = await uploaderOf(context, request, request.body?.ownerId);
      const { job, isNew } = await printTestPage(context, {
        printerId: request.params.id,
        key: request.headers['idempotency-key'],
        owner,
        language: request.language,
      });
      reply.code(isNew ? 201 : 200).header('location', `/api/v1/jobs/${job.id}`);
      return reply.send(showJob(job, request.language));
    },
  });
}
