/** Moves everything by which the outbox keeps its pace: the clock of the node, the tenant's, and what the database has counted. */
import { sql } from 'kysely';
import { countOutbox, headroom } from '../../server/outbox/outbox.ts';
import type { Context } from '../../server/store/database.ts';
import type { Practice } from './practice-connection.ts';
import { eventually, type MovableClock } from './time.ts';

export type Timed = { readonly context: Context; readonly clock: MovableClock; readonly practice: Practice };

/** The database counts the pace by its own clock: what it has counted becomes so much older. */
async function agePace(context: Context, ms: number): Promise<void> {
  const by = sql`make_interval(secs => ${ms / 1000})`;
  await sql`UPDATE pace_buckets SET counted_at = counted_at - ${by},
    parked_until = parked_until - ${by}, outside_until = outside_until - ${by}`.execute(context.db);
  // All of them leave before any comes back: an hour may not meet the next one on its way.
  await sql`
    WITH left_behind AS (DELETE FROM pace_hours RETURNING *)
    INSERT INTO pace_hours (mailbox, hour, recipients)
    SELECT mailbox, hour - ${by}, sum(recipients) FROM left_behind GROUP BY mailbox, hour`.execute(context.db);
}

export async function movePace({ context, clock, practice }: Timed, ms: number): Promise<void> {
  await agePace(context, ms);
  practice.clock.advance(ms);
  clock.advance(ms);
}

/** Waits until no session is open or about to open: its lease would not survive a long step. */
export async function untilNoSession({ context, clock, practice }: Timed): Promise<void> {
  const isFree = async () => {
    const { rows } = await sql<{ held: number }>`SELECT count(*)::int AS held FROM leases
      WHERE name LIKE 'outbox-session:%' AND expires_at > clock_timestamp()`.execute(context.db);
    // The worker sleeps between its looks; a session that it has just begun may have no lease yet.
    return rows[0]?.held === 0 && practice.smtp.sessions().length === 0 && clock.sleeping > 0;
  };
  let times = 0;
  const isStillFree = async () => {
    times = (await isFree()) ? times + 1 : 0;
    return times === FREE_TIMES;
  };
  await eventually(isStillFree, { what: 'no session is open', timeoutMs: 30_000 });
}

const FREE_TIMES = 4;

// Long enough for a look of the worker on a busy machine; when nothing happens after all, time goes on.
const PATIENCE_MS = 400;
/** A lease lasts half a minute. */
const SHORT_STEP_MS = 5_000;

/**
 * Moves the time step by step until everything is sent, and answers how long that took. A step waits until what may
 * leave has left, so that a slow machine does not make the pace slower than it is.
 */
export async function movePaceUntilSent(
  timed: Timed,
  { stepMs, atMostMs }: { readonly stepMs: number; readonly atMostMs: number },
): Promise<number> {
  const { context } = timed;
  let passedMs = 0;
  for (;;) {
    const unsent = await countUnsent(context);
    if (unsent === 0) return passedMs;
    if (passedMs > atMostMs) throw new Error(`${unsent} messages were not sent within ${atMostMs} ms`);
    await eventually(() => isQuiet(context), { timeoutMs: PATIENCE_MS }).catch(() => undefined);
    if (stepMs > SHORT_STEP_MS) await untilNoSession(timed);
    await movePace(timed, stepMs);
    passedMs += stepMs;
  }
}

async function countUnsent(context: Context): Promise<number> {
  const { states } = await countOutbox(context);
  return states.queued + states.active + states.deferred + states.held + states.uncertain;
}

/** Nothing is on its way, and nothing could be. */
async function isQuiet(context: Context): Promise<boolean> {
  const { rows } = await sql<{ active: number; due: number }>`
    SELECT count(*) FILTER (WHERE state = 'active')::int AS active,
      count(*) FILTER (WHERE due_at <= ${context.clock.now()})::int AS due FROM outbox_messages`.execute(context.db);
  const [row] = rows;
  if (row === undefined || row.active > 0) return false;
  const room = await headroom(context);
  return row.due === 0 || room?.pausedForMs !== undefined || room?.messagesNow === 0;
}
