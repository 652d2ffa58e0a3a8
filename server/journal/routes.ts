/** `GET /journal`: what happened, oldest first from a cursor on, or newest first. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Context } from '../store/database.ts';
import { limitOf, MAX_PAGE } from '../store/pages.ts';
import { EVENT_TYPES, type EventType, OPERATORS_TYPES, type SubjectKind } from './events.ts';
import { type JournalEvent, readJournal } from './journal.ts';

const eventTypes = Object.keys(EVENT_TYPES) as [EventType, ...EventType[]];
const cursor = z.string().regex(/^\d{1,19}-\d{1,18}$/, 'must be a cursor of the journal');

const name = z
  .string()
  .min(1)
  .max(100)
  .regex(/^\P{Cc}*$/u);
const kinds = [...new Set(Object.values(EVENT_TYPES))] as [SubjectKind, ...SubjectKind[]];

const query = z.object({
  order: z.enum(['oldest', 'newest']).optional(),
  /** Of one kind of subject: `job`, `printer`. */
  kind: z.enum(kinds).optional(),
  since: cursor.optional(),
  cursor: cursor.optional(),
  type: z.enum(eventTypes).optional(),
  subject: name.optional(),
  /** Who did it: the id of a user, or the name of an API token. */
  actor: name.optional(),
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).optional(),
});

const eventAnswer = z.object({
  cursor: z.string(),
  at: z.string(),
  type: z.string(),
  subjectKind: z.string(),
  subjectId: z.string(),
  actor: z.string().nullable(),
  ownerId: z.string().nullable(),
  data: z.record(z.string(), z.unknown()),
});

const answer = z.object({ items: z.array(eventAnswer), nextCursor: z.string().nullable() });

export async function journalRoutes(app: FastifyInstance, context: Context): Promise<void> {
  app
    .withTypeProvider<ZodTypeProvider>()
    .get(
      '/journal',
      { config: { role: 'user' }, schema: { tags: ['journal'], querystring: query, response: { 200: answer } } },
      async ({ query, principal }) => {
        // Users read what belongs to them; a token of that role owns nothing.
        const owner = principal.role === 'user' ? principal.userId : undefined;
        if (owner === null) return { items: [], nextCursor: null };
        const limit = limitOf(query.limit);
        const since = query.cursor ?? query.since;
        const readable = principal.role === 'operator' ? OPERATORS_TYPES : eventTypes;
        const types = readable.filter((type) => query.kind === undefined || EVENT_TYPES[type] === query.kind);
        if (types.length === 0) return { items: [], nextCursor: null };
        const events = await readJournal(context, {
          limit,
          ...(types.length === eventTypes.length ? {} : { types }),
          ...(query.order === undefined ? {} : { order: query.order }),
          ...(query.actor === undefined ? {} : { actor: query.actor }),
          ...(since === undefined ? {} : { since }),
          ...(query.type === undefined ? {} : { type: query.type }),
          ...(query.subject === undefined ? {} : { subjectId: query.subject }),
          ...(owner === undefined ? {} : { ownerId: owner }),
        });
        const nextCursor = events.length === limit ? (events.at(-1)?.cursor ?? null) : null;
        return { items: events.map(answerEvent), nextCursor };
      },
    );
}

function answerEvent(event: JournalEvent): z.infer<typeof eventAnswer> {
  return { ...event, at: event.at.toISOString() };
}
