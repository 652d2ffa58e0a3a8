// One function per IPP operation of RFC 8011 section 4; each answers with a status and groups. Guards
// common to all of them (version, charset, target) stand in performOperation.

import { rm } from 'node:fs/promises';
import {
  describePrinter,
  type PrinterView,
  selectPrinterAttributes,
  supportedFormats,
  supportsOperation,
  takesManyDocuments,
} from './attributes.ts';
import type { Clock, PrintEngine } from './engine.ts';
import type { FaultBoard } from './faults.ts';
import { describeJob, findJobsByKeyword, readTicket, selectJobAttributes } from './job-attributes.ts';
import { documentsOf, isFinished, type Job } from './jobs.ts';
import type { IncomingTray, ReceivedFile } from './trays.ts';
import { findFormat } from './trays.ts';
import {
  charset,
  findAttribute,
  findBoolean,
  findGroup,
  findInteger,
  findString,
  keyword,
  language,
  mimeType,
  stringsIn,
  text,
} from './values.ts';
import { delimiter, type OperationName, operationName, status } from './vocabulary.ts';
import type { Attribute, Group, Message } from './wire.ts';

export type Printer = {
  readonly name: string;
  readonly uris: () => readonly string[];
  readonly engine: PrintEngine;
  readonly faults: FaultBoard;
  readonly incoming: IncomingTray;
  readonly clock: Clock;
  readonly startedAt: Date;
};
export type Request = { readonly message: Message; readonly document: AsyncIterable<Buffer> };
export type Reply = {
  readonly status: number;
  readonly groups?: readonly Group[];
  readonly isEarly?: true; // to be sent although the document is still on its way
};

const IPP_PATH = '/ipp/print';
const jobAnswer = ['job-uri', 'job-id', 'job-state', 'job-state-reasons', 'job-state-message'];

function operationGroup(message: Message): Group | undefined {
  return findGroup(message, delimiter.operation);
}

function unsupported(...attributes: readonly Attribute[]): Group[] {
  return attributes.length === 0 ? [] : [{ tag: delimiter.unsupported, attributes }];
}

function jobGroup(printer: Printer, job: Job, names: readonly string[]): Group {
  const context = { printerUri: printer.uris()[0] ?? '', startedAt: printer.startedAt, now: printer.clock.now() };
  return { tag: delimiter.job, attributes: selectJobAttributes(describeJob(job, context), names, ['all']) };
}

function pathOf(target: string): string | undefined {
  return URL.canParse(target) ? new URL(target).pathname : undefined;
}

function findTargetJob(printer: Printer, message: Message): Job | Reply {
  const operation = operationGroup(message);
  const jobUri = findString(operation, 'job-uri');
  const fromUri = jobUri === undefined ? undefined : Number(pathOf(jobUri)?.split('/').at(-1));
  const id = fromUri ?? findInteger(operation, 'job-id');
  if (id === undefined) return { status: status.badRequest };
  return printer.engine.findJob(id) ?? { status: status.notFound };
}

/** Refuses a document's format or compression, as far as they are declared. RFC 8011 section 4.1.6. */
function refuseDeclared(printer: Printer, message: Message): Reply | undefined {
  const operation = operationGroup(message);
  const compression = findString(operation, 'compression');
  if (compression !== undefined && compression !== 'none') {
    const values = keyword(compression);
    return { status: status.compressionNotSupported, groups: unsupported({ name: 'compression', values }) };
  }
  const format = findString(operation, 'document-format');
  if (format === undefined) return undefined;
  if (supportedFormats(printer.faults).includes(format) && !printer.faults.strike('reject-format')) return undefined;
  const values = mimeType(format);
  return { status: status.documentFormatNotSupported, groups: unsupported({ name: 'document-format', values }) };
}

function refuseNewWork(printer: Printer): Reply | undefined {
  if (printer.faults.has('not-accepting')) return { status: status.notAcceptingJobs };
  if (printer.faults.strike('busy')) return { status: status.busy };
  return undefined;
}

function acceptJob(printer: Printer, message: Message): { job: Job; reply: Reply } | Reply {
  const refusal = refuseNewWork(printer) ?? refuseDeclared(printer, message);
  if (refusal) return refusal;
  const ticket = readTicket(findGroup(message, delimiter.job), printer.faults);
  const operation = operationGroup(message);
  const isFaithful = findBoolean(operation, 'ipp-attribute-fidelity') === true;
  if (isFaithful && ticket.unsupported.length > 0) {
    return { status: status.attributesOrValuesNotSupported, groups: unsupported(...ticket.unsupported) };
  }
  const copies = ticket.honoured.find(({ name }) => name === 'copies')?.values[0]?.value;
  const job = printer.engine.createJob({
    name: findString(operation, 'job-name') ?? findString(operation, 'document-name') ?? 'Untitled',
    user: findString(operation, 'requesting-user-name') ?? 'anonymous',
    ticket: ticket.honoured,
    copies: typeof copies === 'number' ? copies : 1,
  });
  const reply: Reply = {
    status: ticket.unsupported.length > 0 ? status.okIgnoredOrSubstituted : status.ok,
    groups: unsupported(...ticket.unsupported),
  };
  return { job, reply };
}

