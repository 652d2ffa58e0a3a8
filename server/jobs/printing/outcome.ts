/**
 * What a step at the printer does to the job and its attempt: every change is one transaction with the lease's fence.
 */
import type { Printer } from '../../printers/printers.ts';
import type { Context } from '../../store/database.ts';
import type { Lease } from '../../store/leases.ts';
import type { Problem } from '../../store/schema.ts';
import { transaction } from '../../store/transaction.ts';
import { AT_A_PERSON, CONNECTING, JOB_OUTGOING, type Job, OUTCOME_UNKNOWN, TAKES_NOTHING } from '../job.ts';
import type { Drawn } from '../preparation/draw.ts';
import { changeJob, lockJobUnder, readJob } from '../rows.ts';
import { type Attempt, type Ending, endAttempt, noteAttempt, type PreparedAttempt } from './attempts.ts';

/** What a step brought: go on at once, or look again after a pause. */
export type Step = 'moved' | 'waiting';

/** An attempt that this node has made or found open. */
export type Open = {
  readonly attempt: Attempt;
  readonly job: Job;
  /** The printer has taken the document, and the row does not say so yet: after a crash the printer is asked. */
  readonly isUnnoted?: boolean;
  /** The part that it is at is to be sent, and the printer has nothing of it. */
  readonly isToBeSent?: boolean;
};

/** Pages that go to the printer one after the other: those that are drawn, until the last of them has come out. */
export type Parts = { readonly attemptId: string; readonly drawn: Drawn; readonly untilMs: number };

/** What a feeder remembers while it holds the lease, so that a quick printer is not kept waiting for the database. */
export type Memory = {
  open: Open | undefined;
  /** The end of the attempt before, which is being committed while the next one begins. */
  ending: Promise<void>;
  /** What was looked up while the printer works, and its attempt, written and not committed. */
  next: Job | undefined;
  prepared: PreparedAttempt | undefined;
  parts?: Parts | undefined;
  /** How often the part that an attempt is at was ended by the printer with nothing printed. */
  unprinted?: { readonly attemptId: string; readonly part: number; readonly times: number };
  /** How far the printer had come with the open attempt, and when that was seen first. */
  progress?: { readonly attemptId: string; readonly impressions: number | undefined; readonly sinceMs: number };
};

export type Run = {
  readonly context: Context;
  readonly lease: Lease;
  readonly printer: Printer;
  readonly userName: string;
  readonly memory: Memory;
};

export const UNREACHABLE_PAUSE_MS = 5_000;

export type Shown = {
  readonly reasons: readonly string[];
  readonly isStopped: boolean;
  /** The printer is busy with it and does not go on before a person has been there. */
  readonly isWaiting?: boolean;
  readonly words?: string;
  /** How far the printer has come, where it counts. */
  readonly pagesPrinted?: number | undefined;
};

export async function show(run: Run, attempt: Attempt, shown: Shown): Promise<Step> {
  const { context, lease } = run;
  await transaction(context, async (context) => {
    const job = await lockJobUnder(context, lease, attempt.jobId);
    const problem = problemShown(run, job, shown);
    const state = shown.isStopped ? ('processing-stopped' as const) : ('processing' as const);
    const { reasons, pagesPrinted } = shown;
    const hasMoved = pagesPrinted !== undefined && pagesPrinted !== job.pagesPrinted;
    if (job.state === state && job.reasons.join() === reasons.join() && !hasMoved) return;
    await changeJob(context, job, { state, reasons, problem, pagesPrinted });
  });
  return 'waiting';
}

function problemShown(run: Run, job: Job, { reasons, isStopped, isWaiting, words }: Shown): Problem | null {
  if (!isStopped && isWaiting !== true) return null;
  const problem = problemOf(run, codeOf(reasons, isStopped), words ?? reasons.join(', '));
  // Whether it waits or has stopped, and for what, may change: since when the job does not go on does not.
  const before =
    AT_A_PERSON.includes(problem.code) && AT_A_PERSON.includes(job.problem?.code ?? '') ? job.problem : null;
  return before === null ? problem : { ...problem, at: before.at };
}

function codeOf(reasons: readonly string[], isStopped: boolean): ProblemCode {
  if (reasons.includes(CONNECTING)) return 'printer-unreachable';
  if (isStopped) return 'printer-stopped';
  return reasons.includes(TAKES_NOTHING) ? 'printer-takes-nothing' : 'printer-waits';
}

/** What has come out of the parts before the one that it is at; undefined for what goes to the printer whole. */
export function printedBefore({ part, parts }: Attempt): number | undefined {
  return parts === 1 ? undefined : part - 1;
}

/** With the page that it is about, where pages are jobs of their own. */
export function wordsOfPart({ part, parts }: Attempt, words: string): string {
  return parts === 1 ? words : `page ${part} of ${parts}: ${words}`;
}

async function end(run: Run, { attempt, ...ending }: Ending): Promise<void> {
  const change = { pagesPrinted: printedBefore(attempt), ...ending.change };
  await endAttempt(run.context, run.lease, { attempt, ...ending, change });
  run.memory.open = undefined;
}

/** Begins to commit the end; the next step that writes waits for it, and fails when it failed. */
export function endMeanwhile(run: Run, ending: Ending): Step {
  const { memory } = run;
  memory.ending = memory.ending.then(() => endAttempt(run.context, run.lease, ending));
  memory.ending.catch(() => undefined);
  memory.open = undefined;
  return 'moved';
}

