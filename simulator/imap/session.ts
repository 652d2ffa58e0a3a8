/**
 * One IMAP conversation. States:
 *
 *   greeted → authenticated → selected (→ authenticated …)      the normal way
 *   greeted → without-mailbox → over                            login accepted, no mailbox behind it
 *   any → invalidated → over                                    the token ran out: BYE, one more answer, the end
 *   any → muted                                                 a lost connection that nobody has noticed yet
 */
import type { Socket } from 'node:net';
import type { ByeReason, Faults, LossOfConnection } from './faults.ts';
import { decodeFolderName, encodeFolderName, quote, type Token, WireReader } from './grammar.ts';
import { type Folder, lowerBound, type Mailbox, type Mailboxes, type Message } from './mailboxes.ts';

export type SessionState =
  | 'greeted'
  | 'authenticated'
  | 'selected'
  | 'without-mailbox'
  | 'invalidated'
  | 'muted'
  | 'over';

/**
 * classic: the old front end, password login still advertised.
 * login-disabled: passwords gone from the first capability line.
 * rev2: the back end of 2026, which adds ENABLE and IMAP4rev2.
 */
export type Profile = 'classic' | 'login-disabled' | 'rev2';

export type Counters = {
  connections: number;
  logins: number;
  refusedLogins: number;
  /** FETCH answers that carried a whole body. */
  bodiesFetched: number;
  commands: Record<string, number>;
};

/** What all sessions of a server share. */
export type Shared = {
  readonly mailboxes: Mailboxes;
  readonly faults: Faults;
  readonly counters: Counters;
  readonly profile: Profile;
  readonly now: () => Date;
};

/** A command of the client: `UID FETCH` has the name FETCH and numbers that are UIDs. */
export type Command = {
  readonly tag: string;
  readonly name: string;
  readonly numbers: 'sequence' | 'uid';
  readonly args: readonly Token[];
};

/** What stands after the tag; `none` when nothing is to be answered any more. */
export type Answer = `OK ${string}` | `NO ${string}` | `BAD ${string}` | 'none';

export const INVALID_STATE: Answer = 'BAD Command received in Invalid state.';

const BYE: Record<ByeReason, string> = {
  'token-expired': 'Session invalidated - AccessTokenExpired',
  idle: 'Connection is closed. 13',
  protocol: 'Connection closed. 14',
};

const FLUSH_BYTES = 64 * 1024;
const LAST_WORDS_MS = 500;

export class Session {
  readonly id: number;
  readonly shared: Shared;
  readonly reader: WireReader;
  readonly startedAt: Date;
  state: SessionState = 'greeted';
  mailbox: Mailbox | undefined;
  /** What opened the session; it does not live longer. */
  token: { readonly expiresAt: Date } | undefined;
  view: View | undefined;
  isIdling = false;
  /** Nothing but the rest of the announced bytes may be said. */
  isInsideLiteral = false;
  /** After ENABLE IMAP4rev2 the rules of RFC 9051 hold. */
  isRev2 = false;
  badCommands = 0;
  lastInputAt: Date;
  readonly #socket: Socket;
  readonly #reset: () => void;
  #output: (string | Buffer)[] = [];
  #outputBytes = 0;
  #lastWords: NodeJS.Timeout | undefined;

  /** A socket may be wrapped in TLS; `reset` then breaks the connection below it. */
  constructor(id: number, { socket, reset }: { socket: Socket; reset: () => void }, shared: Shared) {
    this.id = id;
    this.#reset = reset;
    this.shared = shared;
    this.#socket = socket;
    this.reader = new WireReader(socket);
    this.startedAt = this.lastInputAt = shared.now();
    socket.on('error', () => this.#gone());
    socket.on('close', () => this.#gone());
  }

  get isOver(): boolean {
    return this.state === 'over';
  }

  get address(): string | undefined {
    return this.mailbox?.address;
  }

  /** Puts text (latin1) or bytes into the output; `flush` sends them. */
  say(...pieces: (string | Buffer)[]): void {
    for (const piece of pieces) {
      this.#output.push(piece);
      this.#outputBytes += piece.length;
    }
  }

  /** Sends when a packet's worth has come together, so that a long FETCH needs neither a write per line nor all memory. */
  async flushWhenFull(): Promise<void> {
    if (this.#outputBytes >= FLUSH_BYTES) await this.flush();
  }

  async flush(): Promise<void> {
    const pieces = this.#output;
    this.#output = [];
    this.#outputBytes = 0;
    if (pieces.length === 0 || this.isOver || this.state === 'muted') return;
    this.#socket.cork();
    let mayGoOn = true;
    for (const piece of pieces) {
      mayGoOn = typeof piece === 'string' ? this.#socket.write(piece, 'latin1') : this.#socket.write(piece);
    }
    this.#socket.uncork();
    if (!mayGoOn) await this.#drained();
  }

  async #drained(): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#socket.off('drain', done).off('close', done);
        resolve();
      };
      this.#socket.on('drain', done).on('close', done);
      if (this.#socket.destroyed) done();
    });
  }

