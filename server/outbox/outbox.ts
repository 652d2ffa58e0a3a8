/**
 * The outbox: the durable queue of messages that leave through the outgoing server.
 *
 * What `submitMessage` has returned an id for is on disk and will be sent, or stand visibly as held, failed or
 * uncertain; nothing is dropped but by a person. A message is never in two sessions at once. What was cut off after
 * the final dot is sent again byte for byte the same. It never opens or changes a message.
 */
import { hash } from 'node:crypto';
import { sql } from 'kysely';
import { HOUR_MS, SECOND_MS } from '../base/clock.ts';
import { PlatenError } from '../base/errors.ts';
import { newId } from '../base/secrets.ts';
import { getOutgoingServer } from '../connections/connections.ts';
import { record } from '../journal/journal.ts';
import { forget, keep } from '../spool/spool.ts';
import type { Context } from '../store/database.ts';
import type { OutboxState, Problem } from '../store/schema.ts';
import { enqueueTasks } from '../store/tasks.ts';
import { transaction } from '../store/transaction.ts';
import { type Condition, commitInGroup, insertMessages, type Prepared } from './commit.ts';
import { holdUnsent } from './hold.ts';
import {
  type Attempt,
  checkMessage,
  LIFETIME_MS,
  MAX_MESSAGE_BYTES,
  MAX_ROW_BYTES,
  type NewMessage,
  OUTBOX_STATES,
  type OutboxMessage,
} from './message.ts';
import { type Headroom, readHeadroom, readParking, unpark } from './pace.ts';
import { getMessage, listMessages, type Row } from './rows/list.ts';
import { findOutsidePause, type OutsidePause, probeOutsideNow } from './rows/outside.ts';
import { findOutgoing } from './session.ts';

export { awaitVerdicts, type Returned, recordReturned } from './rows/returned.ts';
export type { Condition, Headroom, NewMessage, OutboxMessage };
export { getMessage, listMessages };

/**
 * Keeps a message and returns its id. Durable when it returns: bytes, recipients and the alarm for the worker.
 * Throws `invalid-request`, `message-too-large`, `spool-unavailable`, or what the database threw; then nothing was
 * promised. A spooled file is not to be discarded after that: an interrupted commit may have kept it, else it is swept.
 */
export async function submitMessage(context: Context, message: NewMessage): Promise<string> {
  const prepared = await prepare(context, message);
  // After a failure the bytes stay where they are: the commit may have happened, and an orphan is swept.
  await commitInGroup(context, prepared);
  return prepared.id;
}

/**
 * As `submitMessage`, when a condition is met that is looked at in the same statement. Returns undefined when it was
 * not; then nothing was kept.
 */
export async function submitMessageIf<Facts>(
  context: Context,
  message: NewMessage,
  condition: Condition<Facts>,
): Promise<string | undefined> {
  const prepared = { ...(await prepare(context, message)), condition: condition as unknown as Condition };
  return (await commitInGroup(context, prepared)) ? prepared.id : undefined;
}

/** As `submitMessage`, but in the transaction of `context.db`: durable with its commit. */
export async function submitInTransaction(context: Context, message: NewMessage): Promise<string> {
  const prepared = await prepare(context, message);
  await insertMessages(context, [prepared]);
  return prepared.id;
}

async function prepare(context: Context, asked: NewMessage): Promise<Prepared> {
  const message = checkMessage(asked);
  const { content, id = newId() } = message;
  if (content.kind === 'spooled') {
    return { id, message, body: undefined, file: content.file, sha256: content.file.sha256 };
  }
  const { bytes } = content;
  if (bytes.length <= MAX_ROW_BYTES) {
    return { id, message, body: bytes, file: undefined, sha256: hash('sha256', bytes, 'buffer') };
  }
  const file = await keep(context, bytes, { mediaType: 'message/rfc822', maxBytes: MAX_MESSAGE_BYTES });
  return { id, message, body: undefined, file, sha256: file.sha256 };
}

/**
 * Why a message that has not been tried waits all the same: the mailbox or the server that it leaves by is paused after
 * a failure of another one. Undefined while nothing is in its way.
 */
export async function findReasonToWait(
  context: Context,
  { state, problem }: OutboxMessage,
): Promise<Problem | undefined> {
  if (state !== 'queued' || problem !== null) return undefined;
  const found = await findOutgoing(context);
  if (found.kind === 'waiting') return found.problem;
  const parking = await readParking(context, found.outgoing.pace.mailbox);
  return parking.ms > 0 ? parking.problem : undefined;
}

const SHOWN_ATTEMPTS = 50;

/** The tries of a message, newest first. */
export async function listAttempts(context: Context, id: string): Promise<Attempt[]> {
  const rows = await context.db
    .selectFrom('outbox_attempts')
    .selectAll()
    .where('message_id', '=', id)
    .orderBy('started_at', 'desc')
    .orderBy('id', 'desc')
    .limit(SHOWN_ATTEMPTS)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    phase: row.phase,
    verdict: row.verdict,
    code: row.code,
    enhanced: row.enhanced,
    words: row.words,
    session: row.session,
    startedAt: row.started_at,
    endedAt: row.ended_at,
  }));
}

