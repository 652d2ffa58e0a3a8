/**
 * Print jobs: submit, hold, release, cancel, list.
 *
 * A submitted job is durable with the transaction of its submitter, and from then on in exactly one state of RFC 8011,
 * visible. It is printed at most once: where it is not certain whether paper came out, it stops as `outcome-unknown`
 * and a person decides. This room never converts mail and never answers senders.
 */
import { sql } from 'kysely';
import { PlatenError } from '../base/errors.ts';
import { newId } from '../base/secrets.ts';
import * as conversion from '../conversion/conversion.ts';
import { recordAll } from '../journal/journal.ts';
import type { SpoolFile } from '../spool/spool.ts';
import type { Context } from '../store/database.ts';
import { enqueueTasks } from '../store/tasks.ts';
import { transaction } from '../store/transaction.ts';
import * as finding from './finding/list.ts';
import {
  HELD_FOR_RELEASE,
  type Job,
  type JobOptions,
  type JobState,
  mergeOptions,
  type OptionsChange,
  OUTCOME_UNKNOWN,
  QUEUE_PAUSED,
  SENDER_UNCONFIRMED,
  TRANSFORMING,
} from './job.ts';
import * as restored from './keeping/restored.ts';
import { placesOf, wayFor } from './keeping/ways.ts';
import { setOptions } from './options/options.ts';
import { takeTurns } from './preparation/claims.ts';
import type { UnpackedWinmail } from './preparation/winmail.ts';
import * as winmail from './preparation/winmail.ts';
import * as queues from './queues.ts';
import * as keys from './release/keys.ts';
import { changeJob, endOfHold, lockJob, toJob } from './rows.ts';
import { isEnded } from './states.ts';

export type { DocumentHints, RecognizedDocument } from '../conversion/conversion.ts';
export { type JobEnding, listEndings } from './finding/endings.ts';
export type { JobFilter } from './finding/list.ts';
export { type Job, type JobOptions, type JobState, needsOf } from './job.ts';
export { giveUpUnconfirmed } from './keeping/retention.ts';
export type { PackedDocument, UnpackedWinmail } from './preparation/winmail.ts';
export type { Queue } from './queues.ts';
export type { JobLinks } from './release/keys.ts';

export type JobSubmission = {
  readonly ownerId: string;
  readonly ownerName: string;
  readonly queueId: string;
  readonly title: string;
  /** Its row is added in the same transaction by the caller. It is converted before anything of it is printed. */
  readonly document: Pick<SpoolFile, 'id' | 'bytes'>;
  /** As `recognizeDocument` gave it. */
  readonly documentFormat: string;
  readonly messageId?: string;
  /** Words by which it is found, beside its title and its owner. */
  readonly foundBy?: readonly string[];
  readonly options?: JobOptions;
  /** What its sender wished for and was not understood, for its story. */
  readonly ignoredWords?: readonly { readonly word: string; readonly reason: string }[];
  /** Its owner has to confirm first that it is theirs (`confirmJobs`); given up then (`giveUpUnconfirmed`). */
  readonly unconfirmedUntil?: Date;
  /** A longer document is refused once it is known how many pages it has. */
  readonly maxPages?: number;
  /** It goes to this printer at once, whatever its queue does with other jobs. */
  readonly printerId?: string;
};

const MAX_TITLE_LENGTH = 255;

/**
 * Unpacks a winmail.dat that is in the spool: its documents are durable there when this returns, and wait for their rows.
 * What cannot be printed is told with its reason.
 */
export function unpackWinmail(context: Context, file: Pick<SpoolFile, 'id'>): Promise<UnpackedWinmail> {
  return winmail.unpackWinmail(context, file);
}

/** How many bytes of its beginning tell what a document is. */
export const RECOGNITION_BYTES = conversion.SNIFF_BYTES;

/**
 * Tells by its beginning (`RECOGNITION_BYTES`, or all of it when it is shorter) whether a document can be printed. The
 * format goes into the submission; a refusal is the code of an error with words and advice.
 */
export function recognizeDocument(
  beginning: Buffer,
  hints: conversion.DocumentHints = {},
): conversion.RecognizedDocument {
  return conversion.recognize(beginning, hints);
}

