/** The one route of links in messages. The secret comes in the body, never in the address that a server would log. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Context } from '../../store/database.ts';
import type { HeldMessage } from '../senders/confirm.ts';
import { describeLink, followLink, type OpenedLink } from './deeds.ts';

const body = z.object({
  token: z.string().min(1).max(100),
  /** Without it the link is only described: opening a page must do nothing, because mail scanners open links. */
  do: z.literal(true).optional(),
});

const linkAnswer = z.object({
  purpose: z.enum(['confirm-sender', 'print-job', 'cancel-job']),
  state: z.enum(['open', 'used', 'expired']),
  expiresAt: z.string(),
  usedAt: z.string().nullable(),
  jobs: z.array(
    z.object({
      id: z.string(),
      number: z.number(),
      title: z.string(),
      state: z.string(),
      pages: z.number().nullable(),
      printerId: z.string().nullable(),
    }),
  ),
  message: z
    .object({
      sender: z.string(),
      subject: z.string(),
      receivedAt: z.string(),
      documents: z.array(z.string()),
    })
    .nullable(),
});

export function linkRoutes(app: FastifyInstance, context: Context): void {
  app
    .withTypeProvider<ZodTypeProvider>()
    .post(
      '/links',
      { config: { role: 'public' }, schema: { tags: ['links'], body, response: { 200: linkAnswer } } },
      async (request) => {
        const { token, do: isAsked } = request.body;
        const open = isAsked === true ? followLink : describeLink;
        return showLink(await open(context, token, request.ip));
      },
    );
}

function showLink({ link, subject }: OpenedLink): z.infer<typeof linkAnswer> {
  return {
    purpose: link.purpose,
    state: link.state,
    expiresAt: link.expiresAt.toISOString(),
    usedAt: link.usedAt?.toISOString() ?? null,
    jobs: subject.jobs.map((job) => ({ ...job })),
    message: subject.message === undefined ? null : showMessage(subject.message),
  };
}

function showMessage({ sender, subject, receivedAt, documents }: HeldMessage) {
  return { sender, subject, receivedAt: receivedAt.toISOString(), documents: [...documents] };
}
