/**
 * Changes to all messages that wait, at once: held for the connection or the mailbox, deferred with the server, let go.
 *
 * One statement and one event for all of them. Messages that a session has at the moment are settled by that session.
 */
import { sql } from 'kysely';
import { SECOND_MS } from '../base/clock.ts';
import { PlatenError } from '../base/errors.ts';
import { record } from '../journal/journal.ts';
import type { Context, Db } from '../store/database.ts';
import type { HoldReason, OutboxState, Problem } from '../store/schema.ts';
import { LIFETIME_MS } from './message.ts';

const WAITING: readonly OutboxState[] = ['queued', 'deferred', 'uncertain'];
// What may have arrived is still shown as that.
const RELEASED = sql<OutboxState>`CASE WHEN possibly_twice THEN 'uncertain' ELSE 'queued' END`;

type Hold = { readonly reason: Extract<HoldReason, 'connection' | 'mailbox'>; readonly problem: Problem };

/** What new messages of this node wait for from the start, as its worker has found at its last look. */
const pauses = new WeakMap<Db, Hold>();

/** The pause in which a message that comes now is kept as held at once; `undefined` while mail may leave. */
export function findPause(db: Db): Hold | undefined {
  return pauses.get(db);
}

/** Tells those that keep messages whether sending is paused. */
export function setPause(db: Db, hold: Hold | undefined): void {
  if (hold === undefined) pauses.delete(db);
  else if (!isSame(hold, pauses.get(db))) pauses.set(db, hold);
}

/** A pause that goes on for the same cause is the same one, however often it is found. */
function isSame(one: Hold, other: Hold | undefined): boolean {
  return (
    one.reason === other?.reason &&
    one.problem.code === other.problem.code &&
    one.problem.detail === other.problem.detail
  );
}

/**
 * Holds everything that waits; no attempt is used up. Tells the journal when that begins a pause. Returns whether
 * anything is held for this reason.
 */
export async function holdWaiting(context: Context, hold: Hold): Promise<boolean> {
  const earlier = await context.db
    .selectFrom('outbox_messages')
    .select('id')
    .where('state', '=', 'held')
    .where('hold_reason', '=', hold.reason)
    .limit(1)
    .executeTakeFirst();
  const held = await context.db
    .updateTable('outbox_messages')
    .set({ state: 'held', hold_reason: hold.reason, problem: JSON.stringify(hold.problem), due_at: null })
    .where('state', 'in', [...WAITING])
    .executeTakeFirst();
  const count = Number(held.numUpdatedRows);
  if (earlier !== undefined || count === 0) return earlier !== undefined;
  const data = { reason: hold.reason, problem: hold.problem.code, count };
  await record(context, 'outbox-sending-paused', { subjectId: 'outbox', data });
  return true;
}

/** Says of what is held already why it still is, where the cause has changed. */
export async function retellHeld(context: Context, { reason, problem }: Hold): Promise<void> {
  await context.db
    .updateTable('outbox_messages')
    .set({ problem: JSON.stringify(problem) })
    .where('state', '=', 'held')
    .where('hold_reason', '=', reason)
    .where(sql<string>`problem ->> 'code'`, 'is distinct from', problem.code)
    .execute();
}

/** Holds everything that has not ended, until a person lets each message go. Returns how many there are. */
export async function holdUnsent(context: Context, problem: Problem): Promise<number> {
  await context.db
    .updateTable('outbox_attempts')
    .set({ phase: 'ended', ended_at: context.clock.now() })
    .where('ended_at', 'is', null)
    .execute();
  const held = await context.db
    .updateTable('outbox_messages')
    .set({ state: 'held', hold_reason: 'administrator', problem: JSON.stringify(problem), due_at: null })
    .where('state', 'in', [...WAITING, 'active', 'held'])
    .executeTakeFirst();
  return Number(held.numUpdatedRows);
}

/** Lets everything go that was held for this reason: it is due now, and its time begins anew. */
export async function releaseHeld(context: Context, reason: Hold['reason']): Promise<void> {
  const released = await context.db
    .updateTable('outbox_messages')
    .set({
      state: RELEASED,
      hold_reason: null,
      problem: null,
      due_at: context.clock.now(),
      expires_at: expiry(context),
    })
    .where('state', '=', 'held')
    .where('hold_reason', '=', reason)
    .executeTakeFirst();
  const count = Number(released.numUpdatedRows);
  if (count > 0) await record(context, 'outbox-sending-resumed', { subjectId: 'outbox', data: { reason, count } });
}

