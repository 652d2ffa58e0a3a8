/** The routes of how a job is to be printed: what may be asked for, and the change of it. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Context } from '../../store/database.ts';
import { askOf } from '../finding/asker.ts';
import { jobShape, showJob } from '../finding/shown.ts';
import { getJob } from '../jobs.ts';
import { idParams, optionsChange, optionsChangeOf } from '../keeping/shapes.ts';
import { changeJobOptions, listChoices } from './options.ts';

const choicesShape = z.object({
  /** The most copies; null where more than one cannot be asked for. */
  copies: z.number().nullable(),
  sides: z.array(z.enum(['one-sided', 'two-sided-long-edge', 'two-sided-short-edge'])),
  color: z.array(z.enum(['color', 'monochrome'])),
  media: z.array(z.string()),
  pageRanges: z.boolean(),
  finishings: z.array(z.enum(['staple', 'punch'])),
});

export function optionsRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  routes.get('/jobs/:id/choices', {
    config: { role: 'user' },
    schema: { params: idParams, response: { 200: choicesShape } },
    handler: async (request) => {
      const job = await getJob(context, request.params.id, askOf(request).ownerId);
      const { sides, color, media, finishings, ...choices } = await listChoices(context, job);
      return { ...choices, sides: [...sides], color: [...color], media: [...media], finishings: [...finishings] };
    },
  });
  routes.patch('/jobs/:id', {
    config: { role: 'user' },
    schema: { params: idParams, body: z.object({ options: optionsChange.optional() }), response: { 200: jobShape } },
    handler: async (request) => {
      const ask = { ...askOf(request), options: optionsChangeOf(request.body.options ?? {}) };
      return showJob(await changeJobOptions(context, request.params.id, ask), request.language);
    },
  });
}
