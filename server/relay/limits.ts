/** What the relay takes, each with its reason. Times are counted on the monotonic clock. */
import { sql } from 'kysely';
import { DAY_MS, MINUTE_MS, SECOND_MS } from '../base/clock.ts';
import type { Context } from '../store/database.ts';
import { Refusal } from './message/refusal.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

export const relayLimits = {
  /** Open connections of everybody together: each costs a socket and its buffers. */
  maxSessions: 100,
  /** Connections of those who have not shown yet that they are a device: never all of the places. */
  maxUnknownSessions: 50,
  /** Connections from one address while it is unknown. */
  maxUnknownSessionsPerAddress: 10,
  /** Refusals in one connection; a device that is told no this often does not understand it. */
  maxErrors: 10,
  /** A command line; 512 octets by RFC 5321 section 4.5.3.1.4, and room for the longest AUTH PLAIN. */
  maxCommandBytes: 2048,
  /** A line of the message; 1000 octets by RFC 5321 section 4.5.3.1.6, and room for programs that do not count. */
  maxLineBytes: 2048,
  maxHeaderBytes: 256 * KIB,
  /** A message up to this size is held in memory and kept in its row; beyond it streams to the spool. */
  memoryBytes: 64 * KIB,
  /** Each hop adds one Received field; mail that goes round in a circle collects them. */
  maxHops: 25,
  /** Silence between two commands. */
  commandMs: 60 * SECOND_MS,
  /** An address that is no device must sign in within this time. */
  strangerMs: 60 * SECOND_MS,
  /** A whole message has this long, or longer when it keeps up the speed below. */
  dataMs: 5 * MINUTE_MS,
  minBytesPerSecond: 500,
  /** How often the two are looked at. */
  lookEveryMs: 5 * SECOND_MS,
  /** A database that hangs must not hold a device: after this it is told to come again. */
  databaseMs: 10 * SECOND_MS,
  /** The same for the commit, which waits for the disk: too early an answer makes a second copy. */
  commitMs: 30 * SECOND_MS,
  /** Messages that are being taken when Platen stops may take this long to end. */
  stopMs: 10 * SECOND_MS,
  /** Wrong passwords from one address. */
  maxGuesses: 10,
  guessesMs: 15 * MINUTE_MS,
  /** How long the Message-IDs of a device are remembered; Exchange compares for seven days. */
  rememberMs: 30 * DAY_MS,
  /** How often the devices are read again when another node may have changed them. */
  snapshotMs: 1 * SECOND_MS,
} as const;

/** What a device may do unless its limits say otherwise. */
export const DEFAULT_DEVICE_LIMITS = {
  /** More than Exchange Online takes from a mailbox (30): the queue takes up what comes at once. */
  messagesPerMinute: 60,
  messagesPerDay: 5000,
  /** As many as Exchange Online takes from a mailbox in a day. */
  recipientsPerDay: 10_000,
  /** A message of 25 MB with its encoding. */
  maxMessageBytes: 35 * MIB,
  maxRecipients: 100,
  maxSessions: 10,
} as const;

/** Waits for `work` so long and no longer: a database that hangs must not hold a device. */
export async function inTime<T>(context: Context, work: Promise<T>, ms: number): Promise<T> {
  let give: (late: Refusal) => void;
  const late = new Promise<never>((_, reject) => {
    give = reject;
  });
  using _timer = context.clock.every(ms, () => give(new Refusal('not-kept')));
  return await Promise.race([work, late]);
}

/** Gives up work that takes longer than `ms`, at the most a second later: one timer for all of it. */
export class Deadline {
  readonly #context: Context;
  readonly #ms: number;
  readonly #pending = new Set<{ readonly untilMs: number; readonly giveUp: () => void }>();
  #timer: Disposable | undefined;

  constructor(context: Context, ms: number) {
    this.#context = context;
    this.#ms = ms;
  }

  /** Throws a `Refusal` when `work` has not ended in time; it goes on all the same. */
  limit<T>(work: Promise<T>): Promise<T> {
    this.#timer ??= this.#context.clock.every(SECOND_MS, () => this.#look());
    return new Promise<T>((resolve, reject) => {
      const untilMs = this.#context.clock.monotonicMs() + this.#ms;
      const one = { untilMs, giveUp: () => reject(new Refusal('not-kept')) };
      this.#pending.add(one);
      const end = () => this.#pending.delete(one);
      work.then(
        (value) => end() && resolve(value),
        (error: unknown) => end() && reject(error),
      );
    });
  }

