/** The documents of a winmail.dat as intake wants them: in the spool, known by their bytes. */
import { Readable } from 'node:stream';
import { peek } from '../../base/chunks.ts';
import { PlatenError } from '../../base/errors.ts';
import { type Refusal, recognize, SNIFF_BYTES, unpack } from '../../conversion/conversion.ts';
import { discard, keep, pathOf, type SpoolFile } from '../../spool/spool.ts';
import type { Context } from '../../store/database.ts';

export type PackedDocument =
  | { readonly kind: 'document'; readonly name: string; readonly format: string; readonly file: SpoolFile }
  | { readonly kind: 'refused'; readonly name: string; readonly reason: string };

export type UnpackedWinmail = { readonly kind: 'unpacked'; readonly documents: readonly PackedDocument[] } | Refusal;

const MAX_FILE_BYTES = 50 * 1024 * 1024;

/**
 * Unpacks a kept winmail.dat in the box. The documents are durable in the spool when this returns, and have no rows yet;
 * nothing is left of them when it throws.
 */
export async function unpackWinmail(context: Context, file: Pick<SpoolFile, 'id'>): Promise<UnpackedWinmail> {
  const documents: PackedDocument[] = [];
  try {
    const unpacked = await unpack(
      context,
      pathOf(context, file.id),
      async ({ name, content }) => void documents.push(await take(context, name, content)),
      new AbortController().signal,
    );
    return unpacked.kind === 'refused' ? unpacked : { kind: 'unpacked', documents };
  } catch (error) {
    await discard(
      context,
      documents.flatMap((document) => (document.kind === 'document' ? [document.file] : [])),
    );
    if (error instanceof PlatenError && error.status === 422) {
      return { kind: 'refused', reason: 'document-corrupt', detail: error.message };
    }
    throw error;
  }
}

async function take(context: Context, name: string, content: Readable): Promise<PackedDocument> {
  const { beginning, whole } = await peek(content, SNIFF_BYTES);
  const found = recognize(beginning.subarray(0, SNIFF_BYTES), { name });
  if (found.kind !== 'document') {
    content.destroy();
    return { kind: 'refused', name, reason: found.kind === 'refused' ? found.reason : 'document-unsupported' };
  }
  const bytes = Readable.from(whole, { objectMode: false });
  const file = await keep(context, bytes, { mediaType: found.format, maxBytes: MAX_FILE_BYTES });
  return { kind: 'document', name, format: found.format, file };
}
