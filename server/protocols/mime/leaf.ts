import type { MessageNode } from './boundary-splitter.ts';
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
}

const MAX_TYPE_CHARACTERS = 100;

/** Describes a part. `prefix` is the path of the embedded message that it lies in, or empty. */
export function describeLeaf(node: MessageNode, prefix: string, embeddedDepth: number): Leaf {
  const fileName = node.filename ? displayFileName(node.filename) : undefined;
  return {
    path: prefix + pathOf(node),
    embeddedDepth,
    declaredType: declaredType(node),
    // RFC 2183 section 2.8: an unknown disposition is an attachment.
    disposition: !node.disposition ? 'none' : node.disposition === 'inline' ? 'inline' : 'attachment',
    encoding: transferEncodingOf(node.encoding),
    ...(fileName === undefined ? {} : { fileName }),
    ...(node.charset ? { charset: node.charset.slice(0, MAX_TYPE_CHARACTERS).toLowerCase() } : {}),
  };
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
