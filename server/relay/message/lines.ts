/**
 * The line ends of a message. RFC 5321 section 2.3.8: CR and LF appear only together. What does otherwise is read as
 * the end of a message by some servers and not by others, which is how messages are smuggled; so it is refused, or
 * repaired for a device that cannot do better. A NUL is always refused (RFC 5322 section 4 forbids it).
 */
import { Refusal } from './refusal.ts';

const NUL = 0x00;
const LF = 0x0a;
const CR = 0x0d;

/** Looks at a message that comes in pieces cut anywhere. */
export class LineGuard {
  readonly #maxLineBytes: number;
  #lineBytes = 0;
  #endsInCr = false;

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** Throws a `Refusal` at the first byte that must not be there. */
  check(chunk: Buffer): void {
    const { length } = chunk;
    if (length === 0) return;
    if (this.#endsInCr && chunk[0] !== LF) throw new Refusal('bare-line-end');
    let lineStart = -this.#lineBytes;
    for (let at = 0; at < length; at++) {
      const byte = chunk[at] as number;
      if (byte > CR) continue;
      if (byte === LF) {
        const isPaired = at > 0 ? chunk[at - 1] === CR : this.#endsInCr;
        if (!isPaired) throw new Refusal('bare-line-end');
        this.#measure(at + 1 - lineStart);
        lineStart = at + 1;
      } else if (byte === NUL || (byte === CR && at + 1 < length && chunk[at + 1] !== LF)) {
        throw new Refusal('bare-line-end');
      }
    }
    this.#lineBytes = length - lineStart;
    this.#measure(this.#lineBytes);
    this.#endsInCr = chunk[length - 1] === CR;
  }

  finish(): void {
    if (this.#endsInCr) throw new Refusal('bare-line-end');
  }

  #measure(bytes: number): void {
    if (bytes > this.#maxLineBytes) throw new Refusal('line-too-long');
  }
}

/** Makes every CR, LF and CR LF one CR LF, in a message that comes in pieces cut anywhere. */
export class LineRepair {
  #endsInCr = false;

  feed(chunk: Buffer): Buffer {
    let text = chunk.toString('latin1');
    if (this.#endsInCr) text = `\r${text}`;
    this.#endsInCr = text.endsWith('\r');
    if (this.#endsInCr) text = text.slice(0, -1);
    return Buffer.from(text.replace(/\r\n|\r|\n/g, '\r\n'), 'latin1');
  }

  finish(): Buffer {
    return Buffer.from(this.#endsInCr ? '\r\n' : '', 'latin1');
  }
}