export type Back = {
  readonly words: string;
  readonly reasons: readonly string[];
  readonly pauseMs: number;
  /** The printer may have an empty job that is to be ended first. */
  readonly isUnclear?: boolean;
};

/** Nothing of it was printed, and it is sent again: all of it, or from the part on that it is at. */
export async function putBack(run: Run, attempt: Attempt, back: Back): Promise<Step> {
  const { context } = run;
  if (attempt.part > 1) return await stayAtPart(run, attempt, back);
  const isPaused = back.pauseMs > 0;
  await end(run, {
    attempt,
    end: { outcome: 'not-printed', words: back.words },
    change: {
      state: 'pending',
      reasons: back.reasons,
      problem: isPaused && back.reasons.includes(CONNECTING) ? problemOf(run, 'printer-unreachable', back.words) : null,
      dueAt: new Date(context.clock.now().getTime() + back.pauseMs),
    },
  });
  return isPaused ? 'waiting' : 'moved';
}

async function stayAtPart(run: Run, attempt: Attempt, { words, reasons, pauseMs, isUnclear }: Back): Promise<Step> {
  const { context, lease, memory } = run;
  const noted = await noteAttempt(context, lease, { attempt, phase: 'creating', printerJobId: null });
  const job = memory.open?.attempt.id === attempt.id ? memory.open.job : await readJob(context, attempt.jobId);
  memory.open = { attempt: noted, job, isToBeSent: isUnclear !== true };
  if (pauseMs === 0) return 'moved';
  const isStopped = reasons.includes(CONNECTING);
  return await show(run, noted, { reasons, words, isStopped, pagesPrinted: printedBefore(noted) });
}

/** The part that it is at has been printed: the next one is due. Durable when this returns. */
export async function goToNextPart(run: Run, attempt: Attempt): Promise<Step> {
  const { context, lease, memory } = run;
  const next = { attempt, phase: 'creating', printerJobId: null, part: attempt.part + 1 } as const;
  const noted = await noteAttempt(context, lease, next);
  memory.open = { attempt: noted, job: await readJob(context, attempt.jobId), isToBeSent: true };
  const printed = { reasons: [JOB_OUTGOING], isStopped: false, pagesPrinted: printedBefore(noted) };
  await show(run, noted, printed);
  return 'moved';
}

/** Between two parts nothing is at the printer, so that what is to be canceled ends there. */
export async function endCanceled(run: Run, attempt: Attempt): Promise<Step> {
  const change = { state: 'canceled', reasons: ['job-canceled-by-user'] } as const;
  await end(run, { attempt, end: { outcome: 'canceled' }, change });
  return 'moved';
}

export async function abort(run: Run, attempt: Attempt, told: string): Promise<Step> {
  const words = wordsOfPart(attempt, told);
  await end(run, {
    attempt,
    end: { outcome: 'aborted', words },
    change: { state: 'aborted', reasons: ['aborted-by-system'], problem: problemOf(run, 'printer-refused', words) },
  });
  return 'moved';
}

export async function stopAsUnknown(run: Run, attempt: Attempt, told: string): Promise<Step> {
  const words = wordsOfPart(attempt, told);
  await end(run, {
    attempt,
    end: { outcome: 'unknown', words },
    change: {
      state: 'processing-stopped',
      reasons: [OUTCOME_UNKNOWN],
      problem: problemOf(run, 'outcome-unknown', words),
      dueAt: null,
    },
  });
  return 'moved';
}

/** A printer that is known not to answer gets no attempt: the job waits, visibly, until the watch sees it again. */
export async function waitForPrinter(run: Run, waiting: Job): Promise<Step> {
  await transaction(run.context, async (context) => {
    const job = await lockJobUnder(context, run.lease, waiting.id);
    if (job.state !== 'pending') return;
    const dueAt = new Date(context.clock.now().getTime() + UNREACHABLE_PAUSE_MS);
    const problem = problemOf(run, 'printer-unreachable', run.printer.problem?.remote ?? 'no answer');
    await changeJob(context, job, { state: 'pending', reasons: [CONNECTING], problem, dueAt });
  });
  return 'waiting';
}

export async function refuseFormat(run: Run, waiting: Job, words: string): Promise<Step> {
  await transaction(run.context, async (context) => {
    const job = await lockJobUnder(context, run.lease, waiting.id);
    if (job.state !== 'pending') return;
    await changeJob(context, job, {
      state: 'aborted',
      reasons: ['unsupported-document-format'],
      problem: problemOf(run, 'printer-refused', words),
    });
  });
  return 'moved';
}

type ProblemCode =
  | 'printer-unreachable'
  | 'printer-refused'
  | 'printer-stopped'
  | 'printer-waits'
  | 'printer-takes-nothing'
  | 'outcome-unknown';

export function problemOf(run: Run, code: ProblemCode, words: string): Problem {
  return {
    code,
    detail: `${run.printer.name}: ${words}`,
    // A printer that takes nothing says nothing either: those words are ours.
    ...(code === 'printer-takes-nothing' ? {} : { remote: words }),
    values: { name: run.printer.name },
    at: run.context.clock.now().toISOString(),
  };
}
