/**
 * One run of a job at a printer, from the start until the printer has the document.
 *
 * Every step writes what it is about to do before it does it, with the fence of the printer's lease.
 */
import type { ReadStream } from 'node:fs';
import { PlatenError } from '../../base/errors.ts';
import {
  createPrinterJob,
  describePrinterJobSupport,
  printWhole,
  sendPrinterDocument,
} from '../../printers/printers.ts';
import { discard, openKeptFile } from '../../spool/spool.ts';
import { CONNECTING, type Job } from '../job.ts';
import { asWanted, cutAs, cutFor, needsCut } from '../preparation/cut.ts';
import { drawFor, sentAs } from '../preparation/draw.ts';
import { findDueJob } from '../rows.ts';
import { type Attempt, type Begun, beginAttempt, noteAttempt, prepareAttempt } from './attempts.ts';
import { cancelQuietly, settle } from './follow.ts';
import { abort, putBack, type Run, refuseFormat, type Step, UNREACHABLE_PAUSE_MS, waitForPrinter } from './outcome.ts';
import { watchSending } from './sending.ts';

const BUSY_PAUSE_MS = 250;

/** Starts a waiting job at its printer. */
export async function startJob(run: Run, waiting: Job): Promise<Step> {
  const { printer } = run;
  // What a printer can do is known once it has answered for the first time.
  if (printer.state === 'unreachable' || printer.capabilities === null) return await waitForPrinter(run, waiting);
  const support = describePrinterJobSupport(printer);
  const cut = needsCut(printer, waiting) ? await cutFor(run, waiting) : undefined;
  if (cut?.kind === 'refused') return await refuseFormat(run, waiting, cut.detail);
  const asCut = (job: Job): Job => (cut === undefined ? asWanted(job) : cutAs(job, cut));
  try {
    const isDrawn = !support.acceptsPdf && waiting.documentFormat === 'application/pdf';
    const drawn = isDrawn ? await drawFor(run, asCut(waiting), support.drawing) : undefined;
    if (drawn?.kind === 'refused') return await refuseFormat(run, waiting, drawn.detail);
    const asSent = (job: Job): Job => (drawn === undefined ? asCut(job) : sentAs(asCut(job), drawn));
    try {
      return await begin(run, waiting, { canCreateJob: support.canCreateJob, asSent });
    } finally {
      if (drawn !== undefined) await discard(run.context, [drawn.file]);
    }
  } finally {
    if (cut !== undefined) await discard(run.context, [cut.file]);
  }
}

async function begin(
  run: Run,
  waiting: Job,
  way: { readonly canCreateJob: boolean; readonly asSent: (job: Job) => Job },
): Promise<Step> {
  const begun = await takePrepared(run, waiting, way.canCreateJob ? 'creating' : 'sending');
  if (begun === undefined) return 'moved';
  const job = way.asSent(begun.job);
  return way.canCreateJob ? await createThenSend(run, job, begun.attempt) : await sendWhole(run, job, begun.attempt);
}

async function takePrepared(run: Run, waiting: Job, phase: 'creating' | 'sending'): Promise<Begun | undefined> {
  const { context, lease, printer, memory } = run;
  const { prepared } = memory;
  memory.prepared = undefined;
  if (prepared?.begin.jobId === waiting.id && prepared.begin.phase === phase) return await prepared.commit();
  await prepared?.drop();
  const { id, options } = waiting;
  return await beginAttempt(context, lease, { jobId: id, printerId: printer.id, phase, printer, options });
}

/**
 * Looks up what comes next and writes its attempt ahead, while the printer is busy with the job before. Never throws:
 * whatever is wrong shows again when the next job is begun.
 */
export async function lookAhead(run: Run): Promise<void> {
  const { context, lease, printer, memory } = run;
  const { acceptsPdf, canCreateJob } = describePrinterJobSupport(printer);
  if (memory.prepared !== undefined || !canCreateJob || !acceptsPdf) return;
  try {
    memory.next ??= await findDueJob(context, printer.id);
  } catch (error) {
    context.log.warn({ printerId: printer.id, error }, 'the next job could not be looked up');
    return;
  }
  const { next } = memory;
  // What has to be cut first takes longer than the rows may be held.
  if (next === undefined || needsCut(printer, next)) return;
  memory.prepared = prepareAttempt(context, lease, {
    jobId: next.id,
    printerId: printer.id,
    phase: 'creating',
    printer,
    options: next.options,
  });
}

