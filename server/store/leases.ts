/**
 * Leases: what only one node may do at a time (watch a mailbox, poll a login, renew a token, feed a printer).
 *
 * A lease is a row with a holder, an end by the database's clock, and a fence that grows with each new holder. The
 * holder renews it; whoever writes on its strength checks the fence in the same transaction, so that a node that was
 * frozen and wakes up changes nothing. Advisory locks would not do: a frozen node would keep them.
 */
import { type RawBuilder, sql } from 'kysely';
import { SECOND_MS } from '../base/clock.ts';
import { PlatenError } from '../base/errors.ts';
import { newId } from '../base/secrets.ts';
import type { Context } from './database.ts';

/** How long a holder that went silent keeps a lease. A killed node is replaced within twice this time. */
export const LEASE_SECONDS = 30;
const HEARTBEAT_MS = 10_000;
// Nothing is begun outside on a lease that was not renewed for this long: its end may be near.
const FRESH_MS = 20_000;
const GIVE_BACK_EVERY_MS = SECOND_MS;

export type Lease = {
  readonly name: string;
  readonly fence: number;
  /** Aborts when the lease is lost or the work is to stop. */
  readonly signal: AbortSignal;
  /** Throws `lease-lost` unless the lease was renewed a short while ago: to be asked right before each outside effect. */
  assertFresh(): void;
};

/**
 * Runs `work` while this node holds the lease, and returns what it returned; `undefined` when another node holds it.
 * The lease is given back afterwards, also when `work` throws.
 */
export async function withLease<T>(
  context: Context,
  name: string,
  options: { readonly signal?: AbortSignal },
  work: (lease: Lease) => Promise<T>,
): Promise<T | undefined> {
  const holder = newId();
  const askedAtMs = context.clock.monotonicMs();
  const fence = await takeLease(context, name, holder);
  if (fence === undefined) return undefined;

  const lost = new AbortController();
  const signal = options.signal === undefined ? lost.signal : AbortSignal.any([options.signal, lost.signal]);
  let renewedAtMs = askedAtMs;
  const lease: Lease = {
    name,
    fence,
    signal,
    assertFresh() {
      if (signal.aborted || context.clock.monotonicMs() - renewedAtMs > FRESH_MS) throw leaseLost(name);
    },
  };
  const renewing = new Set<Promise<void>>();
  const heartbeat = context.clock.every(HEARTBEAT_MS, () => {
    const startedAtMs = context.clock.monotonicMs();
    const renewal = renewLease(context, name, fence).then(
      (kept) => {
        if (kept) renewedAtMs = startedAtMs;
        else lost.abort(leaseLost(name));
      },
      (error) => {
        context.log.warn({ lease: name, error }, 'a lease could not be renewed');
        if (context.clock.monotonicMs() - renewedAtMs > FRESH_MS) lost.abort(leaseLost(name));
      },
    );
    renewing.add(renewal);
    void renewal.finally(() => renewing.delete(renewal));
  });
  try {
    return await work(lease);
  } finally {
    heartbeat[Symbol.dispose]();
    // One that came to the database after the lease was given back would keep it for half a minute, for nobody.
    await Promise.all(renewing);
    await giveBackLease(context, name, fence);
  }
}

/**
 * Checks, inside a transaction, that the lease still has this fence, and holds off a takeover until the commit.
 * Throws `lease-lost` when another node has taken over.
 */
export async function checkFence(context: Context, lease: Pick<Lease, 'name' | 'fence'>): Promise<void> {
  const row = await context.db
    .selectFrom('leases')
    .select('name')
    .where('name', '=', lease.name)
    .where('fence', '=', lease.fence)
    .forShare()
    .executeTakeFirst();
  if (row === undefined) throw leaseLost(lease.name);
}

/**
 * `checkFence` for several leases, as part of a larger statement: those of another part, with columns `name` and `fence`,
 * that are still held.
 */
export function keptAmong(wanted: string): RawBuilder<{ name: string; fence: number }> {
  return sql`
    SELECT name, fence FROM leases WHERE (name, fence) IN (SELECT name, fence FROM ${sql.table(wanted)}) FOR SHARE`;
}

/**
 * The same check as a condition, for a change that is one statement: the statement changes nothing when the lease has
 * gone to another node, and holds off a takeover until it is committed.
 */
export function isHeld(lease: Pick<Lease, 'name' | 'fence'>): RawBuilder<boolean> {
  return sql<boolean>`EXISTS (SELECT FROM leases WHERE name = ${lease.name} AND fence = ${lease.fence} FOR SHARE)`;
}

export function leaseLost(name: string): PlatenError {
  return new PlatenError('lease-lost', `another node has taken over ${name}`, { values: { name } });
}

/** How many leases whose names begin like this are held now, on whichever node. */
export async function countLeases(context: Context, beginning: string): Promise<number> {
  const row = await context.db
    .selectFrom('leases')
    .select((select) => select.fn.countAll<number>().as('count'))
    .where(sql<boolean>`starts_with(name, ${beginning})`)
    .where('expires_at', '>', sql<Date>`clock_timestamp()`)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** Ends all leases: right only where this process is known to be the only one, on the embedded database. */
export async function clearLeases(context: Context): Promise<void> {
  await context.db.updateTable('leases').set({ expires_at: sql`clock_timestamp()` }).execute();
}

async function takeLease(context: Context, name: string, holder: string): Promise<number | undefined> {
  const end = sql<Date>`clock_timestamp() + make_interval(secs => ${LEASE_SECONDS})`;
  const row = await context.db
    .insertInto('leases')
    .values({ name, holder, fence: 1, expires_at: end })
    .onConflict((conflict) =>
      conflict
        .column('name')
        .doUpdateSet({ holder, fence: sql<number>`leases.fence + 1`, expires_at: end })
        .where('leases.expires_at', '<=', sql<Date>`clock_timestamp()`),
    )
    .returning('fence')
    .executeTakeFirst();
  return row?.fence;
}

async function renewLease(context: Context, name: string, fence: number): Promise<boolean> {
  const renewed = await context.db
    .updateTable('leases')
    .set({ expires_at: sql`clock_timestamp() + make_interval(secs => ${LEASE_SECONDS})` })
    .where('name', '=', name)
    .where('fence', '=', fence)
    .executeTakeFirst();
  return renewed.numUpdatedRows > 0n;
}

/**
 * Gives a lease back, so that the next holder need not wait for its end. Where the database is away for a moment it is
 * tried again in the background until the lease has ended by itself: nobody could go on before that.
 */
async function giveBackLease(context: Context, name: string, fence: number): Promise<void> {
  const give = async (): Promise<void> => {
    await context.db
      .updateTable('leases')
      .set({ expires_at: sql`clock_timestamp()` })
      .where('name', '=', name)
      .where('fence', '=', fence)
      .execute();
  };
  try {
    await give();
  } catch (error) {
    context.log.warn({ lease: name, error }, 'a lease could not be given back; it is tried again');
    giveBackLater(context, give);
  }
}

function giveBackLater(context: Context, give: () => Promise<void>): void {
  let left = (LEASE_SECONDS * SECOND_MS) / GIVE_BACK_EVERY_MS;
  let isAsking = false;
  const timer = context.clock.every(GIVE_BACK_EVERY_MS, () => {
    left -= 1;
    if (left <= 0) timer[Symbol.dispose]();
    if (isAsking) return;
    isAsking = true;
    give().then(
      () => timer[Symbol.dispose](),
      () => {
        isAsking = false;
      },
    );
  });
}
