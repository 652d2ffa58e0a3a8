/**
 * What is done while a document is on its way to a printer, which can take as long as the printing: a cancellation is
 * passed on, a printer that takes nothing for a while has its job say so, and one that gives no reason is not waited for
 * without end.
 */
import type { ReadStream } from 'node:fs';
import { MINUTE_MS, SECOND_MS } from '../../base/clock.ts';
import { cancelPrinterJob, findHolding, getPrinter } from '../../printers/printers.ts';
import { JOB_OUTGOING, TAKES_NOTHING } from '../job.ts';
import { readJob } from '../rows.ts';
import type { Attempt } from './attempts.ts';
import { type Run, type Shown, show } from './outcome.ts';

const LOOK_MS = 2 * SECOND_MS;
/** Between two bands of a page a printer may take nothing for seconds. */
const STILL_AFTER_MS = 10 * SECOND_MS;
/** Where the printer names no reason, it may be working on a page that is hard to draw. */
const TOLD_AFTER_MS = MINUTE_MS;
const GIVEN_UP_AFTER_MS = 10 * MINUTE_MS;

export type Sending = { readonly attempt: Attempt; readonly document: ReadStream };

/**
 * Runs `send` with a signal that also ends it when the job is to be canceled, or when the printer has taken nothing for
 * ten minutes and does not wait for a person. What became of the document is then to be found out at the printer.
 */
export async function watchSending<T>(
  run: Run,
  sending: Sending,
  send: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const isOver = new AbortController();
  const cut = new AbortController();
  const watching = watch(run, sending, { isOver: isOver.signal, cut: () => cut.abort() });
  try {
    return await send(AbortSignal.any([run.lease.signal, cut.signal]));
  } finally {
    isOver.abort();
    await watching;
  }
}

type Ends = { readonly isOver: AbortSignal; readonly cut: () => void };

async function watch(run: Run, { attempt, document }: Sending, { isOver, cut }: Ends): Promise<void> {
  const { context, printer } = run;
  const nowMs = context.clock.monotonicMs();
  const seen: Seen = { bytes: 0, sinceMs: nowMs, reasonMs: nowMs, isShown: false };
  for (;;) {
    await context.clock.sleep(LOOK_MS, isOver);
    if (isOver.aborted) return;
    try {
      if (await isToBeCanceled(run, attempt)) return cut();
      const nowMs = context.clock.monotonicMs();
      if (document.bytesRead !== seen.bytes)
        Object.assign(seen, { bytes: document.bytesRead, sinceMs: nowMs, reasonMs: nowMs });
      const still = await findStandstill(run, seen, nowMs);
      if (isOver.aborted) return;
      if (still === 'given up') return cut();
      if (still !== undefined || seen.isShown) await show(run, attempt, still ?? GOES_ON);
      seen.isShown = still !== undefined;
    } catch (error) {
      // The sending itself goes on; a lease that is lost ends it by its own signal.
      context.log.warn({ printerId: printer.id, jobId: attempt.jobId, error }, 'a sending could not be watched');
    }
  }
}

type Seen = {
  /** Of the document, and since when there were no more. */
  bytes: number;
  sinceMs: number;
  /** Since when nothing explains that. */
  reasonMs: number;
  isShown: boolean;
};

const GOES_ON: Shown = { reasons: [JOB_OUTGOING], isStopped: false };

/** A printer that does not know the job by a number yet learns of it by the end of the connection. */
async function isToBeCanceled({ context, lease, printer, userName }: Run, attempt: Attempt): Promise<boolean> {
  const job = await readJob(context, attempt.jobId);
  if (job.cancelAskedAt === null) return false;
  if (attempt.printerJobId !== null) {
    lease.assertFresh();
    await cancelPrinterJob(context, printer, attempt.printerJobId, userName, lease.signal);
  }
  return true;
}

/** What the printer says of itself over another connection, once it has taken nothing for a while. */
async function findStandstill(run: Run, seen: Seen, nowMs: number): Promise<Shown | 'given up' | undefined> {
  const forMs = nowMs - seen.sinceMs;
  if (forMs < STILL_AFTER_MS) return undefined;
  const { state, reasons, message } = await getPrinter(run.context, run.printer.id);
  const told = reasons.filter((reason) => reason !== 'none');
  // Bytes are what is counted here, as sheets are later.
  const holding = state === 'stopped' ? told : findHolding(told, { forMs, isCounted: true });
  const isStopped = state === 'stopped';
  if (isStopped || holding.length > 0) {
    seen.reasonMs = nowMs;
    const words = [holding.join(', '), message ?? ''].filter(Boolean).join(' · ');
    return { reasons: [JOB_OUTGOING, ...holding], isStopped, isWaiting: !isStopped, words };
  }
  const unexplainedMs = nowMs - seen.reasonMs;
  if (unexplainedMs >= GIVEN_UP_AFTER_MS) return 'given up';
  if (unexplainedMs < TOLD_AFTER_MS) return undefined;
  const words = `no more of the document was taken for ${Math.floor(unexplainedMs / MINUTE_MS)} min`;
  return { reasons: [JOB_OUTGOING, TAKES_NOTHING], isStopped: false, isWaiting: true, words };
}
