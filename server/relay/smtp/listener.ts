/**
 * The SMTP listener (RFC 5321, STARTTLS of RFC 3207, AUTH of RFC 4954): the file that knows smtp-server. It asks
 * `Rules` at each step and answers what they say. Three things are done otherwise than by the library: no wait before
 * the greeting, addresses are handed on as they were written, and the end of a message is looked for faster.
 */
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { SMTPServer, type SMTPServerAddress, type SMTPServerAuthentication, type SMTPServerSession } from 'smtp-server';
import { SMTPConnection, type SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection.js';
import type { SMTPStream } from 'smtp-server/lib/smtp-stream.js';
import { relayLimits } from './limits.ts';
import { RelayStream } from './message/end-of-data.ts';
import { Refusal } from './message/refusal.ts';

/** The device at the other end of a connection, and what it has said so far. */
export type Caller = {
  readonly remoteAddress: string;
  readonly helo: string;
  readonly isSecure: boolean;
  readonly transmission: string;
  readonly recipients: readonly string[];
  readonly from: string;
};

/** What the listener asks; each refuses by throwing a `Refusal`. A caller is the same object for a whole connection. */
export type Rules = {
  greet(caller: Caller): Promise<void>;
  mayAuthenticate(caller: Caller): boolean;
  authenticate(caller: Caller, credential: { readonly username: string; readonly password: string }): Promise<void>;
  /** TLS has begun: what was said before counts no more (RFC 3207 section 4.2). */
  forgetSignIn(caller: Caller): void;
  takeSender(caller: Caller, asked: { readonly address: string; readonly bytes: number | undefined }): Promise<void>;
  takeRecipient(caller: Caller, address: string): Promise<void>;
  beginMessage(caller: Caller): Promise<void>;
  takeMessage(caller: Caller, stream: Readable): Promise<string>;
  maxBytes(caller: Caller): number;
  isStranger(caller: Caller): boolean;
  refused(caller: Caller, refusal: Refusal): void;
  leave(caller: Caller): void;
};

export type ListenerOptions = {
  readonly name: string;
  readonly cert: string;
  readonly key: string;
  readonly rules: Rules;
  readonly monotonicMs: () => number;
  readonly failed: (error: unknown) => void;
};

type Done = (error?: Error | null, answer?: string) => void;

const DISABLED = ['VRFY', 'HELP', 'WIZ', 'SHELL', 'KILL', 'XCLIENT', 'XFORWARD', 'LHLO'];
const LINES = 16 * 1024; // a credential in base64 may be longer than a command

export class Listener extends SMTPServer {
  readonly #options: ListenerOptions;
  readonly #bySession = new WeakMap<SMTPServerSession, RelayConnection>();

  constructor(options: ListenerOptions) {
    super({
      name: options.name,
      cert: options.cert,
      key: options.key,
      minVersion: 'TLSv1.2',
      authMethods: ['PLAIN', 'LOGIN'],
      authOptional: true,
      allowInsecureAuth: true, // refused below, with the device in sight
      disabledCommands: [...DISABLED],
      disableReverseLookup: true,
      heloResponse: '%s',
      hideENHANCEDSTATUSCODES: false,
      hideSMTPUTF8: true,
      size: 1,
      hideSize: true,
      maxCommandLength: relayLimits.maxCommandBytes,
      // Silence is measured by `endOverdue`; this only ends what even that does not see.
      socketTimeout: 2 * relayLimits.dataMs,
      closeTimeout: relayLimits.stopMs,
      logger: false,
    });
    this.#options = options;
    this.on('error', (error) => options.failed(error));
  }

  get rules(): Rules {
    return this.#options.rules;
  }

  get nowMs(): number {
    return this.#options.monotonicMs();
  }

  /** Ends connections that have been silent or slow for too long. */
  endOverdue(): void {
    for (const connection of this.connections) if (connection instanceof RelayConnection) connection.endWhenOverdue();
  }

  /** Stops listening; messages that are being taken may end, everybody else is told to come again. */
  async stop(): Promise<void> {
    const open = [...this.connections].filter((one) => one instanceof RelayConnection);
    await new Promise<void>((resolve) => {
      this.close(() => resolve());
      for (const connection of open) connection.endWhenIdle();
    });
    for (const connection of open) connection.destroy();
  }

  override connect(socket: Socket, options?: SMTPConnectionOptions | null): void {
    const connection = new RelayConnection(this, socket, options ?? {});
    this.#bySession.set(connection.session, connection);
    this.connections.add(connection);
    connection.on('error', (error) => this.#options.failed(error));
    connection.init();
  }

  override onConnect(session: SMTPServerSession, done: Done): void {
    this.#ask(session, done, (caller) => this.rules.greet(caller));
  }

  override onSecure(_socket: unknown, session: SMTPServerSession, done: Done): void {
    this.#ask(session, done, async (caller) => this.rules.forgetSignIn(caller));
  }

  override onAuth(
    auth: SMTPServerAuthentication,
    session: SMTPServerSession,
    done: (error?: Error | null, answer?: { user: string }) => void,
  ): void {
    const { username = '', password } = auth;
    const signIn = async (caller: Caller) => {
      if (!this.rules.mayAuthenticate(caller)) throw new Refusal('encryption-needed');
      await this.rules.authenticate(caller, { username, password: password ?? '' });
    };
    this.#ask(session, (error) => (error == null ? done(null, { user: username }) : done(error)), signIn);
  }

  override onMailFrom(address: SMTPServerAddress, session: SMTPServerSession, done: Done): void {
    const size = address.args === false ? undefined : address.args.SIZE;
    const bytes = typeof size === 'string' ? Number(size) : undefined;
    this.#ask(session, done, (caller) => this.rules.takeSender(caller, { address: address.address, bytes }));
  }

  override onRcptTo(address: SMTPServerAddress, session: SMTPServerSession, done: Done): void {
    this.#ask(session, done, (caller) => this.rules.takeRecipient(caller, address.address));
  }

  override onData(stream: Readable, session: SMTPServerSession, done: Done): void {
    this.#ask(session, done, async (caller) => {
      try {
        return `2.6.0 Kept as ${await this.rules.takeMessage(caller, stream)}`;
      } finally {
        // A refused message is read to its end, unseen: the refusal is said after the final dot.
        if (!stream.readableEnded && !stream.destroyed) setImmediate(() => stream.resume());
      }
    });
  }

  override onClose(session: SMTPServerSession): void {
    const connection = this.#bySession.get(session);
    if (connection !== undefined) this.rules.leave(connection);
  }

  #ask(session: SMTPServerSession, done: Done, question: (caller: Caller) => Promise<unknown>): void {
    const connection = this.#bySession.get(session);
    if (connection === undefined) throw new Error('a session without its connection');
    question(connection).then(
      (answer) => (typeof answer === 'string' ? done(null, answer) : done(null)),
      (error: unknown) => {
        const refusal = error instanceof Refusal ? error : new Refusal('not-kept', error);
        this.rules.refused(connection, refusal);
        done(refusal);
      },
    );
  }
}

