/**
 * One submission session (RFC 6409): connect, TLS, sign in, send messages one after the other, quit. Only this file
 * knows the connection of nodemailer.
 *
 * Nothing is decided or tried twice here. Each answer says how far the session got: after `lost` with `isUncertain` the
 * server may have the message, after any other trouble it has not. A session that broke off, or that was answered in
 * the middle of a message, is closed; `isOpen` tells.
 */
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { TLSSocket } from 'node:tls';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import { smtpLimits } from '../limits.ts';
import { openSocket } from './connect.ts';
import { type Failure, troubleBeforeMail, troubleOf } from './failure.ts';
import type { RecipientReply, SmtpOutcome, SmtpTrouble } from './outcome.ts';
import { parseReply, type SmtpPhase, withoutSecrets } from './replies.ts';
import { xoauth2 } from './xoauth2.ts';

export type SmtpTarget = {
  readonly host: string;
  readonly port: number;
  readonly security: 'tls' | 'starttls' | 'none';
  readonly verifyCertificate: boolean;
  readonly credentials?:
    | { readonly kind: 'token'; readonly username: string; readonly accessToken: string }
    | { readonly kind: 'password'; readonly username: string; readonly password: string };
  /** How this host calls itself in EHLO. */
  readonly clientName: string;
};

export type SmtpMessage = {
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly bytes: number;
  readonly content: Buffer | AsyncIterable<Buffer>;
  /** Asked right before the final dot leaves; what it throws keeps the dot back. */
  readonly beforeDot: () => void;
};

/**
 * Opens a session and signs in (RFC 3207, RFC 4954). Trouble is a value; throws only for a user name or token that
 * cannot be written.
 */
export async function connectSmtp(
  target: SmtpTarget,
  signal: AbortSignal,
): Promise<{ readonly kind: 'open'; readonly session: SmtpSession } | SmtpTrouble> {
  const connected = await openSocket(target, signal);
  if (connected.kind === 'unreachable') return connected;
  const session = new SmtpSession(target, connected.socket, signal);
  const trouble = (await session.hello()) ?? (await session.signIn());
  if (trouble === undefined) return { kind: 'open', session };
  session.close();
  return trouble;
}

type Ended<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: Failure }
  | { readonly kind: 'ended'; readonly words: string };

type Answer<T> = (error: Failure | null | undefined, value?: T) => void;

/** Of nodemailer's own XOAUTH2 the final reply is lost when the server answers in two steps. */
const XOAUTH2 = 'PLATEN-XOAUTH2';

export class SmtpSession implements AsyncDisposable {
  readonly #connection: SMTPConnection;
  readonly #target: SmtpTarget;
  readonly #signal: AbortSignal;
  #needsReset = false;
  #isReady = false;
  #onEnd: ((error: Failure | undefined) => void) | undefined;
  readonly #stop = (): void => this.close();

  /** For `connectSmtp`. */
  constructor(target: SmtpTarget, socket: Socket, signal: AbortSignal) {
    this.#target = target;
    this.#signal = signal;
    this.#connection = new SMTPConnection({
      connection: socket,
      host: target.host,
      port: target.port,
      secure: target.security === 'tls',
      requireTLS: target.security === 'starttls',
      ignoreTLS: target.security === 'none',
      name: target.clientName,
      tls: { minVersion: 'TLSv1.2', rejectUnauthorized: target.verifyCertificate },
      greetingTimeout: smtpLimits.helloTimeoutMs,
      connectionTimeout: smtpLimits.helloTimeoutMs,
      socketTimeout: smtpLimits.finalTimeoutMs + smtpLimits.shortTimeoutMs,
      socketCloseTimeout: 0,
      maxResponseSize: smtpLimits.maxReplyBytes,
      customAuth: { [XOAUTH2]: (dialogue) => this.#presentToken(dialogue) },
    });
    this.#connection.on('error', (error: Failure) => this.#onEnd?.(error));
    this.#connection.on('end', () => this.#onEnd?.(undefined));
    signal.addEventListener('abort', this.#stop, { once: true });
    if (signal.aborted) this.close();
  }

  get isOpen(): boolean {
    return this.#isReady && !this.#connection.destroyed;
  }

