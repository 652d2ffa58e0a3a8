/** One attempt at one message: claimed and written first, then sent, then judged. */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { type Selectable, sql } from 'kysely';
import { PlatenError } from '../base/errors.ts';
import { newId } from '../base/secrets.ts';
import { record } from '../journal/journal.ts';
import type { SmtpSession } from '../protocols/smtp/client.ts';
import type { SmtpOutcome } from '../protocols/smtp/outcome.ts';
import { openSpoolFile } from '../spool/spool.ts';
import type { Context, Db } from '../store/database.ts';
import { checkFence, type Lease, listKept } from '../store/leases.ts';
import type { Schema } from '../store/schema.ts';
import { transaction } from '../store/transaction.ts';
import { Group } from './commit.ts';
import { type Pace, takeTurn } from './pace.ts';
import { type Plain, settlePlain } from './settle.ts';
import { judgeMessage, type Verdict } from './verdict.ts';

/** A message that this session has, with the attempt that stands for it. */
export type Claimed = {
  readonly id: string;
  readonly attemptId: string;
  readonly ownerId: string | null;
  readonly sender: string;
  readonly body: Buffer | null;
  readonly spoolId: string | null;
  readonly bytes: number;
  readonly sha256: Buffer;
  readonly possiblyTwice: boolean;
  /** This attempt counted. */
  readonly attempts: number;
  readonly logonFailures: number;
  /** Recipients of this attempt, and their positions in the same order. */
  readonly recipients: readonly string[];
  readonly positions: readonly number[];
  /** Recipients that nothing is decided about yet, those of this attempt included. */
  readonly unsettled: number;
  readonly hasFailedRecipients: boolean;
};

export type Next =
  | { readonly kind: 'message'; readonly claimed: Claimed }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'none' };

/** Exchange Online takes 500 by default; whoever takes fewer says so, and is asked for half. */
const RECIPIENTS_AT_ONCE = 500;

export type Turn = {
  readonly lease: Lease;
  readonly pace: Pace;
  /** What came of the message before, to be written in the same transaction. */
  readonly done: Plain | undefined;
};

/**
 * Settles the message before and takes the next due one for the holder of a lease, within the pace, and writes the
 * attempt. Durable when it returns: a message whose session dies after this is uncertain, never forgotten. Throws
 * `lease-lost`.
 */
export async function beginAttempt(context: Context, turn: Turn): Promise<Next> {
  // Where nothing is to be waited for, the sessions of this node share their commits.
  const [next] = turn.pace.limits === undefined ? [await groupOf(context).add(turn)] : await takeTurns(context, [turn]);
  if (next !== undefined && next.kind !== 'lost') return next;
  throw new PlatenError('lease-lost', `another node has taken over ${turn.lease.name}`);
}

type TurnResult = Next | { readonly kind: 'lost' };

const groups = new WeakMap<Db, Group<Turn, TurnResult>>();

function groupOf(context: Context): Group<Turn, TurnResult> {
  const known = groups.get(context.db);
  if (known !== undefined) return known;
  const group = new Group<Turn, TurnResult>({ bytesOf: () => 0, commit: (turns) => takeTurns(context, turns) });
  groups.set(context.db, group);
  return group;
}

async function takeTurns(context: Context, turns: readonly Turn[]): Promise<TurnResult[]> {
  return await transaction(context, async (context) => {
    const kept = await listKept(
      context,
      turns.map(({ lease }) => lease),
    );
    const alive = turns.filter(({ lease }) => kept.has(lease.name));
    const done = alive.flatMap((turn) => (turn.done === undefined ? [] : [turn.done]));
    const settled = await settlePlain(context, done);
    const able = alive.filter((turn) => turn.done === undefined || settled.has(turn.done.claimed.attemptId));
    const nexts = await claimNext(context, able);
    return turns.map((turn) => nexts.get(turn) ?? { kind: 'lost' });
  });
}

