/**
 * Intake: mailboxes that are watched, and the messages that came in. Each message is settled exactly once: it becomes
 * jobs, or is refused or failed with a reason that can be read here; nothing is dropped in silence. This room never
 * prints and never writes mail. What reads the mailboxes is `worker.ts`.
 */

import { type Selectable, sql } from 'kysely';
import { PlatenError } from '../base/errors.ts';
import { newId } from '../base/secrets.ts';
import { getConnection, setReadAddresses } from '../connections/connections.ts';
import { getQueue } from '../jobs/jobs.ts';
import { record } from '../journal/journal.ts';
import type { Context } from '../store/database.ts';
import { findNewest } from '../store/pages.ts';
import type { MessageOutcome, Schema } from '../store/schema.ts';
import { transaction } from '../store/transaction.ts';
import { lookAt, type MailboxCheck, readTyped, type TypedMailbox } from './looks/check.ts';
import {
  describeMailbox,
  getMailboxRow,
  keptPassword,
  type Mailbox,
  type MailboxRow,
  type MailboxServer,
} from './mailbox.ts';
import { changedPolicy, type PolicyChange } from './senders/policy.ts';
import { passwordBinding } from './sources/imap.ts';
import type { Wishes } from './wishes.ts';

export type { Mailbox, MailboxCheck, MailboxServer };

export type NewMailbox = {
  readonly title: string;
  readonly protocol: 'imap' | 'pop3';
  /** Through Microsoft 365, or … */
  readonly connectionId?: string | undefined;
  /** … through a server of its own. */
  readonly server?: (MailboxServer & { readonly password: string }) | undefined;
  readonly address: string;
  readonly folder?: string | undefined;
  readonly pollSeconds?: number | undefined;
  /** Unless said, `move` over IMAP, and over POP3, where nothing is destroyed unasked, `keep`. */
  readonly afterIntake?: Mailbox['afterIntake'] | undefined;
  readonly queueId: string;
  readonly isEnabled?: boolean | undefined;
} & PolicyChange;

export type MailboxChange = PolicyChange & {
  readonly title?: string | undefined;
  readonly protocol?: 'imap' | 'pop3' | undefined;
  readonly address?: string | undefined;
  readonly folder?: string | undefined;
  readonly pollSeconds?: number | undefined;
  readonly afterIntake?: Mailbox['afterIntake'] | undefined;
  readonly queueId?: string | undefined;
  readonly isEnabled?: boolean | undefined;
  readonly connectionId?: string | undefined;
  readonly server?: (MailboxServer & { readonly password?: string | undefined }) | undefined;
};

/** IMAP is told of new mail and looks around only to be sure; POP3 is never told (Exchange Online: 1 to 5 minutes). */
const DEFAULT_POLL_SECONDS = { imap: 300, pop3: 120 } as const;

/**
 * Adds a mailbox; it is watched within seconds of the commit. Throws `not-found` for an unknown connection or queue,
 * `pop3-has-no-folders`, and `conflict` when the folder is being watched already.
 */
