/**
 * `GET /journal`: what happened, oldest first from a cursor on, or newest first; `GET /journal/export`: the same as a file;
 * `GET /journal/actors` and `/journal/subjects`: by whom and by what it can be narrowed.
 */
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Context } from '../store/database.ts';
import { limitOf, MAX_PAGE } from '../store/pages.ts';
import { EVENT_TYPES, type EventType, OPERATORS_TYPES, type SubjectKind } from './events.ts';
import { EXPORT_FORMATS, type ExportFormat, exportJournal } from './export.ts';
import { type JournalFilter, readJournal } from './journal.ts';
import { listActors, listSubjects, type NamedEvent, nameEvents } from './names.ts';

const eventTypes = Object.keys(EVENT_TYPES) as [EventType, ...EventType[]];
const cursor = z.string().regex(/^\d{1,19}-\d{1,18}$/, 'must be a cursor of the journal');

const name = z
  .string()
  .min(1)
  .max(100)
  .regex(/^\P{Cc}*$/u);
const kinds = [...new Set(Object.values(EVENT_TYPES))] as [SubjectKind, ...SubjectKind[]];

const moment = z.iso.datetime({ offset: true });

const which = z.object({
  /** Of one kind of subject: `job`, `printer`. */
  kind: z.enum(kinds).optional(),
  type: z.enum(eventTypes).optional(),
  subject: name.optional(),
  /** Who did it: the id of a user, or `token:` and the name of an API token. */
  actor: name.optional(),
  /** By anybody, or by nobody. */
  by: z.enum(['people', 'platen']).optional(),
  /** At this moment or later. */
  from: moment.optional(),
  /** Before this moment. */
  to: moment.optional(),
});

const query = which.extend({
  order: z.enum(['oldest', 'newest']).optional(),
  since: cursor.optional(),
  cursor: cursor.optional(),
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).optional(),
});

const eventAnswer = z.object({
  cursor: z.string(),
  at: z.string(),
  type: z.string(),
  subjectKind: z.string(),
  subjectId: z.string(),
  /** As it is called now; `null` when it is gone, or is nothing that has a name. */
  subjectName: z.string().nullable(),
  actor: z.string().nullable(),
  actorName: z.string().nullable(),
  ownerId: z.string().nullable(),
  data: z.record(z.string(), z.unknown()),
});

const EXPORT_TYPES: Readonly<Record<ExportFormat, string>> = {
  csv: 'text/csv; charset=utf-8',
  ndjson: 'application/x-ndjson',
};

const answer = z.object({ items: z.array(eventAnswer), nextCursor: z.string().nullable() });

/** By a part of the name, or the one with this id. */
const choiceQuery = z.object({ q: name.optional(), id: name.optional() });
const choices = z.object({ items: z.array(z.object({ id: z.string(), kind: z.string(), name: z.string() })) });

export async function journalRoutes(app: FastifyInstance, context: Context): Promise<void> {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.get(
    '/journal',
    { config: { role: 'user' }, schema: { tags: ['journal'], querystring: query, response: { 200: answer } } },
    async ({ query, principal }) => {
      const filter = filterOf(query, principal);
      if (filter === undefined) return { items: [], nextCursor: null };
      const limit = limitOf(query.limit);
      const since = query.cursor ?? query.since;
      const events = await readJournal(context, {
        ...filter,
        limit,
        ...(query.order === undefined ? {} : { order: query.order }),
        ...(since === undefined ? {} : { since }),
      });
      const nextCursor = events.length === limit ? (events.at(-1)?.cursor ?? null) : null;
      return { items: (await nameEvents(context, events)).map(answerEvent), nextCursor };
    },
  );

  routes.get(
    '/journal/export',
    {
      config: { role: 'user' },
      schema: {
        tags: ['journal'],
        querystring: which.extend({ format: z.enum(EXPORT_FORMATS) }),
        produces: [...Object.values(EXPORT_TYPES)],
      },
    },
    async ({ query, principal }, reply) => {
      const { format } = query;
      const lines = exportJournal(context, format, filterOf(query, principal));
      return reply
        .header('content-type', EXPORT_TYPES[format])
        .header('content-disposition', `attachment; filename="platen-journal.${format}"`)
        .send(Readable.from(lines, { objectMode: false }));
    },
  );
  choiceRoutes(app, context);
}

function choiceRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  const schema = { tags: ['journal'], querystring: choiceQuery, response: { 200: choices } };
  const lists = { actors: listActors, subjects: listSubjects };
  for (const [path, list] of Object.entries(lists)) {
    routes.get(`/journal/${path}`, { config: { role: 'operator' }, schema }, async ({ query }) => ({
      items: await list(context, { text: query.q, id: query.id }),
    }));
  }
}

type Reader = { readonly role: string; readonly userId: string | null };

/** What the caller may read of what is asked for; `undefined` when that is nothing. */
function filterOf(
  query: z.infer<typeof which>,
  principal: Reader,
): Omit<JournalFilter, 'limit' | 'order' | 'since'> | undefined {
  // Users read what belongs to them; a token of that role owns nothing.
  const owner = principal.role === 'user' ? principal.userId : undefined;
  if (owner === null) return undefined;
  const readable = principal.role === 'operator' ? OPERATORS_TYPES : eventTypes;
  const types = readable.filter((type) => query.kind === undefined || EVENT_TYPES[type] === query.kind);
  if (types.length === 0) return undefined;
  return {
    ...(types.length === eventTypes.length ? {} : { types }),
    ...(query.actor === undefined ? {} : { actor: query.actor }),
    ...(query.by === undefined ? {} : { by: query.by }),
    ...(query.type === undefined ? {} : { type: query.type }),
    ...(query.subject === undefined ? {} : { subjectId: query.subject }),
    ...(query.from === undefined ? {} : { from: new Date(query.from) }),
    ...(query.to === undefined ? {} : { to: new Date(query.to) }),
    ...(owner === undefined ? {} : { ownerId: owner }),
  };
}

function answerEvent(event: NamedEvent): z.infer<typeof eventAnswer> {
  return { ...event, at: event.at.toISOString() };
}
