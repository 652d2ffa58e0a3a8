/** The routes of print queues. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Context } from '../../store/database.ts';
import { type JobOptions, mergeOptions } from '../job.ts';
import { addQueue, getQueue, listQueues, type Queue, removeQueue } from '../queues.ts';
import { changeQueue } from './change-queue.ts';
import { countHeld } from './held.ts';
import { heldShape, idParams, newQueue, type OptionsBody, optionsChangeOf, queueChange, queueShape } from './shapes.ts';

function showQueue(queue: Queue): z.infer<typeof queueShape> {
  return {
    ...queue,
    printerIds: [...queue.printerIds],
    defaults: { ...queue.defaults },
    createdAt: queue.createdAt.toISOString(),
  };
}

/** The defaults as a whole: what is not given is not wished for. */
function defaultsOf(body: OptionsBody | undefined): JobOptions | undefined {
  return body === undefined ? undefined : mergeOptions({}, optionsChangeOf(body));
}

export function queueRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  routes.get('/queues', {
    config: { role: 'user' },
    schema: { response: { 200: z.object({ items: z.array(queueShape), nextCursor: z.null() }) } },
    handler: async () => ({ items: (await listQueues(context)).map(showQueue), nextCursor: null }),
  });
  routes.get('/queues/held', {
    config: { role: 'operator' },
    schema: { response: { 200: z.object({ items: z.array(heldShape) }) } },
    handler: async () => {
      const held = await countHeld(context);
      return { items: held.map((one) => ({ ...one, oldestAt: one.oldestAt.toISOString() })) };
    },
  });
  routes.post('/queues', {
    config: { role: 'administrator' },
    schema: { body: newQueue, response: { 201: queueShape } },
    handler: async (request, reply) => {
      const { defaults, ...given } = request.body;
      const queue = await addQueue(context, { ...given, defaults: defaultsOf(defaults) }, request.actor);
      return reply.code(201).send(showQueue(queue));
    },
  });
  routes.get('/queues/:id', {
    config: { role: 'user' },
    schema: { params: idParams, response: { 200: queueShape } },
    handler: async (request) => showQueue(await getQueue(context, request.params.id)),
  });
  routes.patch('/queues/:id', {
    config: { role: 'administrator' },
    schema: { params: idParams, body: queueChange, response: { 200: queueShape } },
    handler: async (request) => {
      const { defaults, ...given } = request.body;
      const change = { ...given, defaults: defaultsOf(defaults), actor: request.actor };
      return showQueue(await changeQueue(context, request.params.id, change));
    },
  });
  routes.delete('/queues/:id', {
    config: { role: 'administrator' },
    schema: { params: idParams, response: { 204: z.null() } },
    handler: async (request, reply) => {
      await removeQueue(context, request.params.id, request.actor);
      return reply.code(204).send(null);
    },
  });
}
