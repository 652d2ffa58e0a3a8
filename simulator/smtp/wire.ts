/**
 * The bytes of one SMTP connection: lines, content up to its final dot, and the change to TLS in the middle.
 * It knows nothing of commands. Each wait for the client ends after the idle limit with `IdleTimeout`.
 */
import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';

const READ_AHEAD_BYTES = 256 * 1024;
const MAX_UNREAD_ANSWER_BYTES = 1024 * 1024;
const HANDSHAKE_LIMIT_MS = 10_000;
const LAST_WORDS_MS = 500;
const LINE_FEED = 10;
const END_OF_DATA = Buffer.from('\r\n.\r\n');
const LINE_END = Buffer.from('\r\n');
const STUFFED = Buffer.from('\r\n.');

/** close: FIN · reset: RST · hang: the connection stays, nothing ever comes again. */
export type LossOfConnection = 'close' | 'reset' | 'hang';

export type Line =
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'too-long' }
  | { readonly kind: 'gone' };

export type Content =
  | { readonly kind: 'content'; readonly bytes: Buffer }
  | { readonly kind: 'too-large'; readonly size: number }
  /** So many bytes have come as were asked for, or the end before them; nothing is kept. */
  | { readonly kind: 'stopped' }
  | { readonly kind: 'gone' };

export class IdleTimeout extends Error {}

