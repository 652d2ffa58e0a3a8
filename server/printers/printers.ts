/**
 * Printers: which there are, what they can do, how they are, and the steps of printing a document over IPP.
 *
 * Promises: only ipp and ipps addresses that an administrator added are connected to; a certificate is trusted as it was
 * seen first; whatever a printer answers, slow, wrong or endless, comes out as a value within a time limit; and only
 * `not-sent`, `refused` and `busy` mean that nothing was printed. Never sends a document twice: whether to ask, to wait
 * or to send again is decided by `jobs`.
 */
import { isUniqueViolation, PlatenError } from '../base/errors.ts';
import { newId } from '../base/secrets.ts';
import { record } from '../journal/journal.ts';
import {
  cancelJob,
  createJob,
  findJobsByName,
  getJobAttributes,
  printJob,
  sendDocument,
  validateJob,
} from '../protocols/ipp/client.ts';
import { keyword } from '../protocols/ipp/message.ts';
import { ippOperations, ippStatus } from '../protocols/ipp/states.ts';
import type { Context } from '../store/database.ts';
import { decodeIdCursor, encodeCursor, type Page, pageOf } from '../store/pages.ts';
import { transaction } from '../store/transaction.ts';
import { type DocumentHandling, findDrawing, type PageDrawing } from './drawing.ts';
import { attemptLimits } from './limits.ts';
import {
  type CancelOutcome,
  type CreateOutcome,
  type FoundJob,
  type FoundJobs,
  outcomeOfFailure,
  type PrinterDocument,
  refusalOf,
  type SendOutcome,
  toDocument,
  toPrinterJob,
  type WholeOutcome,
} from './outcomes.ts';
import type { Printer, PrintOptions } from './printer.ts';
import { deletePrinter, findPrinter, insertPrinter, noSuchPrinter, selectPrinters } from './rows.ts';
import { callerFor, failureOf, forgetTransport, forgetTransports, verdictOf, wordsOf } from './talk.ts';
import { makeTicket } from './ticket.ts';
import { keepObservation, normalizeUri, observeNew, observePrinter } from './watch.ts';

export type { PageDrawing } from './drawing.ts';
export type { PrinterDocument } from './outcomes.ts';
export type { Printer, PrinterCapabilities, PrinterJob, PrintOptions } from './printer.ts';
export { findHolding, findNeeds, findPrinterNeeds, NEEDS, type Need } from './supplies/needs.ts';
export { joinRanges } from './ticket.ts';

export type NewPrinter = { readonly name: string; readonly uri: string; readonly actor?: string };
export type NewPrinterJob = {
  /** Unique to one attempt: the name under which the job is looked for when an answer was lost. */
  readonly jobName: string;
  readonly userName: string;
  readonly options: PrintOptions;
  readonly documentFormat: string;
  /** Where it has several documents. */
  readonly handling?: DocumentHandling | undefined;
};

/**
 * Adds a printer that answers at this address; what it tells is committed with it when this returns.
 * Throws `printer-address-refused`, `printer-unreachable`, `printer-refused`, `printer-answer-invalid`, or `conflict`
 * for a name or an address that is taken.
 */
export async function addPrinter(context: Context, { name, uri, actor }: NewPrinter): Promise<Printer> {
  const draft = { id: newId(), name: name.trim(), uri: normalizeUri(uri) };
  try {
    const observation = await observeNew(context, draft);
    return await transaction(context, async (context) => {
      const printer = await insertPrinter(context, draft);
      await record(context, 'printer-added', {
        subjectId: draft.id,
        data: { name: draft.name, uri: draft.uri },
        ...(actor ? { actor } : {}),
      });
      await keepObservation(context, printer, observation);
      return await getPrinter(context, draft.id);
    });
  } catch (error) {
    await forgetTransport(context, draft.id);
    if (!isUniqueViolation(error)) throw error;
    throw new PlatenError('conflict', 'a printer with this name or this address is already there', { cause: error });
  }
}

