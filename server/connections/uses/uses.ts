/**
 * When each use of a connection worked last: a message was accepted, a mailbox was looked through. For the eye alone;
 * nothing is decided by it.
 */
import { sql } from 'kysely';
import { SECOND_MS } from '../../base/clock.ts';
import type { Context } from '../../store/database.ts';
import type { Use } from '../../store/schema.ts';

export type LastUse = { readonly use: Use; readonly at: Date };

/** A busy use is written down at most this often. */
const WRITE_EVERY_MS = 5 * SECOND_MS;

/** Notes that a use has just worked. Never throws: the mail that went through matters more than the note of it. */
export async function noteUse(context: Context, connectionId: string, use: Use): Promise<void> {
  const at = context.clock.now();
  const isDue = sql<boolean>`connection_uses.used_at < ${new Date(at.getTime() - WRITE_EVERY_MS)}`;
  try {
    await context.db
      .insertInto('connection_uses')
      .values({ connection_id: connectionId, use, used_at: at })
      .onConflict((conflict) => conflict.columns(['connection_id', 'use']).doUpdateSet({ used_at: at }).where(isDue))
      .execute();
  } catch (error) {
    context.log.warn({ connectionId, use, error }, 'that a connection was used could not be noted');
  }
}

/** The uses that have worked since the account confirmed, each with its last time. */
export async function listLastUses(context: Context, connectionId: string): Promise<LastUse[]> {
  const rows = await context.db
    .selectFrom('connection_uses')
    .select(['use', 'used_at'])
    .where('connection_id', '=', connectionId)
    .orderBy('use')
    .execute();
  return rows.map(({ use, used_at }) => ({ use, at: used_at }));
}

/** For another application or tenant, what worked before means nothing. In the caller's transaction. */
export async function forgetUses(context: Context, connectionId: string): Promise<void> {
  await context.db.deleteFrom('connection_uses').where('connection_id', '=', connectionId).execute();
}
