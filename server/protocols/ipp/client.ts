/** The operations of RFC 8011 that Platen uses, each one request and one answer. What an answer means is the caller's to decide. */
import { cleanText, findInteger, findIntegers, findKeywords, findText, findUri } from './attributes.ts';
import { decodeMessage } from './decode.ts';
import { encodeMessage } from './encode.ts';
import {
  attributesOf,
  boolean,
  charset,
  groupsOf,
  type IppAttributes,
  type IppMessage,
  type IppValue,
  integer,
  ippTags,
  keyword,
  mimeMediaType,
  name,
  naturalLanguage,
  uri,
} from './message.ts';
import {
  findJobState,
  type IppOperation,
  ippOperations,
  isSuccess,
  type JobStateWord,
  nameOfStatus,
} from './states.ts';
import type { IppAttempt, IppDocument, IppPostAnswer, IppTransport } from './transport.ts';
import { type IppCertificate, IppTransportError } from './transport-error.ts';

const MAX_INTEGER = 2 ** 31 - 1;
/** The name type of RFC 8011 section 5.1.3 has at most 255 octets. */
const MAX_NAME_BYTES = 255;

export interface IppCaller {
  readonly transport: IppTransport;
  readonly version: '2.0' | '1.1' | '1.0';
  /** requesting-user-name of every request. */
  readonly userName: string;
  readonly attempt: IppAttempt;
}

export interface IppAnswer {
  readonly status: number;
  readonly statusName: string;
  readonly isSuccess: boolean;
  /** status-message: the printer's own words. */
  readonly statusMessage: string | undefined;
  readonly message: IppMessage;
  /** Names in the group unsupported-attributes. */
  readonly unsupported: readonly string[];
  readonly certificate: IppCertificate | undefined;
  readonly documentSent: 'wholly' | 'partly';
}

export interface IppJob {
  readonly id: number;
  readonly uri: string | undefined;
  readonly name: string | undefined;
  readonly userName: string | undefined;
  readonly state: JobStateWord | undefined;
  readonly reasons: readonly string[];
  /** job-state-message. */
  readonly message: string | undefined;
  readonly impressionsCompleted: number | undefined;
}

export interface IppJobAnswer extends IppAnswer {
  /** Absent when the printer refused, or named no job-id. */
  readonly job: IppJob | undefined;
}

export interface JobRequest {
  readonly jobName: string;
  readonly documentFormat?: string;
  /** The Job Template attributes, already limited to what the printer supports. */
  readonly template: IppAttributes;
}

type Named = readonly [string, readonly IppValue[]];

const JOB_ATTRIBUTES = [
  'job-id',
  'job-uri',
  'job-name',
  'job-originating-user-name',
  'job-state',
  'job-state-reasons',
  'job-state-message',
  'job-impressions-completed',
] as const;

/** Asks what the printer is and can do (RFC 8011 section 4.2.5); `requested` bounds the answer. */
export async function getPrinterAttributes(
  caller: IppCaller,
  requested: readonly string[],
): Promise<IppAnswer & { readonly printer: IppAttributes }> {
  const answer = await call(caller, {
    operation: 'Get-Printer-Attributes',
    attributes: [['requested-attributes', requested.map(keyword)]],
  });
  return { ...answer, printer: attributesOf(answer.message, ippTags.printerAttributes) };
}

/** Asks whether a job of this kind would be taken; makes none (RFC 8011 section 4.2.3). */
export async function validateJob(caller: IppCaller, job: JobRequest): Promise<IppAnswer> {
  return call(caller, { operation: 'Validate-Job', ...jobAttributes(job) });
}

/** Makes a job without a document (RFC 8011 section 4.2.4). Once it answers, the printer keeps the job. */
export async function createJob(caller: IppCaller, job: JobRequest): Promise<IppJobAnswer> {
  const { documentFormat: _format, ...bare } = job;
  return withJob(await call(caller, { operation: 'Create-Job', ...jobAttributes(bare) }));
}