/** Lists printers in the order in which they were added. Throws `invalid-request` for a wrong cursor. */
export async function listPrinters(
  context: Context,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<Page<Printer>> {
  const printers = await selectPrinters(context, { limit: limit + 1, afterId: decodeIdCursor(cursor) });
  return pageOf(printers, limit, (printer) => encodeCursor([printer.id]));
}

/** The state of every printer, without the rest: for choosing one. */
export async function namePrinters(context: Context, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await context.db
    .selectFrom('printers')
    .select(['id', 'name'])
    .where('id', 'in', [...ids])
    .execute();
  return new Map(rows.map(({ id, name }) => [id, name]));
}

export async function listPrinterStates(context: Context): Promise<Pick<Printer, 'id' | 'state'>[]> {
  return await context.db.selectFrom('printers').select(['id', 'state']).execute();
}

/** Reads one printer. Throws `not-found`. */
export async function getPrinter(context: Context, id: string): Promise<Printer> {
  const printer = await findPrinter(context, id);
  if (printer === undefined) throw noSuchPrinter();
  return printer;
}

/**
 * Removes a printer. What waited for it is given to another printer of its queue; a job that is at it right now can no
 * longer be followed and stops as `outcome-unknown`. Throws `not-found`.
 */
export async function removePrinter(context: Context, id: string, actor?: string): Promise<void> {
  await transaction(context, async (context) => {
    const removed = await deletePrinter(context, id);
    if (removed === undefined) throw noSuchPrinter();
    const data = { name: removed.name, uri: removed.uri };
    await record(context, 'printer-removed', { subjectId: id, data, ...(actor ? { actor } : {}) });
  });
  await forgetTransport(context, id);
}

/** Gives a printer another name. Throws `not-found`, and `conflict` for a name that is taken. */
export async function renamePrinter(
  context: Context,
  id: string,
  { name, actor }: { readonly name: string; readonly actor: string },
): Promise<Printer> {
  try {
    return await transaction(context, async (context) => {
      const before = await getPrinter(context, id);
      await context.db.updateTable('printers').set({ name }).where('id', '=', id).execute();
      const data = { name, was: before.name };
      await record(context, 'printer-changed', { subjectId: id, actor, data });
      return await getPrinter(context, id);
    });
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw new PlatenError('conflict', 'a printer with this name is already there', { cause: error });
  }
}

/** Asks a printer at once how it is and what it can do, and keeps what it says. Throws `not-found`. */
export async function checkPrinter(context: Context, id: string): Promise<Printer> {
  const observation = await observePrinter(context, await getPrinter(context, id), { asks: 'everything' });
  return await transaction(context, async (context) => {
    await keepObservation(context, await getPrinter(context, id), observation);
    return await getPrinter(context, id);
  });
}

/**
 * Trusts another certificate at the address of a printer from now on: the one that the administrator has compared.
 * Throws `not-found`, and `invalid-request` where the address has no TLS.
 */
export async function acceptCertificate(
  context: Context,
  id: string,
  { sha256, actor }: { readonly sha256: string; readonly actor?: string },
): Promise<Printer> {
  await transaction(context, async (context) => {
    const printer = await getPrinter(context, id);
    if (!printer.uri.startsWith('ipps:')) {
      throw new PlatenError('invalid-request', 'a printer without TLS shows no certificate');
    }
    await context.db.updateTable('printers').set({ certificate_pin: sha256 }).where('id', '=', id).execute();
    const data = { name: printer.name, certificate: { from: printer.certificatePin, to: sha256 } };
    await record(context, 'printer-changed', { subjectId: id, data, ...(actor ? { actor } : {}) });
  });
  return await checkPrinter(context, id);
}

/** Closes the connections that are kept to printers; the next step opens new ones. */
export async function closePrinterConnections(context: Context): Promise<void> {
  await forgetTransports(context);
}

/** Tells which way a document, on paper of this size where it is known, can take to this printer. */
export function describePrinterJobSupport(
  printer: Printer,
  media: string | null = null,
): {
  readonly canCreateJob: boolean;
  readonly acceptsPdf: boolean;
  /** It can print some pages of a document. */
  readonly takesPageRanges: boolean;
  /** How pages are to be drawn for it when it takes no PDF; none when it takes no pictures of pages either. */
  readonly drawing: PageDrawing | undefined;
} {
  const operations = printer.capabilities?.operations ?? [];
  return {
    canCreateJob:
      operations.includes(ippOperations['Create-Job']) && operations.includes(ippOperations['Send-Document']),
    acceptsPdf: printer.capabilities?.formats.includes('application/pdf') ?? false,
    takesPageRanges: printer.capabilities?.takesPageRanges ?? false,
    drawing: printer.capabilities === null ? undefined : findDrawing(printer.capabilities, media),
  };
}

/** Names the attributes of RFC 8011 that were asked for and that this printer cannot do. */
export function findIgnoredOptions(printer: Printer, options: PrintOptions): readonly string[] {
  return makeTicket(printer.capabilities, options).ignored;
}

/**
 * Makes an empty job at the printer (RFC 8011 section 4.2.4). It prints nothing, so a lost answer is `unreachable`; what
 * was made nevertheless can be found by its name. `ignored` names the options that this printer does not fulfil.
 */
export async function createPrinterJob(
  context: Context,
  printer: Printer,
  job: NewPrinterJob,
  signal: AbortSignal,
): Promise<CreateOutcome> {
  const { template, ignored } = makeTicket(printer.capabilities, job.options);
  try {
    const caller = callerFor(context, printer, { attempt: { ...attemptLimits.order, signal }, userName: job.userName });
    const handling =
      job.handling === undefined ? [] : [['multiple-document-handling', [keyword(job.handling)]] as const];
    const answer = await createJob(caller, { jobName: job.jobName, template: new Map([...template, ...handling]) });
    const verdict = verdictOf(answer.status);
    if (verdict === 'busy') return { kind: 'busy', words: wordsOf(answer) };
    if (verdict !== 'done') return refusalOf(answer);
    if (answer.job === undefined) return { kind: 'unreachable', words: 'the printer gave the job no number' };
    return { kind: 'created', printerJobId: answer.job.id, ignored: [...new Set([...ignored, ...answer.unsupported])] };
  } catch (error) {
    return { kind: 'unreachable', words: failureOf(error).message };
  }
}

/**
 * Sends a document of a job, and closes the job with its last one (RFC 8011 section 4.3.1). `assertFresh` is called
 * right before the first byte may leave, and what it throws is thrown. After `unknown` only the printer can tell what it has.
 */
export async function sendPrinterDocument(
  context: Context,
  printer: Printer,
  sending: PrinterDocument & { readonly printerJobId: number; readonly isLast?: boolean },
  signal: AbortSignal,
): Promise<SendOutcome> {
  const { userName, documentFormat, printerJobId: jobId } = sending;
  const document = toDocument(sending);
  try {
    const caller = callerFor(context, printer, { attempt: { ...attemptLimits.document, signal }, userName });
    sending.assertFresh();
    const answer = await sendDocument(caller, {
      jobId,
      documentName: sending.jobName ?? 'document',
      documentFormat,
      isLast: sending.isLast ?? true,
      document,
    });
    const verdict = verdictOf(answer.status);
    if (verdict === 'unclear') return { kind: 'unknown', words: wordsOf(answer) };
    if (verdict === 'busy') return { kind: 'busy', words: wordsOf(answer) };
    if (verdict !== 'done') return refusalOf(answer);
    if (answer.documentSent === 'wholly') return { kind: 'accepted' };
    return { kind: 'unknown', words: 'the printer said that it has the document before it had all of it' };
  } catch (error) {
    return outcomeOfFailure(failureOf(error));
  } finally {
    sending.document.destroy();
  }
}

/**
 * Makes a job and sends its document in one request (RFC 8011 section 4.2.1), for printers without Create-Job. The
 * printer is first asked whether it would take the job, so that a refusal costs no upload and a stale connection no doubt.
 */
export async function printWhole(
  context: Context,
  printer: Printer,
  printing: NewPrinterJob & PrinterDocument,
  signal: AbortSignal,
): Promise<WholeOutcome> {
  const { jobName, userName, documentFormat } = printing;
  const { template } = makeTicket(printer.capabilities, printing.options);
  const document = toDocument(printing);
  try {
    const question = callerFor(context, printer, { attempt: { ...attemptLimits.question, signal }, userName });
    const foretold = await validateJob(question, { jobName, documentFormat, template }).catch(failureOf);
    if (foretold instanceof Error) return { kind: 'not-sent', words: foretold.message };
    if (verdictOf(foretold.status) === 'busy') return { kind: 'busy', words: wordsOf(foretold) };
    const cannotTell = foretold.status === ippStatus['server-error-operation-not-supported'];
    if (verdictOf(foretold.status) === 'refused' && !cannotTell) return refusalOf(foretold);
    const caller = { ...question, attempt: { ...attemptLimits.document, signal } };
    printing.assertFresh();
    const answer = await printJob(caller, { jobName, documentFormat, template, document });
    const verdict = verdictOf(answer.status);
    if (verdict === 'busy') return { kind: 'busy', words: wordsOf(answer) };
    if (verdict === 'refused') return refusalOf(answer);
    const isWhole = verdict === 'done' && answer.documentSent === 'wholly';
    if (isWhole && answer.job) return { kind: 'accepted', printerJobId: answer.job.id };
    return { kind: 'unknown', words: wordsOf(answer) };
  } catch (error) {
    return outcomeOfFailure(failureOf(error));
  } finally {
    printing.document.destroy();
  }
}

/** Asks for one job; `gone` is a job that the printer does not know or no longer remembers. */
export async function readPrinterJob(
  context: Context,
  printer: Printer,
  printerJobId: number,
  signal: AbortSignal,
): Promise<FoundJob> {
  try {
    const caller = callerFor(context, printer, { attempt: { ...attemptLimits.question, signal } });
    const answer = await getJobAttributes(caller, printerJobId);
    if (GONE.has(answer.status)) return { kind: 'gone' };
    if (!answer.isSuccess) return { kind: 'unreachable', words: wordsOf(answer) };
    const job = answer.job?.id === printerJobId ? toPrinterJob(answer.job) : undefined;
    return job
      ? { kind: 'found', job }
      : { kind: 'unreachable', words: 'the printer does not tell the state of the job' };
  } catch (error) {
    return { kind: 'unreachable', words: failureOf(error).message };
  }
}

/** Looks for jobs by their name among those that the printer has and those that it still remembers. */
export async function findPrinterJobs(
  context: Context,
  printer: Printer,
  jobName: string,
  signal: AbortSignal,
): Promise<FoundJobs> {
  try {
    const caller = callerFor(context, printer, { attempt: { ...attemptLimits.question, signal } });
    const search = await findJobsByName(caller, jobName);
    if (search.kind === 'refused') return { kind: 'unreachable', words: wordsOf(search.answer) };
    const jobs = search.jobs.map(toPrinterJob);
    const isWhole = jobs.every((job) => job !== undefined);
    return isWhole
      ? { kind: 'found', jobs }
      : { kind: 'unreachable', words: 'the printer does not tell the state of a job' };
  } catch (error) {
    return { kind: 'unreachable', words: failureOf(error).message };
  }
}

/** Asks the printer to end a job (RFC 8011 section 4.3.3). Paper that is on its way still comes out. */
export async function cancelPrinterJob(
  context: Context,
  printer: Printer,
  printerJobId: number,
  userName: string,
  signal: AbortSignal,
): Promise<CancelOutcome> {
  try {
    const caller = callerFor(context, printer, { attempt: { ...attemptLimits.order, signal }, userName });
    const answer = await cancelJob(caller, printerJobId);
    if (answer.isSuccess) return { kind: 'canceled' };
    if (GONE.has(answer.status)) return { kind: 'gone' };
    const words = wordsOf(answer);
    return verdictOf(answer.status) === 'refused' ? { kind: 'not-possible', words } : { kind: 'unreachable', words };
  } catch (error) {
    return { kind: 'unreachable', words: failureOf(error).message };
  }
}

const GONE: ReadonlySet<number> = new Set([ippStatus['client-error-not-found'], ippStatus['client-error-gone']]);
