/** `GET /readiness`: what needs a person before passwords end at Microsoft, in the reader's language. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { textFor } from '../../locales/locales.ts';
import type { Context } from '../store/database.ts';
import { PASSWORDS_END_ON, readReadiness } from './readiness.ts';

const KINDS = [
  'outgoing-password',
  'alarm-password',
  'mailbox-password',
  'device-plain-password',
  'device-by-address',
] as const;

const readinessAnswer = z.object({
  /** The day on which Exchange Online switches passwords for sending off by default. */
  passwordsEndOn: z.string(),
  isReady: z.boolean(),
  items: z.array(
    z.object({
      kind: z.enum(KINDS),
      urgency: z.enum(['now', 'by-the-end-of-2026', 'when-you-can']),
      name: z.string(),
      host: z.string().nullable(),
      subjectId: z.string().nullable(),
      title: z.string(),
      advice: z.string(),
    }),
  ),
});

export async function readinessRoutes(app: FastifyInstance, context: Context): Promise<void> {
  app
    .withTypeProvider<ZodTypeProvider>()
    .get(
      '/readiness',
      { config: { role: 'operator' }, schema: { tags: ['connections'], response: { 200: readinessAnswer } } },
      async (request) => {
        const items = await readReadiness(context);
        return {
          passwordsEndOn: PASSWORDS_END_ON,
          isReady: items.every(({ urgency }) => urgency === 'when-you-can'),
          items: items.map(({ kind, urgency, name, host, subjectId }) => ({
            ...{ kind, urgency, name, host: host ?? null, subjectId: subjectId ?? null },
            title: textFor(request.language, `readiness.${kind}.title`, { name }),
            advice: textFor(request.language, `readiness.${kind}.advice`, { name }),
          })),
        };
      },
    );
}
