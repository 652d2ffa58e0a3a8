/**
 * One POP3 session (RFC 1939 with CAPA, UIDL, TOP, STLS, SASL) narrowed to what reading a mailbox needs.
 *
 * States: authorization -> (sign-in) transaction -> (QUIT) update -> closed. Deletions happen in the update alone: a
 * session that ends otherwise has deleted nothing. After any failure but `protocol` the session is closed. Nothing is
 * tried twice here.
 */
import { isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { isBlockedAddress } from '../ipp/target.ts';
import { pop3Limits } from '../limits.ts';
import { openSocket } from '../smtp/connect.ts';
import { xoauth2 } from '../smtp/xoauth2.ts';
import { Pop3Failure, refusalOf } from './failure.ts';
import { Wire } from './wire.ts';

export type Pop3Target = {
  readonly host: string;
  readonly port: number;
  readonly security: 'tls' | 'starttls' | 'none';
  readonly credentials:
    | { readonly kind: 'token'; readonly username: string; readonly accessToken: string }
    | { readonly kind: 'password'; readonly username: string; readonly password: string };
  /** Off only where an administrator says so for a server in the house. */
  readonly verifyCertificate?: boolean;
  /** Certificate authorities in PEM; those of Node when not given. */
  readonly ca?: string;
};

export type Pop3Entry = {
  /** The number within this session (RFC 1939 section 3). */
  readonly number: number;
  /** As LIST names it; Exchange gives estimates. */
  readonly bytes: number;
  /** Absent where the server knows none, or gives the same to several messages. */
  readonly uidl: string | undefined;
};

/** RFC 1939 section 7: one to 70 characters in the range 0x21 to 0x7E. Some servers give longer ones. */
const UIDL = /^[\x21-\x7e]{1,255}$/;

/** Connects and signs in, within `pop3Limits.connectTimeoutMs` each. Throws `Pop3Failure`. */
export async function connectPop3(target: Pop3Target, signal?: AbortSignal): Promise<Pop3Session> {
  signal?.throwIfAborted();
  if (isIP(target.host) !== 0 && isBlockedAddress(target.host)) {
    throw new Pop3Failure('blocked-address', { words: `${target.host} is no address of a mail server` });
  }
  if (target.security === 'none') {
    throw new Pop3Failure('protocol', { words: 'a sign-in is sent over TLS only' });
  }
  const connected = await openSocket(target, signal ?? new AbortController().signal);
  if (connected.kind === 'unreachable') throw new Pop3Failure('unavailable', { words: connected.words });
  const session = new Pop3Session(connected.socket, signal);
  try {
    await session.open(target);
    return session;
  } catch (error) {
    session.abandon();
    throw error;
  }
}

export class Pop3Session implements AsyncDisposable {
  readonly #signal: AbortSignal | undefined;
  readonly #tcp: Socket;
  #wire: Wire;
  #capabilities: ReadonlySet<string> = new Set();
  readonly #stop = (): void => this.#wire.end();

  /** For `connectPop3`. */
  constructor(socket: Socket, signal: AbortSignal | undefined) {
    this.#tcp = socket;
    this.#wire = new Wire(socket);
    this.#signal = signal;
    signal?.addEventListener('abort', this.#stop, { once: true });
  }

  get isOpen(): boolean {
    return this.#wire.isOpen;
  }

  /** For `connectPop3`. */
  async open(target: Pop3Target): Promise<void> {
    if (target.security === 'tls') await this.#secure(target);
    await this.#greeted();
    if (target.security === 'starttls') {
      await this.#command('STLS');
      // What came after the answer came from before the handshake, and from anybody.
      this.#wire.discard();
      await this.#secure(target);
    }
    this.#capabilities = await this.#askCapabilities();
    await this.#signIn(target);
    // Some servers tell of UIDL and TOP only after the sign-in.
    this.#capabilities = await this.#askCapabilities();
  }

  /** Counts the messages and their bytes (RFC 1939 section 5, STAT). */
  async stat(): Promise<{ readonly count: number; readonly bytes: number }> {
    const [, count, bytes] = /^\+OK (\d{1,10}) (\d{1,15})/.exec(await this.#command('STAT')) ?? [];
    if (count === undefined || bytes === undefined)
      throw new Pop3Failure('protocol', { words: 'STAT without numbers' });
    return { count: Number(count), bytes: Number(bytes) };
  }

  /** Lists every message with its size and, where the server has one, its UIDL. */
  async list(): Promise<Pop3Entry[]> {
    const sizes = await this.#listOf('LIST');
    const uidls = await this.#listUidls();
    const counts = Map.groupBy(uidls.values(), (uidl) => uidl);
    return [...sizes].map(([number, size]) => {
      const uidl = uidls.get(number);
      const isUnique = uidl !== undefined && counts.get(uidl)?.length === 1;
      return { number, bytes: Number(size) || 0, uidl: isUnique ? uidl : undefined };
    });
  }

  /** The header of a message (TOP with no line of the body). Throws `protocol` where the server knows no TOP. */
  async top(number: number): Promise<Buffer> {
    await this.#command(`TOP ${number} 0`);
    return await this.#collect(pop3Limits.maxHeaderBytes);
  }

  /**
   * Yields a message piece by piece, to its end (RETR). Throws `too-large` past `maxBytes`, whatever LIST has said; the
   * session is closed then, because the rest would have to be read.
   */
  async *retrieve(number: number, maxBytes: number): AsyncGenerator<Buffer, void, undefined> {
    await this.#command(`RETR ${number}`);
    let bytes = 0;
    let isComplete = false;
    try {
      for await (const piece of this.#wire.readContent(() => this.#deadline(pop3Limits.pieceTimeoutMs))) {
        bytes += piece.length;
        if (bytes > maxBytes) throw new Pop3Failure('too-large', { words: `more than ${maxBytes} bytes` });
        yield piece;
      }
      isComplete = true;
    } finally {
      if (!isComplete) this.#wire.end();
    }
  }

  /** Marks a message for deletion; it is deleted when `quit` has returned. */
  async remove(number: number): Promise<void> {
    await this.#command(`DELE ${number}`);
  }

  /** Ends the session in order: what was marked is deleted now, as far as the server can be believed. */
  async quit(): Promise<void> {
    try {
      await this.#command('QUIT');
    } finally {
      this.abandon();
    }
  }

  /** Ends the session without QUIT: nothing is deleted. */
  abandon(): void {
    this.#signal?.removeEventListener('abort', this.#stop);
    this.#wire.end();
    this.#tcp.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.abandon();
  }

  async #greeted(): Promise<void> {
    const line = await this.#wire.readLine(this.#deadline(pop3Limits.connectTimeoutMs));
    if (line.startsWith('+OK')) return;
    throw new Pop3Failure('unavailable', { words: printable(line) });
  }

  async #secure({ host, ca, verifyCertificate = true }: Pop3Target): Promise<void> {
    const socket = this.#wire.release();
    const deadline = this.#deadline(pop3Limits.connectTimeoutMs);
    const secured = connectTls({
      socket,
      minVersion: 'TLSv1.2',
      rejectUnauthorized: verifyCertificate,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(ca === undefined ? {} : { ca }),
    });
    await new Promise<void>((resolve, reject) => {
      const fail = (cause?: Error): void => {
        secured.on('error', () => undefined);
        socket.destroy();
        const words = cause === undefined ? 'the TLS handshake did not end in time' : cause.message;
        reject(new Pop3Failure('unavailable', { words, cause }));
      };
      const late = (): void => fail();
      deadline.addEventListener('abort', late, { once: true });
      secured.once('error', fail);
      secured.once('close', late);
      secured.once('secureConnect', () => {
        deadline.removeEventListener('abort', late);
        secured.off('error', fail).off('close', late);
        resolve();
      });
    });
    this.#wire.take(secured);
  }

  /** RFC 2449 section 5; a server that does not know the command has none. */
  async #askCapabilities(): Promise<ReadonlySet<string>> {
    try {
      await this.#command('CAPA');
    } catch (error) {
      if (error instanceof Pop3Failure && error.kind === 'protocol') return new Set();
      throw error;
    }
    const lines = (await this.#collect(pop3Limits.maxHeaderBytes)).toString('latin1').split('\r\n');
    return new Set(lines.map((line) => line.trim().toUpperCase()).filter((line) => line !== ''));
  }

  async #signIn({ credentials }: Pop3Target): Promise<void> {
    const { username } = credentials;
    const secret = credentials.kind === 'token' ? credentials.accessToken : credentials.password;
    if (/\p{Cc}/u.test(username + secret)) {
      throw new Pop3Failure('auth-failed', { words: 'the user name or the password holds a control character' });
    }
    if (credentials.kind === 'password') {
      await this.#ask(`USER ${username}`, 'sign-in');
      await this.#ask(`PASS ${secret}`, 'sign-in');
      return;
    }
    // In two lines: one line with a token is longer than Exchange reads (512 bytes).
    const challenge = await this.#ask('AUTH XOAUTH2', 'sign-in');
    if (!challenge.startsWith('+ ') && challenge !== '+') {
      throw new Pop3Failure('protocol', { words: printable(challenge) });
    }
    const answer = await this.#ask(xoauth2(username, secret), 'sign-in');
    if (!answer.startsWith('+ ')) return;
    // A refusal may come as a challenge with the reason in it; an empty line asks for the verdict.
    await this.#ask('', 'sign-in');
    throw new Pop3Failure('auth-failed', { words: printable(Buffer.from(answer.slice(2), 'base64').toString('utf8')) });
  }

  async #listUidls(): Promise<Map<number, string>> {
    if (this.#capabilities.size > 0 && !this.#capabilities.has('UIDL')) return new Map();
    try {
      const found = await this.#listOf('UIDL');
      return new Map([...found].filter(([, uidl]) => UIDL.test(uidl)));
    } catch (error) {
      if (error instanceof Pop3Failure && error.kind === 'protocol') return new Map();
      throw error;
    }
  }

  /** A multi-line answer of `number value` lines; others are passed over. */
  async #listOf(command: 'LIST' | 'UIDL'): Promise<Map<number, string>> {
    await this.#command(command);
    const text = (await this.#collect(pop3Limits.maxListBytes)).toString('latin1');
    const found = new Map<number, string>();
    for (const line of text.split('\r\n')) {
      const [, number, value] = /^(\d{1,9}) +(\S+)/.exec(line) ?? [];
      if (number !== undefined && value !== undefined && Number(number) > 0) found.set(Number(number), value);
    }
    return found;
  }

  async #collect(maxBytes: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    let bytes = 0;
    for await (const piece of this.#wire.readContent(() => this.#deadline(pop3Limits.pieceTimeoutMs))) {
      bytes += piece.length;
      if (bytes > maxBytes) {
        this.#wire.end();
        throw new Pop3Failure('too-large', { words: `a list of more than ${maxBytes} bytes` });
      }
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  }

  async #command(line: string): Promise<string> {
    const answer = await this.#ask(line, 'command');
    if (!answer.startsWith('+OK')) throw new Pop3Failure('protocol', { words: printable(answer) });
    return answer;
  }

  /** Sends a line and reads the first line of the answer: `+OK`, or a challenge. */
  async #ask(line: string, phase: 'sign-in' | 'command'): Promise<string> {
    this.#wire.send(line);
    const answer = await this.#wire.readLine(this.#deadline(pop3Limits.commandTimeoutMs));
    if (answer.startsWith('+')) return answer;
    if (answer.startsWith('-ERR')) throw refusalOf(printable(answer), phase);
    this.#wire.end();
    throw new Pop3Failure('protocol', { words: printable(answer) });
  }

  #deadline(timeoutMs: number): AbortSignal {
    const limit = AbortSignal.timeout(timeoutMs);
    return this.#signal === undefined ? limit : AbortSignal.any([limit, this.#signal]);
  }
}

function printable(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}]+/gu, ' ')
    .trim()
    .slice(0, pop3Limits.maxWords);
}
