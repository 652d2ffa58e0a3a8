/**
 * Follows what is at a printer to its end, and finds out what became of it after a crash or a lost answer.
 *
 * Before anything is sent a second time the printer is asked. Only a printer that says that nothing was printed lets
 * the job be sent again; otherwise it stops as `outcome-unknown`. Canceling the old printer job also shuts out a frozen
 * node: what it sends later is refused.
 */
import {
  cancelPrinterJob,
  findHolding,
  findPrinterJobs,
  type PrinterJob,
  readPrinterJob,
} from '../../printers/printers.ts';
import { CONNECTING } from '../job.ts';
import { readJob } from '../rows.ts';
import { type Attempt, countUnprintedAttempts, noteAttempt } from './attempts.ts';
import {
  abort,
  endMeanwhile,
  goToNextPart,
  type Open,
  printedBefore,
  problemOf,
  putBack,
  type Run,
  type Step,
  show,
  stopAsUnknown,
  wordsOfPart,
} from './outcome.ts';

const QUICK_MS = 1_000;
const RETRY_PAUSE_MS = 1_000;

// A printer that ends the same job this often without printing anything will not print it.
const MAX_UNPRINTED_ATTEMPTS = 5;

/** Goes on with an open attempt: follows what was sent, or settles what a crash or a lost answer left open. */
export async function followAttempt(run: Run, open: Open): Promise<Step> {
  const { context, lease } = run;
  const { attempt } = open;
  if (attempt.phase !== 'sent') return await settle(run, attempt);
  if (attempt.printerJobId === null) return await stopAsUnknown(run, attempt, 'the printer gave no job number');
  const answer = await readPrinterJob(context, run.printer, attempt.printerJobId, lease.signal);
  // What ends with the lease says nothing about the printer.
  if (lease.signal.aborted) return 'waiting';
  if (answer.kind === 'unreachable') {
    return await show(run, attempt, { reasons: [CONNECTING], words: answer.words, isStopped: true });
  }
  if (answer.kind === 'gone') {
    return await stopAsUnknown(run, attempt, 'the printer no longer knows the job');
  }
  if (isOver(answer.job)) return await reflect(run, attempt, answer.job);
  // Most documents are out before this: what changes every few milliseconds is not worth a row.
  const ageMs = context.clock.now().getTime() - attempt.startedAt.getTime();
  if (ageMs < QUICK_MS && answer.job.state !== 'processing-stopped' && run.printer.state !== 'stopped')
    return 'waiting';
  if (open.isUnnoted === true) {
    const noted = await noteAttempt(context, lease, { attempt, phase: 'sent', printerJobId: attempt.printerJobId });
    run.memory.open = { attempt: noted, job: open.job };
  }
  const job = await readJob(context, attempt.jobId);
  if (job.cancelAskedAt !== null) return await cancelAtPrinter(run, attempt);
  return await reflect(run, attempt, answer.job);
}

/**
 * Finds out, by asking the printer, what became of an attempt that may or may not have left. Only a printer that says
 * that nothing was printed lets the job be sent again.
 */
export async function settle(run: Run, attempt: Attempt): Promise<Step> {
  const { context, lease, printer } = run;
  const found = await findAtPrinter(run, attempt);
  if (found.kind === 'unreachable') {
    return await show(run, attempt, { reasons: [CONNECTING], words: found.words, isStopped: true });
  }
  if (attempt.phase === 'creating') {
    // No document was sent in this phase, so nothing can have been printed: clean up and start over.
    for (const job of found.jobs) await cancelQuietly(run, job.id);
    return await putBack(run, attempt, { words: 'ended before the document was sent', reasons: [], pauseMs: 0 });
  }
  const job = found.jobs[0];
  if (job === undefined) return await stopAsUnknown(run, attempt, 'the printer does not know the job');
  if (job.state === 'completed') return await reflect(run, attempt, job);
  if (isOver(job)) return await judgeEnded(run, attempt, job);
  if (!isIncomplete(job)) {
    const noted = await noteAttempt(context, lease, { attempt, phase: 'sent', printerJobId: job.id });
    run.memory.open = { attempt: noted, job: await readJob(context, attempt.jobId) };
    return 'moved';
  }
  const canceled = await cancelPrinterJob(context, printer, job.id, run.userName, lease.signal);
  if (canceled.kind === 'unreachable') {
    return await show(run, attempt, { reasons: [CONNECTING], words: canceled.words, isStopped: true });
  }
  const after = await readPrinterJob(context, printer, job.id, lease.signal);
  if (after.kind === 'found' && isOver(after.job)) return await judgeEnded(run, attempt, after.job);
  if (after.kind === 'found') return 'waiting';
  if (after.kind === 'unreachable') {
    return await show(run, attempt, { reasons: [CONNECTING], words: after.words, isStopped: true });
  }
  return await stopAsUnknown(run, attempt, 'the printer forgot the job after it was canceled');
}

async function findAtPrinter(
  run: Run,
  attempt: Attempt,
): Promise<{ kind: 'found'; jobs: readonly PrinterJob[] } | { kind: 'unreachable'; words: string }> {
  const { context, lease, printer } = run;
  if (attempt.printerJobId === null) {
    return await findPrinterJobs(context, printer, attempt.printerJobName, lease.signal);
  }
  const answer = await readPrinterJob(context, printer, attempt.printerJobId, lease.signal);
  if (answer.kind === 'unreachable') return answer;
  return { kind: 'found', jobs: answer.kind === 'found' ? [answer.job] : [] };
}

const isOver = (job: PrinterJob): boolean => ['completed', 'canceled', 'aborted'].includes(job.state);

