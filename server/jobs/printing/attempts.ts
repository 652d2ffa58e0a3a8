/**
 * Attempts: what was about to be done at a printer is written before it is done.
 *
 * Phases: creating → sending → sent → ended. `creating`: an empty printer job may exist, which prints nothing.
 * `sending`: the document may have left. `sent`: the printer has taken it whole. A job has at most one open attempt.
 *
 * A document whose pages go to the printer as jobs of their own passes creating → sending → sent with each of them: the
 * parts before the one that the attempt is at have been printed.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Selectable } from 'kysely';
import { newId } from '../../base/secrets.ts';
import type { Printer } from '../../printers/printers.ts';
import type { Context } from '../../store/database.ts';
import { isHeld, type Lease, leaseLost } from '../../store/leases.ts';
import type { AttemptPhase, Schema } from '../../store/schema.ts';
import { transaction } from '../../store/transaction.ts';
import { JOB_OUTGOING, type Job, type JobOptions } from '../job.ts';
import { ignoredOptionsOf } from '../preparation/cut.ts';
import { changeJob, type JobChange, lockJobUnder } from '../rows.ts';

export type Attempt = {
  readonly id: string;
  readonly jobId: string;
  readonly printerId: string;
  readonly phase: AttemptPhase;
  /** Unique at the printer: how it is found again when its number was lost. */
  readonly printerJobName: string;
  readonly printerJobId: number | null;
  /** Counted from 1; one of one for a document that goes to the printer whole. */
  readonly part: number;
  readonly parts: number;
  readonly startedAt: Date;
};

export type AttemptEnd = {
  readonly outcome: 'completed' | 'canceled' | 'aborted' | 'not-printed' | 'unknown';
  /** The printer's own words, where there are any. */
  readonly words?: string;
};

// What printers show and accept as job-name without cutting it (RFC 8011: name(255) octets; many displays cut earlier).
const MAX_NAME_OCTETS = 120;

function toAttempt(row: Selectable<Schema['print_attempts']>): Attempt {
  return {
    id: row.id,
    jobId: row.job_id,
    printerId: row.printer_id,
    phase: row.phase,
    printerJobName: nameOfPart(row),
    printerJobId: row.printer_job_id,
    part: row.part,
    parts: row.parts,
    startedAt: row.started_at,
  };
}

/** A page of many is looked for under a name that no other one has. */
function nameOfPart(row: Selectable<Schema['print_attempts']>): string {
  return row.parts === 1 ? row.printer_job_name : row.printer_job_name.replace(/]$/, `-${row.part}]`);
}

export async function findOpenAttempt(context: Context, printerId: string): Promise<Attempt | undefined> {
  const row = await context.db
    .selectFrom('print_attempts')
    .selectAll()
    .where('printer_id', '=', printerId)
    .where('ended_at', 'is', null)
    .orderBy('started_at')
    .executeTakeFirst();
  return row === undefined ? undefined : toAttempt(row);
}

/** Open attempts at printers that are no more. */
export async function findOrphanedAttempts(context: Context): Promise<Attempt[]> {
  const rows = await context.db
    .selectFrom('print_attempts')
    .innerJoin('jobs', 'jobs.id', 'print_attempts.job_id')
    .selectAll('print_attempts')
    .where('print_attempts.ended_at', 'is', null)
    .where('jobs.printer_id', 'is', null)
    .execute();
  return rows.map(toAttempt);
}

/** How often a job reached its printer and was ended there with nothing printed. */
export async function countUnprintedAttempts(context: Context, jobId: string): Promise<number> {
  const row = await context.db
    .selectFrom('print_attempts')
    .select((builder) => builder.fn.countAll<number>().as('count'))
    .where('job_id', '=', jobId)
    .where('outcome', '=', 'not-printed')
    .where('printer_job_id', 'is not', null)
    .executeTakeFirstOrThrow();
  return row.count;
}

/**
 * Writes the attempt and makes the job `processing`, in one transaction with the fence. `undefined` when the job is
 * no longer waiting.
 */
export async function beginAttempt(context: Context, lease: Lease, begin: Beginning): Promise<Begun | undefined> {
  return await transaction(context, (context) => writeBeginning(context, lease, begin));
}

export type Beginning = {
  readonly jobId: string;
  readonly printerId: string;
  readonly phase: 'creating' | 'sending';
  /** Where it is known, so that the job shows which of its options are left out. */
  readonly printer?: Printer;
  /** As they were when its document was made ready for them: with others it is not begun. */
  readonly options?: JobOptions;
  /** How many jobs at the printer it takes; one where it is not said. */
  readonly parts?: number;
};
export type Begun = { readonly job: Job; readonly attempt: Attempt };

/** An attempt that is written and not committed: nobody sees it, and it is as if it had never been when it is dropped. */
export type PreparedAttempt = {
  readonly begin: Beginning;
  /** Commits it; durable when this returns. Throws what a begun attempt throws. */
  commit(): Promise<Begun | undefined>;
  drop(): Promise<void>;
};

