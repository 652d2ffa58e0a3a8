/**
 * The names of what stands in the journal by its id: as the things are called now, because an event keeps only the id
 * (decision 37). What is gone has none, and neither has a person who was removed.
 */
import { sql } from 'kysely';
import type { Context } from '../store/database.ts';
import type { SubjectKind } from './events.ts';
import type { JournalEvent } from './journal.ts';

export type NamedEvent = JournalEvent & { readonly actorName: string | null; readonly subjectName: string | null };
/** `kind` of whoever did something is `user` or `api-token`. */
export type Named = { readonly id: string; readonly kind: string; readonly name: string };

const TOKEN = 'token:';
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What can be chosen by its name; of jobs and messages there are too many, and each has a page with a link. */
const CHOSEN_KINDS: readonly SubjectKind[] = ['user', 'connection', 'mailbox', 'queue', 'printer', 'device'];
const MOST_CHOICES = 20;
/** Programs are few; a database with more of them than this shows the last by the alphabet. */
const MOST_PROGRAMS = 200;

/** Adds the names of who did it and of what it was done to. */
export async function nameEvents(context: Context, events: readonly JournalEvent[]): Promise<NamedEvent[]> {
  const names = await readNames(
    context,
    events.flatMap(({ actor, subjectId }) => (actor === null ? [subjectId] : [actor, subjectId])),
  );
  const nameOf = (id: string) => names.get(id)?.name ?? null;
  return events.map((event) => {
    const { actor, subjectId } = event;
    return { ...event, actorName: actor === null ? null : nameOf(actor), subjectName: nameOf(subjectId) };
  });
}

/** By id, each that is still there. A message without a subject has a name without letters. */
async function readNames(context: Context, ids: readonly string[]): Promise<ReadonlyMap<string, Named>> {
  const names = new Map<string, Named>();
  for (const id of ids) if (id.startsWith(TOKEN)) names.set(id, programOf(id));
  const asked = [...new Set(ids.filter((id) => UUID.test(id)))];
  if (asked.length === 0) return names;
  const rows = await context.db
    .selectFrom('named_things')
    .selectAll()
    .where(sql<boolean>`id = ANY (${asked}::uuid[])`)
    .execute();
  for (const row of rows) names.set(row.id, row);
  return names;
}

const programOf = (actor: string): Named => ({ id: actor, kind: 'api-token', name: actor.slice(TOKEN.length) });

export type Asked = {
  /** Part of the name, in any case. */
  readonly text?: string | undefined;
  /** Just this one, so that a chosen one can be shown. */
  readonly id?: string | undefined;
};

/** Things by their names, at most 20, by the alphabet. */
export async function listSubjects(context: Context, { text = '', id }: Asked): Promise<Named[]> {
  if (id !== undefined) return [...(await readNames(context, [id])).values()];
  return await context.db
    .selectFrom('named_things')
    .selectAll()
    .where('kind', 'in', [...CHOSEN_KINDS])
    .where('name', '<>', '')
    .where(isIn(text))
    .orderBy('name')
    .orderBy('id')
    .limit(MOST_CHOICES)
    .execute();
}

/** People and programs that have done something which the journal tells, at most 20 of each, by the alphabet. */
export async function listActors(context: Context, { text = '', id }: Asked): Promise<Named[]> {
  if (id !== undefined) return [...(await readNames(context, [id])).values()];
  const people = await context.db
    .selectFrom('named_things')
    .selectAll()
    .where('kind', '=', 'user')
    .where('name', '<>', '')
    .where(isIn(text))
    .where(sql<boolean>`EXISTS (SELECT FROM journal WHERE actor = named_things.id::text)`)
    .orderBy('name')
    .orderBy('id')
    .limit(MOST_CHOICES)
    .execute();
  const programs = (await listPrograms(context)).filter(({ name }) => name.toLowerCase().includes(text.toLowerCase()));
  return [...people, ...programs.slice(0, MOST_CHOICES)];
}

/** From one name to the next along the index, however many events each has; their `t` comes after all ids. */
async function listPrograms(context: Context): Promise<Named[]> {
  const found = await sql<{ actor: string }>`
    WITH RECURSIVE actors (actor) AS (
      (SELECT actor FROM journal WHERE actor IS NOT NULL ORDER BY actor DESC LIMIT 1)
      UNION ALL
      SELECT (SELECT journal.actor FROM journal WHERE journal.actor < actors.actor ORDER BY journal.actor DESC LIMIT 1)
      FROM actors WHERE actors.actor LIKE ${`${TOKEN}%`}
    )
    SELECT actor FROM actors WHERE actor LIKE ${`${TOKEN}%`} LIMIT ${MOST_PROGRAMS}`.execute(context.db);
  return found.rows.map(({ actor }) => programOf(actor)).reverse();
}

function isIn(text: string) {
  return sql<boolean>`position(lower(${text}) IN lower(name)) > 0`;
}
