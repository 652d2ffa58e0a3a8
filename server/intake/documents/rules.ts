/** Which parts of a message are documents. Pure: a part is known by its bytes; what it says about itself never adds one. */
import type { RecognizedDocument } from '../../jobs/jobs.ts';
import type { Leaf } from '../../protocols/mime/leaf.ts';
import { intakeLimits } from '../limits.ts';

export const DOCUMENT_KINDS = ['pdf', 'image', 'office', 'text', 'html'] as const;
export type DocumentKind = (typeof DOCUMENT_KINDS)[number];

export type DocumentPolicy = {
  readonly kinds: readonly DocumentKind[];
  /** When what is written in the message itself is printed. */
  readonly body: 'without-attachment' | 'always' | 'never';
  readonly maxDocuments: number;
  /** Of one document. */
  readonly maxBytes: number;
  /** Of one document, as it turns out when it is prepared. */
  readonly maxPages: number;
};

/**
 * Why a part is not printed. The refusals are what its sender hears of; what is left out is no document: a picture that
 * belongs to a signature, or a part that programs write for programs. The codes of errors have their words there.
 */
export type DocumentReason =
  | Extract<RecognizedDocument, { kind: 'refused' }>['reason']
  | 'document-corrupt'
  | 'document-too-large'
  | 'conversion-unavailable'
  | 'conversion-switched-off'
  | 'conversion-timeout'
  | 'conversion-too-large'
  | 'conversion-failed'
  | 'document-too-complex'
  | 'too-many-pages'
  | 'too-many-documents'
  | 'kind-not-taken'
  | 'decoration'
  | 'for-programs';

export function kindOf(format: string): DocumentKind {
  if (format === 'application/pdf') return 'pdf';
  if (format.startsWith('image/')) return 'image';
  if (format.startsWith('text/html')) return 'html';
  return format.startsWith('text/') ? 'text' : 'office';
}

/** Says whether a part is what somebody has written in the message, and no file. */
export function isBody({ declaredType, disposition, fileName }: Leaf): boolean {
  const isText = declaredType === 'text/plain' || declaredType === 'text/html';
  return isText && fileName === undefined && disposition !== 'attachment';
}

/** Signatures, invitations, reports of delivery: nobody attaches them to have them on paper. */
const FOR_PROGRAMS: ReadonlySet<string> = new Set([
  'application/pkcs7-signature',
  'application/x-pkcs7-signature',
  'application/pgp-signature',
  'application/pgp-keys',
  'text/calendar',
  'text/x-amp-html',
  'text/rfc822-headers',
  'message/delivery-status',
  'message/disposition-notification',
  'message/partial',
  'message/external-body',
]);
const ENCRYPTED: ReadonlySet<string> = new Set([
  'application/pkcs7-mime',
  'application/x-pkcs7-mime',
  'application/pgp-encrypted',
]);

/** What a part is not printed for, whatever is in it: what it says about itself can only take it out. */
export function declaredReason({ declaredType }: Leaf): DocumentReason | undefined {
  if (FOR_PROGRAMS.has(declaredType)) return 'for-programs';
  // One that lies so deep that it was not opened.
  if (declaredType === 'message/rfc822') return 'document-unsupported';
  return ENCRYPTED.has(declaredType) ? 'document-encrypted' : undefined;
}

/** Whether a picture may turn out to be decoration once all of the message is known. */
export function mayBeDecoration({ disposition }: Leaf, format: string, bytes: number): boolean {
  const isPicture = format.startsWith('image/') && format !== 'image/tiff';
  return isPicture && disposition !== 'attachment' && bytes <= intakeLimits.decorationBytes;
}

/**
 * A picture is decoration when it is small, is not marked as an attachment, and the text of the message shows it
 * (RFC 2392), or when it is so small and nameless that it can only be a mark. A photo that a phone sends inline is
 * larger, and no text names it.
 */
export function isDecoration(leaf: Leaf, bytes: number, shown: ReadonlySet<string>): boolean {
  if (leaf.contentId !== undefined && shown.has(leaf.contentId.toLowerCase())) return true;
  return bytes <= intakeLimits.markBytes && leaf.fileName === undefined;
}

/** The pictures that a page shows, by their Content-ID in lower case. */
export function shownPictures(html: string): Set<string> {
  return new Set(
    [...html.matchAll(/\bcid:([^"'\s<>)]{1,250})/gi)].map((match) => decoded(match[1] ?? '').toLowerCase()),
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not percent-encoded: it is the name itself.
    return text;
  }
}

const WITHOUT_TEXT: ReadonlySet<string> = new Set(['head', 'style', 'script', 'title']);

/** Whether anything is left of a page when its tags are taken away, or a picture is on it. Goes through it once. */
export function showsSomething(html: string): boolean {
  const lower = html.toLowerCase();
  for (let at = 0; at < html.length; ) {
    const tag = html.indexOf('<', at);
    if (isText(html.slice(at, tag === -1 ? html.length : tag))) return true;
    if (tag === -1) return false;
    const isComment = html.startsWith('<!--', tag);
    const end = html.indexOf(isComment ? '-->' : '>', tag);
    if (end === -1) return false;
    at = end + (isComment ? 3 : 1);
    const name = isComment ? '' : (/^[a-z]{1,10}/.exec(lower.slice(tag + 1, tag + 12))?.[0] ?? '');
    if (name === 'img') return true;
    if (!WITHOUT_TEXT.has(name)) continue;
    const close = lower.indexOf(`</${name}`, at);
    if (close === -1) return false;
    at = close;
  }
  return false;
}

function isText(between: string): boolean {
  return between.replace(/&(nbsp|#160|#xa0|zwnj|zwj|#8203);/gi, ' ').trim() !== '';
}
