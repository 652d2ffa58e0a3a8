/**
 * What a document is, by its bytes. Names and declared types are hints for text alone: everything else speaks for itself.
 *
 * Pure: the same bytes give the same answer. With the first `SNIFF_BYTES` the answer is nearly always final; the
 * conversion looks again at the whole file and has the last word.
 */
import { type OfficeFormat, sniffCompound, sniffZip } from './packages.ts';

/** How much of a document is enough to tell what it is. */
export const SNIFF_BYTES = 64 * 1024;

export type DocumentFormat =
  | 'application/pdf'
  | 'image/jpeg'
  | 'image/png'
  | 'image/tiff'
  | 'image/heic'
  | 'image/avif'
  | 'image/webp'
  | 'image/gif'
  | 'image/svg+xml'
  | 'text/plain'
  | 'text/html'
  | 'application/rtf'
  | OfficeFormat;

/** Codes of errors, so that each has its words and its advice in both languages. */
export type RefusalReason =
  | 'document-empty'
  | 'document-executable'
  | 'document-archive'
  | 'document-encrypted'
  | 'document-unsupported';

export type Sniffed =
  | { readonly kind: 'document'; readonly format: DocumentFormat; readonly charset?: string }
  /** Holds documents: to be unpacked first. */
  | { readonly kind: 'package'; readonly format: 'application/ms-tnef' }
  | { readonly kind: 'refused'; readonly reason: RefusalReason };

/** What came with the document. Never trusted; it decides only between kinds of text. */
export type Hints = { readonly name?: string | undefined; readonly declaredType?: string | undefined };

const document = (format: DocumentFormat): Sniffed => ({ kind: 'document', format });
const refused = (reason: RefusalReason): Sniffed => ({ kind: 'refused', reason });

// Some programs write lines of their own before the PDF; readers look for it in the first kilobyte.
const PDF_WITHIN = 1024;

/** Tells what a document is from its first bytes. */
export function sniffFormat(beginning: Buffer, hints: Hints = {}): Sniffed {
  if (beginning.length === 0) return refused('document-empty');
  if (startsWith(beginning, '%PDF-')) return document('application/pdf');
  // A package may hold a PDF in its first kilobyte as well.
  const found = sniffImage(beginning) ?? sniffPackage(beginning);
  if (found !== undefined) return found;
  if (beginning.subarray(0, PDF_WITHIN).includes('%PDF-')) return document('application/pdf');
  return sniffRefused(beginning) ?? sniffText(beginning, hints);
}

const startsWith = (bytes: Buffer, signature: string, at = 0): boolean =>
  bytes.subarray(at, at + signature.length).equals(Buffer.from(signature, 'latin1'));