export async function addMailbox(context: Context, mailbox: NewMailbox, actor: string): Promise<Mailbox> {
  const afterIntake = mailbox.afterIntake ?? (mailbox.protocol === 'pop3' ? 'keep' : 'move');
  assertPossible({ ...mailbox, afterIntake });
  if ((mailbox.connectionId === undefined) === (mailbox.server === undefined)) {
    throw new PlatenError('invalid-request', 'a mailbox is read through a connection or through a server');
  }
  const id = newId();
  await transaction(context, async (context) => {
    await getQueue(context, mailbox.queueId);
    if (mailbox.connectionId !== undefined) await getConnection(context, mailbox.connectionId);
    const address = mailbox.address.toLowerCase();
    const folder = mailbox.folder ?? 'INBOX';
    await assertNotWatched(context, { id, address, folder });
    const { password, ...server } = mailbox.server ?? { password: undefined };
    await context.db
      .insertInto('mailboxes')
      .values({
        id,
        title: mailbox.title,
        protocol: mailbox.protocol,
        connection_id: mailbox.connectionId ?? null,
        server: mailbox.server === undefined ? null : JSON.stringify(server),
        sealed_password: password === undefined ? null : context.secrets.seal(password, passwordBinding(id)),
        address,
        folder,
        poll_seconds: mailbox.pollSeconds ?? DEFAULT_POLL_SECONDS[mailbox.protocol],
        after_intake: afterIntake,
        queue_id: mailbox.queueId,
        enabled: mailbox.isEnabled ?? true,
        policy: changedPolicy({}, mailbox),
        state_since: context.clock.now(),
      })
      .execute();
    await setReadAddresses(context, id, [address]);
    await record(context, 'mailbox-added', { subjectId: id, actor, data: { title: mailbox.title, address, folder } });
  });
  return await getMailbox(context, id);
}

/** Lists all mailboxes, oldest first; there are few. */
export async function listMailboxes(context: Context): Promise<Mailbox[]> {
  const rows = await context.db.selectFrom('mailboxes').selectAll().orderBy('id').execute();
  return rows.map(describeMailbox);
}

/** Throws `not-found`. */
export async function getMailbox(context: Context, id: string): Promise<Mailbox> {
  return describeMailbox(await getMailboxRow(context, id));
}

/** Changes a mailbox; its watch starts anew with the new settings. Throws as `addMailbox`. */
export async function updateMailbox(
  context: Context,
  id: string,
  asked: { readonly change: MailboxChange; readonly actor: string },
): Promise<Mailbox> {
  const { change, actor } = asked;
  await transaction(context, async (context) => {
    const row = await getMailboxRow(context, id);
    if (change.queueId !== undefined) await getQueue(context, change.queueId);
    if (change.connectionId !== undefined) await getConnection(context, change.connectionId);
    const address = change.address?.toLowerCase() ?? row.address;
    const folder = change.folder ?? row.folder;
    await assertNotWatched(context, { id, address, folder });
    const protocol = change.protocol ?? row.protocol;
    assertPossible({ protocol, folder, afterIntake: change.afterIntake ?? row.after_intake });
    const isOff = change.isEnabled === false;
    await context.db
      .updateTable('mailboxes')
      .set({
        title: change.title ?? row.title,
        protocol,
        address,
        folder,
        poll_seconds: change.pollSeconds ?? row.poll_seconds,
        after_intake: change.afterIntake ?? row.after_intake,
        queue_id: change.queueId ?? row.queue_id,
        enabled: change.isEnabled ?? row.enabled,
        policy: changedPolicy(row.policy, change),
        ...(isOff ? { state: 'waiting' as const, state_since: context.clock.now(), problem: null } : {}),
        ...sourceOf(context, row, change),
      })
      .where('id', '=', id)
      .execute();
    await setReadAddresses(context, id, [address]);
    const changed = Object.keys(change).filter((field) => change[field as keyof MailboxChange] !== undefined);
    await record(context, 'mailbox-changed', {
      subjectId: id,
      actor,
      data: { title: change.title ?? row.title, changed },
    });
  });
  return await getMailbox(context, id);
}

function sourceOf(context: Context, row: MailboxRow, { connectionId, server }: MailboxChange) {
  if (connectionId !== undefined) return { connection_id: connectionId, server: null, sealed_password: null };
  if (server === undefined) return {};
  const { password, ...shown } = server;
  const sealed =
    password === undefined ? keptPassword(row, shown) : context.secrets.seal(password, passwordBinding(row.id));
  return { connection_id: null, server: JSON.stringify(shown), sealed_password: sealed };
}

