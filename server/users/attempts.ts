/**
 * Guesses at a sign-in, counted in the database so that all nodes count together.
 *
 * A guess is counted before the password is looked at, under a lock per bucket: many at once cannot slip through
 * together. The command line on the machine itself does not come by here, so nobody is locked out for good.
 */
import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { sql } from 'kysely';
import { MINUTE_MS, SECOND_MS } from '../base/clock.ts';
import { PlatenError } from '../base/errors.ts';
import type { Context } from '../store/database.ts';
import { transaction } from '../store/transaction.ts';

const WINDOW_MS = 15 * MINUTE_MS;
export const MAX_GUESSES_PER_ACCOUNT = 10;
// Several people of one office may mistype at once; a list of stolen passwords needs far more.
export const MAX_GUESSES_PER_ADDRESS = 30;
export const MAX_GUESSES_PER_PREFIX = 100;
export const MAX_PIN_GUESSES_PER_CALLER = 10;
export const MAX_PIN_GUESSES_PER_PLACE = 30;
const SWEEP_ROWS = 1000;

export type Bucket = { readonly name: string; readonly max: number };

export function accountBucket(email: string): Bucket {
  // A digest: people type passwords into the wrong field.
  const digest = createHash('sha256').update(email).digest('hex');
  return { name: `account:${digest}`, max: MAX_GUESSES_PER_ACCOUNT };
}

/** The caller's address and its network. None for this machine: a proxy here that hides its callers must not lock all of them out. */
export function addressBuckets(address: string): Bucket[] {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (plain === '::1' || plain.startsWith('127.')) return [];
  const groups = isIPv6(plain) ? expand(plain) : plain.split('.');
  // One subscriber has a whole /64 of IPv6, and easily a /48.
  const own = isIPv6(plain) ? groups.slice(0, 4).join(':') : plain;
  const network = groups.slice(0, 3).join(isIPv6(plain) ? ':' : '.');
  return [
    { name: `address:${own}`, max: MAX_GUESSES_PER_ADDRESS },
    { name: `prefix:${network}`, max: MAX_GUESSES_PER_PREFIX },
  ];
}

/** The same for tokens of links: wrong ones must not lock a whole office out of signing in. */
export function linkBuckets(address: string): Bucket[] {
  return addressBuckets(address).map(({ name, max }) => ({ name: `link-${name}`, max }));
}

/** A PIN has few digits: guesses at it count by caller, and by the printer at which it is typed, whoever types it. */
export function pinBuckets(address: string, place: string): Bucket[] {
  const callers = addressBuckets(address).map(({ name }) => ({ name: `pin-${name}`, max: MAX_PIN_GUESSES_PER_CALLER }));
  return [...callers, { name: `pin-place:${place}`, max: MAX_PIN_GUESSES_PER_PLACE }];
}

/**
 * Counts one guess in every bucket, and answers how many more there may be. Throws `too-many-attempts`, and counts nothing,
 * when one of them is full.
 */
export async function countGuess(context: Context, buckets: readonly Bucket[]): Promise<number> {
  if (buckets.length === 0) return Number.POSITIVE_INFINITY;
  const now = context.clock.now();
  const since = new Date(now.getTime() - WINDOW_MS);
  return await transaction(context, async ({ db }) => {
    // In one order everywhere, so that two guesses never wait for each other.
    for (const { name } of [...buckets].sort((left, right) => (left.name < right.name ? -1 : 1))) {
      await sql`SELECT pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(db);
    }
    let left = Number.POSITIVE_INFINITY;
    for (const bucket of buckets) left = Math.min(left, (await assertRoom({ ...context, db }, bucket, since)) - 1);
    await db
      .insertInto('login_attempts')
      .values(buckets.map(({ name }) => ({ bucket: name, at: now })))
      .execute();
    await sweep({ ...context, db }, since);
    return left;
  });
}

/** Throws `too-many-attempts` when a bucket is full, without counting. */
export async function assertMayGuess(context: Context, buckets: readonly Bucket[]): Promise<void> {
  const since = new Date(context.clock.now().getTime() - WINDOW_MS);
  for (const bucket of buckets) await assertRoom(context, bucket, since);
}

/** Forgets the guesses of an account whose owner has shown to know the password. */
export async function forgetGuesses(context: Context, bucket: Bucket): Promise<void> {
  await context.db.deleteFrom('login_attempts').where('bucket', '=', bucket.name).execute();
}

/** Takes back one guess that was right, so that a busy office is not taken for a guesser. */
export async function takeBackGuess(context: Context, buckets: readonly Bucket[]): Promise<void> {
  for (const { name } of buckets) {
    await sql`DELETE FROM login_attempts WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM login_attempts WHERE bucket = ${name} ORDER BY at DESC LIMIT 1 FOR UPDATE SKIP LOCKED
    ))`.execute(context.db);
  }
}

/** Answers how many guesses there may still be. */
async function assertRoom(context: Context, bucket: Bucket, since: Date): Promise<number> {
  const counted = await context.db
    .selectFrom('login_attempts')
    .select((select) => [select.fn.countAll<number>().as('guesses'), select.fn.min('at').as('first')])
    .where('bucket', '=', bucket.name)
    .where('at', '>', since)
    .executeTakeFirstOrThrow();
  if (counted.guesses < bucket.max) return bucket.max - counted.guesses;
  const first = counted.first ?? context.clock.now();
  const waitMs = first.getTime() + WINDOW_MS - context.clock.now().getTime();
  const minutes = Math.max(1, Math.ceil(waitMs / MINUTE_MS));
  throw new PlatenError('too-many-attempts', 'too many attempts', {
    values: { minutes },
    retryAfterSeconds: Math.max(1, Math.ceil(waitMs / SECOND_MS)),
  });
}

async function sweep(context: Context, before: Date): Promise<void> {
  // Rows that another node is sweeping at this moment are left to it.
  await sql`DELETE FROM login_attempts WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM login_attempts WHERE at <= ${before} LIMIT ${sql.lit(SWEEP_ROWS)} FOR UPDATE SKIP LOCKED
  ))`.execute(context.db);
}

function expand(address: string): string[] {
  const [head = '', tail = ''] = address.toLowerCase().replace(/%.*$/, '').split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === '' ? [] : tail.split(':');
  const zeros = address.includes('::') ? Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0') : [];
  return [...before, ...zeros, ...after];
}
