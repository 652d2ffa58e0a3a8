/**
 * Watches one mailbox for as long as this node holds its lease: opens the folder, takes what is there, waits in IDLE,
 * looks again every few minutes whatever IDLE says, replaces the session before its token ends, and comes back after
 * failures. What the state is, and what to do about it, stands in the row of the mailbox.
 */

import { PlatenError } from '../base/errors.ts';
import { jitter } from '../base/secrets.ts';
import { noteUse } from '../connections/connections.ts';
import { record } from '../journal/journal.ts';
import type { ImapFailure } from '../protocols/imap/failure.ts';
import { imapLimits } from '../protocols/limits.ts';
import type { Context } from '../store/database.ts';
import { type Lease, withLease } from '../store/leases.ts';
import { intakeTimes } from './limits.ts';
import { enterState, getMailboxRow, type MailboxRow, placeOf, problemOf } from './mailbox.ts';
import { FOLDERS, runPass } from './pass.ts';
import { explain, type OpenFolder, openFolder } from './sources/imap.ts';
import { openPopFolder, POP3_NUMBERING } from './sources/pop3.ts';
import { assertRoom } from './sources/room.ts';

/** Watches until the signal aborts. Never throws: a failure becomes the state of the mailbox. */
export async function watchMailbox(context: Context, mailboxId: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await withLease(context, `mailbox:${mailboxId}`, { signal }, (lease) =>
        new Watch(context, mailboxId, lease).run(),
      );
    } catch (error) {
      if (!signal.aborted) context.log.warn({ mailboxId, error }, 'watching a mailbox was broken off');
    }
    await context.clock.sleep(intakeTimes.leaseRetryMs, signal);
  }
}

class Watch {
  readonly #context: Context;
  readonly #id: string;
  readonly #lease: Lease;
  readonly #suspects = new Set<number>();
  #failures = 0;
  /** Since when tokens are not to be believed: set by a refused sign-in. */
  #notOlderThan: Date | undefined;
  #moveRefusal: ImapFailure | undefined;
  /** What the last session over POP3 has deleted, as far as the server can be believed. */
  #deleted: ReadonlySet<number> = new Set();

  constructor(context: Context, id: string, lease: Lease) {
    this.#context = context;
    this.#id = id;
    this.#lease = lease;
  }