class RelayConnection extends SMTPConnection implements Caller {
  readonly #listener: Listener;
  readonly #startedMs: number;
  #heardMs: number;
  #errors = 0;
  #hidesAuth = false;
  /** One failure comes as several errors. */
  #hasFailedTls = false;

  constructor(listener: Listener, socket: Socket, options: SMTPConnectionOptions) {
    super(listener, socket, options);
    this.#listener = listener;
    this.#startedMs = listener.nowMs;
    this.#heardMs = this.#startedMs;
  }

  get helo(): string {
    return this.session.hostNameAppearsAs || '';
  }

  get isSecure(): boolean {
    return this.session.secure;
  }

  get transmission(): string {
    return this._transmissionType();
  }

  get from(): string {
    const { mailFrom } = this.session.envelope;
    return mailFrom === false ? '' : mailFrom.address;
  }

  get recipients(): readonly string[] {
    return this.session.envelope.rcptTo.map(({ address }) => address);
  }

  /** The library waits 100 ms here to catch who speaks too soon; who does is caught without it as long as we are busy. */
  override init(): void {
    this._setListeners(() => this.connectionReady());
  }

  override _createParser(): SMTPStream {
    const parser = new RelayStream({ maxCommandLength: LINES });
    parser.oncommand = (command, done) => this.#hear(command, done);
    parser.on('error', () => this.send(421, '4.5.2 Command line too long', false));
    return parser;
  }

