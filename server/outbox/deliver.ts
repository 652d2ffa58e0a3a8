/** One attempt at one message: claimed and written first, then sent, then judged. */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { sql } from 'kysely';
import { PlatenError } from '../base/errors.ts';
import { record } from '../journal/journal.ts';
import type { SmtpSession } from '../protocols/smtp/client.ts';
import type { SmtpOutcome } from '../protocols/smtp/outcome.ts';
import { openSpoolFile } from '../spool/spool.ts';
import type { Context, Db } from '../store/database.ts';
import { checkFence, type Lease } from '../store/leases.ts';
import { transaction } from '../store/transaction.ts';
import { Group } from './commit.ts';
import { takeTurn, type Turn as Wait } from './pace.ts';
import { askOutside, beginProbe } from './rows/outside.ts';
import { type Claimed, playTurns, RECIPIENTS_AT_ONCE, type Turn, type TurnResult } from './rows/turn.ts';
import { judgeMessage, type Verdict } from './verdict.ts';

export type Next = Exclude<TurnResult, { kind: 'lost' }> | Extract<Wait, { kind: 'wait' }>;

/**
 * Settles the messages before and takes the next due ones for the holder of a lease, within the pace, and writes their
 * attempts, in one commit. Durable when it returns: a message whose session dies after this is uncertain, never
 * forgotten. Throws `lease-lost`.
 */
export async function beginAttempts(context: Context, turn: Turn): Promise<Next> {
  // Where nothing is to be waited for, the sessions of this node share their commits.
  const next = turn.pace.limits === undefined ? await groupOf(context).add(turn) : await playPaced(context, turn);
  if (next.kind !== 'lost') return next;
  throw new PlatenError('lease-lost', `another node has taken over ${turn.lease.name}`);
}

const groups = new WeakMap<Db, Group<Turn, TurnResult>>();

function groupOf(context: Context): Group<Turn, TurnResult> {
  const known = groups.get(context.db);
  if (known !== undefined) return known;
  const group = new Group<Turn, TurnResult>({
    bytesOf: () => 0,
    commit: (turns) => playTurns(context, turns),
  });
  groups.set(context.db, group);
  return group;
}

/** The pace counts the recipients of the message that is next: that one is chosen and locked first, and never two. */
async function playPaced(context: Context, turn: Turn): Promise<TurnResult | Next> {
  return await transaction(context, async (context) => {
    const [settled = { kind: 'none' } as const] = await playTurns(context, [{ ...turn, wants: 0 }]);
    if (settled.kind === 'lost') return settled;
    const next = await findAllowed(context, turn.pace.mailbox);
    if (next === undefined) return { kind: 'none' };
    const given = await takeTurn(context, turn.pace, next.recipients);
    if (given.kind === 'wait') return given;
    if (next.isProbe) await beginProbe(context, turn.pace.mailbox);
    const [claimed] = await playTurns(context, [{ ...turn, done: [], wants: 1 }], { messageId: next.id });
    if (claimed?.kind !== 'messages' || !next.isProbe) return claimed ?? { kind: 'none' };
    return { kind: 'messages', claimed: claimed.claimed.map((one) => ({ ...one, isProbe: true })) };
  });
}

type NextMessage = { readonly id: string; readonly recipients: number };

/** The next message that the limit of the tenant lets through; each that it does not is put off, and so not found again. */
async function findAllowed(
  context: Context,
  mailbox: string,
): Promise<(NextMessage & { readonly isProbe: boolean }) | undefined> {
  for (;;) {
    const next = await findNext(context);
    if (next === undefined) return undefined;
    const answer = await askOutside(context, mailbox, next.id);
    if (answer !== 'wait') return { ...next, isProbe: answer === 'probe' };
  }
}

async function findNext(context: Context): Promise<NextMessage | undefined> {
  const row = await context.db
    .selectFrom('outbox_messages')
    .select(['id', 'recipients_at_once'])
    .where('due_at', '<=', context.clock.now())
    .orderBy('priority')
    .orderBy('due_at')
    .orderBy('id')
    .limit(1)
    .forUpdate()
    .skipLocked()
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { count } = await context.db
    .selectFrom('outbox_recipients')
    .select((select) => select.fn.countAll<number>().as('count'))
    .where('message_id', '=', row.id)
    .where('state', 'in', ['queued', 'uncertain'])
    .executeTakeFirstOrThrow();
  return { id: row.id, recipients: Math.min(count, row.recipients_at_once ?? RECIPIENTS_AT_ONCE) };
}

