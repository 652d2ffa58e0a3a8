/** Routes that look at a mailbox and change nothing: one that is kept, and one as it was typed. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { aboutConnections, answerKept, problemAnswer } from '../../connections/connections.ts';
import type { Context } from '../../store/database.ts';
import type { Language } from '../../store/schema.ts';
import { checkMailbox, checkTyped, getMailbox, type MailboxCheck } from '../intake.ts';
import { password, place, server } from './shapes.ts';

const writing = { role: 'administrator' } as const;
const tags = ['intake'];

const checkAnswer = z.object({
  outcome: z.enum(['passed', 'failed']),
  messages: z.number().optional(),
  missingFolders: z.array(z.string()).optional(),
  problem: problemAnswer.optional(),
});

const typedBody = z
  .object({
    id: z.uuid().optional(),
    protocol: place.protocol,
    connectionId: place.connectionId.optional(),
    server: server.extend({ password: password.optional() }).optional(),
    address: place.address,
    folder: place.folder.optional(),
    afterIntake: place.afterIntake.optional(),
  })
  .refine((body) => (body.connectionId === undefined) !== (body.server === undefined), {
    message: 'needs either connectionId or server',
  });

export function lookRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.post(
    '/mailboxes/:id/check',
    { config: writing, schema: { tags, params: z.object({ id: z.uuid() }), response: { 200: checkAnswer } } },
    async (request) => {
      const { id } = request.params;
      const { connectionId } = await getMailbox(context, id);
      const check = await checkMailbox(context, id, signalOf(request));
      return await showCheck(context, check, { language: request.language, connectionId });
    },
  );

  routes.post(
    '/mailboxes/check',
    { config: writing, schema: { tags, body: typedBody, response: { 200: checkAnswer } } },
    async (request) => {
      const { connectionId } = request.body;
      const check = await checkTyped(context, request.body, signalOf(request));
      return await showCheck(context, check, { language: request.language, connectionId });
    },
  );
}

/** Ends when the caller hangs up. */
function signalOf({ raw }: FastifyRequest): AbortSignal {
  const gone = new AbortController();
  raw.once('close', () => {
    if (raw.destroyed && !raw.complete) gone.abort(new Error('the caller hung up'));
  });
  return gone.signal;
}

async function showCheck(
  context: Context,
  check: MailboxCheck,
  { language, connectionId }: { readonly language: Language; readonly connectionId: string | undefined },
): Promise<z.infer<typeof checkAnswer>> {
  if (check.outcome === 'passed') return { ...check, missingFolders: [...check.missingFolders] };
  const connections = await aboutConnections(context);
  return { outcome: 'failed', problem: answerKept(check.problem, language, connections.get(connectionId ?? '')) };
}
