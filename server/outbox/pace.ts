/**
 * The sending limits of Exchange Online, as a token bucket per mailbox in the database: shared by all nodes, counted by
 * the database's clock. A mailbox is parked while it is busy, at its daily limit, or held for a person.
 */
import { sql } from 'kysely';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../base/clock.ts';
import type { Context } from '../store/database.ts';
import { countLeases } from '../store/leases.ts';
import type { Problem } from '../store/schema.ts';

export type Pace = {
  /** What the limits belong to: the user name of the mailbox, or `server:<host>:<port>`. */
  readonly mailbox: string;
  readonly sessions: number;
  readonly limits: Limits | undefined;
};

type Limits = { readonly messagesPerMinute: number; readonly burst: number; readonly recipientsPerDay: number };

/**
 * Exchange Online permits 30 messages in a minute, 3 submissions at once and 10,000 recipients in 24 hours. With a burst
 * of 5 no minute has more than 30; one session stays free for somebody's own mail program.
 */
export const EXCHANGE_LIMITS: Limits = { messagesPerMinute: 25, burst: 5, recipientsPerDay: 10_000 };
export const EXCHANGE_SESSIONS = 2;
/** Fewer where the server takes fewer: it tells by itself (421), and no further session is opened for a while. */
export const CLASSIC_SESSIONS = 10;

/** How the names of the leases begin under which the sessions of a mailbox run. */
export function slotsOf(mailbox: string): string {
  return `outbox-session:${mailbox}:`;
}

export type Turn =
  | { readonly kind: 'go' }
  /** `isDay`: the recipients of the day are used up, which everything that waits should say. */
  | { readonly kind: 'wait'; readonly ms: number; readonly isDay?: true };

/** Takes the right to send one message to so many recipients, in the transaction of `context.db`. */
export async function takeTurn(context: Context, pace: Pace, recipients: number): Promise<Turn> {
  const { limits, mailbox } = pace;
  if (limits === undefined) return { kind: 'go' };
  const bucket = await lockBucket(context, mailbox, limits.burst);
  if (bucket.parkedMs > 0) return { kind: 'wait', ms: bucket.parkedMs };
  const perMs = limits.messagesPerMinute / MINUTE_MS;
  const tokens = Math.min(limits.burst, bucket.tokens + Math.max(bucket.sinceMs, 0) * perMs);
  if (tokens < 1) return { kind: 'wait', ms: Math.ceil((1 - tokens) / perMs) };
  const day = await readDay(context, mailbox);
  if (day.recipients + recipients > limits.recipientsPerDay) return { kind: 'wait', ms: day.nextRoomMs, isDay: true };
  await context.db
    .updateTable('pace_buckets')
    .set({ tokens: tokens - 1, counted_at: bucket.now })
    .where('mailbox', '=', mailbox)
    .execute();
  await context.db
    .insertInto('pace_hours')
    .values({ mailbox, hour: sql<Date>`date_trunc('hour', ${bucket.now}::timestamptz)`, recipients })
    .onConflict((conflict) =>
      conflict
        .columns(['mailbox', 'hour'])
        .doUpdateSet({ recipients: sql<number>`pace_hours.recipients + excluded.recipients` }),
    )
    .execute();
  return { kind: 'go' };
}

type Bucket = { now: Date; tokens: number; sinceMs: number; parkedMs: number };

async function lockBucket(context: Context, mailbox: string, tokens: number): Promise<Bucket> {
  await addBucket(context, mailbox, tokens);
  const row = await context.db
    .selectFrom('pace_buckets')
    .select(['tokens', 'counted_at', 'parked_until', sql<Date>`clock_timestamp()`.as('now')])
    .where('mailbox', '=', mailbox)
    .forUpdate()
    .executeTakeFirstOrThrow();
  return {
    now: row.now,
    tokens: Number(row.tokens),
    sinceMs: row.now.getTime() - row.counted_at.getTime(),
    parkedMs: leftMs(row.parked_until, row.now),
  };
}

/** Makes sure that the mailbox has a row. */
export async function addBucket(context: Context, mailbox: string, tokens: number): Promise<void> {
  await context.db
    .insertInto('pace_buckets')
    .values({ mailbox, tokens, counted_at: sql`clock_timestamp()` })
    .onConflict((conflict) => conflict.column('mailbox').doNothing())
    .execute();
}

function leftMs(until: Date | null, now: Date): number {
  return until === null ? 0 : Math.max(until.getTime() - now.getTime(), 0);
}

type Day = { readonly recipients: number; readonly nextRoomMs: number };

/** Recipients of the last 24 hours by the hour; room comes back when the oldest hour is over. */
async function readDay(context: Context, mailbox: string): Promise<Day> {
  const rows = await context.db
    .selectFrom('pace_hours')
    .select(['hour', 'recipients', sql<Date>`clock_timestamp()`.as('now')])
    .where('mailbox', '=', mailbox)
    .where('hour', '>', sql<Date>`clock_timestamp() - interval '25 hours'`)
    .orderBy('hour')
    .execute();
  const [oldest] = rows;
  if (oldest === undefined) return { recipients: 0, nextRoomMs: HOUR_MS };
  const roomAtMs = oldest.hour.getTime() + HOUR_MS + DAY_MS;
  return {
    recipients: rows.reduce((sum, row) => sum + row.recipients, 0),
    nextRoomMs: Math.max(roomAtMs - oldest.now.getTime(), MINUTE_MS),
  };
}

export type Parking = {
  readonly ms: number;
  readonly pauses: number;
  readonly isHeld: boolean;
  readonly problem: Problem | undefined;
};

