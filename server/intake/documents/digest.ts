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
   * The digest over what names the message, its body and decoded parts; never over the raw message, which Exchange builds
   * anew each time. Where nothing names it two messages can be alike and still be two: then there is none.
   */
  finish(head: MessageHead): Buffer | undefined {
    const name = nameOf(head);
    if (name === undefined) return undefined;
    const whole = createHash('sha256').update(JSON.stringify(name));
    whole.update(this.#text.digest());
    for (const part of this.#parts) whole.update(part);
    return whole.digest();
  }
}

/**
 * Its id and date, or, where one of them is missing, what else the header tells of it: the servers on its way write when
 * they took it, and so tell two alike messages apart (RFC 5321 section 4.4).
 */
function nameOf({ messageId, date, subject, fields }: MessageHead): readonly unknown[] | undefined {
  if (messageId !== undefined && date !== undefined) return [messageId, date.toISOString()];
  const way = fields.get('received') ?? [];
  if (date === undefined && way.length === 0) return undefined;
  return [messageId ?? null, date?.toISOString() ?? null, fields.get('from') ?? [], subject, way];
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
