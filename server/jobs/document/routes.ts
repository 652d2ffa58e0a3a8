/** The routes of what a job prints: its document to be saved, and pictures of its pages. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { PlatenError } from '../../base/errors.ts';
import type { Context } from '../../store/database.ts';
import { askOf } from '../finding/asker.ts';
import { getJob } from '../jobs.ts';
import { idParams } from '../keeping/shapes.ts';
import { openPreview } from '../preparation/previews.ts';
import { COPIES, openDocument } from './document.ts';

const which = z.object({ as: z.enum(COPIES).optional() });

export function documentRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  routes.get('/jobs/:id/document', {
    config: { role: 'user' },
    schema: { params: idParams, querystring: which },
    handler: async (request, reply) => {
      const { role, userId } = request.principal;
      const job = await getJob(context, request.params.id, askOf(request).ownerId);
      const isOwner = job.ownerId === userId;
      if (!isOwner && role !== 'administrator') {
        // Who helps with printing sees the pages; a copy to keep is for the owner.
        throw new PlatenError('forbidden', 'the document of somebody else is for administrators', {
          values: { role: 'administrator' },
        });
      }
      const as = request.query.as ?? 'printed';
      const ask = { as, ...(isOwner ? {} : { actor: request.actor }) };
      const { bytes, disposition } = await openDocument(context, job, ask);
      // Bytes of a stranger: never shown in our own page, only saved.
      return reply
        .header('content-type', 'application/octet-stream')
        .header('content-disposition', disposition)
        .header('content-security-policy', 'sandbox')
        .header('cache-control', 'private, no-store')
        .send(bytes);
    },
  });
  routes.get('/jobs/:id/preview/:page', {
    config: { role: 'user' },
    schema: { params: idParams.extend({ page: z.string().max(100) }) },
    handler: async (request, reply) => {
      const job = await getJob(context, request.params.id, askOf(request).ownerId);
      const picture = await openPreview(context, job, Number(request.params.page));
      return reply
        .header('content-type', 'image/png')
        .header('cache-control', 'private, max-age=3600')
        .header('content-security-policy', 'sandbox')
        .send(picture);
    },
  });
}