/** Sends a document of a job, and closes the job with its last one (RFC 8011 section 4.3.1). */
export async function sendDocument(
  caller: IppCaller,
  job: { jobId: number; documentName: string; documentFormat: string; isLast: boolean; document: IppDocument },
): Promise<IppJobAnswer> {
  const answer = await call(caller, {
    operation: 'Send-Document',
    attributes: [
      ['job-id', [integer(job.jobId)]],
      ['document-name', [name(clip(job.documentName))]],
      ['document-format', [mimeMediaType(job.documentFormat)]],
      ['last-document', [boolean(job.isLast)]],
    ],
    document: job.document,
  });
  return withJob(answer);
}

/** Makes a job and sends its document in one request (RFC 8011 section 4.2.1), for printers without Create-Job. */
export async function printJob(caller: IppCaller, job: JobRequest & { document: IppDocument }): Promise<IppJobAnswer> {
  const { document, ...request } = job;
  return withJob(await call(caller, { operation: 'Print-Job', ...jobAttributes(request), document }));
}

/** Asks for the state of one job (RFC 8011 section 4.3.4); the status is client-error-not-found for one that is forgotten. */
export async function getJobAttributes(caller: IppCaller, jobId: number): Promise<IppJobAnswer> {
  const answer = await call(caller, {
    operation: 'Get-Job-Attributes',
    attributes: [
      ['job-id', [integer(jobId)]],
      ['requested-attributes', JOB_ATTRIBUTES.map(keyword)],
    ],
  });
  return withJob(answer);
}

/** Lists the jobs that the printer has, or those it still remembers (RFC 8011 section 4.2.6). */
export async function getJobs(
  caller: IppCaller,
  query: { whichJobs: 'not-completed' | 'completed'; owner: 'me' | 'anyone'; limit?: number },
): Promise<IppAnswer & { readonly jobs: readonly IppJob[] }> {
  const limit: Named[] = query.limit === undefined ? [] : [['limit', [integer(query.limit)]]];
  const answer = await call(caller, {
    operation: 'Get-Jobs',
    attributes: [
      ...limit,
      ['requested-attributes', JOB_ATTRIBUTES.map(keyword)],
      ['which-jobs', [keyword(query.whichJobs)]],
      ['my-jobs', [boolean(query.owner === 'me')]],
    ],
  });
  return { ...answer, jobs: groupsOf(answer.message, ippTags.jobAttributes).flatMap((job) => readJob(job) ?? []) };
}

export type JobSearch =
  | { readonly kind: 'answered'; readonly jobs: readonly IppJob[] }
  | { readonly kind: 'refused'; readonly answer: IppAnswer };

/**
 * Finds the jobs of a name, current and remembered. The current ones are asked for first: a job that ends in between
 * is then seen twice at worst, and never missed.
 */
export async function findJobsByName(caller: IppCaller, jobName: string): Promise<JobSearch> {
  const found = new Map<number, IppJob>();
  for (const whichJobs of ['not-completed', 'completed'] as const) {
    const answer = await getJobs(caller, { whichJobs, owner: 'anyone' });
    if (!answer.isSuccess) return { kind: 'refused', answer };
    for (const job of answer.jobs) if (job.name === clip(jobName)) found.set(job.id, job);
  }
  return { kind: 'answered', jobs: [...found.values()] };
}

/** Asks the printer to end a job (RFC 8011 section 4.3.3); paper may still come out after the answer. */
export async function cancelJob(caller: IppCaller, jobId: number): Promise<IppAnswer> {
  return call(caller, { operation: 'Cancel-Job', attributes: [['job-id', [integer(jobId)]]] });
}

interface Call {
  readonly operation: IppOperation;
  readonly attributes: readonly Named[];
  readonly template?: IppAttributes;
  readonly document?: IppDocument;
}

async function call(caller: IppCaller, request: Call): Promise<IppAnswer> {
  const requestId = caller.transport.takeRequestId();
  const head = encodeMessage(requestMessage(caller, request, requestId));
  const posted = await post(caller, request, head);
  const message = readAnswer(posted.body, requestId);
  const operationAttributes = attributesOf(message, ippTags.operationAttributes);
  return {
    status: message.code,
    statusName: nameOfStatus(message.code),
    isSuccess: isSuccess(message.code),
    statusMessage: findText(operationAttributes, 'status-message'),
    message,
    unsupported: [...attributesOf(message, ippTags.unsupportedAttributes).keys()].slice(0, 100),
    certificate: posted.certificate,
    documentSent: posted.documentSent,
  };
}

