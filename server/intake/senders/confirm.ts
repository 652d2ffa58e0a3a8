/**
 * What a held message waits for: the word of its sender, given over a one-time link, or the end of its time.
 *
 *   held -> done        confirmed: its jobs go the way of their queue
 *   held -> refused     nobody confirmed in time: its jobs are canceled, its documents forgotten
 */
import type { Selectable } from 'kysely';
import { PlatenError } from '../../base/errors.ts';
import { confirmJobs, giveUpUnconfirmed, listJobs, submitJobs } from '../../jobs/jobs.ts';
import { readJournal, record } from '../../journal/journal.ts';
import { forget } from '../../spool/spool.ts';
import type { Context } from '../../store/database.ts';
import type { Language, Schema } from '../../store/schema.ts';
import { transaction } from '../../store/transaction.ts';
import type { KnownSender } from '../../users/users.ts';
import { intakeLimits } from '../limits.ts';
import { getMailboxRow, type MailboxRow } from '../mailbox.ts';
import { NO_WISHES, type Wishes } from '../wishes.ts';
import { policyOf } from './policy.ts';
import { registerSender } from './register.ts';

/** A message as whoever confirms it sees it. */
export type HeldMessage = {
  readonly id: string;
  readonly sender: string;
  readonly subject: string;
  readonly receivedAt: Date;
  readonly outcome: string;
  readonly documents: readonly string[];
};

export async function describeHeld(context: Context, messageId: string): Promise<HeldMessage> {
  const row = await context.db
    .selectFrom('incoming_messages')
    .select(['id', 'sender', 'subject', 'received_at', 'outcome'])
    .where('id', '=', messageId)
    .executeTakeFirst();
  if (row === undefined) throw new PlatenError('not-found', 'there is no such message');
  const documents = await context.db
    .selectFrom('incoming_documents')
    .select('name')
    .where('message_id', '=', messageId)
    .where('outcome', '=', 'accepted')
    .orderBy('position')
    .execute();
  const { id, sender, subject, received_at: receivedAt, outcome } = row;
  return { id, sender, subject, receivedAt, outcome, documents: documents.map(({ name }) => name) };
}

/**
 * Lets a held message be printed, in the caller's transaction. A sender who is no user yet becomes one. Throws
 * `not-found`, and `link-used` for a message that is no longer held.
 */
export async function confirmMessage(context: Context, messageId: string, userId: string | undefined): Promise<void> {
  const row = await context.db
    .selectFrom('incoming_messages')
    .selectAll()
    .where('id', '=', messageId)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw new PlatenError('not-found', 'there is no such message');
  if (row.outcome !== 'held') throw new PlatenError('link-used', 'the message is no longer held');
  if (endOfConfirmation(row.received_at) <= context.clock.now()) {
    throw new PlatenError('link-expired', 'the message was not confirmed in time');
  }
  let ownerId = userId ?? row.sender_user_id;
  if (row.sender_user_id === null) {
    const mailbox = await getMailboxRow(context, row.mailbox_id);
    const user = await registerSender(
      context,
      { address: row.sender, name: '', language: await languageHeld(context, messageId) },
      mailbox,
    );
    await submitKept(context, { messageId, mailbox, user, row });
    ownerId = user.id;
  } else {
    await confirmJobs(context, messageId, ownerId ?? row.sender_user_id);
  }
  const jobs = await listJobs(context, { messageId, limit: intakeLimits.maxDocuments });
  const mayReply = await mayNowBeAnswered(context, messageId);
  const finishBy = new Date(context.clock.now().getTime() + intakeLimits.replyPatienceMs);
  await context.db
    .updateTable('incoming_messages')
    .set({ outcome: 'done', reason: null, sender_user_id: ownerId, job_count: jobs.length, may_reply: mayReply })
    .set({ finish_by: mayReply ? finishBy : null })
    .where('id', '=', messageId)
    .execute();
  const { replyPolicy } = policyOf(await getMailboxRow(context, row.mailbox_id));
  await record(context, 'message-confirmed', {
    subjectId: messageId,
    ...(ownerId === null ? {} : { actor: ownerId, ownerId }),
    data: { sender: row.sender, subject: row.subject, ...(mayReply ? { replies: { ...replyPolicy } } : {}) },
  });
}

/** The language in which its sender was asked. */
async function languageHeld(context: Context, messageId: string): Promise<Language | undefined> {
  const [held] = await readJournal(context, { subjectId: messageId, type: 'message-held', limit: 1 });
  const language = held?.data.language;
  return language === 'en' || language === 'it' ? language : undefined;
}

/** The word of its sender is the proof that was missing; what a machine wrote is not answered for all that. */
async function mayNowBeAnswered(context: Context, messageId: string): Promise<boolean> {
  const [held] = await readJournal(context, { subjectId: messageId, type: 'message-held', limit: 1 });
  return held?.data.isAutomatic === false;
}

