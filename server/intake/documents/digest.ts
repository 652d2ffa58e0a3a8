/** What a message is recognised by when it comes a second time. */
import { createHash, type Hash } from 'node:crypto';
import type { MessageHead } from '../../protocols/mime/header-text.ts';
import { intakeLimits } from '../limits.ts';

/** Collects what counts: it depends on the message alone, never on what a mailbox takes of it. */
export class ContentDigest {
  readonly #text: Hash = createHash('sha256');
  readonly #parts: Buffer[] = [];
  #left = intakeLimits.maxHashedTextBytes as number;

  addText(bytes: Buffer): void {
    const counted = bytes.subarray(0, this.#left);
    this.#left -= counted.length;
    this.#text.update(counted);
  }

  /** `sha256` of the decoded part. */
  addPart(sha256: Buffer): void {
    this.#parts.push(sha256);
  }

  /**
   * The digest over id, date, body and decoded parts; never over the raw message, which Exchange builds anew each
   * time. Without an id or a date two messages can be alike and still be two: then there is none.
   */
  finish(head: MessageHead): Buffer | undefined {
    if (head.messageId === undefined || head.date === undefined) return undefined;
    const whole = createHash('sha256').update(JSON.stringify([head.messageId, head.date.toISOString()]));
    whole.update(this.#text.digest());
    for (const part of this.#parts) whole.update(part);
    return whole.digest();
  }
}

/** Counts and digests what passes through, of which only the first `maxBytes` and one more go on. */
export class Passing {
  bytes = 0;
  readonly #hash = createHash('sha256');

  async *through(source: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Buffer> {
    let passed = 0;
    for await (const chunk of source) {
      this.bytes += chunk.length;
      this.#hash.update(chunk);
      // One byte too many is enough to know; the rest is read for the digest alone.
      const wanted = chunk.subarray(0, Math.max(0, maxBytes + 1 - passed));
      passed += wanted.length;
      if (wanted.length > 0) yield wanted;
    }
  }

  sha256(): Buffer {
    return this.#hash.digest();
  }
}
