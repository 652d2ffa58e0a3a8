/** Pictures of the pages of a job: the first is made when the document is prepared, others when somebody looks. */
import type { Readable } from 'node:stream';
import { PlatenError } from '../../base/errors.ts';
import { preview } from '../../conversion/conversion.ts';
import { addSpoolFiles, discard, forget, keep, openSpoolFile, pathOf, type SpoolFile } from '../../spool/spool.ts';
import type { Context } from '../../store/database.ts';
import { transaction } from '../../store/transaction.ts';
import type { Job } from '../job.ts';
import { lockJob } from '../rows.ts';

const MAX_PREVIEW_BYTES = 16 * 1024 * 1024;
const NEVER = new AbortController().signal;

/** Opens the picture (PNG) of a page. Throws `not-found` for a page that there is not, or not yet, and `document-removed`. */
export async function openPreview(context: Context, job: Job, page: number): Promise<Readable> {
  if (job.documentId === null) throw documentRemoved();
  const isPrepared = job.preparation === 'printable' || job.preparation === 'done';
  const isPage = Number.isInteger(page) && page >= 1 && page <= (job.pages ?? 0);
  if (!isPrepared || !isPage) {
    throw new PlatenError('not-found', 'there is no such page, or it is not prepared yet');
  }
  const known = await context.db
    .selectFrom('job_previews')
    .select('file_id')
    .where('job_id', '=', job.id)
    .where('page', '=', page)
    .executeTakeFirst();
  return await openSpoolFile(context, known?.file_id ?? (await makePreview(context, job, page)));
}

async function makePreview(context: Context, job: Job, page: number): Promise<string> {
  let made: SpoolFile | undefined;
  const path = pathOf(context, job.documentId ?? '');
  await preview(
    context,
    { path, page },
    async (picture) => {
      made = await keep(context, picture, { mediaType: 'image/png', maxBytes: MAX_PREVIEW_BYTES });
    },
    NEVER,
  );
  if (made === undefined) throw new PlatenError('conversion-failed', 'no picture was made of the page');
  const file = made;
  const { isFirst, fileId } = await transaction(context, async (context) => {
    const { documentId } = await lockJob(context, job.id);
    if (documentId === null) return { isFirst: false, fileId: undefined };
    await addSpoolFiles(context, [file]);
    await context.db
      .insertInto('job_previews')
      .values({ job_id: job.id, page, file_id: file.id })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const row = await context.db
      .selectFrom('job_previews')
      .select('file_id')
      .where('job_id', '=', job.id)
      .where('page', '=', page)
      .executeTakeFirstOrThrow();
    const isFirst = row.file_id === file.id;
    // Somebody else was quicker: theirs stays.
    if (!isFirst) await forget(context, [file.id]);
    return { isFirst, fileId: row.file_id };
  });
  if (!isFirst) await discard(context, [file]);
  if (fileId === undefined) throw documentRemoved();
  return fileId;
}

const documentRemoved = () => new PlatenError('document-removed', 'the document of this job was removed');