/** Stops watching a mailbox and forgets its messages; their jobs stay, and so does the mail. Throws `not-found`. */
export async function removeMailbox(context: Context, id: string, actor: string): Promise<void> {
  await transaction(context, async (context) => {
    const row = await getMailboxRow(context, id);
    await setReadAddresses(context, id, []);
    await context.db.deleteFrom('mailboxes').where('id', '=', id).execute();
    await record(context, 'mailbox-removed', {
      subjectId: id,
      actor,
      data: { title: row.title, address: row.address },
    });
  });
}

/** Signs in and opens the folder, beside whatever watches it, and says what is in the way. Throws `not-found`. */
export async function checkMailbox(context: Context, id: string, signal: AbortSignal): Promise<MailboxCheck> {
  return await lookAt(context, await getMailboxRow(context, id), signal);
}

/**
 * As `checkMailbox`, for a mailbox as it was typed: nothing of it is kept. Throws `not-found` for an unknown connection
 * or mailbox, and `pop3-has-no-folders`.
 */
export async function checkTyped(context: Context, typed: TypedMailbox, signal: AbortSignal): Promise<MailboxCheck> {
  const source = await readTyped(context, typed);
  assertPossible({ protocol: source.protocol, folder: source.folder, afterIntake: source.after_intake });
  if (source.connection_id !== null) await getConnection(context, source.connection_id);
  return await lookAt(context, source, signal);
}

/** POP3 shows the inbox alone, and can only delete or keep (RFC 1939). */
function assertPossible(mailbox: {
  readonly protocol: 'imap' | 'pop3';
  readonly folder?: string | undefined;
  readonly afterIntake: Mailbox['afterIntake'];
}): void {
  if (mailbox.protocol === 'imap') return;
  if ((mailbox.folder ?? 'INBOX').toUpperCase() !== 'INBOX' || mailbox.afterIntake === 'move') {
    throw new PlatenError('pop3-has-no-folders', 'over POP3 messages of the inbox can be deleted or kept');
  }
}

/** Two watches of one folder would take each other's mail away, and print what both found. */
async function assertNotWatched(
  context: Context,
  wanted: { readonly id: string; readonly address: string; readonly folder: string },
): Promise<void> {
  const other = await context.db
    .selectFrom('mailboxes')
    .select('title')
    .where('address', '=', wanted.address)
    .where((builder) => builder(builder.fn('lower', ['folder']), '=', wanted.folder.toLowerCase()))
    .where('id', '<>', wanted.id)
    .executeTakeFirst();
  if (other !== undefined)
    throw new PlatenError('conflict', `${other.title} watches ${wanted.folder} of ${wanted.address}`);
}

export type IncomingMessage = {
  readonly id: string;
  readonly mailboxId: string;
  readonly sender: string;
  readonly senderUserId: string | undefined;
  readonly subject: string;
  readonly messageId: string | undefined;
  /** Where it lay when it was taken, with its number there (IMAP: UID, which holds with this UIDVALIDITY). */
  readonly folder: string;
  readonly uidValidity: number;
  readonly uid: number;
  readonly sentAt: Date | undefined;
  readonly receivedAt: Date;
  readonly movedAt: Date | undefined;
  readonly bytes: number;
  readonly outcome: MessageOutcome;
  readonly reason: string | undefined;
  readonly jobCount: number;
  /** What the header proves of its sender; undefined for a message that was not looked at so far. */
  readonly proof: { readonly verdict: string; readonly reason: string; readonly hint?: string } | undefined;
  /** How its sender wants it printed, and which words of that were not understood; undefined when nothing was asked. */
  readonly wishes: Wishes | undefined;
};

export type MessageFilter = {
  readonly mailboxId?: string | undefined;
  readonly outcome?: MessageOutcome | undefined;
  /** In the sender, the subject or the Message-ID, without regard to case. */
  readonly text?: string | undefined;
  /** Only what came in at this time or later. */
  readonly since?: Date | undefined;
  /** Only what this user sent. */
  readonly senderUserId?: string | undefined;
  /** Only messages older than this one: ids sort by time. */
  readonly before?: string | undefined;
  readonly limit: number;
};

