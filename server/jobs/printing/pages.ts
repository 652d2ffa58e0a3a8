/**
 * Sends a document that was drawn: in one file, as documents of one job at the printer, or, to a printer that takes one
 * picture and no more, each page as a job of its own.
 *
 * Those jobs are one job of ours and one attempt. Its row says which page it is at: the one after is sent when the
 * printer has completed the one before, and after a crash it goes on there. Whoever cancels it ends it between two pages.
 */
import { HOUR_MS } from '../../base/clock.ts';
import { describePrinterJobSupport, type Printer } from '../../printers/printers.ts';
import { discard } from '../../spool/spool.ts';
import { type Job, mergeOptions } from '../job.ts';
import { asWanted, cutAs, cutFor, makesCopies, needsCut } from '../preparation/cut.ts';
import { type Drawn, drawFor, sentAs } from '../preparation/draw.ts';
import type { Unwanted } from '../preparation/drawing.ts';
import { readJob } from '../rows.ts';
import { type Attempt, noteAttempt } from './attempts.ts';
import { abort, endCanceled, type Memory, type Open, type Parts, type Run, type Step } from './outcome.ts';
import { begin, send } from './send.ts';

type Drawing = { readonly drawn: Drawn; readonly asCut: (job: Job) => Job; readonly canCreateJob: boolean };

/** Starts a job with what was drawn for it; the files are thrown away when they are no longer needed. */
export async function sendDrawn(run: Run, waiting: Job, { drawn, asCut, canCreateJob }: Drawing): Promise<Step> {
  const { context, memory } = run;
  const { files, drawing } = drawn;
  const isApart = drawing.pages === 'jobs' && drawn.pages > 1;
  let isKept = false;
  try {
    if (isApart) {
      const begun = await begin(run, waiting, { phase: 'creating', parts: drawn.pages * copiesOf(waiting) });
      if (begun === undefined) return 'moved';
      isKept = true;
      memory.parts = partsOf(run, begun.attempt, drawn);
      return await sendPart(run, { attempt: begun.attempt, job: begun.job, isToBeSent: true });
    }
    const begun = await begin(run, waiting, { phase: canCreateJob ? 'creating' : 'sending' });
    if (begun === undefined) return 'moved';
    const copies = makesCopies(run.printer, waiting) ? copiesOf(waiting) : 1;
    const job = sentAs(withCopies(asCut(begun.job), copies), drawn, files[0]);
    const documents = Array.from({ length: copies }, () => files).flat();
    const handling = files.length > 1 ? drawing.handling : undefined;
    return await send(run, job, begun.attempt, { canCreateJob, documents, handling });
  } finally {
    if (!isKept) await discard(context, files);
  }
}

const copiesOf = ({ options }: Job): number => options.copies ?? 1;

/** Copies that are sent are none that the printer makes. */
function withCopies(job: Job, sent: number): Job {
  return sent === 1 ? job : { ...job, options: mergeOptions(job.options, { copies: null }) };
}

/** Sends the page that an attempt is at, of which the printer has nothing. */
export async function sendPart(run: Run, { attempt }: Open): Promise<Step> {
  const { context, lease, memory, printer } = run;
  const job = await readJob(context, attempt.jobId);
  if (job.cancelAskedAt !== null) return await endCanceled(run, attempt);
  const { canCreateJob } = describePrinterJobSupport(printer);
  const drawn = await drawnFor(run, job, attempt);
  if (drawn.kind === 'unwanted') return await endCanceled(run, attempt);
  if (drawn.kind === 'refused') return await abort(run, attempt, drawn.detail);
  const file = drawn.files[pageOf(attempt, drawn.pages) - drawn.from];
  const sent = canCreateJob ? attempt : await noteAttempt(context, lease, asSending(attempt));
  memory.open = { attempt: sent, job };
  return await send(run, asPage(sentAs(job, drawn, file)), sent, { canCreateJob });
}

const asSending = (attempt: Attempt) => ({ attempt, phase: 'sending', printerJobId: null }) as const;

/**
 * What is about many pages is not asked for one; that it is not wanted is said, because what a printer does unasked may
 * be two copies, or a staple in each sheet.
 */
function asPage(job: Job): Job {
  const options = mergeOptions(job.options, { copies: 1, sides: 'one-sided', finishings: [], pageRanges: null });
  return { ...job, options };
}

type Refused = { readonly kind: 'refused'; readonly detail: string };

/** The copies come one after the other. */
const pageOf = ({ part }: Attempt, pages: number): number => ((part - 1) % pages) + 1;

/** Files without a row are swept after a day, which a page can wait for paper. */
const DRAWN_ANEW_AFTER_MS = 12 * HOUR_MS;

function partsOf({ context }: Run, { id }: Attempt, drawn: Drawn): Parts {
  return { attemptId: id, drawn, untilMs: context.clock.monotonicMs() + DRAWN_ANEW_AFTER_MS };
}

/** What was drawn with the page before, or the next pages; after a crash those where it goes on. */
async function drawnFor(run: Run, job: Job, attempt: Attempt): Promise<Drawn | Refused | Unwanted> {
  const { context, memory, printer } = run;
  const { parts } = memory;
  if (parts?.attemptId === attempt.id && parts.untilMs > context.clock.monotonicMs()) {
    const { drawn } = parts;
    const index = pageOf(attempt, drawn.pages) - drawn.from;
    if (index >= 0 && index < drawn.files.length) return drawn;
  }
  await dropParts(run);
  const cut = needsCut(printer, job) ? await cutFor(run, job) : undefined;
  if (cut?.kind === 'refused') return cut;
  const whole = cut === undefined ? asWanted(job) : cutAs(job, cut);
  try {
    const pages = whole.pages ?? 0;
    const { drawing } = describePrinterJobSupport(asBegun(printer), job.media);
    if (pages * copiesOf(job) !== attempt.parts || drawing?.pages !== 'jobs')
      return { kind: 'refused', detail: 'the pages cannot be drawn as before' };
    const drawn = await drawFor(run, whole, { drawing, page: pageOf(attempt, pages) });
    if (drawn.kind === 'drawn') memory.parts = partsOf(run, attempt, drawn);
    return drawn;
  } finally {
    if (cut !== undefined) await discard(context, [cut.file]);
  }
}

/** What began in pictures goes on in pictures, also where more is known of the printer since. */
function asBegun(printer: Printer): Printer {
  const { capabilities } = printer;
  return capabilities === null ? printer : { ...printer, capabilities: { ...capabilities, formats: ['image/jpeg'] } };
}

/** Throws away what was drawn for an attempt that is no longer open. */
export async function dropParts({ context, memory }: { context: Run['context']; memory: Memory }): Promise<void> {
  const { parts } = memory;
  memory.parts = undefined;
  if (parts !== undefined) await discard(context, parts.drawn.files);
}
