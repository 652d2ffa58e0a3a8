/**
 * One document, from what came to what is printed.
 *
 * due → printable (the PDF is committed and its job may go to a printer) → done (its looks are known too), or failed:
 * then the job is aborted with the reason. Killed anywhere between, it is claimed and converted again; what was printed
 * is always the file that was committed.
 */
import { existsSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { type ErrorCode, isSystemError, PlatenError } from '../../base/errors.ts';
import { type Converted, convert, look, type Refusal } from '../../conversion/conversion.ts';
import { record } from '../../journal/journal.ts';
import { addSpoolFiles, discard, keep, pathOf, type SpoolFile } from '../../spool/spool.ts';
import type { Context } from '../../store/database.ts';
import { enqueueTasks } from '../../store/tasks.ts';
import { transaction } from '../../store/transaction.ts';
import { type Job, NO_PRINTER, QUEUE_PAUSED } from '../job.ts';
import { lockQueue } from '../queues.ts';
import { changeJob, lockJob, readJob } from '../rows.ts';
import type { Claim } from './claims.ts';

const PDF = 'application/pdf';
const MAX_PDF_BYTES = 200 * 1024 * 1024;
const MAX_PREVIEW_BYTES = 16 * 1024 * 1024;
// A document with which the server has ended this often, most times alone, is the likely cause of it.
export const MAX_TRIES = 10;

/** Does the work of a claim. Throws when nothing could be decided, so that it is tried again. */
export async function prepare(context: Context, claim: Claim, signal: AbortSignal): Promise<void> {
  if (claim.lane === 'look') return await seeLooks(context, claim, signal);
  if (claim.tries > MAX_TRIES) {
    const detail = 'the server ended each time it was converted';
    return await fail(context, claim, { code: 'conversion-failed', detail });
  }
  const startedAtMs = context.clock.monotonicMs();
  const source = { path: pathOf(context, claim.file.id), format: claim.originalFormat };
  const result = await tryConvert(context, source, signal);
  if (signal.aborted) {
    if (result.kind === 'converted') await result[Symbol.asyncDispose]();
    return;
  }
  if (result.kind === 'refused') {
    return await fail(context, claim, { code: result.reason, detail: result.detail });
  }
  await using converted = result;
  const { maxPages } = await readJob(context, claim.jobId);
  if (maxPages !== null && converted.pages > maxPages) {
    const values = { pages: converted.pages, most: maxPages };
    return await fail(context, claim, { code: 'over-page-limit', detail: `it has ${converted.pages} pages`, values });
  }
  const file = await keep(context, converted.file.createReadStream({ autoClose: false }), {
    mediaType: PDF,
    maxBytes: MAX_PDF_BYTES,
  });
  const tookMs = Math.round(context.clock.monotonicMs() - startedAtMs);
  if (!(await commit(context, claim, { file, converted, tookMs }))) await discard(context, [file]);
}

async function tryConvert(
  context: Context,
  source: { readonly path: string; readonly format: string },
  signal: AbortSignal,
): Promise<Converted | Refusal | { readonly kind: 'refused'; readonly reason: ErrorCode; readonly detail: string }> {
  try {
    return await convert(context, source, signal);
  } catch (error) {
    // Something else may be missing as well, such as a folder for temporary files; that is tried again.
    if (isSystemError(error) && error.code === 'ENOENT' && !existsSync(source.path)) {
      return { kind: 'refused', reason: 'document-missing', detail: 'the document is no longer in the spool' };
    }
    throw error;
  }
}

type Made = { readonly file: SpoolFile; readonly converted: Converted; readonly tookMs: number };

/** Commits the document; false when the claim or the job has come to an end meanwhile. */
async function commit(context: Context, claim: Claim, { file, converted, tookMs }: Made): Promise<boolean> {
  return await transaction(context, async (context) => {
    // The queue before its jobs, as everywhere: no job slips past a pause.
    const queue = await lockQueue(context, (await readJob(context, claim.jobId)).queueId);
    const job = await lockClaimed(context, claim);
    if (job === undefined) return false;
    await addSpoolFiles(context, [file]);
    const { pages, media } = converted;
    await context.db
      .updateTable('jobs')
      .set({
        document_id: file.id,
        document_format: PDF,
        document_bytes: file.bytes,
        pages,
        media,
        preparation: 'printable',
        prepare_lane: 'look',
        prepare_due_at: context.clock.now(),
        prepare_fence: 0,
        prepare_tries: 0,
      })
      .where('id', '=', job.id)
      .execute();
    const data = { format: job.originalFormat, pages, media, bytes: file.bytes, tookMs };
    await record(context, 'job-prepared', { subjectId: job.id, ownerId: job.ownerId, data });
    if (job.state !== 'pending') return true;
    const waits = queue.pauseReason === null ? [NO_PRINTER] : [QUEUE_PAUSED];
    const reasons = job.printerId === null ? waits : [];
    await changeJob(context, { ...job, preparation: 'printable' }, { state: 'pending', reasons });
    if (job.printerId !== null) await enqueueTasks(context, 'print-job', [job.id]);
    return true;
  });
}

async function lockClaimed(context: Context, claim: Claim): Promise<Job | undefined> {
  const job = await lockJob(context, claim.jobId);
  const row = await context.db
    .selectFrom('jobs')
    .select('prepare_fence')
    .where('id', '=', claim.jobId)
    .where('prepare_due_at', 'is not', null)
    .executeTakeFirst();
  return row?.prepare_fence === claim.fence && job.preparation === 'due' ? job : undefined;
}

/** RFC 8011 section 5.3.8, and PWG 5100.13 for the password. */
const REASONS: Readonly<Partial<Record<Failure['code'], string>>> = {
  'document-encrypted': 'document-password-error',
  'document-corrupt': 'document-format-error',
  'document-unsupported': 'unsupported-document-format',
};

type Failure = {
  /** Of an error, or a reason of the intake. */
  readonly code: ErrorCode | 'over-page-limit';
  readonly detail: string;
  readonly values?: Readonly<Record<string, number>>;
};

async function fail(context: Context, claim: Claim, { code, detail, values }: Failure): Promise<void> {
  await transaction(context, async (context) => {
    const job = await lockClaimed(context, claim);
    if (job === undefined) return;
    await changeJob(context, job, {
      state: 'aborted',
      reasons: [REASONS[code] ?? 'document-unprintable-error'],
      problem: {
        code,
        detail: `${job.title}: ${detail}`,
        ...(values === undefined ? {} : { values }),
        at: context.clock.now().toISOString(),
      },
    });
  });
}

/** Learns whether a printable document needs color, and keeps the picture of its first page. */
async function seeLooks(context: Context, claim: Claim, signal: AbortSignal): Promise<void> {
  let picture: SpoolFile | undefined;
  const keepPicture = async (stream: Readable): Promise<void> => {
    picture = await keep(context, stream, { mediaType: 'image/png', maxBytes: MAX_PREVIEW_BYTES });
  };
  const looks =
    claim.tries > MAX_TRIES
      ? { isColor: null }
      : await look(context, pathOf(context, claim.file.id), keepPicture, signal).catch((error: unknown) => {
          if (!(error instanceof PlatenError) || signal.aborted) throw error;
          context.log.info({ jobId: claim.jobId, error }, 'a document can be printed and not be looked at');
          return { isColor: null };
        });
  const kept = picture;
  const isNoted = await transaction(context, async (context) => {
    const { numUpdatedRows } = await context.db
      .updateTable('jobs')
      .set({ is_color: looks.isColor, preparation: 'done', prepare_lane: null, prepare_due_at: null })
      .where('id', '=', claim.jobId)
      .where('prepare_fence', '=', claim.fence)
      .where('preparation', '=', 'printable')
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return false;
    if (kept === undefined) return true;
    await addSpoolFiles(context, [kept]);
    await context.db
      .insertInto('job_previews')
      .values({ job_id: claim.jobId, page: 1, file_id: kept.id })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    return true;
  });
  if (!isNoted && kept !== undefined) await discard(context, [kept]);
}
