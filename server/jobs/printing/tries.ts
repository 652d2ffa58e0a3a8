/** What was tried at printers for a job, as it is told to people who look for a cause. */
import { namePrinters } from '../../printers/printers.ts';
import type { Context } from '../../store/database.ts';

export type PrintTry = {
  /** None when the printer was removed since. */
  readonly printerName: string | null;
  /** The printer's own number for it (job-id of RFC 8011); none when the printer never told one. */
  readonly printerJobId: number | null;
  /** The name that it bore at the printer (job-name). */
  readonly printerJobName: string;
  readonly startedAt: Date;
  /** None while it is at the printer. */
  readonly endedAt: Date | null;
  readonly outcome: string | null;
  /** The printer's own words. */
  readonly words: string | null;
};

/** A job that waits for a printer for days can have been tried often; the first ones are what the last ones are. */
const MOST = 50;

/** The last tries of a job, oldest first. */
export async function listTries(context: Context, jobId: string): Promise<PrintTry[]> {
  const rows = await context.db
    .selectFrom('print_attempts')
    .selectAll()
    .where('job_id', '=', jobId)
    .orderBy('started_at', 'desc')
    .limit(MOST)
    .execute();
  const names = await namePrinters(context, [...new Set(rows.map((row) => row.printer_id))]);
  return rows.reverse().map((row) => ({
    printerName: names.get(row.printer_id) ?? null,
    printerJobId: row.printer_job_id,
    printerJobName: row.printer_job_name,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    outcome: row.outcome,
    words: row.words,
  }));
}
