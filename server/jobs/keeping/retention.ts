/**
 * What ends by time: held jobs that nobody released, and documents of jobs that have ended. Both are found by the sweep,
 * and both are told in the journal; the owner of a held job gets a notice from there.
 */
import { sql } from 'kysely';
import { recordAll } from '../../journal/journal.ts';
import { discard, forget } from '../../spool/spool.ts';
import type { Context } from '../../store/database.ts';
import { transaction } from '../../store/transaction.ts';
import { changeJob, lockJob } from '../rows.ts';

/** Of one sweep: the next one comes in seconds, and no transaction grows with what has piled up. */
const ENDED_AT_ONCE = 200;

/** Gives up jobs that were held for longer than their queue keeps them. Returns how many. */
export async function endHolds(context: Context): Promise<number> {
  const now = context.clock.now();
  const due = await context.db
    .selectFrom('jobs')
    .select('id')
    .where('held_until', '<=', now)
    .orderBy('held_until')
    .limit(ENDED_AT_ONCE)
    .execute();
  let ended = 0;
  for (const { id } of due) {
    await transaction(context, async (context) => {
      const job = await lockJob(context, id);
      if (job.state !== 'pending-held' || job.heldUntil === null || job.heldUntil > now) return;
      const detail = 'nobody released the job in time';
      await changeJob(context, job, {
        state: 'aborted',
        reasons: ['aborted-by-system'],
        problem: { code: 'held-too-long', detail, at: now.toISOString() },
      });
      ended += 1;
    });
  }
  return ended;
}

/** Removes documents of jobs that ended as long ago as their queue says. Returns how many. */
export async function removeDocuments(context: Context): Promise<number> {
  const now = context.clock.now();
  const removed = await transaction(context, async (context) => {
    const due = await context.db
      .selectFrom('queues')
      .innerJoin('jobs', 'jobs.queue_id', 'queues.id')
      .select(['jobs.id', 'owner_id', 'document_id'])
      .where('document_id', 'is not', null)
      .where('ended_at', 'is not', null)
      .where(sql<boolean>`ended_at <= ${now}::timestamptz - keep_documents_days * interval '1 day'`)
      .limit(ENDED_AT_ONCE)
      .forUpdate('jobs')
      .skipLocked()
      .execute();
    if (due.length === 0) return [];
    const ids = due.map((row) => row.id);
    await context.db.updateTable('jobs').set({ document_id: null }).where('id', 'in', ids).execute();
    const documents = due.flatMap((row) => (row.document_id === null ? [] : [{ id: row.document_id }]));
    await forget(
      context,
      documents.map(({ id }) => id),
    );
    await recordAll(
      context,
      due.map((row) => ({ type: 'job-document-removed' as const, subjectId: row.id, ownerId: row.owner_id })),
    );
    return documents;
  });
  // What a crash leaves here is found by the sweep of the spool.
  await discard(context, removed);
  return removed.length;
}
