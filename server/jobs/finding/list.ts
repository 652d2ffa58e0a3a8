/** Lists of jobs, and how many there are. */
import { sql } from 'kysely';
import type { Context } from '../../store/database.ts';
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
  /** A part of the title, of the owner's name, or of the sender, subject or Message-ID of the message; or the number. */
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

/** Newest first. */
export async function listJobs(context: Context, filter: JobFilter): Promise<Job[]> {
  let query = context.db.selectFrom('jobs').selectAll().orderBy('id', 'desc').limit(filter.limit);
  if (filter.state !== undefined) query = query.where('state', '=', filter.state);
  if (filter.ownerId !== undefined) query = query.where('owner_id', '=', filter.ownerId);
  if (filter.messageId !== undefined) query = query.where('message_id', '=', filter.messageId);
  if (filter.printerId !== undefined) query = query.where('printer_id', '=', filter.printerId);
  if (filter.queueId !== undefined) query = query.where('queue_id', '=', filter.queueId);
  if (filter.since !== undefined) query = query.where('created_at', '>=', filter.since);
  if (filter.until !== undefined) query = query.where('created_at', '<', filter.until);
  const { text } = filter;
  if (text !== undefined) {
    const pattern = `%${text.toLowerCase().replaceAll(/[\\%_]/g, '\\$&')}%`;
    const isFound = sql<boolean>`search LIKE ${pattern}`;
    const number = /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
    query = query.where((where) =>
      number === undefined ? isFound : where.or([isFound, where('number', '=', number)]),
    );
  }
  if (filter.before !== undefined) query = query.where('id', '<', filter.before);
  return (await query.execute()).map(toJob);
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