  async run(): Promise<void> {
    const { signal } = this.#lease;
    while (!signal.aborted) {
      const mailbox = await getMailboxRow(this.#context, this.#id);
      try {
        await (mailbox.protocol === 'pop3' ? this.#popSession(mailbox) : this.#session(mailbox));
      } catch (error) {
        if (signal.aborted) return;
        const pauseMs = await this.#fail(mailbox, error);
        if (pauseMs > 0) await this.#context.clock.sleep(pauseMs, signal);
      }
    }
  }

  /** One session, from sign-in to the time at which a fresh token is due. */
  async #session(mailbox: MailboxRow): Promise<void> {
    const { signal } = this.#lease;
    this.#lease.assertFresh();
    const open = await openFolder(this.#context, mailbox, {
      signal,
      ...(this.#notOlderThan === undefined ? {} : { notOlderThan: this.#notOlderThan }),
    });
    await using session = open.session;
    if (mailbox.after_intake !== 'keep') for (const folder of FOLDERS) await session.ensureFolder(folder);
    await this.#noteNumbering(mailbox, open.uidValidity);
    this.#notOlderThan = undefined;
    while (!signal.aborted && !this.#isEnding(open)) {
      const nextTryAt = await this.#pass(mailbox, open);
      this.#failures = 0;
      await this.#rest(mailbox, open, nextTryAt);
    }
  }

  /** One session over POP3: everything that is there, then QUIT, then the pause between two looks. */
  async #popSession(mailbox: MailboxRow): Promise<void> {
    const { signal } = this.#lease;
    this.#lease.assertFresh();
    await using folder = await openPopFolder(this.#context, mailbox, {
      signal,
      ...(this.#notOlderThan === undefined ? {} : { notOlderThan: this.#notOlderThan }),
    });
    this.#notOlderThan = undefined;
    const isBack = (await folder.listUids()).some((uid) => this.#deleted.has(uid));
    const nextTryAt = await runPass(this.#context, {
      mailbox,
      lease: this.#lease,
      session: folder,
      uidValidity: POP3_NUMBERING,
      suspects: this.#suspects,
      shouldEnd: () => signal.aborted,
      assertRoom: () => assertRoom(this.#context, mailbox),
      onMoveRefused: () => undefined,
    });
    this.#lease.assertFresh();
    this.#deleted = await folder.end();
    this.#failures = 0;
    await this.#tellPopState(mailbox, isBack);
    await this.#noteLook(mailbox);
    const { clock } = this.#context;
    const tryMs = nextTryAt === undefined ? Number.POSITIVE_INFINITY : nextTryAt.getTime() - clock.now().getTime();
    await clock.sleep(Math.max(0, Math.min(mailbox.poll_seconds * 1000, tryMs)), signal);
  }

  async #tellPopState(mailbox: MailboxRow, isBack: boolean): Promise<void> {
    const watched = { id: this.#id, lease: this.#lease };
    if (!isBack) return await enterState(this.#context, watched, { state: 'connected', hasLooked: true });
    const ignored = new PlatenError('mailbox-delete-ignored', `the server keeps what ${mailbox.address} deletes`, {
      values: { address: mailbox.address },
    });
    await enterState(this.#context, watched, {
      state: 'failing',
      problem: problemOf(this.#context, ignored),
      hasLooked: true,
    });
  }

  async #pass(mailbox: MailboxRow, open: OpenFolder): Promise<Date | undefined> {
    this.#moveRefusal = undefined;
    const nextTryAt = await runPass(this.#context, {
      mailbox,
      lease: this.#lease,
      session: open.session,
      uidValidity: open.uidValidity,
      suspects: this.#suspects,
      shouldEnd: () => this.#lease.signal.aborted || this.#isEnding(open),
      assertRoom: () => assertRoom(this.#context, mailbox),
      onMoveRefused: (failure) => {
        this.#moveRefusal = failure;
      },
    });
    await this.#tellState(mailbox);
    await this.#noteLook(mailbox);
    return nextTryAt;
  }

  async #noteLook({ connection_id, protocol }: MailboxRow): Promise<void> {
    if (connection_id !== null) await noteUse(this.#context, connection_id, protocol);
  }

  async #tellState(mailbox: MailboxRow): Promise<void> {
    const watched = { id: this.#id, lease: this.#lease };
    if (this.#moveRefusal === undefined)
      return await enterState(this.#context, watched, { state: 'connected', hasLooked: true });
    const { words } = this.#moveRefusal;
    const refused = new PlatenError('mailbox-move-refused', `the server does not move messages of ${mailbox.address}`, {
      values: { address: mailbox.address },
      ...(words === undefined ? {} : { remote: words }),
    });
    await enterState(this.#context, watched, {
      state: 'failing',
      problem: problemOf(this.#context, refused),
      hasLooked: true,
    });
  }

  /** Waits for mail, for the next full look, for a message to be tried again, or for the token's end. */
  async #rest(mailbox: MailboxRow, open: OpenFolder, nextTryAt: Date | undefined): Promise<void> {
    const { clock } = this.#context;
    const nowMs = clock.now().getTime();
    const times = [mailbox.poll_seconds * 1000];
    if (nextTryAt !== undefined) times.push(nextTryAt.getTime() - nowMs);
    if (open.replaceAt !== undefined) times.push(open.replaceAt.getTime() - nowMs);
    const over = new AbortController();
    const until = AbortSignal.any([over.signal, this.#lease.signal]);
    void clock.sleep(Math.max(0, Math.min(...times)), until).then(() => over.abort());
    try {
      await open.session.waitForMail(imapLimits.maxIdleMs, until);
    } finally {
      over.abort();
    }
  }

  #isEnding({ replaceAt }: OpenFolder): boolean {
    return replaceAt !== undefined && replaceAt <= this.#context.clock.now();
  }

  /** A new UIDVALIDITY makes all known UIDs void (RFC 3501 section 2.3.1.1): an administrator should know. */
  async #noteNumbering(mailbox: MailboxRow, uidValidity: number): Promise<void> {
    const last = await this.#context.db
      .selectFrom('incoming_messages')
      .select('uidvalidity')
      .where('mailbox_id', '=', mailbox.id)
      .where('place', '=', placeOf(mailbox))
      .where('folder', '=', mailbox.folder)
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst();
    // From POP3 to IMAP nothing was numbered anew; the digest of a message tells it again.
    if (last === undefined || last.uidvalidity === uidValidity || last.uidvalidity === POP3_NUMBERING) return;
    const data = { title: mailbox.title, folder: mailbox.folder, from: last.uidvalidity, to: uidValidity };
    this.#context.log.warn({ mailboxId: mailbox.id, ...data }, 'the server has numbered the folder anew');
    await record(this.#context, 'mailbox-renumbered', { subjectId: mailbox.id, data });
  }

  /** Makes a failure the state of the mailbox, and answers how long to wait. */
  async #fail(mailbox: MailboxRow, thrown: unknown): Promise<number> {
    const { kind } = thrown as Partial<ImapFailure>;
    // A token can be bad without having ended, and a session ends with its token: first a fresh one, at once.
    if (kind === 'token-expired' || kind === 'auth-failed') {
      this.#notOlderThan = this.#context.clock.now();
      if (mailbox.connection_id !== null && this.#failures++ === 0) return 0;
    }
    const error = explain(mailbox, thrown);
    if (!(error instanceof PlatenError)) {
      this.#context.log.warn({ mailboxId: this.#id, error }, 'a mailbox could not be read and is tried again');
      return intakeTimes.databasePauseMs;
    }
    if (error.code === 'lease-lost') throw error;
    const isWaiting = error.code === 'connection-not-confirmed' || error.code === 'connection-needs-confirmation';
    await enterState(
      this.#context,
      { id: this.#id, lease: this.#lease },
      { state: isWaiting ? 'waiting' : 'failing', problem: problemOf(this.#context, error) },
    );
    if (isWaiting) return intakeTimes.waitingRetryMs;
    if (error.retryAfterSeconds !== undefined) return error.retryAfterSeconds * 1000;
    const pauseMs = Math.min(intakeTimes.firstPauseMs * 2 ** this.#failures++, intakeTimes.longestPauseMs);
    return jitter(pauseMs, 0.2);
  }
}
