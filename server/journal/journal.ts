/**
 * The journal: an append-only record of what happened. It feeds notices, the live screen and the audit.
 *
 * An event is written in the transaction of what it tells, so it never tells of something that was not kept. Readers
 * stop before the oldest transaction of ours that is still running: a cursor never passes an event that commits later.
 * Secrets and whole documents never stand in it.
 */
import { type RawBuilder, sql } from 'kysely';
import type { Context } from '../store/database.ts';
import { EVENT_TYPES, type EventType } from './events.ts';

export type JournalEvent = {
  /** Opaque position for `since` and for Last-Event-ID. */
  readonly cursor: string;
  readonly at: Date;
  readonly type: EventType;
  readonly subjectKind: string;
  readonly subjectId: string;
  readonly actor: string | null;
  readonly ownerId: string | null;
  readonly data: Readonly<Record<string, unknown>>;
};

export type NewEvent = {
  readonly subjectId: string;
  /** Who did it: a user id, an API token's name, or absent for Platen itself. */
  readonly actor?: string;
  /** The user who may see it beside operators. */
  readonly ownerId?: string;
  readonly data?: Readonly<Record<string, unknown>>;
};

export type JournalFilter = {
  /** Only what comes after this cursor; newest first, only what comes before it. */
  readonly since?: string;
  /** `oldest` unless said. */
  readonly order?: 'oldest' | 'newest';
  readonly type?: string;
  /** Only events of these types. */
  readonly types?: readonly string[];
  readonly actor?: string;
  /** `people`: only what somebody did, or a program with a token; `platen`: only what happened by itself. */
  readonly by?: 'people' | 'platen';
  readonly subjectId?: string;
  readonly ownerId?: string;
  /** Only what happened at this moment or later. */
  readonly from?: Date;
  /** Only what happened before this moment. */
  readonly to?: Date;
  readonly limit: number;
};

/** Appends one event in the transaction of `context.db`. */
export async function record(context: Context, type: EventType, event: NewEvent): Promise<void> {
  await recordAll(context, [{ type, ...event }]);
}

/** Appends several events with one statement. */
export async function recordAll(
  context: Context,
  events: readonly (NewEvent & { readonly type: EventType })[],
): Promise<void> {
  if (events.length === 0) return;
  const rows = events.map((event) => ({
    type: event.type,
    subject_kind: EVENT_TYPES[event.type],
    subject_id: event.subjectId,
    actor: event.actor ?? null,
    owner_id: event.ownerId ?? null,
    data: JSON.stringify(event.data ?? {}),
  }));
  await context.db.insertInto('journal').values(rows).execute();
}

/**
 * The same as part of a larger statement: one event for each row of a query that answers with subject, owner and, as
 * JSON text, data.
 */
export function recordSelected(type: EventType, rows: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    INSERT INTO journal (type, subject_kind, subject_id, owner_id, data)
    SELECT ${type}, ${EVENT_TYPES[type]}, subject_id::text, owner_id, data::jsonb
    FROM (${rows}) AS event (subject_id, owner_id, data)`;
}

/** Reads events after a cursor, oldest first; or before a cursor, newest first. */
export async function readJournal(context: Context, filter: JournalFilter): Promise<JournalEvent[]> {
  const horizon = await readHorizon(context);
  const isNewest = filter.order === 'newest';
  let query = context.db
    .selectFrom('journal')
    .select([
      sql<string>`tx::text`.as('tx'),
      'id',
      'at',
      'type',
      'subject_kind',
      'subject_id',
      'actor',
      'owner_id',
      'data',
    ])
    .where(sql<boolean>`tx < ${horizon}::text::xid8`)
    .orderBy('journal.tx', isNewest ? 'desc' : 'asc')
    .orderBy('journal.id', isNewest ? 'desc' : 'asc')
    .limit(filter.limit);
  const cursor = readCursor(filter.since);
  if (cursor !== undefined) {
    const position = sql`(${cursor.tx}::text::xid8, ${cursor.id}::bigint)`;
    query = query.where(isNewest ? sql<boolean>`(tx, id) < ${position}` : sql<boolean>`(tx, id) > ${position}`);
  }
  if (filter.from !== undefined) query = query.where('at', '>=', filter.from);
  if (filter.to !== undefined) query = query.where('at', '<', filter.to);
  if (filter.types !== undefined) query = query.where('type', 'in', [...filter.types]);
  if (filter.actor !== undefined) query = query.where('actor', '=', filter.actor);
  if (filter.by !== undefined) query = query.where('actor', filter.by === 'people' ? 'is not' : 'is', null);
  if (filter.type !== undefined) query = query.where('type', '=', filter.type);
  if (filter.subjectId !== undefined) query = query.where('subject_id', '=', filter.subjectId);
  if (filter.ownerId !== undefined) query = query.where('owner_id', '=', filter.ownerId);
  const rows = await query.execute();
  return rows.map((row) => ({
    cursor: `${row.tx}-${row.id}`,
    at: row.at,
    type: row.type as EventType,
    subjectKind: row.subject_kind,
    subjectId: row.subject_id,
    actor: row.actor,
    ownerId: row.owner_id,
    data: row.data,
  }));
}

/** The position after everything that can be read now: where a live reader starts. */
export async function journalEnd(context: Context): Promise<string> {
  const horizon = await readHorizon(context);
  const row = await context.db
    .selectFrom('journal')
    .select([sql<string>`tx::text`.as('tx'), 'id'])
    .where(sql<boolean>`tx < ${horizon}::text::xid8`)
    .orderBy('journal.tx', 'desc')
    .orderBy('journal.id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? '0-0' : `${row.tx}-${row.id}`;
}

/**
 * The first transaction id that may still commit events. Asked in a statement before the one that reads: what had ended
 * by then is visible to it. The snapshot's own lower end would not do, because a long transaction in another database of
 * the same server holds that back.
 */
async function readHorizon(context: Context): Promise<string> {
  const answer = await sql<{ horizon: string }>`
    WITH now AS (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next)
    SELECT (now.next - COALESCE(max(running.behind) FILTER (WHERE running.behind < 2147483648), 0))::text AS horizon
    FROM now
    LEFT JOIN LATERAL (
      SELECT (now.next - backend_xid::text::bigint) & 4294967295 AS behind
      FROM pg_stat_activity
      WHERE datname = current_database() AND backend_xid IS NOT NULL
    ) AS running ON true
    GROUP BY now.next`.execute(context.db);
  return answer.rows[0]?.horizon ?? '0';
}

const FOLLOW_INTERVAL_MS = 500;
const FOLLOW_BATCH = 200;

/** Yields events after `since` as they appear, until the signal aborts. */
export async function* followJournal(
  context: Context,
  filter: Omit<JournalFilter, 'limit'>,
  signal: AbortSignal,
): AsyncGenerator<JournalEvent> {
  let since = filter.since ?? (await journalEnd(context));
  while (!signal.aborted) {
    const events = await readJournal(context, { ...filter, since, limit: FOLLOW_BATCH });
    for (const event of events) {
      since = event.cursor;
      yield event;
    }
    if (events.length < FOLLOW_BATCH) await context.clock.sleep(FOLLOW_INTERVAL_MS, signal);
  }
}

function readCursor(cursor: string | undefined): { tx: string; id: string } | undefined {
  const match = /^(\d{1,19})-(\d{1,18})$/.exec(cursor ?? '');
  return match?.[1] === undefined || match[2] === undefined ? undefined : { tx: match[1], id: match[2] };
}
