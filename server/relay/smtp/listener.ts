/**
 * The SMTP listener (RFC 5321, STARTTLS of RFC 3207, AUTH of RFC 4954): with `connection.ts` the files that know
 * smtp-server. It asks `Rules` at each step and answers what they say.
 */
import type { Socket } from 'node:net';
import { SMTPServer, type SMTPServerAddress, type SMTPServerAuthentication, type SMTPServerSession } from 'smtp-server';
import type { SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection.js';
import { relayLimits } from '../limits.ts';
import type { Incoming } from '../message/incoming.ts';
import { Refusal } from '../message/refusal.ts';
import { answer, RelayConnection } from './connection.ts';

/** The device at the other end of a connection, and what it has said so far. */
export type Caller = {
  readonly remoteAddress: string;
  readonly helo: string;
  readonly isSecure: boolean;
  readonly transmission: string;
  readonly recipients: readonly string[];
  readonly from: string;
};

/** An answer that is there at once, as nearly all are, costs no promise. */
export type Asked = Promise<void> | undefined;

/** What the listener asks; each refuses by throwing a `Refusal`. A caller is the same object for a whole connection. */
export type Rules = {
  greet(caller: Caller): Asked;
  mayAuthenticate(caller: Caller): boolean;
  authenticate(caller: Caller, credential: { readonly username: string; readonly password: string }): Promise<void>;
  /** TLS has begun: what was said before counts no more (RFC 3207 section 4.2). */
  forgetSignIn(caller: Caller): void;
  takeSender(caller: Caller, asked: { readonly address: string; readonly bytes: number | undefined }): Asked;
  takeRecipient(caller: Caller, address: string): Asked;
  beginMessage(caller: Caller): Asked;
  takeMessage(caller: Caller, incoming: Incoming): Promise<string>;
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

export class Listener extends SMTPServer {
  readonly #options: ListenerOptions;
  readonly #bySession = new WeakMap<SMTPServerSession, RelayConnection>();
  #count = 0;

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

  /** No proxy stands before us. The library would draw a random name for each connection, for a log that is not kept. */
  override _handleProxy(_socket: Socket, done: (error: Error | null, options?: { id: string }) => void): void {
    this.#count += 1;
    done(null, { id: String(this.#count) });
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
    this.#ask(session, done, (caller) => {
      this.rules.forgetSignIn(caller);
      return undefined;
    });
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

  override onClose(session: SMTPServerSession): void {
    const connection = this.#bySession.get(session);
    if (connection !== undefined) this.rules.leave(connection);
  }

  #ask(session: SMTPServerSession, done: Done, question: (caller: Caller) => Asked): void {
    const connection = this.#bySession.get(session);
    if (connection === undefined) throw new Error('a session without its connection');
    const refuse = (error: unknown) => done(this.refuse(connection, error));
    answer(() => question(connection), { taken: () => done(null), refused: refuse });
  }

  /** Notes a refusal; what is none means that we cannot just now. */
  refuse(caller: Caller, error: unknown): Refusal {
    const refusal = error instanceof Refusal ? error : new Refusal('not-kept', error);
    this.rules.refused(caller, refusal);
    return refusal;
  }
}