/**
 * Writes the next attempt while the printer is still busy with the one before, so that only the commit is left when it
 * is free. To be committed or dropped within a fraction of a second: it holds the job's row and the lease's.
 */
export function prepareAttempt(context: Context, lease: Lease, begin: Beginning): PreparedAttempt {
  const decision = Promise.withResolvers<'commit' | 'drop'>();
  const dropped = new Error('a prepared attempt was dropped');
  const done = transaction(context, async (context) => {
    const begun = await writeBeginning(context, lease, begin);
    if ((await decision.promise) === 'drop') throw dropped;
    return begun;
  });
  // Its failure is told to whoever commits it; nobody has to hear of it before.
  done.catch(() => undefined);
  return {
    begin,
    async commit() {
      decision.resolve('commit');
      return await done;
    },
    async drop() {
      decision.resolve('drop');
      await done.catch(() => undefined);
    },
  };
}

async function writeBeginning(context: Context, lease: Lease, begin: Beginning): Promise<Begun | undefined> {
  const job = await lockJobUnder(context, lease, begin.jobId);
  const isWaiting = job.state === 'pending' && job.preparation !== 'due' && job.cancelAskedAt === null;
  if (!isWaiting || job.printerId !== begin.printerId) return undefined;
  if (begin.options !== undefined && !isDeepStrictEqual(begin.options, job.options)) return undefined;
  const id = newId();
  const row = await context.db
    .insertInto('print_attempts')
    .values({
      id,
      job_id: job.id,
      printer_id: begin.printerId,
      fence: lease.fence,
      phase: begin.phase,
      printer_job_name: nameAtPrinter(job, id),
      parts: begin.parts ?? 1,
      started_at: context.clock.now(),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  const ignoredOptions = begin.printer === undefined ? [] : ignoredOptionsOf(begin.printer, job);
  const data = {
    printerId: begin.printerId,
    printerJobName: row.printer_job_name,
    ...(row.parts === 1 ? {} : { parts: row.parts }),
    ...(ignoredOptions.length === 0 ? {} : { ignoredOptions }),
  };
  const before = { type: 'job-attempt-started' as const, data };
  const changed = await changeJob(context, job, {
    state: 'processing',
    reasons: [JOB_OUTGOING],
    before,
    ignoredOptions,
  });
  return { job: changed, attempt: toAttempt(row) };
}

/** Notes how far an attempt has come, in one statement with the fence. Throws `lease-lost`. */
export async function noteAttempt(
  context: Context,
  lease: Lease,
  note: {
    readonly attempt: Attempt;
    readonly phase: AttemptPhase;
    readonly printerJobId: number | null;
    readonly part?: number;
  },
): Promise<Attempt> {
  const row = await context.db
    .updateTable('print_attempts')
    .set({ phase: note.phase, printer_job_id: note.printerJobId, part: note.part ?? note.attempt.part })
    .where('id', '=', note.attempt.id)
    .where('ended_at', 'is', null)
    .where(isHeld(lease))
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) throw leaseLost(lease.name);
  return toAttempt(row);
}

export type Ending = { readonly attempt: Attempt; readonly end: AttemptEnd; readonly change: JobChange };

/** Ends the attempt and changes its job in one transaction with the fence. */
export async function endAttempt(context: Context, lease: Lease, ending: Ending): Promise<void> {
  const { attempt, end } = ending;
  await transaction(context, async (context) => {
    const job = await lockJobUnder(context, lease, attempt.jobId);
    await context.db
      .updateTable('print_attempts')
      .set({
        phase: end.outcome === 'unknown' ? 'unknown' : 'ended',
        outcome: end.outcome,
        words: end.words ?? null,
        ended_at: context.clock.now(),
      })
      .where('id', '=', attempt.id)
      .execute();
    const ofParts = attempt.parts === 1 ? {} : { part: attempt.part, parts: attempt.parts };
    const data = { printerId: attempt.printerId, printerJobId: attempt.printerJobId, ...ofParts, ...end };
    const change = asAsked(job, ending.change);
    await changeJob(context, job, { ...change, before: { type: 'job-attempt-ended', data } });
  });
}

/** What was to be canceled while it was at the printer is not tried there once more. */
function asAsked({ cancelAskedAt }: Job, change: JobChange): JobChange {
  const isAgain = change.state === 'pending' && cancelAskedAt !== null;
  return isAgain ? { state: 'canceled', reasons: ['job-canceled-by-user'] } : change;
}

/** The title, cut to whole characters, the number, and enough of the attempt's id to be unique at the printer. */
function nameAtPrinter({ title, number }: Job, attemptId: string): string {
  const tag = ` [${number}-${attemptId.replaceAll('-', '').slice(-12)}]`;
  let name = '';
  for (const character of title) {
    if (Buffer.byteLength(name + character) + tag.length > MAX_NAME_OCTETS) break;
    name += character;
  }
  return name + tag;
}
