/**
 * The line ends of a message. RFC 5321 section 2.3.8: CR and LF appear only together. What does otherwise is read as
 * the end of a message by some servers and not by others, which is how messages are smuggled; so it is refused, or
 * repaired for a device that cannot do better. A NUL is always refused (RFC 5322 section 4 forbids it).
 */
import { Refusal } from './refusal.ts';

const NUL = 0x00;
const LF = 0x0a;
const CR = 0x0d;
const NO_WORDS = new Int32Array(0);

/** Looks at a message that comes in pieces cut anywhere. */
export class LineGuard {
  readonly #maxLineBytes: number;
  /** Where the line began, counted from the beginning of the piece that is looked at; negative when it began before it. */
  #lineStart = 0;
  #endsInCr = false;

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** Throws a `Refusal` at the first byte that must not be there. */
  check(chunk: Buffer): void {
    const { length } = chunk;
    if (length === 0) return;
    if (this.#endsInCr && chunk[0] !== LF) throw new Refusal('bare-line-end');
    // Four bytes at a time, which is three times as fast; only words with a byte up to CR are looked at closely.
    const lead = Math.min(length, (4 - (chunk.byteOffset & 3)) & 3);
    const count = (length - lead) >> 2;
    const words = count === 0 ? NO_WORDS : new Int32Array(chunk.buffer, chunk.byteOffset + lead, count);
    this.#checkBytes(chunk, 0, lead);
    for (let index = 0; index < words.length; index++) {
      if (!hasByteUpToCr(words[index] as number)) continue;
      this.#checkBytes(chunk, lead + 4 * index, lead + 4 * index + 4);
    }
    this.#checkBytes(chunk, lead + 4 * words.length, length);
    this.#lineStart -= length;
    this.#measure(-this.#lineStart);
    this.#endsInCr = chunk[length - 1] === CR;
  }

  finish(): void {
    if (this.#endsInCr) throw new Refusal('bare-line-end');
  }

  #checkBytes(chunk: Buffer, from: number, to: number): void {
    for (let at = from; at < to; at++) {
      const byte = chunk[at] as number;
      if (byte > CR) continue;
      if (byte === LF) {
        const isPaired = at > 0 ? chunk[at - 1] === CR : this.#endsInCr;
        if (!isPaired) throw new Refusal('bare-line-end');
        this.#measure(at + 1 - this.#lineStart);
        this.#lineStart = at + 1;
      } else if (byte === NUL || (byte === CR && at + 1 < chunk.length && chunk[at + 1] !== LF)) {
        throw new Refusal('bare-line-end');
      }
    }
  }

  #measure(bytes: number): void {
    if (bytes > this.#maxLineBytes) throw new Refusal('line-too-long');
  }
}

/** Subtracting 14 from each byte borrows into its highest bit where the byte was below 14 and had not that bit itself. */
function hasByteUpToCr(word: number): boolean {
  return (((word - 0x0e0e0e0e) | 0) & ~word & 0x80808080) !== 0;
}

/** Makes every CR, LF and CR LF one CR LF, in a message that comes in pieces cut anywhere. */
export class LineRepair {
  #endsInCr = false;
  #hasRepaired = false;

  /** Whether anything was not as it should be so far. */
  get hasRepaired(): boolean {
    return this.#hasRepaired;
  }

  feed(chunk: Buffer): Buffer {
    let text = chunk.toString('latin1');
    if (this.#endsInCr) text = `\r${text}`;
    this.#endsInCr = text.endsWith('\r');
    if (this.#endsInCr) text = text.slice(0, -1);
    const repaired = text.replace(/\r\n|\r|\n/g, '\r\n');
    if (repaired !== text) this.#hasRepaired = true;
    return Buffer.from(repaired, 'latin1');
  }

  finish(): Buffer {
    if (this.#endsInCr) this.#hasRepaired = true;
    return Buffer.from(this.#endsInCr ? '\r\n' : '', 'latin1');
  }
}