  /** How the line is kept secret, as `TLS 1.3`, and whether the server knows who is there. */
  get security(): { readonly tls?: string; readonly isSignedIn: boolean } {
    const isSignedIn = this.#target.credentials !== undefined;
    const socket: unknown = this.#connection._socket;
    const version = socket instanceof TLSSocket ? socket.getProtocol() : null;
    return { isSignedIn, ...(version === null ? {} : { tls: version.replace(/^TLSv/, 'TLS ') }) };
  }

  /** For `connectSmtp`: greeting, EHLO and TLS. */
  async hello(): Promise<SmtpTrouble | undefined> {
    const ended = await this.#exchange<undefined>(smtpLimits.helloTimeoutMs, (answer) =>
      this.#connection.connect((error) => answer(error)),
    );
    if (ended.kind === 'done') return undefined;
    return troubleBeforeMail(ended, { phase: 'hello', isSecure: this.#target.security !== 'none' });
  }

  /** For `connectSmtp`. */
  async signIn(): Promise<SmtpTrouble | undefined> {
    const { credentials } = this.#target;
    if (credentials !== undefined) {
      const { username } = credentials;
      const login =
        credentials.kind === 'token'
          ? { user: username, method: XOAUTH2 }
          : { credentials: { user: username, pass: credentials.password } };
      const ended = await this.#exchange<boolean>(smtpLimits.signInTimeoutMs, (answer) =>
        this.#connection.login(login, answer),
      );
      if (ended.kind !== 'done') return troubleBeforeMail(ended, { phase: 'auth', isSecure: false });
    }
    this.#isReady = true;
    return undefined;
  }

  /**
   * Sends one message (RFC 5321 section 3.3). Recipients may be refused one by one; the message goes to the others.
   * After `accepted` the server has taken the responsibility for it.
   */
  async send(message: SmtpMessage): Promise<SmtpOutcome> {
    if (this.#needsReset) await this.#reset();
    if (!this.isOpen) return { kind: 'lost', phase: 'mail', words: 'the session had ended', isUncertain: false };
    const reached: { phase: SmtpPhase; cause?: unknown } = { phase: 'mail' };
    const ended = await this.#exchange<Sent>(smtpLimits.envelopeTimeoutMs, (answer, allow) => {
      const pieces = piecesOf(message, {
        tell(next) {
          reached.phase = next;
          allow(next === 'dot' ? smtpLimits.finalTimeoutMs : smtpLimits.pieceTimeoutMs);
        },
        fail: (cause) => (reached.cause = cause),
      });
      const envelope = {
        from: message.sender === '' ? (false as const) : message.sender,
        to: [...message.recipients],
        size: message.bytes,
        // True of every message, and Exchange must not be made to re-encode what a device sent in eight bits.
        use8BitMime: true,
      };
      this.#connection.send(envelope, Readable.from(pieces), answer);
    });
    if (ended.kind === 'done') return this.#acceptedOf(message, ended.value);
    this.#needsReset = true;
    const found = troubleOf(ended, reached.phase);
    const trouble = found.kind === 'not-read' ? { ...found, cause: reached.cause } : found;
    // An answer before the dot leaves the server waiting for the rest of the message.
    if (reached.phase === 'content' || trouble.kind === 'not-read' || trouble.kind === 'lost') this.close();
    return trouble;
  }

  #acceptedOf(message: SmtpMessage, sent: Sent): SmtpOutcome {
    const reply = parseReply(withoutSecrets(sent.response));
    if (reply === undefined) return { kind: 'lost', phase: 'dot', words: 'an answer that is none', isUncertain: true };
    const refused = refusedOf(sent.rejectedErrors);
    const accepted = message.recipients.filter((address) => !refused.some((one) => one.address === address));
    return { kind: 'accepted', reply, accepted, refused };
  }

  /** Says QUIT, or just hangs up when the server does not answer soon. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal.removeEventListener('abort', this.#stop);
    if (this.isOpen) await this.#exchange(QUIT_TIMEOUT_MS, () => this.#connection.quit());
    this.close();
  }

  /** Ends the session at once; a message that is on its way is cut off. */
  close(): void {
    this.#signal.removeEventListener('abort', this.#stop);
    this.#isReady = false;
    this.#connection.close();
  }

  async #reset(): Promise<void> {
    this.#needsReset = false;
    if (!this.isOpen) return;
    const ended = await this.#exchange<boolean>(smtpLimits.shortTimeoutMs, (answer) => this.#connection.reset(answer));
    if (ended.kind !== 'done') this.close();
  }

  async #presentToken(dialogue: AuthDialogue): Promise<void> {
    const { credentials } = this.#target;
    if (credentials?.kind !== 'token') return dialogue.reject('there is no token');
    const initial = xoauth2(credentials.username, credentials.accessToken);
    const inOneLine = `AUTH XOAUTH2 ${initial}`;
    // RFC 4954 section 4: a response that makes the command too long comes after the challenge.
    const isShort = inOneLine.length + 2 <= smtpLimits.maxCommandBytes;
    const asked = await dialogue.sendCommand(isShort ? inOneLine : 'AUTH XOAUTH2');
    const first = isShort || !isChallenge(asked) ? asked : await dialogue.sendCommand(initial);
    // After the response a challenge only carries details of the failure; an empty line brings the reply.
    const last = isChallenge(first) ? await dialogue.sendCommand('') : first;
    if (last.status === 235) dialogue.resolve();
    else dialogue.reject('the sign-in was refused');
  }

  /** One exchange with a deadline that may be set anew; a session that missed it is closed. */
  #exchange<T>(timeoutMs: number, start: (answer: Answer<T>, allow: (ms: number) => void) => void): Promise<Ended<T>> {
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined;
      let isLate = false;
      const settle = (ended: Ended<T>): void => {
        clearTimeout(timer);
        this.#onEnd = undefined;
        resolve(ended);
      };
      const allow = (ms: number): void => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          isLate = true;
          this.close();
        }, ms);
      };
      this.#onEnd = (error) => {
        if (error !== undefined) return settle({ kind: 'failed', error });
        const words = isLate ? 'no answer in time' : this.#signal.aborted ? 'called off' : 'the connection was closed';
        // The reason, such as a 421, may come right behind the end.
        setImmediate(() => settle({ kind: 'ended', words }));
      };
      allow(timeoutMs);
      start((error, value) => {
        if (error) settle({ kind: 'failed', error });
        else settle({ kind: 'done', value: value as T });
      }, allow);
    });
  }
}

