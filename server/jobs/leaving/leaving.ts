/**
 * People who leave: what of theirs is open ends with them, and the records of what they printed stay without their names.
 * A job at a printer keeps its name until it has ended there: a printer lets only its owner cancel it (RFC 8011 section
 * 4.3.3).
 */
import { sql } from 'kysely';
import { HOUR_MS } from '../../base/clock.ts';
import type { Context } from '../../store/database.ts';
import { transaction } from '../../store/transaction.ts';
import { finishLeaving, listLeaving, removeUser } from '../../users/users.ts';
import { cancelJob } from '../jobs.ts';

/** Of one sweep, so that no transaction grows with what somebody has printed over the years. */
const FORGOTTEN_AT_ONCE = 2_000;
/** A job that was just being handed in when its owner was removed is there by then. */
const LATE_JOBS_MS = 1 * HOUR_MS;

export type Owner = {
  readonly userId: string;
  readonly lastJobAt: Date | null;
  /** Those that have not ended: they are canceled when their owner is removed. */
  readonly openJobs: number;
};

/** When each of these users printed last, and how many jobs of theirs have not ended. */
export async function listOwners(context: Context, userIds: readonly string[]): Promise<Owner[]> {
  const { rows } = await sql<{ id: string; last: Date | null; open: number }>`
    SELECT id,
      (SELECT created_at FROM jobs WHERE owner_id = owners.id ORDER BY jobs.id DESC LIMIT 1) AS last,
      (SELECT count(*)::int FROM jobs WHERE owner_id = owners.id AND ended_at IS NULL) AS open
    FROM unnest(${[...userIds]}::uuid[]) AS owners (id)`.execute(context.db);
  return rows.map(({ id, last, open }) => ({ userId: id, lastJobAt: last, openJobs: open }));
}

/** Removes a user and cancels what of theirs has not ended: both or neither. Throws `not-found` or `last-administrator`. */
export async function removeOwner(context: Context, id: string, actor: string): Promise<void> {
  await transaction(context, async (context) => {
    await removeUser(context, id, actor);
    await cancelOpen(context, id, actor);
  });
}

/** Takes the names of those who left out of jobs that have ended, some at a time. Returns from how many. */
export async function forgetOwners(context: Context): Promise<number> {
  let forgotten = 0;
  for (const { id, at } of await listLeaving(context)) {
    forgotten += await transaction(context, async (context) => {
      await cancelOpen(context, id, 'system');
      const count = await forgetNames(context, id);
      const isLate = at.getTime() <= context.clock.now().getTime() - LATE_JOBS_MS;
      if (count === 0 && isLate && !(await hasJobs(context, id, 'open'))) {
        await finishLeaving(context, id, { hasJobs: await hasJobs(context, id, 'any') });
      }
      return count;
    });
  }
  return forgotten;
}

async function cancelOpen(context: Context, ownerId: string, actor: string): Promise<void> {
  const open = await context.db
    .selectFrom('jobs')
    .select('id')
    .where('owner_id', '=', ownerId)
    .where('ended_at', 'is', null)
    .where('cancel_asked_at', 'is', null)
    .orderBy('id')
    // One that ends at this moment is left out instead of refusing to be canceled.
    .forUpdate()
    .execute();
  for (const { id } of open) await cancelJob(context, id, { actor });
}

/** Of what a job is found by, the lines of its owner and its sender go. */
async function forgetNames(context: Context, ownerId: string): Promise<number> {
  const { numAffectedRows } = await sql`
    UPDATE jobs SET owner_name = '', search = concat_ws(E'\n', split_part(search, E'\n', 1), '', '',
      split_part(search, E'\n', 4), split_part(search, E'\n', 5))
    WHERE id IN (
      SELECT id FROM jobs WHERE owner_id = ${ownerId} AND ended_at IS NOT NULL AND owner_name <> ''
      ORDER BY id LIMIT ${FORGOTTEN_AT_ONCE})`.execute(context.db);
  return Number(numAffectedRows ?? 0);
}

async function hasJobs(context: Context, ownerId: string, which: 'open' | 'any'): Promise<boolean> {
  let query = context.db.selectFrom('jobs').select('id').where('owner_id', '=', ownerId);
  if (which === 'open') query = query.where('ended_at', 'is', null);
  return (await query.limit(1).executeTakeFirst()) !== undefined;
}