/** Gives each turn a due message of its own, as far as there are any. */
async function claimNext(context: Context, turns: readonly Turn[]): Promise<Map<Turn, Next>> {
  if (turns.length === 0) return new Map();
  const now = context.clock.now();
  const rows = await context.db
    .selectFrom('outbox_messages')
    .selectAll()
    .where('due_at', '<=', now)
    .orderBy('priority')
    .orderBy('due_at')
    .orderBy('id')
    .limit(turns.length)
    .forUpdate()
    .skipLocked()
    .execute();
  const ids = rows.map(({ id }) => id);
  const recipients = Map.groupBy(await readRecipients(context, ids), (one) => one.message_id);
  const nexts = new Map<Turn, Next>();
  for (const [index, turn] of turns.entries()) {
    const row = rows[index];
    const all = row === undefined ? [] : (recipients.get(row.id) ?? []);
    nexts.set(turn, row === undefined ? { kind: 'none' } : await claimWithin(context, { turn, row, recipients: all }));
  }
  const claims = [...nexts].flatMap(([turn, next]) =>
    next.kind === 'message' ? [{ turn, claimed: next.claimed }] : [],
  );
  await writeAttempts(context, claims, now);
  return nexts;
}

async function readRecipients(context: Context, ids: readonly string[]) {
  if (ids.length === 0) return [];
  return await context.db
    .selectFrom('outbox_recipients')
    .select(['message_id', 'position', 'address', 'state'])
    .where('message_id', 'in', [...ids])
    .orderBy('message_id')
    .orderBy('position')
    .execute();
}

async function claimWithin(
  context: Context,
  claim: {
    readonly turn: Turn;
    readonly row: Selectable<Schema['outbox_messages']>;
    readonly recipients: readonly RecipientRow[];
  },
): Promise<Next> {
  const { turn, row, recipients } = claim;
  const chosen = recipients.filter(isUnsettled).slice(0, row.recipients_at_once ?? RECIPIENTS_AT_ONCE);
  const given = await takeTurn(context, turn.pace, chosen.length);
  if (given.kind === 'wait') return given;
  return { kind: 'message', claimed: describeClaim(row, { attemptId: newId(), chosen, recipients }) };
}

async function writeAttempts(
  context: Context,
  claims: readonly { readonly turn: Turn; readonly claimed: Claimed }[],
  now: Date,
): Promise<void> {
  if (claims.length === 0) return;
  await context.db
    .insertInto('outbox_attempts')
    .values(
      claims.map(({ turn, claimed }) => ({
        id: claimed.attemptId,
        message_id: claimed.id,
        lease_name: turn.lease.name,
        fence: turn.lease.fence,
        phase: 'sending' as const,
        positions: [...claimed.positions],
        started_at: now,
      })),
    )
    .execute();
  await context.db
    .updateTable('outbox_messages')
    .set({ state: 'active', due_at: null, attempts: sql<number>`attempts + 1` })
    .where(
      'id',
      'in',
      claims.map(({ claimed }) => claimed.id),
    )
    .execute();
}

type RecipientRow = Pick<Selectable<Schema['outbox_recipients']>, 'position' | 'address' | 'state'>;

function isUnsettled({ state }: RecipientRow): boolean {
  return state === 'queued' || state === 'uncertain';
}

function describeClaim(
  row: Selectable<Schema['outbox_messages']>,
  claim: {
    readonly attemptId: string;
    readonly chosen: readonly RecipientRow[];
    readonly recipients: readonly RecipientRow[];
  },
): Claimed {
  const { attemptId, chosen, recipients } = claim;
  return {
    id: row.id,
    attemptId,
    ownerId: row.owner_id,
    sender: row.sender,
    body: row.body,
    spoolId: row.spool_id,
    bytes: row.bytes,
    sha256: row.sha256,
    possiblyTwice: row.possibly_twice,
    attempts: row.attempts + 1,
    logonFailures: row.logon_failures,
    recipients: chosen.map(({ address }) => address),
    positions: chosen.map(({ position }) => position),
    unsettled: recipients.filter(isUnsettled).length,
    hasFailedRecipients: recipients.some(({ state }) => state === 'failed'),
  };
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
