/** The document of a job as a file to be saved: as it is printed, or as it came. */
import type { Readable } from 'node:stream';
import { PlatenError } from '../../base/errors.ts';
import { recordAll } from '../../journal/journal.ts';
import { openSpoolFile } from '../../spool/spool.ts';
import type { Context } from '../../store/database.ts';
import type { Job } from '../job.ts';

export const COPIES = ['printed', 'original'] as const;
export type Copy = (typeof COPIES)[number];

/**
 * Opens it, with the `Content-Disposition` that names the file after the job (RFC 6266). Of `actor`, somebody who is not
 * its owner, the journal has it before a byte is read. Throws `document-removed`.
 */
export async function openDocument(
  context: Context,
  job: Job,
  { as, actor }: { readonly as: Copy; readonly actor?: string },
): Promise<{ readonly bytes: Readable; readonly disposition: string }> {
  const { documentId, documentFormat, originalId, originalFormat } = job;
  const [fileId, format] = as === 'printed' ? [documentId, documentFormat] : [originalId, originalFormat];
  if (fileId === null) throw new PlatenError('document-removed', 'the document of this job was removed');
  const bytes = await openSpoolFile(context, fileId);
  try {
    if (actor !== undefined) {
      const data = { as, title: job.title };
      await recordAll(context, [{ type: 'job-document-saved', subjectId: job.id, ownerId: job.ownerId, actor, data }]);
    }
  } catch (error) {
    bytes.destroy();
    throw error;
  }
  return { bytes, disposition: attachmentNamed(fileNameOf(job, format)) };
}

/** By what the bytes are, not by what their sender called them: no title makes a program of a document. */
const ENDINGS: Readonly<Record<string, string>> = {
  'application/pdf': 'pdf',
  'application/msword': 'doc',
  'application/vnd.ms-excel': 'xls',
  'application/vnd.ms-powerpoint': 'ppt',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
  'application/vnd.openxmlformats-officedocument.presentationml.presentation': 'pptx',
  'application/vnd.oasis.opendocument.text': 'odt',
  'application/vnd.oasis.opendocument.spreadsheet': 'ods',
  'application/vnd.oasis.opendocument.presentation': 'odp',
  'application/rtf': 'rtf',
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/tiff': 'tif',
  'image/gif': 'gif',
  'image/webp': 'webp',
  'image/heic': 'heic',
  'image/avif': 'avif',
  'image/svg+xml': 'svg',
  'text/plain': 'txt',
  'text/html': 'html',
};

const MAX_NAME = 100;

/** `Rechnung März.pdf`: without what cannot be seen, what leads elsewhere, and what systems refuse in names. */
export function fileNameOf({ title, number }: Pick<Job, 'title' | 'number'>, format: string): string {
  const seen = title.normalize('NFC').replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '');
  const name = seen
    .replace(/\.[a-z0-9]{1,5}$/i, '')
    .replaceAll(/[/\\:*?"<>|%]+/g, '-')
    .replaceAll(/\s+/g, ' ');
  const short = [...name].slice(0, MAX_NAME).join('');
  const bare = short.replace(/^[\s.~-]+/, '').replace(/[\s.]+$/, '');
  return `${bare === '' ? number : bare}.${ENDINGS[format] ?? 'bin'}`;
}

/** For programs that read no other letters than those of ASCII too (RFC 6266 section 5, RFC 8187 section 3.2). */
function attachmentNamed(name: string): string {
  const ascii = name.replaceAll(/[^ -~]/g, '_');
  const encoded = encodeURIComponent(name).replaceAll(/['()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`);
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}
