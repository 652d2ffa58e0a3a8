/** The route that adds people from a file. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { textFor } from '../../../locales/locales.ts';
import type { Context } from '../../store/database.ts';
import { importPeople } from './import.ts';
import { fileLimits, PERSON_REASONS } from './people.ts';

/** A file, and a third more because of base64. */
const MAX_BODY_BYTES = 1_400_000;

const body = z.object({
  /** The file as it is: CSV in UTF-8 or Windows-1252, with commas, semicolons or tabs. */
  file: z.base64().max(Math.ceil(fileLimits.maxBytes / 3) * 4 + 4),
  /** Nothing is added: only what would be is answered. */
  dryRun: z.boolean().default(false),
});

const person = z.object({
  line: z.number(),
  name: z.string(),
  email: z.string(),
  addresses: z.array(z.string()),
  role: z.enum(['administrator', 'operator', 'user']),
  language: z.enum(['en', 'it']),
  group: z.string().nullable(),
  /** `new`: would be added; `known`: somebody has this e-mail address already, and nothing of them changes. */
  outcome: z.enum(['new', 'added', 'known', 'refused']),
  reason: z.enum(PERSON_REASONS).nullable(),
  /** The reason in the caller's language. */
  words: z.string().nullable(),
});

export function fileRoutes(app: FastifyInstance, context: Context): void {
  app.withTypeProvider<ZodTypeProvider>().post('/users/import', {
    config: { role: 'administrator' },
    bodyLimit: MAX_BODY_BYTES,
    schema: { tags: ['users'], body, response: { 200: z.object({ items: z.array(person) }) } },
    handler: async ({ body, actor, language }) => {
      const people = await importPeople(context, Buffer.from(body.file, 'base64'), {
        ...{ isDryRun: body.dryRun, language, actor },
      });
      const items = people.map(({ reason, addresses, group, ...one }) => ({
        ...one,
        group: group ?? null,
        addresses: [...addresses],
        reason: reason ?? null,
        words: reason === undefined ? null : textFor(language, `people.reasons.${reason}`),
      }));
      return { items };
    },
  });
}