export class Wire {
  readonly #tcp: Socket;
  readonly #idleMs: () => number;
  #socket: Socket;
  #chunks: Buffer[] = [];
  #buffered = 0;
  #hasEnded = false;
  #isMuted = false;
  #isOver = false;
  #wake: () => void = () => undefined;
  #lastWords: NodeJS.Timeout | undefined;
  readonly #onData = (chunk: Buffer): void => {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    if (this.#buffered > READ_AHEAD_BYTES) this.#socket.pause();
    this.#wake();
  };
  readonly #onEnd = (): void => {
    this.#hasEnded = true;
    this.#wake();
  };

  constructor(tcp: Socket, idleMs: () => number) {
    this.#tcp = tcp;
    this.#idleMs = idleMs;
    this.#socket = tcp;
    tcp.on('close', () => this.#gone());
    this.#listen(tcp);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** The TLS version in the words of Node, e.g. `TLSv1.3`; undefined before STARTTLS. */
  get tlsVersion(): string | undefined {
    return this.#socket instanceof TLSSocket ? (this.#socket.getProtocol() ?? undefined) : undefined;
  }

  /** Sends one reply; a client that reads nothing of many is cut off. */
  say(reply: string): void {
    if (this.#isOver || this.#isMuted || this.#socket.destroyed) return;
    this.#socket.write(`${reply}\r\n`, 'utf8');
    if (this.#socket.writableLength > MAX_UNREAD_ANSWER_BYTES) this.#gone();
  }

  /** Sends bytes as they are, no faster than the client reads them. */
  async pour(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; at += READ_AHEAD_BYTES) {
      if (this.#isOver || this.#isMuted || this.#socket.destroyed) return;
      const socket = this.#socket;
      if (socket.write(bytes.subarray(at, at + READ_AHEAD_BYTES))) continue;
      await new Promise<void>((resolve) => {
        const go = (): void => {
          socket.off('drain', go).off('close', go);
          resolve();
        };
        socket.on('drain', go).on('close', go);
      });
    }
  }

  /** Reads one command line. A bare LF also ends it, as Exchange lets it; only content is strict. */
  async readLine(maxBytes: number): Promise<Line> {
    let searched = 0;
    for (;;) {
      const at = this.#indexOfLineFeed(searched);
      if (at > maxBytes || (at < 0 && this.#buffered > maxBytes)) return { kind: 'too-long' };
      if (at >= 0) {
        const line = this.#take(at + 1);
        return { kind: 'line', text: line.subarray(0, line[at - 1] === 13 ? at - 1 : at).toString('utf8') };
      }
      searched = this.#buffered;
      if (!(await this.#hasMore(searched + 1))) return { kind: 'gone' };
    }
  }

  /** Reads content up to CRLF.CRLF and nothing else (RFC 5321 section 4.1.1.4), and takes the stuffed dots away. */
  async readContent({ maxBytes, stopAfter }: { maxBytes: number; stopAfter?: number | undefined }): Promise<Content> {
    const kept: Buffer[] = [];
    // The line end of the DATA command counts: a dot on the first line ends an empty message.
    let open = LINE_END;
    let size = -LINE_END.length;
    for (;;) {
      if (!(await this.#hasMore(1))) return { kind: 'gone' };
      const seam = Buffer.concat([open, this.#take(this.#buffered)]);
      const end = seam.indexOf(END_OF_DATA);
      const isEnd = end >= 0;
      const sure = isEnd ? end + LINE_END.length : Math.max(0, seam.length - (END_OF_DATA.length - 1));
      size += sure;
      if (size <= maxBytes) kept.push(seam.subarray(0, sure));
      else kept.length = 0;
      open = seam.subarray(sure);
      if (stopAfter !== undefined && (isEnd || size + open.length >= stopAfter)) return { kind: 'stopped' };
      if (!isEnd) continue;
      this.#putBack(seam.subarray(end + END_OF_DATA.length));
      if (size > maxBytes) return { kind: 'too-large', size };
      return { kind: 'content', bytes: unstuff(Buffer.concat(kept)) };
    }
  }

  /** Reads the chunk of a BDAT command; what is over the limit is read and thrown away. */
  async readChunk(bytes: number, maxBytes: number): Promise<Content> {
    const kept: Buffer[] = [];
    for (let left = bytes; left > 0; ) {
      if (!(await this.#hasMore(1))) return { kind: 'gone' };
      const piece = this.#take(Math.min(left, this.#buffered));
      if (bytes <= maxBytes) kept.push(piece);
      left -= piece.length;
    }
    return bytes > maxBytes ? { kind: 'too-large', size: bytes } : { kind: 'content', bytes: Buffer.concat(kept) };
  }

  /**
   * Changes to TLS and says how many bytes of plain text were thrown away: whatever came before the handshake must not
   * be taken for commands of the secured session (RFC 3207 section 4.2).
   */
  async startTls(secureContext: SecureContext): Promise<{ isSecured: boolean; discardedBytes: number }> {
    const discardedBytes = this.#buffered;
    this.#chunks = [];
    this.#buffered = 0;
    this.#tcp.off('data', this.#onData).off('end', this.#onEnd);
    const secured = new TLSSocket(this.#tcp, { isServer: true, secureContext });
    const isSecured = await new Promise<boolean>((resolve) => {
      const limit = setTimeout(() => this.#tcp.destroy(), Math.min(HANDSHAKE_LIMIT_MS, this.#idleMs()));
      secured.once('secure', () => resolve(true));
      secured.on('error', () => this.#tcp.destroy());
      this.#tcp.once('close', () => resolve(false));
      secured.once('secure', () => clearTimeout(limit));
      this.#tcp.once('close', () => clearTimeout(limit));
    });
    this.#socket = secured;
    this.#listen(secured);
    return { isSecured, discardedBytes };
  }

  /** Closes in order; what was said still goes out. */
  end(): void {
    if (this.#isOver || this.#isMuted) return;
    this.#isOver = true;
    this.#socket.end();
    this.#socket.resume();
    // A client that reads nothing, or never closes its half, must not hold the server.
    this.#lastWords = setTimeout(() => this.#gone(), LAST_WORDS_MS);
  }

  /** The connection is lost without a word, not even TLS's own farewell. */
  lose(how: LossOfConnection): void {
    if (how === 'hang') {
      this.#isMuted = true;
      this.#socket.off('data', this.#onData).resume();
      this.#wake();
      return;
    }
    if (how === 'reset' && !this.#tcp.destroyed) this.#tcp.resetAndDestroy();
    this.#gone();
  }

  #listen(socket: Socket): void {
    socket.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onEnd);
    socket.on('error', () => this.#gone());
  }

  #gone(): void {
    clearTimeout(this.#lastWords);
    this.#isOver = true;
    this.#hasEnded = true;
    this.#socket.destroy();
    this.#tcp.destroy();
    this.#wake();
  }

  async #hasMore(wanted: number): Promise<boolean> {
    let isIdle = false;
    const limit = setTimeout(() => {
      isIdle = true;
      this.#wake();
    }, this.#idleMs());
    try {
      while (this.#buffered < wanted) {
        if (this.#hasEnded || this.#isMuted) return false;
        if (isIdle) throw new IdleTimeout();
        this.#socket.resume();
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
      return true;
    } finally {
      clearTimeout(limit);
    }
  }

  #indexOfLineFeed(from: number): number {
    let before = 0;
    for (const chunk of this.#chunks) {
      if (before + chunk.length > from) {
        const at = chunk.indexOf(LINE_FEED, Math.max(0, from - before));
        if (at >= 0) return before + at;
      }
      before += chunk.length;
    }
    return -1;
  }

  #take(bytes: number): Buffer {
    const all = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    this.#chunks = all.length > bytes ? [all.subarray(bytes)] : [];
    this.#buffered = all.length - bytes;
    if (this.#buffered < READ_AHEAD_BYTES) this.#socket.resume();
    return all.subarray(0, bytes);
  }

  #putBack(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#chunks.unshift(bytes);
    this.#buffered += bytes.length;
  }
}

/** Takes away the first dot of each line that begins with one; the bytes begin with the line end before the content. */
function unstuff(bytes: Buffer): Buffer {
  const pieces: Buffer[] = [];
  let from = 0;
  for (let at = bytes.indexOf(STUFFED); at >= 0; at = bytes.indexOf(STUFFED, from)) {
    pieces.push(bytes.subarray(from, at + LINE_END.length));
    from = at + STUFFED.length;
  }
  pieces.push(bytes.subarray(from));
  return (pieces.length === 1 ? bytes : Buffer.concat(pieces)).subarray(LINE_END.length);
}
