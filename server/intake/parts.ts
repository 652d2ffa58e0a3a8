/** Which attachments count: every PDF, known by its bytes. What a part says about itself is for display only. */

import { createHash, type Hash } from 'node:crypto';
import type { MessageHead } from '../protocols/mime/header-text.ts';
import type { Leaf } from '../protocols/mime/leaf.ts';
import type { SpoolFile } from '../spool/spool.ts';
import { intakeLimits } from './limits.ts';

export const PDF = 'application/pdf';

export type IncomingDocument = { readonly file: SpoolFile; readonly title: string };

/** Says by its first bytes whether a part is a PDF. */
export function isPdf(beginning: Buffer): boolean {
  return beginning.subarray(0, intakeLimits.sniffBytes).includes('%PDF-');
}

/** Says whether a part is text to be read, and so belongs to what the message says. */
export function isBodyText(leaf: Leaf): boolean {
  return leaf.declaredType.startsWith('text/') && leaf.fileName === undefined;
}

export function titleOf(leaf: Leaf, head: MessageHead): string {
  return leaf.fileName ?? (head.subject === '' ? 'document.pdf' : head.subject);
}

/** Collects what a message is recognised by when it comes a second time. */
export class ContentDigest {
  readonly #text: Hash = createHash('sha256');
  #left = intakeLimits.maxHashedTextBytes as number;

  addText(bytes: Buffer): void {
    const counted = bytes.subarray(0, this.#left);
    this.#left -= counted.length;
    this.#text.update(counted);
  }

  /**
   * The digest over id, date, body and decoded documents; never over the raw message, which Exchange builds anew each
   * time. Without an id or a date two messages can be alike and still be two: then there is none.
   */
  finish(head: MessageHead, documents: readonly IncomingDocument[]): Buffer | undefined {
    if (head.messageId === undefined || head.date === undefined) return undefined;
    const whole = createHash('sha256').update(JSON.stringify([head.messageId, head.date.toISOString()]));
    whole.update(this.#text.digest());
    for (const { file } of documents) whole.update(file.sha256);
    return whole.digest();
  }
}