function sniffImage(bytes: Buffer): Sniffed | undefined {
  if (startsWith(bytes, '\xff\xd8\xff')) return document('image/jpeg');
  if (startsWith(bytes, '\x89PNG\r\n\x1a\n')) return document('image/png');
  if (['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].some((signature) => startsWith(bytes, signature)))
    return document('image/tiff');
  if (startsWith(bytes, 'GIF87a') || startsWith(bytes, 'GIF89a')) return document('image/gif');
  if (startsWith(bytes, 'RIFF') && startsWith(bytes, 'WEBP', 8)) return document('image/webp');
  return startsWith(bytes, 'ftyp', 4) ? sniffIsoMedia(bytes) : undefined;
}

const HEIF_BRANDS = ['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'msf1'];

/** ISO base media file format: the brands of the `ftyp` box tell a photo from a film. */
function sniffIsoMedia(bytes: Buffer): Sniffed {
  const size = Math.min(bytes.readUInt32BE(0), 256, bytes.length);
  const brands: string[] = [];
  for (let at = 8; at + 4 <= size; at += 4) if (at !== 12) brands.push(bytes.toString('latin1', at, at + 4));
  if (brands.includes('avif') || brands.includes('avis')) return document('image/avif');
  return brands.some((brand) => HEIF_BRANDS.includes(brand)) ? document('image/heic') : refused('document-unsupported');
}

const TNEF_SIGNATURE = 0x223e9f78;

function sniffPackage(bytes: Buffer): Sniffed | undefined {
  if (startsWith(bytes, '{\\rtf')) return document('application/rtf');
  if (bytes.length >= 4 && bytes.readUInt32LE(0) === TNEF_SIGNATURE)
    return { kind: 'package', format: 'application/ms-tnef' };
  if (startsWith(bytes, 'PK\x03\x04') || startsWith(bytes, 'PK\x05\x06') || startsWith(bytes, 'PK\x07\x08'))
    return tell(sniffZip(bytes));
  if (startsWith(bytes, '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1')) return tell(sniffCompound(bytes));
  return undefined;
}

function tell(found: OfficeFormat | 'encrypted' | 'archive' | 'executable' | 'unsupported'): Sniffed {
  return found === 'encrypted' || found === 'archive' || found === 'executable' || found === 'unsupported'
    ? refused(`document-${found}`)
    : document(found);
}

const ARCHIVES = [
  'Rar!\x1a\x07',
  '7z\xbc\xaf\x27\x1c',
  '\x1f\x8b',
  'BZh',
  '\xfd7zXZ\0',
  '\x28\xb5\x2f\xfd',
  'MSCF',
  '!<arch>',
];
const EXECUTABLES = [
  'MZ',
  '\x7fELF',
  '\xca\xfe\xba\xbe',
  '\xcf\xfa\xed\xfe',
  '\xce\xfa\xed\xfe',
  '\xfe\xed\xfa',
  'L\0\0\0\x01\x14\x02\0',
];

function sniffRefused(bytes: Buffer): Sniffed | undefined {
  if (EXECUTABLES.some((signature) => startsWith(bytes, signature)) && !isReadable(bytes))
    return refused('document-executable');
  if (ARCHIVES.some((signature) => startsWith(bytes, signature)) && !isReadable(bytes))
    return refused('document-archive');
  if (startsWith(bytes, 'ustar', 257)) return refused('document-archive');
  // PostScript and printer languages are programs for the printer: never run, never passed on.
  if (['%!PS', '\x04%!PS', '\x1b%-12345X', '\x1bE'].some((signature) => startsWith(bytes, signature)))
    return refused('document-unsupported');
  return undefined;
}

const NOT_IN_TEXT = /[\0-\x08\x0e-\x1a\x1c-\x1f]/;

/** Is this text in some superset of ASCII? */
function isReadable(bytes: Buffer): boolean {
  return !NOT_IN_TEXT.test(bytes.toString('latin1'));
}

function sniffText(bytes: Buffer, hints: Hints): Sniffed {
  const charset = sniffCharset(bytes, hints);
  if (charset === undefined) return refused('document-unsupported');
  const text = new TextDecoder(charset).decode(bytes);
  if (text.trim() === '' && bytes.length < SNIFF_BYTES) return refused('document-empty');
  const start = withoutPreamble(text).slice(0, 1024).toLowerCase();
  if (start.startsWith('<svg')) return { ...document('image/svg+xml') };
  const isHtml =
    /^<(!doctype\s+html|html|head|body|title|meta|table|div|p|br|span|font|style|center|h[1-6])[\s>/]/.test(start) ||
    (hints.declaredType?.toLowerCase() === 'text/html' && /<[a-z][^<>]*>/i.test(text));
  return isHtml
    ? { kind: 'document', format: 'text/html', charset }
    : { kind: 'document', format: 'text/plain', charset };
}

/** Leaves out what may stand before the first element: prolog, document type, comments, white space. */
function withoutPreamble(text: string): string {
  let rest = text.replace(/^\ufeff/, '').trimStart();
  for (;;) {
    const skipped = /^(<\?[^>]*\?>|<!--[\s\S]*?-->|<!doctype\s+(?!html)[^>[]*(\[[^\]]*\])?[^>]*>)\s*/i.exec(rest)?.[0];
    if (skipped === undefined) return rest;
    rest = rest.slice(skipped.length);
  }
}

const BYTE_ORDER_MARKS = [
  ['\xef\xbb\xbf', 'utf-8'],
  ['\xff\xfe', 'utf-16le'],
  ['\xfe\xff', 'utf-16be'],
] as const;

/** The character set of a text; `undefined` when the bytes are no text. A declared one counts where nothing is certain. */
function sniffCharset(bytes: Buffer, hints: Hints): string | undefined {
  const marked = BYTE_ORDER_MARKS.find(([mark]) => startsWith(bytes, mark));
  if (marked !== undefined) return marked[1];
  if (!isReadable(bytes)) return undefined;
  if (isUtf8(bytes)) return hasEscapes(bytes) ? (findDeclared(hints) ?? 'utf-8') : 'utf-8';
  return findDeclared(hints) ?? 'windows-1252';
}

const hasEscapes = (bytes: Buffer): boolean => bytes.includes(0x1b);

function findDeclared({ declaredType }: Hints): string | undefined {
  const label = /charset\s*=\s*"?([\w.:-]{1,40})/i.exec(declaredType ?? '')?.[1];
  if (label === undefined) return undefined;
  try {
    return new TextDecoder(label).encoding;
  } catch {
    // A name that nobody knows says nothing.
    return undefined;
  }
}

/** A beginning that was cut may end inside a character. */
function isUtf8(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: bytes.length >= SNIFF_BYTES });
    return true;
  } catch {
    return false;
  }
}