  #hear(command: Buffer, done?: () => void): void {
    this.#heardMs = this.#listener.nowMs;
    const isCredential = Boolean(this._nextHandler) || /^auth /i.test(command.toString('latin1', 0, 5));
    if (command.length > relayLimits.maxCommandBytes && !isCredential) {
      this.send(421, '4.5.2 Command line too long', false);
      return;
    }
    this._onCommand(command, () => {
      this.#heardMs = this.#listener.nowMs;
      done?.();
    });
  }

  /**
   * Hands addresses on as they were written: whether one is good is decided by the rules, which refuse with 550. The
   * path ends at the first blank; parameters are read as the library does.
   */
  override _parseAddressCommand(
    verb: string,
    command: Buffer | string,
  ): ReturnType<SMTPConnection['_parseAddressCommand']> {
    const text = command.toString();
    const colon = text.indexOf(':');
    if (colon === -1 || text.slice(0, colon).trim().toUpperCase() !== verb.toUpperCase()) return false;
    const [, path = '', rest = ''] = /^\s*(\S*)(.*)$/s.exec(text.slice(colon + 1)) ?? [];
    const known = super._parseAddressCommand(verb, `${verb}:<a@example.com>${rest}`);
    if (known === false) return false;
    const address = /^<[^<>]*>$/.test(path) ? path.slice(1, -1) : path;
    return { ...known, address: verb.toUpperCase() === 'RCPT TO' && address === '' ? '<>' : address };
  }

  /** A device that cannot agree on TLS, or does not like the certificate, is told of as one that was refused. */
  override _onError(error: Error): void {
    const reason = this.#hasFailedTls ? undefined : tlsReason(error);
    this.#hasFailedTls ||= reason !== undefined;
    if (reason !== undefined) this.#listener.rules.refused(this, new Refusal(reason, error));
    super._onError(error);
  }

  override _isSupported(command: string): boolean {
    return !(this.#hidesAuth && command === 'AUTH') && super._isSupported(command);
  }

  override handler_EHLO(command: Buffer, done: () => void): void {
    // Not offered where it would be refused: a device that sees it sends its password.
    this.#hidesAuth = !this.#listener.rules.mayAuthenticate(this);
    super.handler_EHLO(command, done);
    this.#hidesAuth = false;
  }

  override handler_AUTH(command: Buffer, done: () => void): void {
    if (this.#listener.rules.mayAuthenticate(this)) {
      super.handler_AUTH(command, done);
      return;
    }
    this.#refuse(new Refusal('encryption-needed'));
    done();
  }

  override handler_DATA(command: Buffer, done: () => void): void {
    if (this.session.envelope.rcptTo.length === 0) {
      super.handler_DATA(command, done);
      return;
    }
    this.#listener.rules.beginMessage(this).then(
      () => {
        // A stream of a connection that has ended would never end itself.
        if (this._closing || this._closed) done();
        else super.handler_DATA(command, done);
      },
      (error: unknown) => {
        this.#refuse(error instanceof Refusal ? error : new Refusal('not-kept', error));
        done();
      },
    );
  }

  #refuse(refusal: Refusal): void {
    this.#listener.rules.refused(this, refusal);
    this.send(refusal.responseCode, refusal.message);
  }

  override send(code: number, data?: string | string[] | null, context?: string | false): void {
    const text = Array.isArray(data) ? data.map((line) => this.#fillSize(line)) : data;
    const isCoded = typeof text === 'string' && /^[245]\.\d{1,3}\.\d{1,3} /.test(text);
    super.send(code, text, isCoded ? false : context);
    if (code < 400 || code === 421) return;
    this.#errors += 1;
    if (this.#errors === relayLimits.maxErrors) this.#end(new Refusal('too-many-errors'));
  }

  #fillSize(line: string): string {
    return line === 'SIZE' ? `SIZE ${this.#listener.rules.maxBytes(this)}` : line;
  }

  endWhenOverdue(): void {
    if (this._closing || this._closed) return;
    const nowMs = this.#listener.nowMs;
    const silentMs = nowMs - this.#heardMs;
    const parser = this.#receiving;
    if (parser !== undefined) {
      const bytes = parser.dataBytes;
      const allowedMs = Math.max(relayLimits.dataMs, (bytes / relayLimits.minBytesPerSecond) * 1000);
      const isEndless = bytes > 2 * this.#listener.rules.maxBytes(this);
      if (silentMs > allowedMs || isEndless) this.#end(new Refusal(isEndless ? 'too-large' : 'too-slow'));
    } else if (!this.#isWaitingForUs()) {
      const isStrange = this.#listener.rules.isStranger(this) && nowMs - this.#startedMs > relayLimits.strangerMs;
      if (silentMs > relayLimits.commandMs || isStrange) this.#end(new Refusal('too-slow'));
    }
  }

  endWhenIdle(): void {
    if (this.#isWaitingForUs() || this.#receiving !== undefined) return;
    this.send(421, '4.3.2 Stopping', false);
    this._socket.destroySoon();
  }

  destroy(): void {
    this._socket.destroy();
  }

  /** The parser while it reads a message. */
  get #receiving(): SMTPStream | undefined {
    const parser = this._parser;
    return parser !== false && parser._dataMode ? parser : undefined;
  }

  #isWaitingForUs(): boolean {
    return this._handlerPending || Boolean(this._dataStream);
  }

  #end(refusal: Refusal): void {
    this.#listener.rules.refused(this, refusal);
    super.send(421, refusal.responseCode === 421 ? refusal.message : '4.7.0 Closing', false);
  }
}

/** What OpenSSL says of a device that is too old, and of one that knows nobody who signed the certificate. */
function tlsReason(error: Error): 'tls-too-old' | 'tls-untrusted' | undefined {
  const code = 'code' in error ? String(error.code) : '';
  if (/^ERR_SSL_(UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW|NO_SHARED_CIPHER)$/.test(code)) {
    return 'tls-too-old';
  }
  return /^ERR_SSL_.*ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_\w+|UNSUPPORTED_CERTIFICATE)$/.test(code)
    ? 'tls-untrusted'
    : undefined;
}
