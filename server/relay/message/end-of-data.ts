/** Where a message ends (RFC 5321 section 4.1.1.4), and the dots that were added so that it does not end sooner (4.5.2). */
import { SMTPStream } from 'smtp-server/lib/smtp-stream.js';
import { Incoming } from './incoming.ts';

const LINE_FEED_AND_DOT = Buffer.from('\n.');
const DOT = 0x2e;
const CR = 0x0d;
const LF = 0x0a;

/**
 * Finds the end of a message with `indexOf` instead of byte by byte, which is a third of the work for large messages, and
 * collects small ones without a stream for each. It gives the same bytes as the library for every way in which a message
 * may be cut; a test compares the two.
 */
export class RelayStream extends SMTPStream {
  #incoming: Incoming | undefined;

  /** Reads a message from here to its final dot; commands are read again after `continue`. */
  receive(memoryBytes: number): Incoming {
    this._dataMode = true;
    this._atDataStart = true;
    this.dataBytes = 0;
    this.#incoming = new Incoming(memoryBytes);
    return this.#incoming;
  }

  /** Goes on with the commands that came behind a message; to be called once it is over. */
  override continue(): void {
    const go = this._continueCallback;
    // Before it runs: the bytes behind may hold a whole further message, with a callback of its own.
    this._continueCallback = false;
    if (typeof go === 'function') go();
  }

  override _endDataMode(last: Buffer | false, remainder: Buffer, done: (error?: Error | null) => void): void {
    const incoming = this.#incoming;
    this._dataMode = false;
    this._remainder = '';
    this.#incoming = undefined;
    this._continueCallback = () => this._write(remainder, 'buffer', done);
    if (last === false || last.length === 0) incoming?.end();
    else incoming?.write(last, () => incoming.end());
  }

  override _feedDataStream(chunk: Buffer, done: (error?: Error | null) => void): void {
    const last = this._lastBytes;
    let bytes = last === false || last.length === 0 ? chunk : Buffer.concat([last, chunk]);
    this._lastBytes = false;
    if (this._atDataStart && bytes.length >= 3 && bytes[0] === DOT && bytes[1] === CR && bytes[2] === LF) {
      this._endDataMode(false, bytes.subarray(3), done);
      return;
    }
    if (this._atDataStart && bytes.length >= 2 && bytes[0] === DOT && bytes[1] === DOT) {
      bytes = bytes.subarray(1);
      this._atDataStart = false;
    }
    this.#scan(bytes, done);
  }

  #scan(bytes: Buffer, done: (error?: Error | null) => void): void {
    const parts: Buffer[] = [];
    let from = 0;
    // A message that begins with a bare line feed begins before the first line, for the library and so for us.
    const first = this.dataBytes === 0 ? 1 : 0;
    // A dot that ends or escapes has at least two bytes behind it, else the next chunk decides.
    for (let found = bytes.indexOf(LINE_FEED_AND_DOT, first); found !== -1 && found + 3 < bytes.length; ) {
      const dot = found + 1;
      if (bytes[dot - 2] === CR && bytes[dot + 1] === CR && bytes[dot + 2] === LF) {
        const end = bytes.subarray(from, dot);
        const rest = parts.length === 0 ? end : Buffer.concat([...parts, end]);
        this._countDataBytes(rest.length);
        this._endDataMode(rest, bytes.subarray(dot + 3), done);
        return;
      }
      const isEscape = bytes[dot + 1] === DOT;
      if (isEscape) parts.push(bytes.subarray(from, dot));
      if (isEscape) from = dot + 1;
      found = bytes.indexOf(LINE_FEED_AND_DOT, isEscape ? dot + 2 : dot);
    }
    const held = Math.max(from, bytes.length - this.#undecided(bytes));
    this._lastBytes = bytes.subarray(held);
    if (held > from) parts.push(bytes.subarray(from, held));
    this.#pass(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts), done);
  }

  /** How many of the last bytes may belong to the end of the message or to an escape; none in nearly all chunks. */
  #undecided(bytes: Buffer): number {
    const { length } = bytes;
    if (this._atDataStart && length < 3) return length;
    const [third, second, last] = [bytes[length - 3], bytes[length - 2], bytes[length - 1]];
    if (third === LF && second === DOT) return 4;
    if (second === LF && last === DOT) return 3;
    if (last === LF) return 2;
    return last === CR ? 1 : 0;
  }

  #pass(bytes: Buffer, done: () => void): void {
    if (bytes.length === 0 || this.#incoming === undefined) {
      done();
      return;
    }
    this._countDataBytes(bytes.length);
    this.#incoming.write(bytes, done);
  }
}