/** Holds a message until somebody releases it. Throws `not-found`, and `outbox-state-conflict` once it is on its way. */
export async function holdMessage(context: Context, id: string, actor: string): Promise<OutboxMessage> {
  await change(context, id, async (context, row) => {
    if (!['queued', 'deferred', 'uncertain', 'held'].includes(row.state)) throw conflict(row, 'held');
    await context.db
      .updateTable('outbox_messages')
      .set({ state: 'held', hold_reason: 'administrator', due_at: null })
      .where('id', '=', id)
      .execute();
    await recordMove(context, row, { to: 'held', actor, reason: 'administrator' });
  });
  return await getMessage(context, id);
}

/**
 * Lets a message go now, whatever it waited for, and the mailbox with it: the cause may have been cured. Of a failed
 * one the recipients that were refused are tried again. Throws `not-found`, and `outbox-state-conflict` for one that
 * is sent or on its way.
 */
export async function releaseMessage(context: Context, id: string, actor: string): Promise<OutboxMessage> {
  const found = await findOutgoing(context);
  await change(context, id, async (context, row) => {
    if (row.state === 'sent' || row.state === 'active') throw conflict(row, 'retried');
    const now = context.clock.now();
    const state = row.possibly_twice && row.state !== 'failed' ? 'uncertain' : 'queued';
    await context.db
      .updateTable('outbox_recipients')
      .set({ state: 'queued', problem: null })
      .where('message_id', '=', id)
      .where('state', '=', 'failed')
      .execute();
    await context.db
      .updateTable('outbox_messages')
      .set({
        state,
        hold_reason: null,
        due_at: now,
        ended_at: null,
        attempts: row.state === 'failed' ? 0 : row.attempts,
        expires_at: new Date(now.getTime() + LIFETIME_MS),
      })
      .where('id', '=', id)
      .execute();
    await recordMove(context, row, { to: state, actor });
    if (found.kind === 'ready') {
      await unpark(context, found.outgoing.pace.mailbox);
      await probeOutsideNow(context, found.outgoing.pace.mailbox);
    }
    await enqueueTasks(context, 'outbox', [id]);
  });
  return await getMessage(context, id);
}

/** Removes a message with its bytes, for good. Throws `not-found`, and `outbox-state-conflict` while it is on its way. */
export async function dropMessage(context: Context, id: string, actor: string): Promise<void> {
  await change(context, id, async (context, row) => {
    if (row.state === 'active') throw conflict(row, 'dropped');
    await context.db.deleteFrom('outbox_messages').where('id', '=', id).execute();
    if (row.spool_id !== null) await forget(context, [row.spool_id]);
    const { kind, state, subject, bytes } = row;
    const data = { kind, state, subject, bytes, ...(row.device_id === null ? {} : { deviceId: row.device_id }) };
    await record(context, 'outbox-message-dropped', { subjectId: id, actor, ...ownerOf(row), data });
  });
}

type Locked = Omit<Row, 'body'>;

async function change(
  context: Context,
  id: string,
  work: (context: Context, row: Locked) => Promise<void>,
): Promise<void> {
  await transaction(context, async (context) => {
    const row = await context.db
      .selectFrom('outbox_messages')
      .selectAll()
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirst();
    if (row === undefined) throw new PlatenError('not-found', `there is no message ${id} in the outbox`);
    await work(context, row);
  });
}

function conflict(row: Locked, what: string): PlatenError {
  return new PlatenError('outbox-state-conflict', `message ${row.id} is ${row.state} and cannot be ${what}`);
}

function ownerOf(row: Locked): { ownerId?: string } {
  return row.owner_id === null ? {} : { ownerId: row.owner_id };
}

async function recordMove(
  context: Context,
  row: Locked,
  move: { readonly to: OutboxState; readonly actor: string; readonly reason?: string },
): Promise<void> {
  const { actor, ...data } = move;
  await record(context, 'outbox-message-state-changed', {
    subjectId: row.id,
    actor,
    ...ownerOf(row),
    data: { from: row.state, ...data },
  });
}

/** By what an answer to a message of ours can be told: also Exchange may have given it an id, which its last words name. */
export type Recognizable = {
  readonly subject: string;
  readonly messageIdHeader: string;
  readonly remoteAnswer: string | null;
};

/** Of the messages with these ids, as far as they are still kept. */
export async function listRecognizable(context: Context, ids: readonly string[]): Promise<Recognizable[]> {
  if (ids.length === 0) return [];
  return await context.db
    .selectFrom('outbox_messages')
    .select(['subject', 'message_id_header as messageIdHeader', 'remote_answer as remoteAnswer'])
    .where('id', 'in', [...ids])
    .execute();
}

