/**
 * The end of a message: once all of its jobs have come to something, or when its sender has waited long enough, the journal
 * says what became of each document, once for each message. The notices make the reply to its sender of it.
 */
import { PlatenError } from '../base/errors.ts';
import { type JobEnding, listEndings } from '../jobs/jobs.ts';
import { recordAll } from '../journal/journal.ts';
import type { Context } from '../store/database.ts';
import { checkFence, type Lease, withLease } from '../store/leases.ts';
import { transaction } from '../store/transaction.ts';
import { intakeLimits, intakeTimes } from './limits.ts';
import { policyOf } from './senders/policy.ts';

/** Finishes messages for as long as this node holds the lease for it. Never throws. */
export async function keepFinishing(context: Context, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await withLease(context, 'message-endings', { signal }, async (lease) => {
        while (!lease.signal.aborted) {
          await finishMessages(context, lease);
          await context.clock.sleep(intakeTimes.finishEveryMs, lease.signal);
        }
      });
    } catch (error) {
      const isTaken = error instanceof PlatenError && error.code === 'lease-lost';
      if (!signal.aborted && !isTaken) context.log.warn({ error }, 'finishing messages was broken off');
    }
    await context.clock.sleep(intakeTimes.leaseRetryMs, signal);
  }
}

/**
 * Looks through all messages whose senders are not told yet, and finishes those that can be. Returns how many. Throws
 * `lease-lost`, and what the database throws.
 */
export async function finishMessages(context: Context, lease: Lease): Promise<number> {
  let finished = 0;
  let after: string | undefined;
  for (;;) {
    const open = await readUnfinished(context, after);
    finished += await finishAll(context, lease, open);
    if (open.length < intakeLimits.maxFinishedTogether || lease.signal.aborted) return finished;
    after = open.at(-1)?.id;
  }
}

async function readUnfinished(context: Context, after: string | undefined) {
  let query = context.db
    .selectFrom('incoming_messages')
    .innerJoin('mailboxes', 'mailboxes.id', 'incoming_messages.mailbox_id')
    .select(['incoming_messages.id', 'sender', 'sender_user_id', 'subject', 'finish_by', 'wishes'])
    .select(['policy', 'connection_id'])
    .where('finish_by', 'is not', null)
    .orderBy('incoming_messages.id')
    .limit(intakeLimits.maxFinishedTogether);
  if (after !== undefined) query = query.where('incoming_messages.id', '>', after);
  return await query.execute();
}

type Unfinished = Awaited<ReturnType<typeof readUnfinished>>[number];

async function finishAll(context: Context, lease: Lease, open: readonly Unfinished[]): Promise<number> {
  const now = context.clock.now();
  const endings = Map.groupBy(
    await listEndings(
      context,
      open.map(({ id }) => id),
    ),
    ({ messageId }) => messageId,
  );
  const ready = open.filter(({ id, finish_by }) => {
    const isOver = (finish_by ?? now) <= now;
    return isOver || (endings.get(id) ?? []).every(({ isOpen }) => !isOpen);
  });
  if (ready.length === 0) return 0;
  const ids = ready.map(({ id }) => id);
  return await transaction(context, async (context) => {
    await checkFence(context, lease);
    const taken = await context.db
      .updateTable('incoming_messages')
      .set({ finish_by: null })
      .where('id', 'in', ids)
      .where('finish_by', 'is not', null)
      .returning('id')
      .execute();
    const refused = Map.groupBy(await readRefused(context, ids), ({ message_id }) => message_id);
    const isTaken = new Set(taken.map(({ id }) => id));
    await recordAll(
      context,
      ready
        .filter(({ id }) => isTaken.has(id))
        .map((message) =>
          eventOf(message, { jobs: endings.get(message.id) ?? [], refused: refused.get(message.id) ?? [] }),
        ),
    );
    return isTaken.size;
  });
}

async function readRefused(context: Context, ids: readonly string[]) {
  return await context.db
    .selectFrom('incoming_documents')
    .select(['message_id', 'name', 'reason'])
    .where('message_id', 'in', [...ids])
    .where('outcome', '=', 'refused')
    .orderBy('message_id')
    .orderBy('position')
    .execute();
}

type Documents = {
  readonly jobs: readonly JobEnding[];
  readonly refused: readonly { readonly name: string; readonly reason: string | null }[];
};

function eventOf(message: Unfinished, { jobs, refused }: Documents) {
  const ignoredWords = message.wishes?.ignored ?? [];
  return {
    type: 'message-finished' as const,
    subjectId: message.id,
    ...(message.sender_user_id === null ? {} : { ownerId: message.sender_user_id }),
    data: {
      sender: message.sender,
      subject: message.subject,
      jobs: jobs.map(({ messageId: _message, isOpen: _open, heldUntil, ...job }) => ({
        ...job,
        heldUntil: heldUntil?.toISOString() ?? null,
      })),
      refused: refused.map(({ name, reason }) => ({ title: name, reason: reason ?? 'unreadable' })),
      ...(ignoredWords.length === 0 ? {} : { ignoredWords }),
      replies: { ...policyOf(message).replyPolicy },
    },
  };
}
