/**
 * Makes received messages durable: the row of the message, its documents, its jobs and what the journal says about it
 * commit together, under the fence of the mailbox's lease. Only after that may anything happen to the message at the
 * server. The unique row (mailbox, place, folder, UIDVALIDITY, UID) answers every crash in between: a message that has one is
 * only moved, and never becomes a second job.
 */

import { isUniqueViolation, PlatenError } from '../base/errors.ts';
import { newId } from '../base/secrets.ts';
import { submitJobs } from '../jobs/jobs.ts';
import { recordAll } from '../journal/journal.ts';
import { awaitVerdicts, recordReturned } from '../outbox/outbox.ts';
import { readAnswered } from '../protocols/mime/header-text.ts';
import { addSpoolFiles, discard } from '../spool/spool.ts';
import type { Context } from '../store/database.ts';
import { checkFence, type Lease } from '../store/leases.ts';
import type { MessageOutcome } from '../store/schema.ts';
import { transaction } from '../store/transaction.ts';
import { isAutomatic, type Reason, shownSender } from './admission.ts';
import { acceptedOf } from './documents/collect.ts';
import { insertDocuments, notPrinted } from './documents/record.ts';
import { intakeLimits } from './limits.ts';
import { type MailboxRow, placeOf } from './mailbox.ts';
import type { Received, ReceivedMessage } from './receive.ts';
import { endOfConfirmation } from './senders/confirm.ts';
import { policyOf } from './senders/policy.ts';
import { registerSender } from './senders/register.ts';
import { hasWishes, readWishes, type Wishes } from './wishes.ts';

/** The folder that is being read, and on whose strength. */
export type Place = { readonly mailbox: MailboxRow; readonly lease: Lease; readonly uidValidity: number };

/** A message that is recorded and can be moved. */
export type Settled = { readonly id: string; readonly uid: number; readonly outcome: MessageOutcome };

type Decided = ReceivedMessage & {
  readonly id: string;
  readonly decision: MessageOutcome;
  readonly why: Reason | undefined;
  readonly wishes: Wishes;
};

/**
 * Records messages in one transaction, or, when that fails because of one of them, each in its own, so that one bad
 * row does not hold up its neighbours. Returns those that are recorded; a message whose own row is refused by the
 * database is left out and counted as a failed try. Throws `lease-lost` and what the database throws when it is away.
 */
export async function settle(context: Context, place: Place, messages: readonly ReceivedMessage[]): Promise<Settled[]> {
  if (messages.length === 0) return [];
  try {
    return await settleTogether(context, place, messages);
  } catch (error) {
    if (messages.length === 1 || !isOfTheRow(error)) {
      // Where the line to the database broke, the commit may have reached it: then the documents are needed. What
      // nobody names is swept from the spool later.
      if (isCertainlyNotKept(error)) await discardAll(context, messages);
      if (messages.length > 1 || !isOfTheRow(error)) throw error;
      return await answerRefusedRow(context, place, { message: messages[0] as ReceivedMessage, error });
    }
  }
  const settled: Settled[] = [];
  for (const [index, message] of messages.entries()) {
    try {
      settled.push(...(await settle(context, place, [message])));
    } catch (error) {
      await discardAll(context, messages.slice(index + 1));
      throw error;
    }
  }
  return settled;
}

/** Counts a try for a message that could not be read; the last one settles it as failed. */
export async function noteUnreadable(
  context: Context,
  place: Place,
  failed: Received & { kind: 'unreadable' },
): Promise<Settled[]> {
  const { uid, reason } = failed;
  const tries = await countTry(context, place, { uid, reason });
  const isLost = reason === 'connection-lost';
  if (tries < (isLost ? intakeLimits.maxTriesOverLostConnections : intakeLimits.maxTries)) return [];
  const message = { uid, bytes: 0, head: failed.head, outcome: 'failed', reason, documents: [] } as const;
  return await settle(context, place, [message]);
}

