/** Where jobs are. */
import { namePrinters } from '../../printers/printers.ts';
import type { Context } from '../../store/database.ts';
import type { Job } from '../job.ts';

/** The name of the printer that each job is for, or of its queue before one is chosen; by the id of the job. */
export async function nameWhere(context: Context, jobs: readonly Job[]): Promise<ReadonlyMap<string, string>> {
  const printers = await namePrinters(context, [...new Set(jobs.flatMap(({ printerId }) => printerId ?? []))]);
  const queueIds = [...new Set(jobs.map(({ queueId }) => queueId))];
  const rows =
    queueIds.length === 0
      ? []
      : await context.db.selectFrom('queues').select(['id', 'name']).where('id', 'in', queueIds).execute();
  const queues = new Map(rows.map(({ id, name }) => [id, name]));
  return new Map(
    jobs.map(({ id, printerId, queueId }) => [id, printers.get(printerId ?? '') ?? queues.get(queueId) ?? '']),
  );
}
