/** Routes of the connection doctor. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { PlatenError } from '../../base/errors.ts';
import type { Context } from '../../store/database.ts';
import { getConnection } from '../connections.ts';
import { answerCheck, checkAnswer, idParams, mailAddress } from '../shapes.ts';
import { Doctor } from './doctor.ts';

/** Whoever helps the people who print may look for the cause, and change nothing by it. */
const checking = { role: 'operator' } as const;
const tags = ['connections'];

const wishBody = z
  .object({
    /** Sends a real message from the sender e-mail to itself: the right to send shows only then. */
    sendMessage: z.boolean().optional(),
    /** Another mailbox that the account reads or writes for. */
    sharedMailbox: mailAddress.optional(),
  })
  .nullish();

export function doctorRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  const doctor = new Doctor(context);
  app.addHook('preClose', async () => await doctor[Symbol.asyncDispose]());
  const querystring = z.object({ wait: z.enum(['true', 'false']).optional() });

  routes.post(
    '/connections/:id/check',
    {
      config: checking,
      schema: { tags, params: idParams, querystring, body: wishBody, response: { 200: checkAnswer, 202: checkAnswer } },
    },
    async (request, reply) => {
      const { id } = request.params;
      const wish = Object.fromEntries(Object.entries(request.body ?? {}).filter(([, value]) => value !== undefined));
      const { report, done } = await doctor.start(id, wish);
      const answer = request.query.wait === 'true' ? await done : report;
      const connection = await getConnection(context, id);
      const told = answerCheck(answer, connection, request.language);
      return reply.code(request.query.wait === 'true' ? 200 : 202).send(told);
    },
  );

  routes.get(
    '/connections/:id/check',
    { config: checking, schema: { tags, params: idParams, response: { 200: checkAnswer } } },
    async (request) => {
      const connection = await getConnection(context, request.params.id);
      if (connection.checks === undefined) throw new PlatenError('not-found', 'this connection was never checked');
      return answerCheck(connection.checks, connection, request.language);
    },
  );

  routes.delete(
    '/connections/:id/check',
    { config: checking, schema: { tags, params: idParams, response: { 204: z.null() } } },
    async (request, reply) => {
      await doctor.stop(request.params.id);
      return reply.code(204).send(null);
    },
  );
}