/** Marks messages as moved, or as needing no move, and tells the journal. */
export async function markMoved(
  context: Context,
  place: Pick<Place, 'lease'>,
  moved: readonly { readonly id: string; readonly folder: string | undefined }[],
): Promise<void> {
  if (moved.length === 0) return;
  await transaction(context, async (context) => {
    await checkFence(context, place.lease);
    await context.db
      .updateTable('incoming_messages')
      .set({ moved_at: context.clock.now() })
      .where(
        'id',
        'in',
        moved.map(({ id }) => id),
      )
      .execute();
    await recordAll(
      context,
      moved.flatMap(({ id, folder }) =>
        folder === undefined ? [] : [{ type: 'message-moved' as const, subjectId: id, data: { folder } }],
      ),
    );
  });
}

async function settleTogether(
  context: Context,
  place: Place,
  messages: readonly ReceivedMessage[],
): Promise<Settled[]> {
  // Before the transaction: nothing may be locked meanwhile.
  const reported = messages.flatMap(({ report }) => report?.messageIds ?? []);
  await awaitVerdicts(context, reported, place.lease.signal);
  const now = context.clock.now();
  const decided = await transaction(context, async (context) => {
    await checkFence(context, place.lease);
    const decided = await registerNewcomers(context, place, await decide(context, place, messages));
    await insertMessages(context, place, { decided, now });
    const done = decided.filter(({ decision }) => decision === 'done' || decision === 'held');
    await addSpoolFiles(
      context,
      done.flatMap(({ documents }) => acceptedOf(documents).map(({ file }) => file)),
    );
    await recordAll(
      context,
      decided.map((message) => eventOf(place, message)),
    );
    for (const { report } of decided) if (report !== undefined) await recordReturned(context, report);
    const jobIds = await submitJobs(
      context,
      done.flatMap((message) => submissionsOf(place, message, now)),
    );
    await insertDocuments(
      context,
      decided.filter(({ decision }) => decision !== 'ignored'),
      jobIds,
    );
    await context.db
      .deleteFrom('unreadable_messages')
      .where('mailbox_id', '=', place.mailbox.id)
      .where('place', '=', placeOf(place.mailbox))
      .where('folder', '=', place.mailbox.folder)
      .where('uidvalidity', '=', place.uidValidity)
      .where(
        'uid',
        'in',
        decided.map(({ uid }) => uid),
      )
      .execute();
    return decided;
  });
  await discardAll(
    context,
    decided.filter(({ decision }) => decision === 'ignored'),
  );
  return decided.map(({ id, uid, decision }) => ({ id, uid, outcome: decision }));
}

/** Finds the messages that came before under another UID: those are ignored. */
async function decide(context: Context, place: Place, messages: readonly ReceivedMessage[]): Promise<Decided[]> {
  const hashes = messages.flatMap(({ contentHash }) => (contentHash === undefined ? [] : [contentHash]));
  const rows =
    hashes.length === 0
      ? []
      : await context.db
          .selectFrom('incoming_messages')
          .select('content_hash')
          // The same mailbox may be read twice, folder by folder: what stands in both is one message.
          .where('mailbox_id', 'in', (builder) =>
            builder.selectFrom('mailboxes').select('id').where('address', '=', place.mailbox.address),
          )
          .where('content_hash', 'in', hashes)
          .where('outcome', 'in', ['done', 'held'])
          .execute();
  const seen = new Set(rows.map((row) => row.content_hash?.toString('hex')));
  return messages.map((message) => {
    const hash = message.contentHash?.toString('hex');
    const isDuplicate = hash !== undefined && seen.has(hash);
    if (hash !== undefined) seen.add(hash);
    return {
      ...message,
      id: newId(),
      decision: isDuplicate ? 'ignored' : message.outcome,
      why: isDuplicate ? 'duplicate' : message.reason,
      wishes: readWishes(message.head, place.mailbox.address),
    };
  });
}

