/**
 * One IMAP session (RFC 3501 with IDLE, UIDPLUS and MOVE) narrowed to what reading a mailbox needs. Only this file and
 * `options.ts` know imapflow.
 *
 * States: ready -> (select) a folder is open -> closed. After any failure but `protocol` the session is closed; whoever
 * wants to go on opens a new one. Nothing is tried twice here. A dropped connection never looks like an empty mailbox
 * or message: every answer counts only after its tagged OK, on a session that is still open.
 */

import { ImapFlow } from 'imapflow';
import { imapLimits } from '../limits.ts';
import { failureOf, ImapFailure } from './failure.ts';
import { assertPermitted, type ImapTarget, optionsOf, type SessionLog } from './options.ts';
import { sequenceSet } from './uid-set.ts';

export type { ImapTarget };

export interface SelectedFolder {
  readonly uidValidity: number;
  readonly exists: number;
}

/** What became of the request for one body. `empty`: the server has the message and gives nothing of it. */
export type FetchedBody =
  | { readonly kind: 'body'; readonly uid: number; readonly raw: Buffer }
  | { readonly kind: 'empty'; readonly uid: number }
  | { readonly kind: 'gone'; readonly uid: number };

/**
 * Opens a session: TCP, TLS, greeting, capabilities, login, all within `imapLimits.connectTimeoutMs`.
 * Throws `ImapFailure`. A login that is accepted does not prove that the mailbox opens: select a folder for that.
 */
export async function connectImap(target: ImapTarget, signal?: AbortSignal): Promise<ImapSession> {
  signal?.throwIfAborted();
  assertPermitted(target);
  const session = new ImapSession(target, signal);
  await session.open();
  return session;
}

export class ImapSession implements AsyncDisposable {
  readonly #client: ImapFlow;
  readonly #signal: AbortSignal | undefined;
  #backoffMs: number | undefined;
  #isReady = false;
  /** What went wrong during the current command, the newest first. */
  #errors: unknown[] = [];
  #arrivals = 0;
  #arrivalsSeen = 0;
  #onChange: (() => void) | undefined;
  readonly #stop = (): void => this.#client.close();