export function addQueue(context: Context, queue: queues.NewQueue, actor: string): Promise<queues.Queue> {
  return queues.addQueue(context, queue, actor);
}

/** Throws `not-found`. */
export function getQueue(context: Context, id: string): Promise<queues.Queue> {
  return queues.getQueue(context, id);
}

export function findDefaultQueue(context: Context): Promise<queues.Queue | undefined> {
  return queues.findDefaultQueue(context);
}

/**
 * Adds jobs in the transaction of `context.db`, which the caller has begun: they are durable, and their alarms ring,
 * with its commit. Returns their ids in the order given. Throws `not-found` for an unknown queue.
 */
export async function submitJobs(context: Context, submissions: readonly JobSubmission[]): Promise<string[]> {
  if (submissions.length === 0) return [];
  const places = await placesOf(context, submissions);
  const turnOf = await takeTurns(context, submissions);
  const now = context.clock.now();
  const rows = submissions.map((submission) => {
    const place = places.get(submission.queueId);
    if (place === undefined) throw new PlatenError('not-found', 'there is no such queue');
    const { state, reasons, printerId } = wayFor(submission, place);
    return {
      id: newId(),
      owner_id: submission.ownerId,
      owner_name: submission.ownerName,
      queue_id: submission.queueId,
      printer_id: printerId ?? null,
      title: submission.title.slice(0, MAX_TITLE_LENGTH),
      search: finding.searchTextOf([submission.title, submission.ownerName, ...(submission.foundBy ?? [])]),
      state,
      reasons: state === 'pending' && !reasons.includes(QUEUE_PAUSED) ? [TRANSFORMING] : reasons,
      options: JSON.stringify(mergeOptions(place.defaults, submission.options ?? {})),
      document_id: submission.document.id,
      document_format: submission.documentFormat,
      document_bytes: submission.document.bytes,
      original_id: submission.document.id,
      original_format: submission.documentFormat,
      preparation: 'due' as const,
      prepare_lane: conversion.paceOf(submission.documentFormat),
      prepare_due_at: sql<Date>`clock_timestamp()`,
      prepare_turn: turnOf(submission.ownerId),
      message_id: submission.messageId ?? null,
      held_until: state === 'pending-held' ? (submission.unconfirmedUntil ?? endOfHold(submission.queueId, now)) : null,
      max_pages: submission.maxPages ?? null,
    };
  });
  await context.db.insertInto('jobs').values(rows).execute();
  await recordAll(
    context,
    rows.map((row, index) => ({
      type: 'job-created' as const,
      subjectId: row.id,
      ownerId: row.owner_id,
      data: {
        title: row.title,
        state: row.state,
        reasons: row.reasons,
        bytes: row.document_bytes,
        queueId: row.queue_id,
        ...(row.message_id === null ? {} : { messageId: row.message_id }),
        ...wishesOf(row.options, submissions[index]),
      },
    })),
  );
  await enqueueTasks(
    context,
    'prepare-job',
    rows.map((row) => row.id),
  );
  return rows.map((row) => row.id);
}

/** How it is to be printed, all in all, and which words of its sender were left out of that. */
function wishesOf(options: string, submission: JobSubmission | undefined) {
  const ignoredWords = submission?.ignoredWords ?? [];
  return {
    ...(options === '{}' ? {} : { options: JSON.parse(options) as JobOptions }),
    ...(ignoredWords.length === 0 ? {} : { ignoredWords: ignoredWords.map((ignored) => ({ ...ignored })) }),
  };
}

export type Ask = {
  /** Who asks, for the journal. */
  readonly actor: string;
  /** Set when the asker may only touch their own jobs: others are then not found. */
  readonly ownerId?: string | undefined;
};

export type Release = Ask & {
  readonly printerId?: string | undefined;
  readonly options?: OptionsChange | undefined;
  /** How it was asked for, where not by signing in, for the journal. */
  readonly via?: 'pin' | 'link' | 'printer' | undefined;
};

/**
 * Lets a held job print, or has a job whose outcome is unknown printed again because a person says so. Options that are
 * given win over what was asked for before. Throws `not-found`, `job-state-conflict`, `queue-paused` and `no-printer`.
 */