async function insertMessages(
  context: Context,
  place: Place,
  { decided, now }: { readonly decided: readonly Decided[]; readonly now: Date },
): Promise<void> {
  const { mailbox } = place;
  const rows = decided.map((message) => ({
    id: message.id,
    mailbox_id: mailbox.id,
    place: placeOf(mailbox),
    folder: mailbox.folder,
    uidvalidity: place.uidValidity,
    uid: message.uid,
    content_hash: message.contentHash ?? null,
    message_id: message.head?.messageId ?? null,
    subject: message.head?.subject ?? '',
    sender: senderOf(message),
    sender_user_id: message.user?.id ?? null,
    sent_at: message.head?.date ?? null,
    received_at: now,
    bytes: message.bytes,
    outcome: message.decision,
    reason: message.why ?? null,
    // What stays in the folder has nothing left to be done at the server.
    moved_at: mailbox.after_intake === 'keep' ? now : null,
    job_count: message.user !== undefined && hasJobs(message) ? acceptedOf(message.documents).length : 0,
    proof: message.proof === undefined ? null : JSON.stringify(message.proof),
    may_reply: message.mayReply ?? false,
    finish_by: willBeAnswered(message) ? new Date(now.getTime() + intakeLimits.replyPatienceMs) : null,
    wishes: hasWishes(message.wishes) ? JSON.stringify(message.wishes) : null,
  }));
  await context.db.insertInto('incoming_messages').values(rows).execute();
}

/** Whether its sender is told, once all of its jobs have come to something, what became of them (`finish.ts`). */
function willBeAnswered({ decision, user, mayReply }: Decided): boolean {
  return decision === 'done' && user !== undefined && mayReply === true;
}

function hasJobs({ decision }: Decided): boolean {
  return decision === 'done' || decision === 'held';
}

/** Makes those users who become one with their message; the second message of one chunk finds the user of the first. */
async function registerNewcomers(
  context: Context,
  { mailbox }: Place,
  messages: readonly Decided[],
): Promise<readonly Decided[]> {
  const settled: Decided[] = [];
  for (const message of messages) {
    const isNew = message.decision === 'done' && message.user === undefined && message.newcomer !== undefined;
    if (!isNew || message.newcomer === undefined) settled.push(message);
    else settled.push({ ...message, user: await registerSender(context, message.newcomer, mailbox) });
  }
  return settled;
}

function submissionsOf({ mailbox }: Place, message: Decided, now: Date) {
  const { id, user, documents, decision, wishes, head } = message;
  if (user === undefined) return [];
  const foundBy = [senderOf(message), head?.subject ?? '', head?.messageId ?? ''];
  return acceptedOf(documents).map(({ file, title }) => ({
    ownerId: user.id,
    ownerName: user.name,
    queueId: mailbox.queue_id,
    title,
    document: file,
    documentFormat: file.mediaType,
    messageId: id,
    foundBy,
    ...(decision === 'held' ? { unconfirmedUntil: endOfConfirmation(now) } : {}),
    maxPages: policyOf(mailbox).documentPolicy.maxPages,
    options: wishes.options,
    ignoredWords: wishes.ignored,
  }));
}

const EVENTS = {
  done: 'message-received',
  refused: 'message-refused',
  failed: 'message-failed',
  ignored: 'message-ignored',
  held: 'message-held',
} as const;