  /** Says BYE and closes. An expired token leaves the connection open for one more command, which is refused. */
  async bye(reason: ByeReason): Promise<void> {
    if (this.isInsideLiteral) return this.lose('close');
    this.say(`* BYE ${BYE[reason]}\r\n`);
    if (reason !== 'token-expired') return this.end();
    await this.flush();
    if (this.isOver || this.state === 'muted') return;
    this.deselect();
    this.state = 'invalidated';
    this.#lastWords ??= setTimeout(() => this.lose('close'), LAST_WORDS_MS);
  }

  /** Sends what is left and closes the connection in order. */
  async end(): Promise<void> {
    if (this.state === 'muted') return;
    // A client that reads nothing, or never closes its half, must not hold the server.
    this.#lastWords ??= setTimeout(() => this.#gone(), LAST_WORDS_MS);
    await this.flush();
    this.deselect();
    this.state = 'over';
    this.#socket.end();
    this.#socket.resume();
  }

  /** What was said so far still goes out; then the connection is gone without a word. */
  async lose(how: LossOfConnection): Promise<void> {
    if (this.isOver) return this.#gone();
    if (how === 'hang') {
      await this.flush();
      this.deselect();
      this.state = 'muted';
      return;
    }
    this.#lastWords ??= setTimeout(() => this.#gone(), LAST_WORDS_MS);
    await this.flush();
    this.deselect();
    if (this.#socket.writableLength > 0) {
      await new Promise<void>((resolve) => this.#socket.write('', () => resolve()));
    }
    if (how === 'reset') this.#reset();
    this.#gone();
  }

  #gone(): void {
    clearTimeout(this.#lastWords);
    this.deselect();
    this.state = 'over';
    this.#socket.destroy();
  }

  select(folder: Folder, access: View['access']): View {
    this.deselect();
    this.view = new View(folder, access);
    this.state = 'selected';
    return this.view;
  }

  deselect(): void {
    if (this.state === 'selected') this.state = 'authenticated';
    this.view = undefined;
  }

  /** Tells the client what has changed in its folder. Numbers must stay during FETCH, STORE and SEARCH (RFC 3501 section 7.4.1). */
  async tellChanges(expunges: 'allowed' | 'later'): Promise<void> {
    if (!this.view) return;
    if (this.view.isStale) return this.bye('protocol');
    for (const line of this.view.update(expunges)) this.say(`* ${line}\r\n`);
  }

  folderName(wire: string): string {
    return this.isRev2 ? wire : decodeFolderName(wire);
  }

  quoteFolder(name: string): string {
    if (name === 'INBOX') return name;
    if (!this.isRev2) return quote(encodeFolderName(name));
    // RFC 9051 allows UTF-8 in quoted strings; the output is written as latin1, byte for byte.
    return `"${Buffer.from(name.replace(/["\\]/g, '\\$&')).toString('latin1')}"`;
  }
}

/** The messages of a selected folder as this client knows them: its sequence numbers change only when it is told. */
export class View {
  readonly folder: Folder;
  readonly access: 'read-write' | 'read-only';
  messages: Message[];
  readonly #generation: number;
  #revision: number;

  constructor(folder: Folder, access: 'read-write' | 'read-only') {
    this.folder = folder;
    this.access = access;
    this.messages = folder.messages.slice();
    this.#generation = folder.generation;
    this.#revision = folder.revision;
  }

  /** The folder is gone or its UIDs have lost their meaning. */
  get isStale(): boolean {
    return this.folder.generation !== this.#generation;
  }

  get largestUid(): number {
    return this.messages.at(-1)?.uid ?? 0;
  }

  /** Flag changes that this client made itself were answered already. */
  skipOwnFlagChanges(): void {
    if (this.#revision >= this.folder.expungeRevision && this.largestUid === (this.folder.messages.at(-1)?.uid ?? 0)) {
      this.#revision = this.folder.revision;
    }
  }

  update(expunges: 'allowed' | 'later'): string[] {
    const { folder } = this;
    if (folder.revision === this.#revision) return [];
    const lines: string[] = [];
    const hasExpunged = folder.expungeRevision > this.#revision;
    if (hasExpunged && expunges === 'allowed') lines.push(...this.#removeExpunged());
    const before = this.messages.length;
    for (let at = lowerBound(folder.messages, this.largestUid + 1); at < folder.messages.length; at += 1) {
      this.messages.push(folder.messages[at] as Message);
    }
    if (this.messages.length > before) lines.push(`${this.messages.length} EXISTS`);
    if (folder.flagsRevision > this.#revision) {
      this.messages.forEach((message, index) => {
        if (message.flagsRevision <= this.#revision || message.expunged) return;
        lines.push(`${index + 1} FETCH (FLAGS (${[...message.flags].join(' ')}))`);
      });
    }
    if (!hasExpunged || expunges === 'allowed') this.#revision = folder.revision;
    return lines;
  }

  #removeExpunged(): string[] {
    const lines: string[] = [];
    const kept: Message[] = [];
    for (const message of this.messages) {
      if (message.expunged) lines.push(`${kept.length + 1} EXPUNGE`);
      else kept.push(message);
    }
    this.messages = kept;
    return lines;
  }
}
