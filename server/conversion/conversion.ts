/**
 * Conversion: what a document is, and any accepted document made into one that a printer takes.
 *
 * Promises: documents are known by their bytes, never by their names.
 */
import { type DocumentFormat, type Hints, type RefusalReason, type Sniffed, sniffFormat } from './sniff.ts';

export { SNIFF_BYTES } from './sniff.ts';
export type { DocumentFormat, RefusalReason };
export type DocumentHints = Hints;

/** `format` is a media type, with its character set where it is a text. */
export type RecognizedDocument =
  | { readonly kind: 'document'; readonly format: string }
  | { readonly kind: 'package'; readonly format: 'application/ms-tnef' }
  | { readonly kind: 'refused'; readonly reason: RefusalReason };

/** Tells what a document is from its first `SNIFF_BYTES`. */
export function recognize(beginning: Buffer, hints: DocumentHints = {}): RecognizedDocument {
  const sniffed: Sniffed = sniffFormat(beginning, hints);
  if (sniffed.kind !== 'document') return sniffed;
  const { format, charset } = sniffed;
  return { kind: 'document', format: charset === undefined ? format : `${format}; charset=${charset}` };
}