export type OutboxCount = {
  readonly states: Readonly<Record<OutboxState, number>>;
  /** Age of the oldest message that is neither sent nor failed. */
  readonly oldestWaitingSeconds: number;
  /** Tries of the last hour by verdict. */
  readonly attempts: Readonly<Record<string, number>>;
};

/** Counts for metrics and for the head of the list. */
export async function countOutbox(context: Context): Promise<OutboxCount> {
  const now = context.clock.now();
  const rows = await context.db
    .selectFrom('outbox_messages')
    .select((select) => ['state', select.fn.countAll<number>().as('count'), select.fn.min('created_at').as('oldest')])
    .groupBy('state')
    .execute();
  const attempts = await context.db
    .selectFrom('outbox_attempts')
    .select((select) => ['verdict', select.fn.countAll<number>().as('count')])
    .where('started_at', '>', new Date(now.getTime() - HOUR_MS))
    .groupBy('verdict')
    .execute();
  const ages = rows
    .filter(({ state }) => state !== 'sent' && state !== 'failed')
    .map(({ oldest }) => (oldest === null ? 0 : now.getTime() - oldest.getTime()));
  const counts = new Map(rows.map(({ state, count }) => [state, count]));
  return {
    states: Object.fromEntries(OUTBOX_STATES.map((state) => [state, counts.get(state) ?? 0])) as OutboxCount['states'],
    oldestWaitingSeconds: Math.max(0, ...ages) / SECOND_MS,
    attempts: Object.fromEntries(attempts.map(({ verdict, count }) => [verdict ?? 'open', count])),
  };
}

/** What waits, what is held, and whether there is a server through which it can leave. */
export async function countWaiting(context: Context): Promise<{
  readonly outbox: { readonly waiting: number; readonly held: number };
  readonly outgoing: 'ready' | 'waiting' | 'none';
}> {
  const { kind } = await getOutgoingServer(context);
  const rows = await context.db
    .selectFrom('outbox_messages')
    .select(['state', (select) => select.fn.countAll<number>().as('count')])
    .where('state', 'not in', ['sent', 'failed'])
    .groupBy('state')
    .execute();
  const all = rows.reduce((sum, { count }) => sum + count, 0);
  const held = rows.find(({ state }) => state === 'held')?.count ?? 0;
  return { outbox: { waiting: all - held, held }, outgoing: kind === 'none' || kind === 'waiting' ? kind : 'ready' };
}

export type SentMessages = { readonly hour: Date; readonly state: OutboxState; readonly count: number };

/** How many messages have ended in each hour since then, by how they ended. */
export async function countSentMessages(context: Context, since: Date): Promise<SentMessages[]> {
  const hour = sql<Date>`date_trunc('hour', ended_at, 'UTC')`;
  return await context.db
    .selectFrom('outbox_messages')
    .select(['state', hour.as('hour'), (select) => select.fn.countAll<number>().as('count')])
    .where('ended_at', '>=', since)
    .groupBy(['state', hour])
    .execute();
}

/** What may still be sent now and today through the outgoing server; `undefined` while there is none. */
export async function headroom(context: Context): Promise<Headroom | undefined> {
  const found = await findOutgoing(context);
  return found.kind === 'ready' ? await readHeadroom(context, found.outgoing.pace) : undefined;
}

/** Whether mail to recipients outside the company waits for the limit of the tenant. */
export async function outsidePause(context: Context): Promise<OutsidePause | undefined> {
  const found = await findOutgoing(context);
  return found.kind === 'ready' ? await findOutsidePause(context, found.outgoing.pace.mailbox) : undefined;
}

/** Why no message can leave at all: no server is chosen, or the one that is may not be used. Undefined where it may. */
export async function findStandstill(context: Context): Promise<Problem | undefined> {
  const found = await findOutgoing(context);
  return found.kind === 'waiting' ? found.problem : undefined;
}

/** What waits for a cure that only a person brings, with the last reason; `undefined` when nothing does. */
export async function findHeld(
  context: Context,
): Promise<{ readonly count: number; readonly problem: Problem | undefined } | undefined> {
  const { kind } = await findOutgoing(context);
  const held = await context.db
    .selectFrom('outbox_messages')
    .select(['problem', (select) => select.fn.countAll<number>().over().as('count')])
    .where('state', '=', 'held')
    // What somebody has held on purpose waits for nobody else; what waited for a connection that is there again leaves.
    .where('hold_reason', 'not in', kind === 'ready' ? ['administrator', 'connection'] : ['administrator'])
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return held === undefined ? undefined : { count: held.count, problem: held.problem ?? undefined };
}

/** After a restore: what waited may have been sent since the backup, so it is held until a person lets it go. */
export async function holdRestoredMessages(context: Context): Promise<number> {
  const error = new PlatenError('message-restored', 'the message comes from a backup and may have been sent since');
  return await holdUnsent(context, { code: error.code, detail: error.message, at: context.clock.now().toISOString() });
}