async function receiveInto(printer: Printer, job: Job, document: AsyncIterable<Buffer>): Promise<ReceivedFile> {
  job.isReceiving = true;
  try {
    return await printer.incoming.receive(job.id, document, { place: documentsOf(job).length });
  } catch (error) {
    printer.engine.abortJob(job, 'submission-interrupted');
    throw error;
  } finally {
    job.isReceiving = false;
  }
}

/** Gives a whole document to the engine, or refuses it by its content; undefined when it was taken. */
async function takeDocument(printer: Printer, job: Job, request: Request): Promise<Reply | undefined> {
  const file = await receiveInto(printer, job, request.document);
  const discard = async (reply: Reply, ...reasons: string[]) => {
    printer.engine.abortJob(job, ...reasons);
    await rm(file.path, { force: true });
    return reply;
  };
  if (isFinished(job)) return discard({ status: status.jobCanceled });
  if (file.bytes === 0) return discard({ status: status.badRequest }, 'job-data-insufficient');
  const declared = findString(operationGroup(request.message), 'document-format') ?? 'application/octet-stream';
  const found = await findFormat(file.path);
  const format = found ?? 'application/octet-stream';
  if (declared === 'application/octet-stream' && (!found || !supportedFormats(printer.faults).includes(found))) {
    return discard({ status: status.documentFormatNotSupported }, 'unsupported-document-format');
  }
  if (isFinished(job)) return discard({ status: status.jobCanceled });
  printer.engine.queueDocument(job, { ...file, format });
  // A document that is not what it says is found out only by the interpreter, after it was accepted.
  if (declared !== 'application/octet-stream' && declared !== format)
    printer.engine.abortJob(job, 'document-format-error');
  return undefined;
}

async function printJob(printer: Printer, request: Request): Promise<Reply> {
  if (printer.faults.strike('early-refusal')) return { status: status.requestEntityTooLarge, isEarly: true };
  const accepted = acceptJob(printer, request.message);
  if ('status' in accepted) return accepted;
  const refusal = await takeDocument(printer, accepted.job, request);
  if (refusal) return refusal;
  if (!isFinished(accepted.job)) printer.engine.closeJob(accepted.job);
  const groups = [...(accepted.reply.groups ?? []), jobGroup(printer, accepted.job, jobAnswer)];
  return { ...accepted.reply, groups };
}

function validateJob(printer: Printer, request: Request): Reply {
  const refusal = refuseDeclared(printer, request.message);
  if (refusal) return refusal;
  const ticket = readTicket(findGroup(request.message, delimiter.job), printer.faults);
  if (ticket.unsupported.length === 0) return { status: status.ok };
  const isFaithful = findBoolean(operationGroup(request.message), 'ipp-attribute-fidelity') === true;
  return {
    status: isFaithful ? status.attributesOrValuesNotSupported : status.okIgnoredOrSubstituted,
    groups: unsupported(...ticket.unsupported),
  };
}

function createJob(printer: Printer, request: Request): Reply {
  const accepted = acceptJob(printer, request.message);
  if ('status' in accepted) return accepted;
  const groups = [...(accepted.reply.groups ?? []), jobGroup(printer, accepted.job, jobAnswer)];
  return { ...accepted.reply, groups };
}

async function sendDocument(printer: Printer, request: Request): Promise<Reply> {
  const job = findTargetJob(printer, request.message);
  if ('status' in job) return job;
  const isLast = findBoolean(operationGroup(request.message), 'last-document');
  if (isLast === undefined) return { status: status.badRequest };
  if (job.state !== 'pending-held' || job.isReceiving) return { status: status.notPossible };
  if (printer.faults.strike('early-refusal')) return { status: status.requestEntityTooLarge, isEarly: true };
  const refusal = refuseNewWork(printer) ?? refuseDeclared(printer, request.message);
  if (refusal) return refusal;
  if (job.document && !takesManyDocuments(printer.faults)) {
    for await (const chunk of request.document) {
      if (chunk.length > 0) return { status: status.multipleDocumentJobsNotSupported };
    }
  } else {
    const refused = await takeDocument(printer, job, request);
    if (refused) return refused;
  }
  if (isLast && !isFinished(job)) printer.engine.closeJob(job);
  return { status: status.ok, groups: [jobGroup(printer, job, jobAnswer)] };
}

function cancelJob(printer: Printer, request: Request): Reply {
  const job = findTargetJob(printer, request.message);
  if ('status' in job) return job;
  const isCanceled = printer.engine.cancelJob(job, 'job-canceled-by-user');
  return { status: isCanceled ? status.ok : status.notPossible };
}

function getJobAttributes(printer: Printer, request: Request): Reply {
  const job = findTargetJob(printer, request.message);
  if ('status' in job) return job;
  const requested = stringsIn(findAttribute(operationGroup(request.message), 'requested-attributes'));
  return { status: status.ok, groups: [jobGroup(printer, job, requested)] };
}

