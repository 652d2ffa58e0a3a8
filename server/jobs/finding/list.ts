/** Lists of jobs, and how many there are. */
import { sql } from 'kysely';
import { DAY_MS } from '../../base/clock.ts';
import type { Context } from '../../store/database.ts';
import { findNewest } from '../../store/pages.ts';
import type { Job, JobState } from '../job.ts';
import { toJob } from '../rows.ts';

export type JobFilter = {
  readonly state?: JobState | undefined;
  readonly ownerId?: string | undefined;
  readonly messageId?: string | undefined;
  readonly printerId?: string | undefined;
  readonly queueId?: string | undefined;
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
  /**
   * A part of the title, of the owner's name, or of the sender, subject or Message-ID of the message; or the number.
   * One or two characters are looked for among the newest jobs alone.
   */
  readonly text?: string | undefined;
  /** Only jobs older than this one: ids sort by time. */
  readonly before?: string | undefined;
  readonly limit: number;
};

/** A subject may be as long as a message; nobody looks for its thousandth character. */
const MAX_SEARCHED_LENGTH = 1000;

/** What a job is found by: small letters, one line for each. */
export function searchTextOf(words: readonly string[]): string {
  return words.map((word) => word.slice(0, MAX_SEARCHED_LENGTH).toLowerCase()).join('\n');
}

/** An id has its time from a node, `created_at` from the database. */
const CLOCK_DIFFERENCE_MS = 1 * DAY_MS;
const MAX_ID_TIME = 2 ** 48 - 1;

/** The smallest id that can be made at that time (RFC 9562 section 5.7). */
function firstIdOf(timeMs: number): string {
  const time = Math.min(Math.max(timeMs, 0), MAX_ID_TIME).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`;
}

/** Newest first. */
export async function listJobs(context: Context, filter: JobFilter): Promise<Job[]> {
  const { text, limit } = filter;
  const wanted = matching(context, filter);
  const newestOf = (query: typeof wanted) => query.orderBy('id', 'desc').limit(limit).execute();
  if (text === undefined) return (await newestOf(wanted)).map(toJob);
  const isFound = sql<boolean>`position(${text.toLowerCase()} in search) > 0`;
  const from = (query: typeof wanted) => context.db.selectFrom(query.as('jobs')).selectAll().where(isFound);
  const found = await findNewest(text, limit, {
    among: (count) => newestOf(from(wanted.orderBy('id', 'desc').limit(count))),
    byIndex: (pattern) => newestOf(from(wanted.where(sql<boolean>`search LIKE ${pattern}`).offset(0))),
  });
  const number = /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
  const named = number === undefined ? [] : await newestOf(wanted.where('number', '=', number));
  const rows = [...found, ...named.filter(({ id }) => found.every((row) => row.id !== id))];
  return rows
    .sort((left, right) => (left.id < right.id ? 1 : -1))
    .slice(0, limit)
    .map(toJob);
}

/** The jobs that fit everything but the text. */
function matching(context: Context, filter: JobFilter) {
  let query = context.db.selectFrom('jobs').selectAll();
  if (filter.state !== undefined) query = query.where('state', '=', filter.state);
  if (filter.ownerId !== undefined) query = query.where('owner_id', '=', filter.ownerId);
  if (filter.messageId !== undefined) query = query.where('message_id', '=', filter.messageId);
  if (filter.printerId !== undefined) query = query.where('printer_id', '=', filter.printerId);
  if (filter.queueId !== undefined) query = query.where('queue_id', '=', filter.queueId);
  const { since, until } = filter;
  // The ids, by which the list is sorted, begin with the time: they tell where in it to look.
  if (since !== undefined) {
    query = query.where('created_at', '>=', since).where('id', '>=', firstIdOf(since.getTime() - CLOCK_DIFFERENCE_MS));
  }
  if (until !== undefined) {
    query = query.where('created_at', '<', until).where('id', '<', firstIdOf(until.getTime() + CLOCK_DIFFERENCE_MS));
  }
  return filter.before === undefined ? query : query.where('id', '<', filter.before);
}

/** How many jobs are in each state, for the metrics. */
export async function countJobs(context: Context): Promise<Readonly<Partial<Record<JobState, number>>>> {
  const rows = await context.db
    .selectFrom('jobs')
    .select(['state', (builder) => builder.fn.countAll<number>().as('count')])
    .groupBy('state')
    .execute();
  return Object.fromEntries(rows.map((row) => [row.state, row.count]));
}

/** How many jobs are in each state that still wants something: cheap however many have ended. */
export async function countOpenJobs(context: Context): Promise<Readonly<Partial<Record<JobState, number>>>> {
  const rows = await context.db
    .selectFrom('jobs')
    .select(['state', (builder) => builder.fn.countAll<number>().as('count')])
    .where('state', 'in', ['pending', 'pending-held', 'processing', 'processing-stopped'])
    .groupBy('state')
    .execute();
  return Object.fromEntries(rows.map((row) => [row.state, row.count]));
}

export type EndedJobs = { readonly hour: Date; readonly state: JobState; readonly count: number };

/** How many jobs have ended in each hour since then, by how they ended. */
export async function countEndedJobs(context: Context, since: Date): Promise<EndedJobs[]> {
  const hour = sql<Date>`date_trunc('hour', ended_at, 'UTC')`;
  return await context.db
    .selectFrom('jobs')
    .select(['state', hour.as('hour'), (builder) => builder.fn.countAll<number>().as('count')])
    .where('ended_at', '>=', since)
    .groupBy(['state', hour])
    .execute();
}