export async function releaseJob(context: Context, id: string, ask: Release): Promise<Job> {
  return await transaction(context, async (context) => {
    // The queue before its jobs, as in a change of the queue: two that wait for each other would end both.
    const queue = await queues.lockQueue(context, (await getJob(context, id, ask.ownerId)).queueId);
    const job = await lockJob(context, id, ask.ownerId);
    if (job.reasons.includes(SENDER_UNCONFIRMED)) {
      throw new PlatenError('sender-unconfirmed', 'the sender has not confirmed this job yet');
    }
    const isUnknown = job.state === 'processing-stopped' && job.reasons.includes(OUTCOME_UNKNOWN);
    const isWaiting = job.state === 'pending' && job.printerId === null;
    // A PIN or a link was made for a job that is held; to print again is for whoever sees that it may be printed already.
    const isAgain = ask.via === undefined && (isUnknown || isWaiting);
    if (job.state !== 'pending-held' && !isAgain) {
      throw new PlatenError('job-state-conflict', `a job that is ${job.state} cannot be released`, {
        values: { from: job.state, to: 'pending' },
      });
    }
    if (queue.pauseReason !== null) throw queues.pausedQueue(queue.name, queue.pauseReason);
    if (ask.printerId !== undefined && !queue.printerIds.includes(ask.printerId)) {
      throw new PlatenError('no-printer', `the printer does not serve the queue ${queue.name}`);
    }
    const printerId = ask.printerId ?? job.printerId ?? (await queues.choosePrinter(context, queue));
    if (printerId === undefined) throw new PlatenError('no-printer', `the queue ${queue.name} has no printer`);
    if (ask.options !== undefined) await setOptions(context, job, ask.options);
    const data = { printerId, ...(ask.via === undefined ? {} : { via: ask.via }) };
    await recordAll(context, [{ type: 'job-released', subjectId: id, ownerId: job.ownerId, actor: ask.actor, data }]);
    const changed = await changeJob(context, job, { state: 'pending', printerId, actor: ask.actor });
    await enqueueTasks(context, 'print-job', [id]);
    return changed;
  });
}

/**
 * Gives the held jobs among these, all of one owner, a PIN that releases them at a printer, in the caller's transaction if
 * there is one, and returns it as people read it (`4821 0937`). This is the only time that it can be read: the next call
 * makes another one and ends this. It works until the jobs are no longer held. Returns none when none of them is held.
 */
export function makeReleasePin(context: Context, jobIds: readonly string[]): Promise<string | undefined> {
  return keys.makeReleasePin(context, jobIds);
}

/**
 * Makes one-time links for jobs of one owner, in the caller's transaction if there is one: one that prints those that are
 * held, and one that cancels those that have not ended. Each can be read this once. Opening one does nothing; what it is
 * for is done by `POST /links`. They work as long as the last of the jobs is kept, and at least a day.
 */
export function makeJobLinks(context: Context, jobIds: readonly string[]): Promise<keys.JobLinks> {
  return keys.makeJobLinks(context, jobIds);
}

/**
 * Lets the jobs of a message go the way of their queue, now that their owner has confirmed them. Returns how many there
 * were; jobs that were canceled meanwhile stay so.
 */
export async function confirmJobs(context: Context, messageId: string, actor: string): Promise<number> {
  return await transaction(context, async (context) => {
    const rows = await context.db
      .selectFrom('jobs')
      .select(['id', 'queue_id as queueId'])
      .where('message_id', '=', messageId)
      .where('state', '=', 'pending-held')
      .where(sql<boolean>`${SENDER_UNCONFIRMED} = ANY (reasons)`)
      .orderBy('id')
      .execute();
    const places = await placesOf(context, rows);
    for (const { id } of rows) {
      const job = await lockJob(context, id);
      const place = places.get(job.queueId);
      if (place === undefined || !job.reasons.includes(SENDER_UNCONFIRMED)) continue;
      const { state, reasons, printerId } = place;
      const isDue = state === 'pending' && printerId !== undefined;
      const dueAt = isDue ? context.clock.now() : null;
      await changeJob(context, job, { state, reasons, printerId: printerId ?? null, dueAt, actor });
      if (isDue) await enqueueTasks(context, 'print-job', [id]);
    }
    return rows.length;
  });
}

