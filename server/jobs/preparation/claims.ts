/**
 * Claims: which node prepares which document. A claim lasts for half a minute by the database's clock, is renewed while
 * the work goes on, and carries a number that grows, so that a node that was frozen cannot end somebody else's claim.
 */
import { sql } from 'kysely';
import type { Context } from '../../store/database.ts';
import type { PrepareLane } from '../../store/schema.ts';

export type Claim = {
  readonly jobId: string;
  readonly fence: number;
  /** How often it was begun and not brought to an end, with this time. */
  readonly tries: number;
  readonly lane: PrepareLane;
  readonly originalFormat: string;
  /** The file to work on, and how long it has to be. */
  readonly file: { readonly id: string; readonly bytes: number };
};

/**
 * A document with which the server has ended this often may be the cause, or was there by chance. From then on it is
 * converted alone: so others are not begun together with it, and what was there by chance comes to its end.
 */
export const SUSPECT_TRIES = 3;

const CLAIM = sql<Date>`clock_timestamp() + interval '30 seconds'`;

/** As the indexes of migration 0036 have them, or they are not used. */
const WANTED = sql<boolean>`state <> 'pending-held'`;
const HELD = sql<boolean>`state = 'pending-held'`;

/**
 * Claims what has waited longest in a lane and is under no suspicion: first what is to be printed now, so that nobody
 * stands at a printer behind a heap of documents that wait for their owners; then one of each person after the other, so
 * that nobody waits behind the heap of somebody else.
 */
export async function claim(context: Context, lane: PrepareLane, limit: number): Promise<Claim[]> {
  const wanted = await claimOf(context, { lane, limit, kind: WANTED });
  if (wanted.length === limit) return wanted;
  return [...wanted, ...(await claimOf(context, { lane, limit: limit - wanted.length, kind: HELD }))];
}

/** Claims one that is to be converted alone. */
export async function claimSuspect(context: Context, lane: PrepareLane): Promise<Claim | undefined> {
  const wish = { lane, limit: 1, isSuspect: true };
  const [wanted] = await claimOf(context, { ...wish, kind: WANTED });
  return wanted ?? (await claimOf(context, { ...wish, kind: HELD }))[0];
}

export async function hasSuspect(context: Context, lane: PrepareLane): Promise<boolean> {
  const found = await context.db
    .selectFrom('jobs')
    .select('id')
    .where('prepare_lane', '=', lane)
    .where('prepare_due_at', '<=', sql<Date>`clock_timestamp()`)
    .where('prepare_tries', '>=', SUSPECT_TRIES)
    .limit(1)
    .executeTakeFirst();
  return found !== undefined;
}

/**
 * Which turn the next document of each of these people has: as many of theirs are waiting to be prepared. Each call gives
 * the next one.
 */
export async function takeTurns(
  context: Context,
  theirs: readonly { readonly ownerId: string }[],
): Promise<(ownerId: string) => number> {
  const ownerIds = [...new Set(theirs.map(({ ownerId }) => ownerId))];
  const rows = await context.db
    .selectFrom('jobs')
    .select(['owner_id', sql<number>`count(*)::int`.as('waiting')])
    .where('owner_id', 'in', ownerIds)
    .where('prepare_due_at', 'is not', null)
    .groupBy('owner_id')
    .execute();
  const turns = new Map(rows.map(({ owner_id, waiting }) => [owner_id, waiting]));
  return (ownerId) => {
    const turn = turns.get(ownerId) ?? 0;
    turns.set(ownerId, turn + 1);
    return turn;
  };
}

type Wish = {
  readonly lane: PrepareLane;
  readonly limit: number;
  readonly kind: typeof WANTED;
  readonly isSuspect?: boolean;
};

async function claimOf(context: Context, { lane, limit, kind, isSuspect = false }: Wish): Promise<Claim[]> {
  const rows = await context.db
    .updateTable('jobs')
    .set({
      prepare_due_at: CLAIM,
      prepare_fence: sql`prepare_fence + 1`,
      prepare_tries: sql`prepare_tries + 1`,
    })
    .where('id', 'in', (select) =>
      select
        .selectFrom('jobs')
        .select('id')
        .where('prepare_lane', '=', lane)
        .where('prepare_due_at', '<=', sql<Date>`clock_timestamp()`)
        .where(kind)
        .where('prepare_tries', isSuspect ? '>=' : '<', SUSPECT_TRIES)
        .orderBy('prepare_turn')
        .orderBy('id')
        .limit(limit)
        .forUpdate()
        .skipLocked(),
    )
    .returning(['id', 'prepare_fence', 'prepare_tries', 'document_id', 'document_format', 'document_bytes'])
    .returning('original_format')
    .execute();
  return rows.map((row) => ({
    jobId: row.id,
    fence: row.prepare_fence,
    tries: row.prepare_tries,
    lane,
    originalFormat: row.original_format ?? row.document_format,
    file: { id: row.document_id ?? '', bytes: row.document_bytes },
  }));
}

/** Keeps the claim alive; false when it has passed to somebody else, or the job has ended. */
export async function renew(context: Context, { jobId, fence }: Claim): Promise<boolean> {
  const { numUpdatedRows } = await context.db
    .updateTable('jobs')
    .set({ prepare_due_at: CLAIM })
    .where('id', '=', jobId)
    .where('prepare_fence', '=', fence)
    .where('prepare_due_at', 'is not', null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Gives the claim back, so that another node or a later try takes it: a stop is no fault of the document. */
export async function giveBack(context: Context, { jobId, fence }: Claim): Promise<void> {
  await context.db
    .updateTable('jobs')
    .set({ prepare_due_at: sql<Date>`clock_timestamp()`, prepare_tries: sql`greatest(prepare_tries - 1, 0)` })
    .where('id', '=', jobId)
    .where('prepare_fence', '=', fence)
    .where('prepare_due_at', 'is not', null)
    .execute();
}

/** Does not count this try; the claim itself runs out. */
export async function forgive(context: Context, { jobId, fence }: Claim): Promise<void> {
  await context.db
    .updateTable('jobs')
    .set({ prepare_tries: sql`greatest(prepare_tries - 1, 0)` })
    .where('id', '=', jobId)
    .where('prepare_fence', '=', fence)
    .execute();
}

/**
 * On a database of its own this process is the only one: claims of an earlier process that was killed are void. Not those
 * of suspects: where it ends again and again, their tries lie half a minute apart, so that what was there by chance is not
 * there each time, and other documents come first.
 */
export async function clearClaims(context: Context): Promise<void> {
  if (context.settings.databaseUrl !== undefined) return;
  await context.db
    .updateTable('jobs')
    .set({ prepare_due_at: sql<Date>`clock_timestamp()` })
    .where('prepare_due_at', 'is not', null)
    .where('prepare_tries', '<', SUSPECT_TRIES)
    .execute();
}