/** Lets the oldest message go that waits for the mailbox, to find out whether that has been cured. */
export async function releaseProbe(context: Context): Promise<boolean> {
  const oldest = context.db
    .selectFrom('outbox_messages')
    .select('id')
    .where('state', '=', 'held')
    .where('hold_reason', '=', 'mailbox')
    .orderBy('priority')
    .orderBy('id')
    .limit(1)
    .forUpdate()
    .skipLocked();
  const released = await context.db
    .updateTable('outbox_messages')
    .set({ state: RELEASED, hold_reason: null, due_at: context.clock.now() })
    .where('id', 'in', oldest)
    .executeTakeFirst();
  return released.numUpdatedRows > 0n;
}

/** Puts off what would be due during a pause, so that each message shows when it goes on and why. */
export async function deferWaiting(
  context: Context,
  pause: { readonly until: Date; readonly problem: Problem; readonly countsAsTry: 'yes' | 'no' },
): Promise<void> {
  await context.db
    .updateTable('outbox_messages')
    .set({
      state: sql<OutboxState>`CASE state WHEN 'uncertain' THEN state ELSE 'deferred' END`,
      problem: JSON.stringify(pause.problem),
      due_at: pause.until,
      ...(pause.countsAsTry === 'yes' ? { attempts: sql<number>`attempts + 1` } : {}),
    })
    .where('state', 'in', [...WAITING])
    .where('due_at', '<', pause.until)
    .execute();
}

/**
 * A clock that was set forward by a year must not end everything: what was hardly tried stays. The tries of five days
 * are about 35.
 */
const TRIES_BEFORE_EXPIRY = 10;

/** Ends messages whose time is over; they stay visible with their last problem, and can be retried. */
export async function failExpired(context: Context): Promise<void> {
  const now = context.clock.now();
  const expired = await context.db
    .updateTable('outbox_messages')
    .set({ state: 'failed', due_at: null, ended_at: now })
    .where('state', 'in', [...WAITING])
    .where('expires_at', '<=', now)
    .where('attempts', '>=', TRIES_BEFORE_EXPIRY)
    .returning(['id', 'owner_id', 'problem', 'attempts', 'remote_answer'])
    .execute();
  for (const { id, owner_id: ownerId, problem, attempts, remote_answer: words } of expired) {
    const { message } = new PlatenError('message-expired', `not sent in five days and ${attempts} tries`);
    const kept: Problem = {
      code: 'message-expired',
      detail: problem === null ? message : `${message}; at last: ${problem.detail}`,
      ...(words === null ? {} : { remote: words }),
      at: now.toISOString(),
    };
    await context.db
      .updateTable('outbox_messages')
      .set({ problem: JSON.stringify(kept) })
      .where('id', '=', id)
      .execute();
    await record(context, 'outbox-message-state-changed', {
      subjectId: id,
      ...(ownerId === null ? {} : { ownerId }),
      data: { to: 'failed', problem: 'message-expired' },
    });
  }
}

/** What another node has kept before it died is found this late at the most. */
const IDLE_LOOK_MS = 20 * SECOND_MS;

/** What the worker needs to know before it opens a session. */
export async function readWork(context: Context): Promise<{
  readonly due: number;
  readonly nextDueMs: number;
  readonly heldForMailbox: boolean;
  readonly heldForConnection: boolean;
}> {
  const now = context.clock.now();
  const row = await context.db
    .selectFrom('outbox_messages')
    .select((select) => [
      select.fn.countAll<number>().filterWhere('due_at', '<=', now).as('due'),
      select.fn.min('due_at').filterWhere('due_at', '>', now).as('next'),
      select.fn.countAll<number>().filterWhere('hold_reason', '=', 'mailbox').as('mailbox'),
      select.fn.countAll<number>().filterWhere('hold_reason', '=', 'connection').as('connection'),
    ])
    .where((where) => where.or([where('due_at', 'is not', null), where('state', '=', 'held')]))
    .executeTakeFirstOrThrow();
  const { next } = row;
  return {
    due: row.due,
    nextDueMs: next === null ? IDLE_LOOK_MS : Math.min(next.getTime() - now.getTime(), IDLE_LOOK_MS),
    heldForMailbox: row.mailbox > 0,
    heldForConnection: row.connection > 0,
  };
}

function expiry(context: Context): Date {
  return new Date(context.clock.now().getTime() + LIFETIME_MS);
}
