/**
 * Sends what an attempt was begun for, until the printer has all of it.
 *
 * Every step writes what it is about to do before it does it, with the fence of the printer's lease.
 */
import type { ReadStream } from 'node:fs';
import { SECOND_MS } from '../../base/clock.ts';
import { PlatenError } from '../../base/errors.ts';
import { createPrinterJob, type NewPrinterJob, printWhole, sendPrinterDocument } from '../../printers/printers.ts';
import { openKeptFile, type SpoolFile } from '../../spool/spool.ts';
import { CONNECTING, type Job } from '../job.ts';
import { lookAhead } from './ahead.ts';
import { type Attempt, type Begun, beginAttempt, noteAttempt } from './attempts.ts';
import { cancelQuietly, settle } from './follow.ts';
import { abort, putBack, type Run, type Step, UNREACHABLE_PAUSE_MS } from './outcome.ts';
import { watchSending } from './sending.ts';

const BUSY_PAUSE_MS = 250;
/** A printer with little memory works on the pages that it has before it takes another. */
const BUSY_DOCUMENT_PAUSE_MS = SECOND_MS;
const MAX_BUSY_TRIES = 120;

/** Writes that the job is begun, or commits what was written ahead; undefined when it waits no longer. */
export async function begin(
  run: Run,
  waiting: Job,
  { phase, parts = 1 }: { readonly phase: 'creating' | 'sending'; readonly parts?: number },
): Promise<Begun | undefined> {
  const { context, lease, printer, memory } = run;
  const { prepared } = memory;
  memory.prepared = undefined;
  if (prepared?.begin.jobId === waiting.id && prepared.begin.phase === phase && parts === 1)
    return await prepared.commit();
  await prepared?.drop();
  const { id, options } = waiting;
  return await beginAttempt(context, lease, { jobId: id, printerId: printer.id, phase, printer, options, parts });
}

export type Way = {
  readonly canCreateJob: boolean;
  /** What goes to the printer as one job, where it is not the one document of the job. */
  readonly documents?: readonly KeptFile[];
  readonly handling?: NewPrinterJob['handling'];
};
type KeptFile = Pick<SpoolFile, 'id' | 'bytes'>;

/** Sends what an attempt was begun for. */
export async function send(run: Run, job: Job, attempt: Attempt, way: Way): Promise<Step> {
  return way.canCreateJob ? await createThenSend(run, job, attempt, way) : await sendWhole(run, job, attempt);
}

async function createThenSend(run: Run, job: Job, attempt: Attempt, way: Way): Promise<Step> {
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
      handling: way.handling,
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
        isUnclear: true,
      });
    case 'refused':
      return await giveUpOrRetry(run, attempt, created);
  }
  const sending = await noteAttempt(context, lease, { attempt, phase: 'sending', printerJobId: created.printerJobId });
  // The end of the job before has had the time of two requests; if it cannot be written, nothing more is sent.
  await run.memory.ending;
  const documents = way.documents ?? [keptFileOf(job)];
  for (const [index, file] of documents.entries()) {
    const place = { index, isLast: index === documents.length - 1 };
    const step = await sendOne(run, job, { attempt: sending, file, ...place });
    if (step !== undefined) return step;
  }
  run.memory.open = { attempt: { ...sending, phase: 'sent' }, job, isUnnoted: true };
  return 'moved';
}

type One = { readonly attempt: Attempt; readonly file: KeptFile; readonly index: number; readonly isLast: boolean };

/** Sends one document of a job that the printer knows; undefined when it has taken it. */
async function sendOne(run: Run, job: Job, { attempt, file, index, isLast }: One): Promise<Step | undefined> {
  const { context, lease, printer } = run;
  for (let tries = 1; ; tries += 1) {
    const document = await openDocument(run, file, attempt);
    if (document === undefined) return 'moved';
    const looking = isLast ? lookAhead(run) : undefined;
    const ofDocument = {
      jobName: attempt.printerJobName,
      printerJobId: attempt.printerJobId ?? 0,
      document,
      bytes: file.bytes,
      documentFormat: job.documentFormat,
      userName: run.userName,
      isLast,
      assertFresh: () => lease.assertFresh(),
    };
    const sent = await watchSending(run, { attempt, document }, (signal) =>
      sendPrinterDocument(context, printer, ofDocument, signal),
    );
    await looking;
    if (sent.kind === 'accepted') return undefined;
    const isRefused = sent.kind === 'refused' && !isServerError(sent.status);
    // Of the documents before this one something may have come out.
    if (isRefused && index === 0) return await settleRefused(run, attempt, sent.words);
    if (sent.kind !== 'busy' || index === 0 || tries === MAX_BUSY_TRIES) return await settleUnknown(run, job, attempt);
    await context.clock.sleep(BUSY_DOCUMENT_PAUSE_MS, lease.signal);
  }
}

async function sendWhole(run: Run, job: Job, attempt: Attempt): Promise<Step> {
  const { context, lease, printer } = run;
  const document = await openDocument(run, keptFileOf(job), attempt);
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

const keptFileOf = (job: Job): KeptFile => ({ id: job.documentId ?? '', bytes: job.documentBytes });

async function openDocument(run: Run, file: KeptFile, attempt: Attempt): Promise<ReadStream | undefined> {
  try {
    return await openKeptFile(run.context, file);
  } catch (error) {
    if (!(error instanceof PlatenError)) throw error;
    if (attempt.printerJobId !== null) await cancelQuietly(run, attempt.printerJobId);
    await abort(run, attempt, error.message);
    return undefined;
  }
}