async function createThenSend(run: Run, job: Job, attempt: Attempt): Promise<Step> {
  const { context, lease, printer } = run;
  lease.assertFresh();
  const created = await createPrinterJob(
    context,
    printer,
    {
      jobName: attempt.printerJobName,
      userName: run.userName,
      options: job.options,
      documentFormat: job.documentFormat,
    },
    lease.signal,
  );
  switch (created.kind) {
    case 'created':
      break;
    case 'busy':
      return await putBack(run, attempt, { words: created.words, reasons: ['printer-busy'], pauseMs: BUSY_PAUSE_MS });
    case 'unreachable':
      return await putBack(run, attempt, {
        words: created.words,
        reasons: [CONNECTING],
        pauseMs: UNREACHABLE_PAUSE_MS,
      });
    case 'refused':
      return await giveUpOrRetry(run, attempt, created);
  }
  const sending = await noteAttempt(context, lease, { attempt, phase: 'sending', printerJobId: created.printerJobId });
  const document = await openDocument(run, job, sending);
  if (document === undefined) return 'moved';
  // The end of the job before has had the time of two requests; if it cannot be written, nothing more is sent.
  await run.memory.ending;
  const looking = lookAhead(run);
  const ofDocument = {
    jobName: attempt.printerJobName,
    printerJobId: created.printerJobId,
    document,
    bytes: job.documentBytes,
    documentFormat: job.documentFormat,
    userName: run.userName,
    assertFresh: () => lease.assertFresh(),
  };
  const sent = await watchSending(run, { attempt: sending, document }, (signal) =>
    sendPrinterDocument(context, printer, ofDocument, signal),
  );
  await looking;
  if (sent.kind === 'accepted') {
    run.memory.open = { attempt: { ...sending, phase: 'sent' }, job, isUnnoted: true };
    return 'moved';
  }
  if (sent.kind === 'refused' && !isServerError(sent.status)) return await settleRefused(run, sending, sent.words);
  return await settleUnknown(run, job, sending);
}

async function sendWhole(run: Run, job: Job, attempt: Attempt): Promise<Step> {
  const { context, lease, printer } = run;
  const document = await openDocument(run, job, attempt);
  if (document === undefined) return 'moved';
  await run.memory.ending;
  const printing = {
    jobName: attempt.printerJobName,
    userName: job.ownerName,
    options: job.options,
    documentFormat: job.documentFormat,
    document,
    bytes: job.documentBytes,
    assertFresh: () => lease.assertFresh(),
  };
  const sent = await watchSending(run, { attempt, document }, (signal) =>
    printWhole(context, printer, printing, signal),
  );
  switch (sent.kind) {
    case 'accepted':
      run.memory.open = {
        attempt: await noteAttempt(context, lease, { attempt, phase: 'sent', printerJobId: sent.printerJobId }),
        job,
      };
      return 'moved';
    case 'refused':
      return await giveUpOrRetry(run, attempt, sent);
    case 'busy':
      return await putBack(run, attempt, { words: sent.words, reasons: ['printer-busy'], pauseMs: BUSY_PAUSE_MS });
    case 'not-sent':
      return await putBack(run, attempt, { words: sent.words, reasons: [CONNECTING], pauseMs: UNREACHABLE_PAUSE_MS });
    case 'unknown':
      return await settleUnknown(run, job, attempt);
  }
}

/** The printer is asked at once, and again for as long as it does not answer: the attempt stays the one to be followed. */
async function settleUnknown(run: Run, job: Job, attempt: Attempt): Promise<Step> {
  run.memory.open = { attempt, job };
  return await settle(run, attempt);
}

/** An explicit refusal of the document: the empty printer job is ended, and the printer says whether paper came out. */
async function settleRefused(run: Run, attempt: Attempt, words: string): Promise<Step> {
  if (attempt.printerJobId !== null) await cancelQuietly(run, attempt.printerJobId);
  return await abort(run, attempt, words);
}

/** A refusal with a server-error status passes; any other will be the same the next time. */
async function giveUpOrRetry(run: Run, attempt: Attempt, refused: { words: string; status: number }): Promise<Step> {
  if (!isServerError(refused.status)) return await abort(run, attempt, refused.words);
  return await putBack(run, attempt, {
    words: refused.words,
    reasons: ['printer-busy'],
    pauseMs: UNREACHABLE_PAUSE_MS,
  });
}

// RFC 8011 section 13.1: 0x0500 to 0x05FF are server errors.
const isServerError = (status: number): boolean => status >= 0x0500 && status <= 0x05ff;

async function openDocument(run: Run, job: Job, attempt: Attempt): Promise<ReadStream | undefined> {
  try {
    return await openKeptFile(run.context, { id: job.documentId ?? '', bytes: job.documentBytes });
  } catch (error) {
    if (!(error instanceof PlatenError)) throw error;
    if (attempt.printerJobId !== null) await cancelQuietly(run, attempt.printerJobId);
    await abort(run, attempt, error.message);
    return undefined;
  }
}