/** Sends a claimed message and decides what that means. Throws only `lease-lost`, with the final dot kept back. */
export async function sendClaimed(
  context: Context,
  lease: Lease,
  sending: { readonly session: SmtpSession; readonly claimed: Claimed; readonly sentInSession: number },
): Promise<Verdict> {
  const { session, claimed, sentInSession } = sending;
  let outcome: SmtpOutcome;
  try {
    outcome = await sendOver(context, lease, { session, claimed });
  } catch (error) {
    if (!(error instanceof PlatenError) || error.code !== 'document-missing') throw error;
    return damaged(error);
  }
  if (outcome.kind === 'not-read') {
    const { cause } = outcome;
    if (cause instanceof PlatenError && cause.code === 'document-missing') return damaged(cause);
    if (cause instanceof PlatenError && cause.code === 'lease-lost') throw cause;
    context.log.warn({ messageId: claimed.id, error: cause }, 'a message could not be read to its end');
  }
  const history = { sentInSession, recipients: claimed.recipients.length, bytes: claimed.bytes };
  return judgeMessage(outcome, history);
}

function damaged(error: PlatenError): Verdict {
  return { kind: 'failed', cause: { code: 'document-missing', words: error.message } };
}

async function sendOver(
  context: Context,
  lease: Lease,
  sending: { readonly session: SmtpSession; readonly claimed: Claimed },
): Promise<SmtpOutcome> {
  const { session, claimed } = sending;
  const hash = createHash('sha256');
  const file = claimed.body === null ? await openSpoolFile(context, claimed.spoolId ?? '') : undefined;
  if (claimed.body !== null) hash.update(claimed.body);
  try {
    lease.assertFresh();
    return await session.send({
      sender: claimed.sender,
      recipients: claimed.recipients,
      bytes: claimed.bytes,
      content: claimed.body ?? hashed(file, hash),
      beforeDot() {
        // Other bytes than those that were promised must not leave, least of all as a copy of what may have arrived.
        if (!hash.digest().equals(claimed.sha256)) {
          throw new PlatenError('document-missing', `the bytes of message ${claimed.id} are damaged`);
        }
        lease.assertFresh();
      },
    });
  } finally {
    // A server that refuses the envelope never asks for the bytes.
    file?.destroy();
  }
}

async function* hashed(source: Readable | undefined, hash: ReturnType<typeof createHash>): AsyncGenerator<Buffer> {
  for await (const chunk of source ?? []) {
    hash.update(chunk as Buffer);
    yield chunk as Buffer;
  }
}

/**
 * Ends the attempts of earlier holders of a lease that died in the middle: nobody knows what the server made of them,
 * so the identical bytes go out again. The fence of `lease` keeps those holders from writing.
 */
export async function recoverAttempts(context: Context, lease: Lease): Promise<number> {
  return await transaction(context, async (context) => {
    await checkFence(context, lease);
    const now = context.clock.now();
    const open = await context.db
      .updateTable('outbox_attempts')
      .set({ phase: 'ended', verdict: 'interrupted', ended_at: now })
      .where('lease_name', '=', lease.name)
      .where('fence', '<', lease.fence)
      .where('ended_at', 'is', null)
      .returning(['message_id', 'positions'])
      .execute();
    for (const { message_id: id, positions } of open) {
      await context.db
        .updateTable('outbox_recipients')
        .set({ state: 'uncertain' })
        .where('message_id', '=', id)
        .where('position', 'in', positions)
        .execute();
      const problem = {
        code: 'outcome-uncertain',
        detail: 'Platen was interrupted while it sent this message',
        at: now.toISOString(),
      };
      await context.db
        .updateTable('outbox_messages')
        .set({ state: 'uncertain', possibly_twice: true, due_at: now, problem: JSON.stringify(problem) })
        .where('id', '=', id)
        .where('state', '=', 'active')
        .execute();
      const data = { to: 'uncertain', verdict: 'interrupted', problem: problem.code };
      await record(context, 'outbox-message-state-changed', { subjectId: id, data });
    }
    return open.length;
  });
}

/** The leases on which attempts are open, so that those of a node that died are found. */
export async function listOpenLeases(context: Context): Promise<string[]> {
  const rows = await context.db
    .selectFrom('outbox_attempts')
    .select(sql<string>`DISTINCT lease_name`.as('name'))
    .where('ended_at', 'is', null)
    .execute();
  return rows.map(({ name }) => name);
}
