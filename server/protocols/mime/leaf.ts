import type { MessageNode } from './boundary-splitter.ts';
import { type Doubt, doubtsOf } from './doubts.ts';
import { displayFileName } from './file-name.ts';
import { type TransferEncoding, transferEncodingOf } from './transfer-encoding.ts';

/** What the header of a part without parts says about it. All of it is a claim of the sender. */
export interface Leaf {
  /** Where it stands, counted from 1: `2.1` is the first part of the second one. `1` for a message without parts. */
  readonly path: string;
  /** In how many embedded messages it lies. */
  readonly embeddedDepth: number;
  /** In lower case, `text/plain` when none is given (RFC 2045 section 5.2). */
  readonly declaredType: string;
  readonly disposition: 'inline' | 'attachment' | 'none';
  /** For display only. */
  readonly fileName?: string;
  readonly charset?: string;
  readonly encoding: TransferEncoding;
  /** What other parts name it by, without angle brackets (RFC 2392). */
  readonly contentId?: string;
  /** Path of the embedded message that it lies in, with the dot after it; empty for the message itself. */
  readonly messagePath: string;
  /** Subject of that message; for display only. */
  readonly within?: string;
  /** Message-ID of that message, with its angle brackets. */
  readonly withinId?: string;
  /** Where programs may read it, or what it lies in, differently; empty for nearly all. */
  readonly doubts: readonly Doubt[];
}

/** The embedded message that a part lies in, if any. */
export interface Surroundings {
  /** Its path with the dot after it; empty for the message itself. */
  readonly prefix: string;
  readonly embeddedDepth: number;
  readonly subject?: string;
  readonly messageId?: string;
  readonly doubts: readonly Doubt[];
}

const MAX_TYPE_CHARACTERS = 100;

/** Describes a part. */
export function describeLeaf(node: MessageNode, within: Surroundings): Leaf {
  const fileName = node.filename ? displayFileName(node.filename) : undefined;
  return {
    path: within.prefix + pathOf(node),
    embeddedDepth: within.embeddedDepth,
    messagePath: within.prefix,
    doubts: [...new Set([...within.doubts, ...doubtsOf(node)])],
    declaredType: declaredType(node),
    // RFC 2183 section 2.8: an unknown disposition is an attachment.
    disposition: !node.disposition ? 'none' : node.disposition === 'inline' ? 'inline' : 'attachment',
    encoding: transferEncodingOf(node.encoding),
    ...(fileName === undefined ? {} : { fileName }),
    ...(within.subject === undefined ? {} : { within: within.subject }),
    ...(within.messageId === undefined ? {} : { withinId: within.messageId }),
    ...contentIdOf(node),
    ...(node.charset ? { charset: node.charset.slice(0, MAX_TYPE_CHARACTERS).toLowerCase() } : {}),
  };
}

function contentIdOf(node: MessageNode): { contentId?: string } {
  const written = node.headers ? (node.headers.getFirst('content-id') ?? '') : '';
  const contentId = /<([^<>\s]{1,250})>/.exec(written)?.[1];
  return contentId === undefined ? {} : { contentId };
}

function declaredType(node: MessageNode): string {
  // RFC 2046 section 5.1.5: in a digest, a part that does not say what it is is a message.
  const isInDigest = node.parentNode && node.parentNode.multipart === 'digest';
  if (isInDigest && node.headers && !node.headers.hasHeader('Content-Type')) return 'message/rfc822';
  return (node.contentType || 'text/plain').slice(0, MAX_TYPE_CHARACTERS);
}

function pathOf(node: MessageNode): string {
  const numbers = (node.partNr || []).filter((number) => typeof number === 'number');
  return numbers.length === 0 ? '1' : numbers.join('.');
}