const QUIT_TIMEOUT_MS = 2000;

type Sent = { readonly response: string; readonly rejectedErrors?: readonly Failure[] | undefined };
type AuthDialogue = SMTPConnection.CustomAuthenticationContext;

/** An empty challenge may come without the blank after its code, which nodemailer then does not read. */
function isChallenge({ response }: { readonly response: string }): boolean {
  return /^334(\s|$)/.test(response);
}

type Teller = { tell(phase: 'content' | 'dot'): void; fail(cause: unknown): void };

/** The message in pieces, telling when the server has asked for it and when the final dot is about to leave. */
async function* piecesOf(message: SmtpMessage, teller: Teller): AsyncGenerator<Buffer> {
  try {
    let bytes = 0;
    for await (const piece of Buffer.isBuffer(message.content) ? inPieces(message.content) : message.content) {
      teller.tell('content');
      bytes += piece.length;
      yield piece;
    }
    if (bytes !== message.bytes) throw new RangeError(`the message has ${bytes} bytes instead of ${message.bytes}`);
    message.beforeDot();
    teller.tell('dot');
  } catch (cause) {
    teller.fail(cause);
    // nodemailer writes its own code into what it is given.
    throw new Error('the message was not read to its end', { cause });
  }
}

function* inPieces(content: Buffer): Generator<Buffer> {
  for (let at = 0; at < content.length; at += smtpLimits.pieceBytes) {
    yield content.subarray(at, at + smtpLimits.pieceBytes);
  }
}

function refusedOf(errors: readonly Failure[] | undefined): RecipientReply[] {
  return (errors ?? []).flatMap(({ recipient, response }) => {
    const reply = parseReply(withoutSecrets(response ?? ''));
    return reply === undefined || recipient === undefined ? [] : [{ address: recipient, reply }];
  });
}
