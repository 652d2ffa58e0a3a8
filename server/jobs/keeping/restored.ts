/** What a restore makes of jobs that had not ended at the time of the backup. */
import type { Context } from '../../store/database.ts';
import { HELD_FOR_RELEASE, OUTCOME_UNKNOWN } from '../job.ts';
import { changeJob, toJob } from '../rows.ts';

export async function holdRestoredJobs(context: Context): Promise<number> {
  const rows = await context.db
    .selectFrom('jobs')
    .selectAll()
    .where('state', 'in', ['pending', 'processing', 'processing-stopped'])
    .orderBy('id')
    .execute();
  // What the printer knows under an old number may be somebody else's job by now: it is not asked.
  await context.db
    .updateTable('print_attempts')
    .set({ phase: 'unknown', ended_at: context.clock.now() })
    .where('ended_at', 'is', null)
    .execute();
  for (const row of rows) {
    const job = toJob(row);
    const held = { state: 'pending-held' as const, reasons: [HELD_FOR_RELEASE], dueAt: null };
    const unknown = { state: 'processing-stopped' as const, reasons: [OUTCOME_UNKNOWN], dueAt: null };
    await changeJob(context, job, job.state === 'pending' ? held : unknown);
  }
  return rows.length;
}
