/**
 * What is sent or failed is shown for a while and then forgotten, with recipients, attempts and bytes. Everything else
 * waits for somebody or something and stays. The journal keeps what happened.
 */
import { DAY_MS } from '../../base/clock.ts';
import { forget } from '../../spool/spool.ts';
import type { Context } from '../../store/database.ts';
import { transaction } from '../../store/transaction.ts';

/** As long as anybody asks for a scan, and longer than the seven days in which Exchange compares copies. */
export const KEEP_ENDED_MS = 30 * DAY_MS;
/** Of one transaction: locks and the log of the database stay small. */
const BATCH = 500;

/** Removes messages that ended more than 30 days ago. Returns how many. */
export async function pruneEnded(context: Context): Promise<number> {
  const before = new Date(context.clock.now().getTime() - KEEP_ENDED_MS);
  let pruned = 0;
  for (;;) {
    const count = await transaction(context, (context) => pruneBatch(context, before));
    pruned += count;
    if (count < BATCH) return pruned;
  }
}

async function pruneBatch(context: Context, before: Date): Promise<number> {
  const old = context.db
    .selectFrom('outbox_messages')
    .select('id')
    .where('ended_at', '<', before)
    .where('state', 'in', ['sent', 'failed'])
    .orderBy('ended_at')
    .limit(BATCH)
    .forUpdate()
    .skipLocked();
  const removed = await context.db.deleteFrom('outbox_messages').where('id', 'in', old).returning('spool_id').execute();
  await forget(
    context,
    removed.flatMap(({ spool_id: id }) => (id === null ? [] : [id])),
  );
  return removed.length;
}
