/**
 * A document that a person sends to be printed, other than by mail.
 *
 * When it is answered its bytes are synced and its job is committed. The sender's key makes sending again harmless: the
 * same key finds the same job. A document that cannot be printed is refused with the reason that mail gives, and nothing
 * of it is kept.
 */
import { Readable } from 'node:stream';
import { peek } from '../../base/chunks.ts';
import { isUniqueViolation, PlatenError } from '../../base/errors.ts';
import { addSpoolFiles, discard, keep, type ReadDisk, readDiskState, type SpoolFile } from '../../spool/spool.ts';
import type { Context } from '../../store/database.ts';
import { transaction } from '../../store/transaction.ts';
import type { JobOptions } from '../job.ts';
import {
  findDefaultQueue,
  getJob,
  holdJob,
  type Job,
  RECOGNITION_BYTES,
  recognizeDocument,
  submitJobs,
} from '../jobs.ts';
import { uploadLimits } from './limits.ts';

export type Uploader = { readonly id: string; readonly name: string; readonly actor: string };

export type KeptDocument = { readonly title: string; readonly file: SpoolFile };

export type Upload = {
  /** Chosen by the sender, once for each document. */
  readonly key: string;
  readonly owner: Uploader;
  readonly document: KeptDocument;
  /** The default queue when it is left out. */
  readonly queueId?: string | undefined;
  /** It goes to this printer at once, whatever its queue does with other jobs. */
  readonly printerId?: string | undefined;
  readonly options?: JobOptions | undefined;
  /** It waits for its release although its queue prints at once. */
  readonly isHeld: boolean;
};

/** Throws `spool-full` while the disk has no room for documents: what came by mail and from devices goes first. */
export async function assertRoom(context: Context, readDisk?: ReadDisk): Promise<void> {
  if ((await readDiskState(context, readDisk)) !== 'full') return;
  throw new PlatenError('spool-full', 'the disk is nearly full, so no documents are taken');
}

/**
 * Keeps a document that can be printed: it is durable when this returns, and its row is still missing. Throws the code
 * of its refusal, `document-too-large` and `spool-unavailable`; then nothing of it is left.
 */
export async function keepDocument(
  context: Context,
  sent: {
    readonly name: string;
    readonly declaredType: string;
    readonly content: Readable;
    readonly maxBytes?: number;
  },
): Promise<KeptDocument> {
  const title = titleOf(sent.name);
  const { beginning, whole } = await peek(sent.content, RECOGNITION_BYTES);
  const recognized = recognizeDocument(beginning.subarray(0, RECOGNITION_BYTES), {
    name: title,
    declaredType: sent.declaredType,
  });
  if (recognized.kind === 'refused') throw refusal(recognized.reason);
  // What mail programs pack documents into is opened for mail alone.
  if (recognized.kind === 'package') throw refusal('document-unsupported');
  const options = { mediaType: recognized.format, maxBytes: sent.maxBytes ?? uploadLimits.maxBytes };
  return { title, file: await keep(context, Readable.from(whole), options) };
}

/**
 * Makes the job of a kept document. Returns the one that there is when the key has been used for the same document.
 * Throws `upload-key-reused` for another one, `no-queue` and `not-found`; in all these cases the document is not kept.
 */
export async function submitUpload(
  context: Context,
  upload: Upload,
): Promise<{ readonly job: Job; readonly isNew: boolean }> {
  const { key, owner, document } = upload;
  try {
    const id = await transaction(context, (context) => insertUpload(context, upload));
    return { job: await getJob(context, id), isNew: true };
  } catch (error) {
    // Where the line to the database broke the commit may have reached it; what nobody names is swept from the spool.
    if (!(error instanceof PlatenError) && !isUniqueViolation(error)) throw error;
    await discard(context, [document.file]);
    if (!isUniqueViolation(error)) throw error;
    const known = await context.db
      .selectFrom('job_uploads')
      .select(['job_id', 'sha256'])
      .where('owner_id', '=', owner.id)
      .where('key', '=', key)
      .executeTakeFirst();
    if (known === undefined) throw error;
    if (!known.sha256.equals(document.file.sha256)) {
      throw new PlatenError('upload-key-reused', 'another document was sent under this key');
    }
    return { job: await getJob(context, known.job_id, owner.id), isNew: false };
  }
}

/** The job that a key of this owner has made. */
export async function findUpload(context: Context, ownerId: string, key: string): Promise<Job | undefined> {
  const known = await context.db
    .selectFrom('job_uploads')
    .select('job_id')
    .where('owner_id', '=', ownerId)
    .where('key', '=', key)
    .executeTakeFirst();
  return known === undefined ? undefined : await getJob(context, known.job_id, ownerId);
}

async function insertUpload(context: Context, upload: Upload): Promise<string> {
  const { key, owner, document, options, printerId } = upload;
  const queueId = upload.queueId ?? (await findDefaultQueue(context))?.id;
  if (queueId === undefined) throw new PlatenError('no-queue', 'there is no queue to print through');
  await addSpoolFiles(context, [document.file]);
  const [id = ''] = await submitJobs(context, [
    {
      ownerId: owner.id,
      ownerName: owner.name,
      queueId,
      title: document.title,
      document: document.file,
      documentFormat: document.file.mediaType,
      ...(options === undefined ? {} : { options }),
      ...(printerId === undefined ? {} : { printerId }),
    },
  ]);
  const used = { owner_id: owner.id, key, job_id: id, sha256: document.file.sha256 };
  await context.db.insertInto('job_uploads').values(used).execute();
  if (upload.isHeld && (await getJob(context, id)).state === 'pending') {
    await holdJob(context, id, { actor: owner.actor });
  }
  return id;
}

type Refusal = Extract<ReturnType<typeof recognizeDocument>, { kind: 'refused' }>['reason'];

function refusal(reason: Refusal): PlatenError {
  return new PlatenError(reason, 'the document cannot be printed');
}

/** What turns or hides the text around it, so that a name reads as another one. */
const UNSEEN = /[\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/gu;

/** For display: never a path, and without what a terminal or a database would choke on, or what would deceive a reader. */
function titleOf(name: string): string {
  const last = name.split(/[\\/]/).at(-1) ?? '';
  const title = last
    .replaceAll(UNSEEN, '')
    .replaceAll(/\p{Cc}+/gu, ' ')
    .trim();
  return title === '' ? 'document' : title;
}
