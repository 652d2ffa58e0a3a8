/** One connection of a device: the commands of smtp-server, and what is done otherwise than by it. */
import type { Socket } from 'node:net';
import { SMTPConnection, type SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection.js';
import type { SMTPStream } from 'smtp-server/lib/smtp-stream.js';
import { relayLimits } from '../limits.ts';
import { RelayStream } from '../message/end-of-data.ts';
import type { Incoming } from '../message/incoming.ts';
import { Refusal } from '../message/refusal.ts';
import type { Asked, Caller, Listener } from './listener.ts';

const LINES = 16 * 1024; // a credential in base64 may be longer than a command

type Ways = { readonly taken: () => void; readonly refused: (error: unknown) => void };

/** Goes one of two ways, at once where the answer is there at once. */
export function answer(question: () => Asked, { taken, refused }: Ways): void {
  let asked: Asked;
  try {
    asked = question();
  } catch (error) {
    refused(error);
    return;
  }
  if (asked === undefined) taken();
  else asked.then(taken, refused);
}

export class RelayConnection extends SMTPConnection implements Caller {
  readonly #listener: Listener;
  readonly #startedMs: number;
  #heardMs: number;
  #errors = 0;
  #hidesAuth = false;
  #incoming: Incoming | undefined;
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
    this.#say(this.#listener.refuse(this, new Refusal('encryption-needed')));
    done();
  }

  override handler_DATA(command: Buffer, done: () => void): void {
    if (this.session.envelope.rcptTo.length === 0) {
      super.handler_DATA(command, done);
      return;
    }
    answer(() => this.#listener.rules.beginMessage(this), {
      taken: () => {
        const parser = this._parser;
        // What a connection that has ended began would never end itself.
        if (!this._closing && !this._closed && parser instanceof RelayStream) void this.#receive(parser);
        done();
      },
      refused: (error) => {
        this.#say(this.#listener.refuse(this, error));
        done();
      },
    });
  }

  /** Takes a message and answers after its final dot. */
  async #receive(parser: RelayStream): Promise<void> {
    const incoming = parser.receive(relayLimits.memoryBytes);
    this.#incoming = incoming;
    this.send(354, 'End data with <CR><LF>.<CR><LF>');
    let refusal: Refusal | undefined;
    let id = '';
    try {
      id = await this.#listener.rules.takeMessage(this, incoming);
    } catch (error) {
      refusal = this.#listener.refuse(this, error);
    }
    // A refused message is read to its end, unseen: the refusal is said after the final dot.
    await incoming.over();
    this.#incoming = undefined;
    if (refusal === undefined) this.send(250, `2.6.0 Kept as ${id}`);
    else this.#say(refusal);
    this._transactionCounter += 1;
    this._unrecognizedCommands = 0;
    this._resetSession();
    parser.continue();
  }

  override _onClose(): void {
    super._onClose();
    this.#incoming?.break(new Error('the connection ended before the message did'));
  }

  /** Ours to close (RFC 5321 section 4.1.1.10): one that is gone already would answer with a reset, and be an error. */
  override handler_QUIT(command: Buffer, done: () => void): void {
    super.handler_QUIT(command, done);
    this._socket.destroySoon();
  }

  #say(refusal: Refusal): void {
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
    return this._handlerPending || this.#incoming !== undefined;
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