const QUESTIONS: readonly IppOperation[] = ['Get-Printer-Attributes', 'Get-Job-Attributes', 'Get-Jobs', 'Validate-Job'];

/**
 * A question changes nothing at the printer, so it is asked once more when the kept connection turns out to have been
 * closed by the printer (RFC 9110 section 9.2.2). Whatever changes something is never repeated here.
 */
async function post(caller: IppCaller, request: Call, head: Buffer): Promise<IppPostAnswer> {
  const { transport, attempt } = caller;
  const { document } = request;
  try {
    return await transport.post({ head, attempt, ...(document ? { document } : {}) });
  } catch (error) {
    const isClosedMeanwhile = error instanceof IppTransportError && error.wasReused;
    if (!isClosedMeanwhile || !QUESTIONS.includes(request.operation)) throw error;
    return transport.post({ head, attempt });
  }
}

function requestMessage(caller: IppCaller, request: Call, requestId: number): IppMessage {
  // job-id belongs to the target and stands directly behind printer-uri.
  const target = request.attributes.filter(([attribute]) => attribute === 'job-id');
  const further = request.attributes.filter(([attribute]) => attribute !== 'job-id');
  // RFC 8011 section 4.1.4: charset and language first, then the target, then who asks.
  const attributes = new Map<string, readonly IppValue[]>([
    ['attributes-charset', [charset('utf-8')]],
    ['attributes-natural-language', [naturalLanguage('en')]],
    ['printer-uri', [uri(caller.transport.target.uri)]],
    ...target,
    ['requesting-user-name', [name(clip(caller.userName))]],
    ...further,
  ]);
  const [major = 2, minor = 0] = caller.version.split('.').map(Number);
  const groups = [{ tag: ippTags.operationAttributes, attributes }];
  const jobGroup = request.template?.size ? [{ tag: ippTags.jobAttributes, attributes: request.template }] : [];
  return {
    version: { major, minor },
    code: ippOperations[request.operation],
    requestId,
    groups: [...groups, ...jobGroup],
    data: new Uint8Array(0),
    duplicates: [],
  };
}

function readAnswer(body: Buffer, requestId: number): IppMessage {
  let message: IppMessage;
  try {
    message = decodeMessage(body);
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : 'unreadable';
    throw new IppTransportError('format', `the printer's answer is not IPP: ${words}`, { cause, sent: 'something' });
  }
  if (message.requestId === requestId) return message;
  throw new IppTransportError('format', 'the printer answered another request', { sent: 'something' });
}

function jobAttributes(job: JobRequest): { attributes: readonly Named[]; template: IppAttributes } {
  const format: Named[] = job.documentFormat ? [['document-format', [mimeMediaType(job.documentFormat)]]] : [];
  return { attributes: [['job-name', [name(clip(job.jobName))]], ...format], template: job.template };
}

function withJob(answer: IppAnswer): IppJobAnswer {
  const job = answer.isSuccess ? readJob(attributesOf(answer.message, ippTags.jobAttributes)) : undefined;
  return { ...answer, job };
}

/** Reads one job group; without a valid job-id there is no job. */
export function readJob(attributes: IppAttributes): IppJob | undefined {
  const id = findInteger(attributes, 'job-id', { min: 1, max: MAX_INTEGER });
  if (id === undefined) return undefined;
  const [state] = findIntegers(attributes, 'job-state', { min: 3, max: 9 });
  return {
    id,
    uri: findUri(attributes, 'job-uri'),
    name: findText(attributes, 'job-name'),
    userName: findText(attributes, 'job-originating-user-name'),
    state: state === undefined ? undefined : findJobState(state),
    reasons: findKeywords(attributes, 'job-state-reasons'),
    message: findText(attributes, 'job-state-message'),
    impressionsCompleted: findInteger(attributes, 'job-impressions-completed', { min: 0, max: MAX_INTEGER }),
  };
}

/** The name as it is sent: what would not survive the way back is removed, and it is cut so that its octets fit. */
function clip(words: string): string {
  let byteCount = 0;
  let kept = '';
  for (const character of cleanText(words)) {
    byteCount += Buffer.byteLength(character);
    if (byteCount > MAX_NAME_BYTES) break;
    kept += character;
  }
  return kept.trim() || 'untitled';
}