function getJobs(printer: Printer, request: Request): Reply {
  const operation = operationGroup(request.message);
  const which = findString(operation, 'which-jobs') ?? 'not-completed';
  const found = findJobsByKeyword(printer.engine.listJobs(), which);
  if (!found) {
    const values = keyword(which);
    return { status: status.attributesOrValuesNotSupported, groups: unsupported({ name: 'which-jobs', values }) };
  }
  const user = findString(operation, 'requesting-user-name') ?? 'anonymous';
  const isMineOnly = findBoolean(operation, 'my-jobs') === true;
  const limit = findInteger(operation, 'limit') ?? Number.POSITIVE_INFINITY;
  if (limit < 1) return { status: status.badRequest };
  const jobs = found.filter((job) => !isMineOnly || job.user === user).slice(0, limit);
  const requested = stringsIn(findAttribute(operation, 'requested-attributes'));
  // RFC 8011 section 4.2.6.1: without requested-attributes only these two
  const names = requested.length === 0 ? ['job-uri', 'job-id'] : requested;
  return { status: status.ok, groups: jobs.map((job) => jobGroup(printer, job, names)) };
}

export function viewOf(printer: Printer): PrinterView {
  const now = printer.clock.now();
  return {
    name: printer.name,
    uris: printer.uris(),
    ...printer.engine.state(),
    queuedJobs: printer.engine.listJobs().filter((job) => !isFinished(job)).length,
    upSeconds: Math.max(1, Math.floor((now.getTime() - printer.startedAt.getTime()) / 1_000) + 1),
    now,
    faults: printer.faults,
  };
}

function getPrinterAttributes(printer: Printer, request: Request): Reply {
  const operation = operationGroup(request.message);
  const format = findString(operation, 'document-format');
  if (format !== undefined && !supportedFormats(printer.faults).includes(format)) {
    const values = mimeType(format);
    return { status: status.documentFormatNotSupported, groups: unsupported({ name: 'document-format', values }) };
  }
  const requested = stringsIn(findAttribute(operation, 'requested-attributes'));
  const attributes = selectPrinterAttributes(describePrinter(viewOf(printer)), requested);
  return { status: status.ok, groups: [{ tag: delimiter.printer, attributes }] };
}

const operations: Readonly<Record<OperationName, (printer: Printer, request: Request) => Reply | Promise<Reply>>> = {
  'Print-Job': printJob,
  'Validate-Job': validateJob,
  'Create-Job': createJob,
  'Send-Document': sendDocument,
  'Cancel-Job': cancelJob,
  'Get-Job-Attributes': getJobAttributes,
  'Get-Jobs': getJobs,
  'Get-Printer-Attributes': getPrinterAttributes,
  'Identify-Printer': () => ({ status: status.ok }),
};

/** Refuses a request whose head breaks the rules of RFC 8011 sections 4.1.1, 4.1.4, 4.1.5 and 4.1.8. */
function refuseHead(message: Message): Reply | undefined {
  if (message.major !== 1 && message.major !== 2) return { status: status.versionNotSupported };
  if (message.requestId <= 0) return { status: status.badRequest };
  const first = message.groups[0];
  const [charsetAttribute, languageAttribute, target] = first?.attributes ?? [];
  if (first?.tag !== delimiter.operation || charsetAttribute?.name !== 'attributes-charset') {
    return { status: status.badRequest };
  }
  if (languageAttribute?.name !== 'attributes-natural-language') return { status: status.badRequest };
  const wanted = stringsIn(charsetAttribute)[0]?.toLowerCase();
  if (wanted !== 'utf-8' && wanted !== 'us-ascii') return { status: status.charsetNotSupported };
  if (target?.name !== 'printer-uri' && target?.name !== 'job-uri') return { status: status.badRequest };
  const path = pathOf(stringsIn(target)[0] ?? '');
  const isOurs = target.name === 'printer-uri' ? path === IPP_PATH : path?.startsWith(`${IPP_PATH}/`);
  return isOurs ? undefined : { status: status.notFound };
}

/** Performs one operation. Throws only what cut the document off; the job is then aborted. */
export async function performOperation(printer: Printer, request: Request): Promise<Reply> {
  const refusal = refuseHead(request.message);
  if (refusal) return refusal;
  const operation = operationName(request.message.code);
  if (!operation || !supportsOperation(printer.faults, operation)) return { status: status.operationNotSupported };
  return operations[operation](printer, request);
}

/** Completes a reply to the message that is sent: charset and language first. RFC 8011 section 4.1.4.2. */
export function answerTo(request: { major: number; minor: number; requestId: number }, reply: Reply): Message {
  const words = reply.status < 0x0400 ? 'successful' : 'the request cannot be carried out';
  const head: Group = {
    tag: delimiter.operation,
    attributes: [
      { name: 'attributes-charset', values: charset('utf-8') },
      { name: 'attributes-natural-language', values: language('en') },
      { name: 'status-message', values: text(words) },
    ],
  };
  const isKnown = request.major === 1 || request.major === 2;
  const version = isKnown ? { major: request.major, minor: request.minor } : { major: 2, minor: 0 };
  return { ...version, code: reply.status, requestId: request.requestId, groups: [head, ...(reply.groups ?? [])] };
}