/** How long the mailbox is still parked, and why; zero when it is not. */
export async function readParking(context: Context, mailbox: string): Promise<Parking> {
  const row = await context.db
    .selectFrom('pace_buckets')
    .select(['parked_until', 'pauses', 'is_held', 'problem', sql<Date>`clock_timestamp()`.as('now')])
    .where('mailbox', '=', mailbox)
    .executeTakeFirst();
  if (row === undefined) return { ms: 0, pauses: 0, isHeld: false, problem: undefined };
  const ms = leftMs(row.parked_until, row.now);
  return { ms, pauses: row.pauses, isHeld: row.is_held, problem: row.problem ?? undefined };
}

/** Parks a mailbox for a time; a longer pause that is already running stays. */
export async function park(
  context: Context,
  mailbox: string,
  pause: { readonly ms: number; readonly isHeld: boolean; readonly problem: Problem },
): Promise<void> {
  await addBucket(context, mailbox, EXCHANGE_LIMITS.burst);
  const until = sql<Date>`clock_timestamp() + make_interval(secs => ${pause.ms / SECOND_MS})`;
  await context.db
    .updateTable('pace_buckets')
    .set({
      parked_until: sql<Date>`greatest(parked_until, ${until})`,
      pauses: sql<number>`pauses + 1`,
      is_held: pause.isHeld,
      problem: JSON.stringify(pause.problem),
    })
    .where('mailbox', '=', mailbox)
    .execute();
}

/** Ends the pause of a mailbox: something was accepted, or a person said so. Returns whether there was one. */
export async function unpark(context: Context, mailbox: string): Promise<boolean> {
  const ended = await context.db
    .updateTable('pace_buckets')
    .set({ parked_until: null, pauses: 0, is_held: false, problem: null })
    .where('mailbox', '=', mailbox)
    .where((where) =>
      where.or([where('parked_until', 'is not', null), where('pauses', '>', 0), where('is_held', '=', true)]),
    )
    .executeTakeFirst();
  return ended.numUpdatedRows > 0n;
}

/** How long a mailbox rests when the server says that its daily limit is reached, whatever was counted here. */
export async function dailyPauseMs(context: Context, mailbox: string): Promise<number> {
  const { nextRoomMs } = await readDay(context, mailbox);
  return Math.min(Math.max(nextRoomMs, HOUR_MS), DAY_MS);
}

export type Headroom = {
  readonly mailbox: string;
  /** Submissions at once, now and at most. */
  readonly sessionsOpen: number;
  readonly sessions: number;
  /** Tries of the last minute, which is what the limit of a minute counts. */
  readonly triesLastMinute: number;
  /** Messages that may leave at once; then one every few seconds. */
  readonly messagesNow: number | undefined;
  readonly messagesPerMinute: number | undefined;
  readonly recipientsLeftToday: number | undefined;
  readonly recipientsPerDay: number | undefined;
  /** Set while it is parked. */
  readonly pausedForMs: number | undefined;
  /** Set while nothing may leave, parked or used up: until the next message may. */
  readonly nextInMs: number | undefined;
  readonly problem: Problem | undefined;
};

/** What may still be sent now and today. */
export async function readHeadroom(context: Context, pace: Pace): Promise<Headroom> {
  const { mailbox, limits } = pace;
  const parking = await readParking(context, mailbox);
  const pausedForMs = parking.ms > 0 ? parking.ms : undefined;
  const sessions = await readSessions(context, pace);
  const shared = { mailbox, pausedForMs, nextInMs: pausedForMs, problem: parking.problem, ...sessions };
  if (limits === undefined) return { ...shared, ...UNLIMITED };
  const row = await context.db
    .selectFrom('pace_buckets')
    .select(['tokens', sql<number>`extract(epoch from clock_timestamp() - counted_at)::float8 * 1000`.as('since_ms')])
    .where('mailbox', '=', mailbox)
    .executeTakeFirst();
  const grown =
    row === undefined ? limits.burst : Number(row.tokens) + (row.since_ms * limits.messagesPerMinute) / MINUTE_MS;
  const day = await readDay(context, mailbox);
  const usedUpMs = grown < 1 ? Math.ceil(((1 - grown) * MINUTE_MS) / limits.messagesPerMinute) : undefined;
  return {
    ...shared,
    nextInMs: pausedForMs ?? usedUpMs,
    messagesNow: Math.floor(Math.min(limits.burst, grown)),
    messagesPerMinute: limits.messagesPerMinute,
    recipientsLeftToday: Math.max(limits.recipientsPerDay - day.recipients, 0),
    recipientsPerDay: limits.recipientsPerDay,
  };
}

const UNLIMITED = {
  messagesNow: undefined,
  messagesPerMinute: undefined,
  recipientsLeftToday: undefined,
  recipientsPerDay: undefined,
} as const;

async function readSessions(context: Context, { mailbox, sessions }: Pace) {
  const slots = slotsOf(mailbox);
  const row = await context.db
    .selectFrom('outbox_attempts')
    .select((select) => select.fn.countAll<number>().as('count'))
    .where('started_at', '>', new Date(context.clock.now().getTime() - MINUTE_MS))
    .where(sql<boolean>`starts_with(lease_name, ${slots})`)
    .executeTakeFirstOrThrow();
  return { sessions, sessionsOpen: await countLeases(context, slots), triesLastMinute: Number(row.count) };
}

/** Forgets hours that no limit looks at any more. */
export async function forgetOldHours(context: Context): Promise<void> {
  await context.db
    .deleteFrom('pace_hours')
    .where('hour', '<', sql<Date>`clock_timestamp() - interval '3 days'`)
    .execute();
}