/** Has the printer not yet got the whole document? (RFC 8011 section 5.3.8: job-incoming, job-data-insufficient) */
function isIncomplete(job: PrinterJob): boolean {
  return (
    job.state === 'pending-held' ||
    job.reasons.includes('job-incoming') ||
    job.reasons.includes('job-data-insufficient')
  );
}

/** A printer job that ended early while its document was on the way: sent again only if nothing was printed. */
async function judgeEnded(run: Run, attempt: Attempt, job: PrinterJob): Promise<Step> {
  // Who does not want it any more need not look what came out.
  if (job.state === 'canceled' && (await readJob(run.context, attempt.jobId)).cancelAskedAt !== null)
    return await reflect(run, attempt, job);
  const words = job.message ?? `the printer job was ${job.state}`;
  if (job.impressionsCompleted === 0) {
    if ((await countUnprinted(run, attempt)) >= MAX_UNPRINTED_ATTEMPTS) return await abort(run, attempt, words);
    return await putBack(run, attempt, { words, reasons: [], pauseMs: RETRY_PAUSE_MS });
  }
  return await stopAsUnknown(run, attempt, `the printer job was ${job.state} while its document was on the way`);
}

async function countUnprinted({ context, memory }: Run, { id, jobId, part }: Attempt): Promise<number> {
  if (part === 1) return await countUnprintedAttempts(context, jobId);
  const { unprinted } = memory;
  const times = unprinted?.attemptId === id && unprinted.part === part ? unprinted.times : 0;
  memory.unprinted = { attemptId: id, part, times: times + 1 };
  return times;
}

/** A page that is a job of its own counts although its printer does not count. */
function pagesPrinted(attempt: Attempt, { state, impressionsCompleted }: PrinterJob): number | undefined {
  const before = printedBefore(attempt);
  if (before === undefined) return impressionsCompleted;
  return before + (state === 'completed' ? 1 : Math.min(impressionsCompleted ?? 0, 1));
}

/** Makes our job say what the printer says of its own. */
async function reflect(run: Run, attempt: Attempt, job: PrinterJob): Promise<Step> {
  const words = job.message === undefined ? {} : { words: job.message };
  if (job.state === 'completed' && attempt.part < attempt.parts) return await goToNextPart(run, attempt);
  if (isOver(job)) {
    const state = job.state as 'completed' | 'canceled' | 'aborted';
    const reasons = job.reasons.filter((reason) => reason !== 'none');
    const defaults = {
      completed: 'job-completed-successfully',
      canceled: 'job-canceled-at-device',
      aborted: 'aborted-by-system',
    };
    const told = wordsOfPart(attempt, job.message ?? reasons.join(', '));
    const problem = state === 'aborted' ? problemOf(run, 'printer-refused', told) : null;
    return endMeanwhile(run, {
      attempt,
      end: { outcome: state, ...words },
      change: {
        ...{ state, problem, pagesPrinted: pagesPrinted(attempt, job) },
        reasons: reasons.length > 0 ? reasons : [defaults[state]],
      },
    });
  }
  const isStopped = job.state === 'processing-stopped' || run.printer.state === 'stopped';
  const own = job.reasons.filter((reason) => reason !== 'none');
  const told = run.printer.reasons.filter((reason) => reason !== 'none');
  const ofPrinter = isStopped ? told : findHolding(told, standstillOf(run, attempt, job));
  const isWaiting = !isStopped && ofPrinter.length > 0;
  return await show(run, attempt, {
    reasons: [...new Set([...own, ...ofPrinter])],
    isStopped,
    isWaiting,
    pagesPrinted: pagesPrinted(attempt, job),
    // What a busy printer says of itself is often only that it prints.
    ...(isWaiting ? { words: [ofPrinter.join(', '), run.printer.message ?? ''].filter(Boolean).join(' · ') } : words),
  });
}

/** For how long no sheet has been added to a job, as far as this node has seen. */
function standstillOf({ context, memory }: Run, attempt: Attempt, { impressionsCompleted: impressions }: PrinterJob) {
  const nowMs = context.clock.monotonicMs();
  const { progress } = memory;
  const isKnown = progress?.attemptId === attempt.id;
  // What another node has seen standing still stands still until a sheet is added.
  const isTakenOver = !isKnown && memory.open?.job.problem?.code === 'printer-waits';
  const isAsItWas = isKnown && progress.impressions === impressions;
  const sinceMs = isAsItWas ? progress.sinceMs : isTakenOver ? Number.NEGATIVE_INFINITY : nowMs;
  memory.progress = { attemptId: attempt.id, impressions, sinceMs };
  return { forMs: nowMs - sinceMs, isCounted: impressions !== undefined };
}

async function cancelAtPrinter(run: Run, attempt: Attempt): Promise<Step> {
  const { context, lease, printer } = run;
  lease.assertFresh();
  const answer = await cancelPrinterJob(context, printer, attempt.printerJobId ?? 0, run.userName, lease.signal);
  if (answer.kind === 'gone') return await stopAsUnknown(run, attempt, 'the printer no longer knows the job');
  // Canceled or not, the printer's next answer about the job says how it ended.
  return 'waiting';
}

export async function cancelQuietly(run: Run, printerJobId: number): Promise<void> {
  const answer = await cancelPrinterJob(run.context, run.printer, printerJobId, run.userName, run.lease.signal);
  if (answer.kind === 'canceled') return;
  run.context.log.info(
    { printerId: run.printer.id, printerJobId, answer: answer.kind },
    'an empty printer job was left',
  );
}