/** Lists messages, newest first. */
export async function listMessages(context: Context, filter: MessageFilter): Promise<IncomingMessage[]> {
  const { text, limit, since } = filter;
  let wanted = context.db.selectFrom('incoming_messages').selectAll();
  if (filter.mailboxId !== undefined) wanted = wanted.where('mailbox_id', '=', filter.mailboxId);
  if (filter.outcome !== undefined) wanted = wanted.where('outcome', '=', filter.outcome);
  if (filter.senderUserId !== undefined) wanted = wanted.where('sender_user_id', '=', filter.senderUserId);
  if (since !== undefined) wanted = wanted.where('received_at', '>=', since);
  if (filter.before !== undefined) wanted = wanted.where('id', '<', filter.before);
  const newestOf = (query: typeof wanted) => query.orderBy('id', 'desc').limit(limit).execute();
  if (text === undefined) return (await newestOf(wanted)).map(describeMessage);
  // As the index of migration 0026 has it, or the index is not used.
  const searched = sql`lower(sender || ' ' || subject || ' ' || coalesce(message_id, ''))`;
  const isFound = sql<boolean>`position(${text.toLowerCase()} in ${searched}) > 0`;
  const from = (query: typeof wanted) =>
    context.db.selectFrom(query.as('incoming_messages')).selectAll().where(isFound);
  const found = await findNewest(text, limit, {
    among: (count) => newestOf(from(wanted.orderBy('id', 'desc').limit(count))),
    byIndex: (pattern) => newestOf(from(wanted.where(sql<boolean>`${searched} LIKE ${pattern}`).offset(0))),
  });
  return found.map(describeMessage);
}

/** Throws `not-found`, also for a message of another user when `senderUserId` is given. */
export async function getMessage(context: Context, id: string, senderUserId?: string): Promise<IncomingMessage> {
  let query = context.db.selectFrom('incoming_messages').selectAll().where('id', '=', id);
  if (senderUserId !== undefined) query = query.where('sender_user_id', '=', senderUserId);
  const row = await query.executeTakeFirst();
  if (row === undefined) throw new PlatenError('not-found', 'there is no such message');
  return describeMessage(row);
}

function describeMessage(row: Selectable<Schema['incoming_messages']>): IncomingMessage {
  return {
    id: row.id,
    mailboxId: row.mailbox_id,
    sender: row.sender,
    senderUserId: row.sender_user_id ?? undefined,
    subject: row.subject,
    messageId: row.message_id ?? undefined,
    folder: row.folder,
    uidValidity: row.uidvalidity,
    uid: row.uid,
    sentAt: row.sent_at ?? undefined,
    receivedAt: row.received_at,
    movedAt: row.moved_at ?? undefined,
    bytes: row.bytes,
    outcome: row.outcome,
    reason: row.reason ?? undefined,
    jobCount: row.job_count,
    proof: row.proof ?? undefined,
    wishes: row.wishes === null ? undefined : (row.wishes as Wishes),
  };
}

/**
 * After a restore: a mailbox that keeps its messages would be read again from the moment of the backup, and what was
 * printed since would be printed a second time. It waits until a person has looked. Returns how many there are.
 */
export async function pauseRestoredMailboxes(context: Context): Promise<number> {
  const paused = await context.db
    .updateTable('mailboxes')
    .set({ enabled: false })
    .where('after_intake', '=', 'keep')
    .where('enabled', '=', true)
    .executeTakeFirst();
  // Whoever was still to be answered has been, or is told by a person: nothing is sent because of a restore.
  await context.db
    .updateTable('incoming_messages')
    .set({ finish_by: null })
    .where('finish_by', 'is not', null)
    .execute();
  return Number(paused.numUpdatedRows);
}
