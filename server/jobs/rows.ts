/** The table of jobs: reading rows, and the one way in which a job changes its state. */
import { type Selectable, sql } from 'kysely';
import { PlatenError } from '../base/errors.ts';
import type { EventType } from '../journal/events.ts';
import { type NewEvent, recordAll } from '../journal/journal.ts';
import type { Context } from '../store/database.ts';
import { checkFence, isHeld, type Lease } from '../store/leases.ts';
import type { Problem, Schema } from '../store/schema.ts';
import {
  type Job,
  type JobOptions,
  type JobState,
  needsOf,
  QUEUE_PAUSED,
  SENDER_UNCONFIRMED,
  TRANSFORMING,
} from './job.ts';
import { checkTransition, isEnded } from './states.ts';

type JobRow = Selectable<Schema['jobs']>;

export function toJob(row: JobRow): Job {
  return {
    id: row.id,
    number: row.number,
    ownerId: row.owner_id,
    ownerName: row.owner_name,
    queueId: row.queue_id,
    printerId: row.printer_id,
    title: row.title,
    state: row.state,
    reasons: row.reasons,
    problem: row.problem,
    options: row.options as JobOptions,
    ignoredOptions: row.ignored_options,
    heldUntil: row.held_until,
    documentId: row.document_id,
    documentFormat: row.document_format,
    documentBytes: row.document_bytes,
    preparation: row.preparation,
    originalId: row.original_id,
    originalFormat: row.original_format ?? row.document_format,
    pages: row.pages,
    pagesPrinted: row.pages_printed,
    pagesDrawn: row.pages_drawn,
    isColor: row.is_color,
    media: row.media,
    messageId: row.message_id,
    maxPages: row.max_pages,
    cancelAskedAt: row.cancel_asked_at,
    createdAt: row.created_at,
    processingAt: row.processing_at,
    endedAt: row.ended_at,
  };
}

/** Reads a job and locks its row until the end of the transaction. Throws `not-found`. */
export async function lockJob(context: Context, id: string, ownerId?: string): Promise<Job> {
  let query = context.db.selectFrom('jobs').selectAll().where('id', '=', id).forUpdate();
  if (ownerId !== undefined) query = query.where('owner_id', '=', ownerId);
  const row = await query.executeTakeFirst();
  if (row === undefined) throw new PlatenError('not-found', 'there is no such job');
  return toJob(row);
}

/**
 * `checkFence` and `lockJob` in one statement, in this order: the lease cannot be taken over until the end of the
 * transaction either. Throws `lease-lost` or `not-found`.
 */
export async function lockJobUnder(context: Context, lease: Lease, id: string): Promise<Job> {
  const row = await context.db
    .selectFrom('jobs')
    .selectAll()
    .where('id', '=', id)
    .where(isHeld(lease))
    .forUpdate()
    .executeTakeFirst();
  if (row !== undefined) return toJob(row);
  await checkFence(context, lease);
  throw new PlatenError('not-found', 'there is no such job');
}

/** Reads a job without locking it. Throws `not-found`. */
export async function readJob(context: Context, id: string): Promise<Job> {
  const row = await context.db.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw new PlatenError('not-found', 'there is no such job');
  return toJob(row);
}

/** The job that its printer gets next: the oldest that waits and is due. */
export async function findDueJob(context: Context, printerId: string): Promise<Job | undefined> {
  const row = await context.db
    .selectFrom('jobs')
    .selectAll()
    .where('printer_id', '=', printerId)
    .where('state', '=', 'pending')
    .where('due_at', '<=', context.clock.now())
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? undefined : toJob(row);
}

export type JobChange = {
  readonly state: JobState;
  readonly reasons?: readonly string[];
  readonly problem?: Problem | null;
  readonly printerId?: string | null;
  readonly dueAt?: Date | null;
  readonly ignoredOptions?: readonly string[];
  readonly pagesPrinted?: number | undefined;
  readonly pagesDrawn?: number;
  readonly actor?: string;
  /** What is to be told of the job before its new state. */
  readonly before?: { readonly type: EventType; readonly data: Readonly<Record<string, unknown>> };
};

/**
 * Changes state and reasons of a locked job and records it, if anything is different. Throws `job-state-conflict`
 * when the table of transitions does not allow it.
 */
export async function changeJob(context: Context, job: Job, change: JobChange): Promise<Job> {
  checkTransition(job.state, change.state);
  // Whatever wants it to be printed: a document that is not prepared waits for that first.
  const isUnprepared = change.state === 'pending' && job.preparation === 'due';
  const given = change.reasons ?? [];
  const reasons = isUnprepared && !given.includes(QUEUE_PAUSED) ? [TRANSFORMING] : [...given];
  const problem = change.problem === undefined ? null : change.problem;
  const now = context.clock.now();
  const isStarting = change.state === 'processing' && job.processingAt === null;
  const hasEnded = isEnded(change.state);
  const row = await context.db
    .updateTable('jobs')
    .set({
      state: change.state,
      reasons,
      problem: problem === null ? null : JSON.stringify(problem),
      due_at: hasEnded || isUnprepared ? null : change.dueAt === undefined ? now : change.dueAt,
      ...(change.printerId === undefined ? {} : { printer_id: change.printerId }),
      ...(change.ignoredOptions === undefined ? {} : { ignored_options: [...change.ignoredOptions] }),
      // What begins anew has no page yet.
      ...(change.state === 'pending' ? { pages_printed: null } : {}),
      ...(change.pagesPrinted === undefined ? {} : { pages_printed: change.pagesPrinted }),
      pages_drawn: change.pagesDrawn ?? null,
      ...whileHeld(job, change.state, now),
      ...(isStarting ? { processing_at: now } : {}),
      ...(hasEnded ? { ended_at: now, cancel_asked_at: null } : {}),
      ...(hasEnded && job.preparation === 'due' ? { preparation: 'failed' as const, prepare_due_at: null } : {}),
    })
    .where('id', '=', job.id)
    .returningAll()
    .executeTakeFirstOrThrow();
  const isSame =
    job.state === change.state && job.reasons.join() === reasons.join() && job.printerId === row.printer_id;
  const events: (NewEvent & { readonly type: EventType })[] = [];
  if (change.before !== undefined) events.push({ ...change.before, subjectId: job.id, ownerId: job.ownerId });
  if (!isSame) {
    const waitsFor = needsOf({ reasons, problem });
    events.push({
      type: 'job-state-changed',
      subjectId: job.id,
      ownerId: job.ownerId,
      ...(change.actor === undefined ? {} : { actor: change.actor }),
      data: {
        ...{ from: job.state, to: change.state, reasons, printerId: row.printer_id, problem },
        ...(waitsFor.length === 0 ? {} : { waitsFor }),
      },
    });
  }
  await recordAll(context, events);
  return toJob(row);
}

function whileHeld(job: Job, state: JobState, now: Date) {
  if (state !== 'pending-held') return { held_until: null, release_pin: null };
  // What was held for its sender and is held for its queue from now on gets the time of the queue.
  const isStillHeld = job.state === 'pending-held' && !job.reasons.includes(SENDER_UNCONFIRMED);
  return isStillHeld ? {} : { held_until: endOfHold(job.queueId, now) };
}

/** When a job that is held from now on is given up, by the rule of its queue. */
export function endOfHold(queueId: string, now: Date) {
  return sql<Date>`(SELECT ${now}::timestamptz + keep_held_hours * interval '1 hour' FROM queues WHERE id = ${queueId})`;
}