  /** For `connectImap`. */
  constructor(target: ImapTarget, signal: AbortSignal | undefined) {
    this.#signal = signal;
    this.#client = new ImapFlow(optionsOf(target, this.#listener()));
    // Errors reach the command that waits; without a listener they would end the process.
    this.#client.on('error', (error: unknown) => this.#remember(error));
    // Exchange says “Server Unavailable. 15” with neither tag nor asterisk: the library drops what it makes of it.
    (this.#client as unknown as Untagged).untaggedHandlers.BAD = async ({ attributes }) => {
      const words = attributes?.map(({ value }) => value).find((value) => typeof value === 'string');
      if (words !== undefined) this.#remember({ responseText: words });
    };
    this.#client.on('exists', ({ count, prevCount }: { count: number; prevCount: number }) => {
      if (count > prevCount) this.#arrivals++;
      this.#onChange?.();
    });
    this.#client.on('close', () => this.#onChange?.());
    signal?.addEventListener('abort', this.#stop, { once: true });
  }

  get isOpen(): boolean {
    return this.#isReady && !this.#client.isClosed;
  }

  /** For `connectImap`. */
  async open(): Promise<void> {
    await this.#within(imapLimits.connectTimeoutMs, () => this.#client.connect());
    this.#isReady = true;
  }

  /** Opens a folder for reading and moving (RFC 3501 section 6.3.1). */
  async select(folder: string): Promise<SelectedFolder> {
    const opened = await this.#command(() => this.#client.mailboxOpen(pathOf(folder)));
    const uidValidity = Number(opened.uidValidity);
    if (!Number.isSafeInteger(uidValidity) || uidValidity < 1) {
      throw new ImapFailure('protocol', { words: 'SELECT without UIDVALIDITY' });
    }
    this.#arrivalsSeen = this.#arrivals;
    return { uidValidity, exists: opened.exists };
  }

  /** Lists every UID of the open folder, ascending. Mail that arrived before is part of it and wakes nobody any more. */
  async listUids(): Promise<number[]> {
    const arrivals = this.#arrivals;
    const found = await this.#command(() => this.#client.search({ all: true }, { uid: true }));
    if (!Array.isArray(found)) throw this.#failure('SEARCH was refused');
    this.#arrivalsSeen = arrivals;
    return found.filter((uid) => Number.isSafeInteger(uid) && uid > 0).sort((a, b) => a - b);
  }

  /** Asks for the sizes that the server names, which at Exchange are estimates. UIDs that are gone are left out. */
  async fetchSizes(uids: readonly number[]): Promise<Map<number, number>> {
    const sizes = new Map<number, number>();
    for (const group of groupsOf(uids)) {
      const answers = await this.#command(() =>
        this.#client.fetchAll(sequenceSet(group), { uid: true, size: true }, { uid: true }),
      );
      for (const { uid, size } of answers) if (group.includes(uid)) sizes.set(uid, size ?? 0);
    }
    return sizes;
  }

  /** Fetches whole messages into memory without marking them read, in the order asked for. */
  async fetchBodies(uids: readonly number[]): Promise<FetchedBody[]> {
    const bodies = new Map<number, Buffer>();
    for (const group of groupsOf(uids)) {
      const query = { uid: true, source: true } as const;
      const answers = await this.#command(
        () => this.#client.fetchAll(sequenceSet(group), query, { uid: true }),
        imapLimits.fetchTimeoutMs,
      );
      for (const { uid, source } of answers) if (source !== undefined && source.length > 0) bodies.set(uid, source);
    }
    const missing = uids.filter((uid) => !bodies.has(uid));
    const present = missing.length === 0 ? new Map<number, number>() : await this.fetchSizes(missing);
    return uids.map((uid) => {
      const raw = bodies.get(uid);
      if (raw !== undefined) return { kind: 'body', uid, raw };
      return { kind: present.has(uid) ? 'empty' : 'gone', uid };
    });
  }

  /** Fetches the beginning of a message, enough for its header; undefined when it is gone or nothing is given of it. */
  async fetchBeginning(uid: number, maxBytes: number): Promise<Buffer | undefined> {
    const query = { uid: true, source: { start: 0, maxLength: maxBytes } };
    const [answer] = await this.#command(() => this.#client.fetchAll(String(uid), query, { uid: true }));
    return answer?.uid === uid && answer.source !== undefined && answer.source.length > 0 ? answer.source : undefined;
  }

  /**
   * Reads one message piece by piece (RFC 3501 section 6.4.5, partial fetch), so that none of it stays in memory.
   * Ends after the last byte; a message that is gone, or of which the server gives nothing, ends at once.
   */
  async *streamBody(uid: number): AsyncGenerator<Buffer, void, undefined> {
    for (let start = 0; ; ) {
      const source = { start, maxLength: imapLimits.pieceBytes };
      const [answer] = await this.#command(
        () => this.#client.fetchAll(String(uid), { uid: true, source }, { uid: true }),
        imapLimits.fetchTimeoutMs,
      );
      const piece = answer?.uid === uid ? answer.source : undefined;
      if (answer === undefined && start > 0)
        throw new ImapFailure('protocol', { words: 'the message vanished while it was read' });
      if (piece === undefined || piece.length === 0) return;
      // A server that does not know partial fetches gives the whole message each time.
      if (piece.length > imapLimits.pieceBytes && start > 0)
        throw new ImapFailure('protocol', { words: 'a partial fetch was not partial' });
      yield piece;
      if (piece.length !== imapLimits.pieceBytes) return;
      start += piece.length;
    }
  }

  /** Makes a folder, and subscribes to it, unless it is there (RFC 3501 section 6.3.3). `Platen/Done` lies in `Platen`. */
  async ensureFolder(folder: string): Promise<void> {
    const levels = folder.split('/');
    const above = levels.map((_, depth) => levels.slice(0, depth + 1).join('/'));
    for (const missing of await this.findMissing(above)) {
      await this.#command(() => this.#client.mailboxCreate(missing.split('/')));
    }
  }

  /** Which of the folders, named with slashes, are not there; without regard to case. Makes none. */
  async findMissing(folders: readonly string[]): Promise<string[]> {
    const found = await this.#command(() => this.#client.list());
    const paths = new Set(found.map(({ path }) => path.toLowerCase()));
    const delimiter = this.#client.namespace?.delimiter ?? '/';
    const prefix = this.#client.namespace?.prefix ?? '';
    return folders.filter((folder) => !paths.has((prefix + folder.split('/').join(delimiter)).toLowerCase()));
  }

  /**
   * Moves messages of the open folder (RFC 6851, or COPY and EXPUNGE without it). When it returns, none of them is in
   * the folder any more; UIDs that were gone before are no failure. Answers the new UIDs where the server tells them.
   */
  async move(uids: readonly number[], folder: string): Promise<Map<number, number>> {
    const moved = new Map<number, number>();
    for (const group of groupsOf(uids)) {
      const answer = await this.#command(() =>
        this.#client.messageMove(sequenceSet(group), pathOf(folder), { uid: true }),
      );
      if (!answer) throw this.#failure('MOVE was refused');
      for (const [from, to] of answer.uidMap ?? []) moved.set(from, to);
    }
    return moved;
  }

  /** Removes messages of the open folder for good (RFC 4315 section 2.1). */
  async remove(uids: readonly number[]): Promise<void> {
    for (const group of groupsOf(uids)) {
      const isDone = await this.#command(() => this.#client.messageDelete(sequenceSet(group), { uid: true }));
      if (!isDone) throw this.#failure('STORE or EXPUNGE was refused');
    }
  }

  /**
   * Waits in IDLE (RFC 2177) until mail arrives, the signal aborts, or `timeoutMs` are over, at most
   * `imapLimits.maxIdleMs`. Mail that arrived since the last `listUids` answers at once.
   */
  async waitForMail(timeoutMs: number, signal: AbortSignal): Promise<'arrived' | 'quiet'> {
    if (!this.isOpen) throw this.#failure('the connection was closed');
    const limit = AbortSignal.timeout(Math.min(timeoutMs, imapLimits.maxIdleMs));
    const until = AbortSignal.any([limit, signal]);
    // The promise settles when IDLE ends; its failure shows in the session, which is looked at below.
    const idle = this.#client.idle().catch((error: unknown) => {
      this.#remember(error);
      return false;
    });
    await this.#changed(until, idle);
    this.#onChange = undefined;
    if (!this.isOpen) throw this.#failure('the connection was closed');
    if (this.#arrivals > this.#arrivalsSeen) return 'arrived';
    // Ends IDLE with DONE. A server that went silent is found out by the deadline of this command.
    await this.noop();
    return this.#arrivals > this.#arrivalsSeen ? 'arrived' : 'quiet';
  }

  /** Asks for nothing: proves that the session lives, and learns of new mail where IDLE is mute. */
  async noop(): Promise<void> {
    await this.#command(() => this.#client.noop());
  }

  /** Logs out, or just hangs up when the server does not answer soon. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#stop);
    if (this.isOpen) {
      const inTime = AbortSignal.timeout(LOGOUT_TIMEOUT_MS);
      await Promise.race([this.#client.logout().catch(() => undefined), aborted(inTime)]);
    }
    this.#client.close();
  }

  #changed(until: AbortSignal, idle: Promise<unknown>): Promise<void> {
    if (until.aborted || this.#arrivals > this.#arrivalsSeen) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onChange = () => {
        if (this.#arrivals > this.#arrivalsSeen || !this.isOpen) resolve();
      };
      until.addEventListener('abort', () => resolve(), { once: true });
      void idle.then(() => resolve());
    });
  }

  async #command<T>(run: () => Promise<T>, timeoutMs: number = imapLimits.commandTimeoutMs): Promise<T> {
    if (!this.isOpen) throw this.#failure('the connection was closed');
    this.#errors = [];
    const answer = await this.#within(timeoutMs, run);
    // imapflow answers some commands with nothing when the connection went away under them.
    if (!this.isOpen) throw this.#failure('the connection was closed');
    return answer;
  }

  /** Runs one exchange within a deadline. A session that missed one is closed: its answers can no longer be told apart. */
  async #within<T>(timeoutMs: number, run: () => Promise<T>): Promise<T> {
    const deadline = AbortSignal.timeout(timeoutMs);
    const late = (): void => {
      this.#client.close();
      this.#remember(new Error(`no answer within ${timeoutMs} ms`));
    };
    deadline.addEventListener('abort', late, { once: true });
    try {
      return await run();
    } catch (error) {
      if (!deadline.aborted) this.#remember(error);
      throw this.#failure('the connection was closed');
    } finally {
      deadline.removeEventListener('abort', late);
    }
  }

  #remember(error: unknown): void {
    this.#errors = [error, ...this.#errors].slice(0, MAX_ERRORS);
  }

  #failure(otherwise: string): ImapFailure {
    this.#signal?.throwIfAborted();
    const failure = failureOf({
      errors: this.#errors.length === 0 ? [new Error(otherwise)] : this.#errors,
      byeWords: this.#client.byeReason,
      backoffMs: this.#backoffMs,
      wasReady: this.#isReady,
    });
    if (failure.kind !== 'protocol') this.#client.close();
    return failure;
  }

  /**
   * Listens to the library's log for two things that it tells nobody else: that the server throttles (it would sit out
   * the pause itself, for minutes and without an answer) and why a command was refused. Nothing of it is logged: the
   * lines hold what is private to the mailbox.
   */
  #listener(): SessionLog {
    const listen = (entry: unknown): void => {
      const { msg, throttleDelay, err } = (entry ?? {}) as { msg?: unknown; throttleDelay?: unknown; err?: unknown };
      if (err !== undefined) this.#remember(err);
      if (msg !== 'Throttling detected') return;
      this.#backoffMs = Math.min(Number(throttleDelay) || 0, imapLimits.maxBackoffMs);
      // Not now: the library begins its pause after this line, and only a pause that has begun can be ended.
      setImmediate(this.#stop);
    };
    const ignore = (): void => undefined;
    return { trace: ignore, debug: ignore, info: ignore, warn: listen, error: listen, fatal: listen };
  }
}

/** What is used of the inside of imapflow. */
type Untagged = {
  readonly untaggedHandlers: Record<
    string,
    (line: { readonly attributes?: readonly { readonly value?: unknown }[] }) => Promise<void>
  >;
};

const LOGOUT_TIMEOUT_MS = 2000;

const MAX_ERRORS = 8;

function* groupsOf(uids: readonly number[]): Generator<readonly number[]> {
  for (let at = 0; at < uids.length; at += imapLimits.maxMessagesPerCommand) {
    yield uids.slice(at, at + imapLimits.maxMessagesPerCommand);
  }
}

/** Levels as the server divides them; it may use another sign than `/`. */
function pathOf(folder: string): string | string[] {
  return folder.includes('/') ? folder.split('/') : folder;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
