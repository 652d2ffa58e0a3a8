/** Where jobs are. */
import { namePrinters } from '../../printers/printers.ts';
import type { Context } from '../../store/database.ts';
import type { Job } from '../job.ts';

export type Places = { readonly queueName: string; readonly printerName: string | null };

/** The names of the queue of each job and of the printer that it is for, when one is chosen; by the id of the job. */
export async function namePlaces(context: Context, jobs: readonly Job[]): Promise<ReadonlyMap<string, Places>> {
  const printers = await namePrinters(context, [...new Set(jobs.flatMap(({ printerId }) => printerId ?? []))]);
  const queueIds = [...new Set(jobs.map(({ queueId }) => queueId))];
  const rows =
    queueIds.length === 0
      ? []
      : await context.db.selectFrom('queues').select(['id', 'name']).where('id', 'in', queueIds).execute();
  const queues = new Map(rows.map(({ id, name }) => [id, name]));
  return new Map(
    jobs.map(({ id, printerId, queueId }) => [
      id,
      { queueName: queues.get(queueId) ?? '', printerName: printers.get(printerId ?? '') ?? null },
    ]),
  );
}
