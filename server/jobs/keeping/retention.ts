/**
 * What ends by time: held jobs that nobody released, and documents of jobs that have ended. Both are found by the sweep,
 * and both are told in the journal; the owner of a held job gets a notice from there.
 */
import { sql } from 'kysely';
import { recordAll } from '../../journal/journal.ts';
import { discard, forget } from '../../spool/spool.ts';
import type { Context } from '../../store/database.ts';
import { transaction } from '../../store/transaction.ts';
import { type Job, NEVER_CONFIRMED, SENDER_UNCONFIRMED } from '../job.ts';
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
      await giveUp(context, job);
      ended += 1;
    });
  }
  return ended;
}

/** Gives up the jobs of a message whose sender has not confirmed it in time, in the caller's transaction. */
export async function giveUpUnconfirmed(context: Context, messageId: string): Promise<void> {
  const rows = await context.db
    .selectFrom('jobs')
    .select('id')
    .where('message_id', '=', messageId)
    .where('state', '=', 'pending-held')
    .orderBy('id')
    .execute();
  for (const { id } of rows) {
    const job = await lockJob(context, id);
    if (job.state === 'pending-held' && job.reasons.includes(SENDER_UNCONFIRMED)) await giveUp(context, job);
  }
}

async function giveUp(context: Context, job: Job): Promise<void> {
  const [code, detail] = job.reasons.includes(SENDER_UNCONFIRMED)
    ? [NEVER_CONFIRMED, 'its sender did not confirm the job in time']
    : ['held-too-long', 'nobody released the job in time'];
  await changeJob(context, job, {
    state: 'aborted',
    reasons: ['aborted-by-system'],
    problem: { code, detail, at: context.clock.now().toISOString() },
  });
}

/**
 * Removes what is kept of jobs that ended as long ago as their queue says: the document as it came, what was printed, and
 * the pictures of its pages. Returns of how many jobs.
 */
export async function removeDocuments(context: Context): Promise<number> {
  const removed = await transaction(context, async (context) => {
    const due = await lockDue(context);
    if (due.length === 0) return { jobs: 0, files: [] };
    const ids = due.map((row) => row.id);
    const pictures = await context.db
      .deleteFrom('job_previews')
      .where('job_id', 'in', ids)
      .returning('file_id')
      .execute();
    await context.db
      .updateTable('jobs')
      .set({
        document_id: null,
        original_id: null,
        prepare_lane: null,
        prepare_due_at: null,
        // Its looks can no longer be learned.
        preparation: sql`CASE preparation WHEN 'printable' THEN 'done' ELSE preparation END`,
      })
      .where('id', 'in', ids)
      .execute();
    const documents = due.flatMap(({ document_id, original_id }) => [document_id, original_id]);
    const files = new Set([...documents, ...pictures.map(({ file_id }) => file_id)].filter((id) => id !== null));
    await forget(context, [...files]);
    await recordAll(
      context,
      due.map((row) => ({ type: 'job-document-removed' as const, subjectId: row.id, ownerId: row.owner_id })),
    );
    return { jobs: due.length, files: [...files] };
  });
  // What a crash leaves here is found by the sweep of the spool.
  await discard(
    context,
    removed.files.map((id) => ({ id })),
  );
  return removed.jobs;
}

async function lockDue(context: Context) {
  const now = context.clock.now();
  return await context.db
    .selectFrom('queues')
    .innerJoin('jobs', 'jobs.queue_id', 'queues.id')
    .select(['jobs.id', 'owner_id', 'document_id', 'original_id'])
    .where('document_id', 'is not', null)
    .where('ended_at', 'is not', null)
    .where(sql<boolean>`ended_at <= ${now}::timestamptz - keep_documents_days * interval '1 day'`)
    .limit(ENDED_AT_ONCE)
    .forUpdate('jobs')
    .skipLocked()
    .execute();
}
