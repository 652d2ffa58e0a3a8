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
  readonly lane: PrepareLane;
  readonly originalFormat: string;
  /** The file to work on, and how long it has to be. */
  readonly file: { readonly id: string; readonly bytes: number };
};

const CLAIM = sql<Date>`clock_timestamp() + interval '30 seconds'`;

/** As the indexes of migrations 0004 and 0029 have them, or they are not used. */
const WANTED = sql<boolean>`state <> 'pending-held'`;
const HELD = sql<boolean>`state = 'pending-held'`;

/**
 * Claims what has waited longest in a lane: first what is to be printed now, so that nobody stands at a printer behind a
 * heap of documents that wait for their owners.
 */
export async function claim(context: Context, lane: PrepareLane, limit: number): Promise<Claim[]> {
  const wanted = await claimOf(context, { lane, limit, kind: WANTED });
  if (wanted.length === limit) return wanted;
  return [...wanted, ...(await claimOf(context, { lane, limit: limit - wanted.length, kind: HELD }))];
}

type Wish = { readonly lane: PrepareLane; readonly limit: number; readonly kind: typeof WANTED };

async function claimOf(context: Context, { lane, limit, kind }: Wish): Promise<Claim[]> {
  const rows = await context.db
    .updateTable('jobs')
    .set({ prepare_due_at: CLAIM, prepare_fence: sql`prepare_fence + 1` })
    .where('id', 'in', (select) =>
      select
        .selectFrom('jobs')
        .select('id')
        .where('prepare_lane', '=', lane)
        .where('prepare_due_at', '<=', sql<Date>`clock_timestamp()`)
        .where(kind)
        .orderBy('id')
        .limit(limit)
        .forUpdate()
        .skipLocked(),
    )
    .returning(['id', 'prepare_fence', 'document_id', 'document_format', 'document_bytes', 'original_format'])
    .execute();
  return rows.map((row) => ({
    jobId: row.id,
    fence: row.prepare_fence,
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

/** Gives the claim back, so that another node or a later try takes it. */
export async function giveBack(context: Context, { jobId, fence }: Claim): Promise<void> {
  await context.db
    .updateTable('jobs')
    .set({ prepare_due_at: sql<Date>`clock_timestamp()` })
    .where('id', '=', jobId)
    .where('prepare_fence', '=', fence)
    .where('prepare_due_at', 'is not', null)
    .execute();
}

/** On a database of its own this process is the only one: claims of an earlier process that was killed are void. */
export async function clearClaims(context: Context): Promise<void> {
  if (context.settings.databaseUrl !== undefined) return;
  await context.db
    .updateTable('jobs')
    .set({ prepare_due_at: sql<Date>`clock_timestamp()` })
    .where('prepare_due_at', 'is not', null)
    .execute();
}