type HeldRow = Pick<Selectable<Schema['incoming_messages']>, 'sender' | 'subject' | 'message_id' | 'wishes'>;

/** Makes jobs of the documents that were kept while nobody owned them. */
async function submitKept(
  context: Context,
  asked: {
    readonly messageId: string;
    readonly mailbox: MailboxRow;
    readonly user: KnownSender;
    readonly row: HeldRow;
  },
): Promise<void> {
  const { messageId, mailbox, user, row } = asked;
  const { maxPages } = policyOf(mailbox).documentPolicy;
  // As `settle` has written them.
  const wishes = (row.wishes as Wishes | null) ?? NO_WISHES;
  const kept = await context.db
    .selectFrom('incoming_documents')
    .selectAll()
    .where('message_id', '=', messageId)
    .where('spool_id', 'is not', null)
    .orderBy('position')
    .execute();
  const jobIds = await submitJobs(
    context,
    kept.map(({ spool_id, name, format, bytes }) => ({
      ownerId: user.id,
      ownerName: user.name,
      queueId: mailbox.queue_id,
      title: name,
      document: { id: spool_id ?? '', bytes },
      documentFormat: format,
      messageId,
      maxPages,
      foundBy: [row.sender, row.subject, row.message_id ?? ''],
      options: wishes.options,
      ignoredWords: wishes.ignored,
    })),
  );
  for (const [index, { position }] of kept.entries()) {
    await context.db
      .updateTable('incoming_documents')
      .set({ job_id: jobIds[index] ?? null, spool_id: null })
      .where('message_id', '=', messageId)
      .where('position', '=', position)
      .execute();
  }
}

/** When a message that is held, and its jobs, are given up. */
export function endOfConfirmation(receivedAt: Date): Date {
  return new Date(receivedAt.getTime() + intakeLimits.confirmationMs);
}

/** Refuses what nobody has confirmed in time. Returns how many messages that were. */
export async function expireHeld(context: Context): Promise<number> {
  const before = new Date(context.clock.now().getTime() - intakeLimits.confirmationMs);
  const old = await context.db
    .selectFrom('incoming_messages')
    .select('id')
    .where('outcome', '=', 'held')
    .where('received_at', '<=', before)
    .limit(intakeLimits.maxUidsPerStep)
    .execute();
  for (const { id } of old) await expireMessage(context, id);
  return old.length;
}

async function expireMessage(context: Context, id: string): Promise<void> {
  await transaction(context, async (context) => {
    const row = await context.db
      .updateTable('incoming_messages')
      .set({ outcome: 'refused', reason: 'never-confirmed' })
      .where('id', '=', id)
      .where('outcome', '=', 'held')
      .returning(['sender', 'subject', 'message_id', 'mailbox_id', 'sender_user_id', 'may_reply'])
      .executeTakeFirst();
    if (row === undefined) return;
    await giveUpUnconfirmed(context, id);
    const documents = await context.db
      .selectFrom('incoming_documents')
      .select('spool_id')
      .where('message_id', '=', id)
      .where('spool_id', 'is not', null)
      .execute();
    await context.db
      .updateTable('incoming_documents')
      .set({ spool_id: null, outcome: 'refused', reason: 'never-confirmed' })
      .where('message_id', '=', id)
      .where('spool_id', 'is not', null)
      .execute();
    await recordExpired(context, id, row);
    await forget(
      context,
      documents.flatMap(({ spool_id }) => (spool_id === null ? [] : [spool_id])),
    );
  });
}

type ExpiredRow = Pick<
  Selectable<Schema['incoming_messages']>,
  'sender' | 'subject' | 'message_id' | 'mailbox_id' | 'sender_user_id' | 'may_reply'
>;

/** Who is proven to have sent it is told that it is not printed; of who only claims to be, nobody is written to. */
async function recordExpired(context: Context, id: string, row: ExpiredRow): Promise<void> {
  const mailbox = await getMailboxRow(context, row.mailbox_id);
  const mayReply = row.may_reply && (await mayNowBeAnswered(context, id));
  await record(context, 'message-refused', {
    subjectId: id,
    ...(row.sender_user_id === null ? {} : { ownerId: row.sender_user_id }),
    data: {
      mailboxId: mailbox.id,
      mailbox: mailbox.title,
      sender: row.sender,
      subject: row.subject,
      ...(row.message_id === null ? {} : { messageIdHeader: row.message_id }),
      reason: 'never-confirmed',
      isAutomatic: !mayReply,
      mayReply,
      ...(mayReply ? { replies: { ...policyOf(mailbox).replyPolicy } } : {}),
    },
  });
}