/** Keeps a waiting job from printing until it is released. Throws `not-found` and `job-state-conflict`. */
export async function holdJob(context: Context, id: string, ask: Ask): Promise<Job> {
  return await transaction(context, async (context) => {
    const job = await lockJob(context, id, ask.ownerId);
    // It is held already, perhaps for a reason that a hold must not replace.
    if (job.state === 'pending-held') return job;
    const change = { state: 'pending-held' as const, reasons: [HELD_FOR_RELEASE], dueAt: null, actor: ask.actor };
    await recordAll(context, [{ type: 'job-held', subjectId: id, ownerId: job.ownerId, actor: ask.actor }]);
    return await changeJob(context, job, change);
  });
}

/**
 * Cancels a job: at once when it is not at a printer, otherwise the printer is asked and the job stays as it is until
 * the printer has answered. Throws `not-found` and `job-state-conflict` for a job that has ended.
 */
export async function cancelJob(context: Context, id: string, ask: Ask): Promise<Job> {
  return await transaction(context, async (context) => {
    const job = await lockJob(context, id, ask.ownerId);
    if (isEnded(job.state)) {
      throw new PlatenError('job-state-conflict', `a job that is ${job.state} cannot be canceled`, {
        values: { from: job.state, to: 'canceled' },
      });
    }
    await recordAll(context, [{ type: 'job-cancel-asked', subjectId: id, ownerId: job.ownerId, actor: ask.actor }]);
    const open = await context.db
      .selectFrom('print_attempts')
      .select('id')
      .where('job_id', '=', id)
      .where('ended_at', 'is', null)
      .executeTakeFirst();
    if (open === undefined) {
      return await changeJob(context, job, { state: 'canceled', reasons: ['job-canceled-by-user'], actor: ask.actor });
    }
    const row = await context.db
      .updateTable('jobs')
      .set({ cancel_asked_at: context.clock.now(), due_at: context.clock.now() })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow();
    await enqueueTasks(context, 'print-job', [id]);
    return toJob(row);
  });
}

/**
 * A person has seen the paper of a job that stopped as `outcome-unknown`: it counts as printed. Throws `not-found`, and
 * `job-state-conflict` for a job of which the printer says how it ended.
 */
export async function confirmPrinted(context: Context, id: string, { actor, ownerId }: Ask): Promise<Job> {
  return await transaction(context, async (context) => {
    const job = await lockJob(context, id, ownerId);
    if (!job.reasons.includes(OUTCOME_UNKNOWN)) {
      throw new PlatenError('job-state-conflict', 'only a job whose outcome is unknown can be said to be printed', {
        values: { from: job.state, to: 'completed' },
      });
    }
    return await changeJob(context, job, { state: 'completed', reasons: ['job-completed-successfully'], actor });
  });
}

/** Throws `not-found`, also for a job of somebody else when `ownerId` is given. */
export async function getJob(context: Context, id: string, ownerId?: string): Promise<Job> {
  let query = context.db.selectFrom('jobs').selectAll().where('id', '=', id);
  if (ownerId !== undefined) query = query.where('owner_id', '=', ownerId);
  const row = await query.executeTakeFirst();
  if (row === undefined) throw new PlatenError('not-found', 'there is no such job');
  return toJob(row);
}

/** Newest first. */
export function listJobs(context: Context, filter: finding.JobFilter): Promise<Job[]> {
  return finding.listJobs(context, filter);
}

/** How many jobs are in each state, for the metrics. */
export function countJobs(context: Context): Promise<Readonly<Partial<Record<JobState, number>>>> {
  return finding.countJobs(context);
}

export const { countOpenJobs, countEndedJobs } = finding;

/**
 * After a restore: what waited may have been printed since the backup, so nothing goes on before a person has looked.
 * Returns how many jobs that concerns. Runs in the transaction of `context.db`.
 */
export function holdRestoredJobs(context: Context): Promise<number> {
  return restored.holdRestoredJobs(context);
}