function eventOf({ mailbox, uidValidity }: Place, message: Decided) {
  const answered = message.head === undefined ? [] : readAnswered(message.head);
  return {
    type: EVENTS[message.decision],
    subjectId: message.id,
    ...(message.user === undefined ? {} : { ownerId: message.user.id }),
    data: {
      mailboxId: mailbox.id,
      mailbox: mailbox.title,
      uid: message.uid,
      uidValidity,
      sender: senderOf(message),
      subject: message.head?.subject ?? '',
      bytes: message.bytes,
      documents: acceptedOf(message.documents).map(({ title }) => title),
      ...notPrinted(message.documents),
      ...(message.head?.messageId === undefined ? {} : { messageIdHeader: message.head.messageId }),
      ...(answered.length === 0 ? {} : { answered }),
      isAutomatic: message.head === undefined || isAutomatic(message.head),
      mayReply: message.mayReply ?? false,
      ...(message.mayReply === true ? { replies: { ...policyOf(mailbox).replyPolicy } } : {}),
      ...(hasWishes(message.wishes) ? { wishes: message.wishes } : {}),
      ...(message.proof === undefined ? {} : { proof: message.proof.verdict, proofReason: message.proof.reason }),
      ...(message.decision === 'held' && message.newcomer !== undefined
        ? {
            newcomer: message.newcomer.address,
            language: message.newcomer.language ?? policyOf(mailbox).language ?? 'en',
          }
        : {}),
      ...(message.why === undefined ? {} : { reason: message.why }),
    },
  };
}

function senderOf({ head }: ReceivedMessage): string {
  return head === undefined ? '' : shownSender(head);
}

/** A single message whose row the database refuses: recorded before, or something in it that cannot be kept. */
async function answerRefusedRow(
  context: Context,
  place: Place,
  refused: { readonly message: ReceivedMessage; readonly error: unknown },
): Promise<Settled[]> {
  const { uid, outcome } = refused.message;
  if (isUniqueViolation(refused.error)) {
    const row = await context.db
      .selectFrom('incoming_messages')
      .select(['id', 'uid', 'outcome'])
      .where('mailbox_id', '=', place.mailbox.id)
      .where('place', '=', placeOf(place.mailbox))
      .where('folder', '=', place.mailbox.folder)
      .where('uidvalidity', '=', place.uidValidity)
      .where('uid', '=', uid)
      .executeTakeFirst();
    if (row !== undefined) return [row];
  }
  context.log.error({ mailboxId: place.mailbox.id, uid, error: refused.error }, 'a message could not be recorded');
  // The failure itself is recorded without anything of the message, and so cannot be refused for the same cause.
  if (outcome === 'failed') throw refused.error;
  return await noteUnreadable(context, place, { kind: 'unreadable', uid, reason: 'unreadable' });
}

async function countTry(context: Context, place: Place, failed: { uid: number; reason: Reason }): Promise<number> {
  const { mailbox, uidValidity, lease } = place;
  const { uid, reason } = failed;
  const key = {
    mailbox_id: mailbox.id,
    place: placeOf(mailbox),
    folder: mailbox.folder,
    uidvalidity: uidValidity,
    uid,
  };
  return await transaction(context, async (context) => {
    await checkFence(context, lease);
    const before = await context.db
      .selectFrom('unreadable_messages')
      .select('tries')
      .where((builder) => builder.and(key))
      .executeTakeFirst();
    const tries = (before?.tries ?? 0) + 1;
    const pauses = intakeLimits.retryPausesMs;
    const pauseMs = pauses[Math.min(tries, pauses.length) - 1] ?? 0;
    const next = { tries, problem: reason, next_try_at: new Date(context.clock.now().getTime() + pauseMs) };
    await context.db
      .insertInto('unreadable_messages')
      .values({ ...key, ...next })
      .onConflict((conflict) => conflict.constraint('unreadable_messages_pkey').doUpdateSet(next))
      .execute();
    return tries;
  });
}

/** Our own refusal, or one of a statement before the commit: the transaction was rolled back. */
function isCertainlyNotKept(error: unknown): boolean {
  return error instanceof PlatenError || isOfTheRow(error);
}

/** SQLSTATE classes 22 (data exception) and 23 (integrity): the row is at fault, not the database. */
function isOfTheRow(error: unknown): boolean {
  if (error instanceof PlatenError || !(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^2[23]\w{3}$/.test(code);
}

async function discardAll(context: Context, messages: readonly ReceivedMessage[]): Promise<void> {
  await discard(
    context,
    messages.flatMap(({ documents }) => acceptedOf(documents).map(({ file }) => file)),
  );
}