  #look(): void {
    const nowMs = this.#context.clock.monotonicMs();
    for (const one of this.#pending) {
      // The oldest come first.
      if (one.untilMs > nowMs) break;
      this.#pending.delete(one);
      one.giveUp();
    }
    if (this.#pending.size > 0) return;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }
}

/** A node is given this share of a minute's messages at once, so that few messages have to ask the database. */
const GIVEN_AT_ONCE = 0.1;

/**
 * How many messages a device may hand in, counted by all nodes together in the database and by its clock; unused minutes
 * do not add up to more than one. A node asks for a few at once and spends them within a minute; what another node has
 * been given and not spent is missing here, so all of them together never take more than the limit.
 */
export class MinuteRates {
  readonly #context: Context;
  readonly #given = new Map<string, { left: number; readonly untilMs: number }>();
  readonly #asking = new Map<string, Promise<number>>();

  constructor(context: Context) {
    this.#context = context;
  }

  /** Takes one; false when there is none left now. */
  async take(deviceId: string, perMinute: number): Promise<boolean> {
    while (!this.takeGiven(deviceId)) {
      if ((await this.#askOnce(deviceId, perMinute)) === 0) return false;
    }
    return true;
  }

  /** Takes one of those that this node was given, without asking the database; false when all are spent. */
  takeGiven(deviceId: string): boolean {
    const given = this.#given.get(deviceId);
    if (given === undefined || given.left === 0 || this.#context.clock.monotonicMs() >= given.untilMs) return false;
    given.left -= 1;
    return true;
  }

  async #askOnce(deviceId: string, perMinute: number): Promise<number> {
    const asking = this.#asking.get(deviceId) ?? this.#ask(deviceId, perMinute);
    this.#asking.set(deviceId, asking);
    try {
      return await asking;
    } finally {
      if (this.#asking.get(deviceId) === asking) this.#asking.delete(deviceId);
    }
  }

  async #ask(deviceId: string, perMinute: number): Promise<number> {
    const untilMs = this.#context.clock.monotonicMs() + MINUTE_MS;
    const left = await giveTokens(this.#context, deviceId, perMinute);
    this.#given.set(deviceId, { left, untilMs });
    return left;
  }
}

async function giveTokens(context: Context, deviceId: string, perMinute: number): Promise<number> {
  const wanted = Math.ceil(perMinute * GIVEN_AT_ONCE);
  const now = sql<Date>`statement_timestamp()`;
  const grown = sql`device_rates.tokens + greatest(extract(epoch FROM ${now} - device_rates.counted_at), 0) * ${perMinute}::float8 / 60`;
  const there = sql<number>`least(${perMinute}::float8, ${grown})`;
  const given = sql<number>`least(${wanted}::int, floor(${there}))`;
  const row = await context.db
    .insertInto('device_rates')
    .values({ device_id: deviceId, tokens: perMinute - wanted, given: wanted, counted_at: now })
    .onConflict((conflict) =>
      conflict.column('device_id').doUpdateSet({
        tokens: sql<number>`${there} - ${given}`,
        given,
        counted_at: sql<Date>`greatest(device_rates.counted_at, ${now})`,
      }),
    )
    // A count that a power cut takes away is no harm, and not waited for.
    .returning(['given', sql<string>`set_config('synchronous_commit', 'off', true)`.as('no_wait')])
    .executeTakeFirstOrThrow();
  return row.given;
}

const MAX_KEYS = 10_000;

/** Counts events per key within a window that begins with the first one; forgets the oldest keys when there are too many. */
export class WindowCounts {
  readonly #counts = new Map<string, { count: number; sinceMs: number }>();
  readonly #windowMs: number;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  add(key: string, nowMs: number): number {
    const known = this.#counts.get(key);
    const isOpen = known !== undefined && nowMs - known.sinceMs < this.#windowMs;
    const next = isOpen ? { count: known.count + 1, sinceMs: known.sinceMs } : { count: 1, sinceMs: nowMs };
    this.#counts.delete(key);
    this.#counts.set(key, next);
    const oldest = this.#counts.size > MAX_KEYS ? this.#counts.keys().next().value : undefined;
    if (oldest !== undefined) this.#counts.delete(oldest);
    return next.count;
  }

  count(key: string, nowMs: number): number {
    const known = this.#counts.get(key);
    return known !== undefined && nowMs - known.sinceMs < this.#windowMs ? known.count : 0;
  }

  clear(key: string): void {
    this.#counts.delete(key);
  }
}
