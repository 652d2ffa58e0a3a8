/**
 * The bytes of one POP3 connection: lines, and messages up to the line that is a single dot (RFC 1939 section 3).
 *
 * At most `maxUnreadBytes` wait in memory; then the socket is not read. Each wait has the deadline of the command.
 */
import type { Socket } from 'node:net';
import { pop3Limits } from '../limits.ts';
import { Pop3Failure } from './failure.ts';

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
/** The end of a line and the dot that is either stuffed or the last one. */
const LINE_THEN_DOT = Buffer.from('\r\n.');
const END = Buffer.from('\r\n.\r\n');

export class Wire {
  #socket: Socket;
  #chunks: Buffer[] = [];
  #buffered = 0;
  #failure: Pop3Failure | undefined;
  #wake: () => void = () => undefined;
  readonly #onData = (chunk: Buffer): void => {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    if (this.#buffered > pop3Limits.maxUnreadBytes) this.#socket.pause();
    this.#wake();
  };
  readonly #onEnd = (): void => void this.#lose(new Pop3Failure('closed'));
  readonly #onError = (error: Error): void => void this.#lose(new Pop3Failure('closed', { cause: error }));

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen(socket);
  }

  get isOpen(): boolean {
    return this.#failure === undefined;
  }

  send(line: string): void {
    if (/[\r\n\0]/.test(line)) throw new TypeError('a command holds a line end');
    if (this.#failure !== undefined) throw this.#failure;
    this.#socket.write(`${line}\r\n`, 'utf8');
  }

  /** Reads one line without its end. Throws `too-large` past the limit, `closed` at the end and at the deadline. */
  async readLine(deadline: AbortSignal): Promise<string> {
    for (let searched = 0; ; ) {
      const at = this.#all().indexOf(LINE_FEED, searched);
      if (at > pop3Limits.maxLineBytes || (at < 0 && this.#buffered > pop3Limits.maxLineBytes)) {
        throw this.#lose(new Pop3Failure('too-large', { words: 'a line without end' }));
      }
      if (at >= 0) {
        const line = this.#take(at + 1);
        const end = line[at - 1] === CARRIAGE_RETURN ? at - 1 : at;
        return line.subarray(0, end).toString('utf8');
      }
      searched = this.#buffered;
      await this.#more(deadline);
    }
  }

  /**
   * Yields a message, or a list, as it arrives and without stuffed dots, and ends after its last line. A connection that
   * ends before that throws `closed`: it never looks like a shorter message. `deadline` is asked for each piece.
   */
  async *readContent(deadline: () => AbortSignal): AsyncGenerator<Buffer, void, undefined> {
    // The end of the answer's own line counts: a dot on the first line ends an empty message.
    let open: Buffer = Buffer.from('\r\n');
    let unsent = open.length;
    for (;;) {
      if (this.#buffered === 0) await this.#more(deadline());
      const seam = Buffer.concat([open, this.#take(this.#buffered)]);
      const { pieces, end, rest } = cut(seam);
      for (const piece of pieces) {
        const skipped = Math.min(unsent, piece.length);
        unsent -= skipped;
        if (piece.length > skipped) yield piece.subarray(skipped);
      }
      if (end) {
        this.#putBack(rest);
        return;
      }
      open = rest;
    }
  }

  /** Everything that has come and was not read, thrown away: before TLS begins it is nobody's (RFC 2595 section 4). */
  discard(): void {
    this.#chunks = [];
    this.#buffered = 0;
  }

  /** Hands the connection on to what is built over it. */
  release(): Socket {
    this.#socket
      .off('data', this.#onData)
      .off('end', this.#onEnd)
      .off('close', this.#onEnd)
      .off('error', this.#onError);
    this.#socket.on('error', () => undefined);
    return this.#socket;
  }

  take(socket: Socket): void {
    this.#socket = socket;
    this.#listen(socket);
  }

  end(): void {
    this.#lose(new Pop3Failure('closed'));
  }

  #listen(socket: Socket): void {
    socket.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onEnd).on('error', this.#onError);
  }

  #lose(failure: Pop3Failure): Pop3Failure {
    this.#failure ??= failure;
    this.#socket.destroy();
    this.#wake();
    return failure;
  }

  async #more(deadline: AbortSignal): Promise<void> {
    const before = this.#buffered;
    while (this.#buffered === before) {
      if (this.#failure !== undefined) throw this.#failure;
      if (deadline.aborted) throw this.#lose(new Pop3Failure('closed', { words: 'no answer in time' }));
      this.#socket.resume();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        deadline.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }

  #all(): Buffer {
    if (this.#chunks.length !== 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] as Buffer;
  }

  #take(bytes: number): Buffer {
    const all = this.#all();
    this.#chunks = bytes < all.length ? [all.subarray(bytes)] : [];
    this.#buffered = all.length - bytes;
    return all.subarray(0, bytes);
  }

  #putBack(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#chunks.unshift(bytes);
    this.#buffered += bytes.length;
  }
}

type Cut = { readonly pieces: readonly Buffer[]; readonly end: boolean; readonly rest: Buffer };

/** Cuts what is sure out of the beginning: up to the end, or up to where the next bytes decide. */
function cut(seam: Buffer): Cut {
  const pieces: Buffer[] = [];
  let from = 0;
  for (;;) {
    const at = seam.indexOf(LINE_THEN_DOT, from);
    if (at < 0) break;
    const after = seam.subarray(at, at + END.length);
    if (after.length < END.length && END.subarray(0, after.length).equals(after)) {
      pieces.push(seam.subarray(from, at));
      return { pieces, end: false, rest: seam.subarray(at) };
    }
    // The line end belongs to the message; the dot after it was put there for the journey (RFC 1939 section 3).
    pieces.push(seam.subarray(from, at + 2));
    if (after.equals(END)) return { pieces, end: true, rest: seam.subarray(at + END.length) };
    from = at + LINE_THEN_DOT.length;
  }
  const open = openEnd(seam, from);
  pieces.push(seam.subarray(from, open));
  return { pieces, end: false, rest: seam.subarray(open) };
}

/** Where a line end begins that may have its dot in the next piece. */
function openEnd(seam: Buffer, from: number): number {
  const { length } = seam;
  if (length - from >= 2 && seam[length - 2] === CARRIAGE_RETURN && seam[length - 1] === LINE_FEED) return length - 2;
  if (length - from >= 1 && seam[length - 1] === CARRIAGE_RETURN) return length - 1;
  return length;
}
