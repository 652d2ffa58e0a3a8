/**
 * Links that a person gets in a message and that do one thing once: 256 random bits, kept as a digest, carried in the
 * part of the address behind `#`, which reaches no log, no referrer and no scanner of links.
 *
 *   open -> used        by the deed, in the same transaction
 *   open -> expired     by time
 */
import { DAY_MS, doubtOf } from '../base/clock.ts';
import { PlatenError } from '../base/errors.ts';
import { digestToken, newId, newToken } from '../base/secrets.ts';
import { record } from '../journal/journal.ts';
import type { Context } from '../store/database.ts';
import type { LinkPurpose } from '../store/schema.ts';
import { assertMayGuess, countGuess, linkBuckets } from './attempts.ts';

export type Link = {
  readonly id: string;
  readonly purpose: LinkPurpose;
  readonly subjectIds: readonly string[];
  /** On whose behalf it acts; undefined when it was sent to somebody who is no user yet. */
  readonly userId: string | undefined;
  readonly expiresAt: Date;
  readonly usedAt: Date | undefined;
  readonly state: 'open' | 'used' | 'expired';
};

export type NewLink = {
  readonly purpose: LinkPurpose;
  readonly subjectIds: readonly string[];
  readonly userId?: string | undefined;
  readonly lifetimeMs: number;
};

/** Used and expired links are remembered this long, to say so instead of "never heard of it". */
const REMEMBERED_MS = 90 * DAY_MS;
const SWEEP_ROWS = 1000;

export async function insertLink(context: Context, link: NewLink): Promise<string> {
  const token = newToken();
  const now = context.clock.now();
  if (!doubtOf(context.clock).isDoubtful()) await sweep(context, new Date(now.getTime() - REMEMBERED_MS));
  await context.db
    .insertInto('links')
    .values({
      id: newId(),
      digest: digestToken(token),
      purpose: link.purpose,
      subject_ids: [...link.subjectIds],
      user_id: link.userId ?? null,
      created_at: now,
      expires_at: new Date(now.getTime() + link.lifetimeMs),
    })
    .execute();
  return token;
}

/** Reads a link by its token, wrong ones counted by address. Throws `link-unknown` and `too-many-attempts`. */
export async function readLink(context: Context, token: string, remoteAddress: string): Promise<Link> {
  const buckets = linkBuckets(remoteAddress);
  await assertMayGuess(context, buckets);
  const row = await context.db
    .selectFrom('links')
    .selectAll()
    .where('digest', '=', digestToken(token))
    .executeTakeFirst();
  if (row !== undefined) return describe(row, context.clock.now());
  await countGuess(context, buckets);
  throw new PlatenError('link-unknown', 'there is no such link');
}

/** Marks a link as used in the caller's transaction. Throws `link-unknown`, `link-used` and `link-expired`. */
export async function markUsed(context: Context, id: string): Promise<Link> {
  const row = await context.db.selectFrom('links').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
  if (row === undefined) throw new PlatenError('link-unknown', 'there is no such link');
  const now = context.clock.now();
  const link = describe(row, now);
  if (link.state === 'used') throw new PlatenError('link-used', 'the link was used before');
  if (link.state === 'expired') throw new PlatenError('link-expired', 'the link is out of date');
  await context.db.updateTable('links').set({ used_at: now }).where('id', '=', id).execute();
  const { purpose, subjectIds, userId } = link;
  await record(context, 'link-used', {
    subjectId: id,
    ...(userId === undefined ? {} : { actor: userId, ownerId: userId }),
    data: { purpose, subjects: [...subjectIds] },
  });
  return { ...link, state: 'used', usedAt: now };
}

type Row = {
  readonly id: string;
  readonly purpose: LinkPurpose;
  readonly subject_ids: readonly string[];
  readonly user_id: string | null;
  readonly expires_at: Date;
  readonly used_at: Date | null;
};

function describe(row: Row, now: Date): Link {
  return {
    id: row.id,
    purpose: row.purpose,
    subjectIds: row.subject_ids,
    userId: row.user_id ?? undefined,
    expiresAt: row.expires_at,
    usedAt: row.used_at ?? undefined,
    state: row.used_at !== null ? 'used' : row.expires_at <= now ? 'expired' : 'open',
  };
}

async function sweep({ db }: Context, before: Date): Promise<void> {
  const old = db
    .selectFrom('links')
    .select('id')
    .where('expires_at', '<', before)
    .limit(SWEEP_ROWS)
    .forUpdate()
    .skipLocked();
  await db.deleteFrom('links').where('id', 'in', old).execute();
}
