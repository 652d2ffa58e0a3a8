/** Where a job can go: the printers of its queue that take its document. */
import { describePrinterJobSupport, listPrinters, type Printer } from '../../printers/printers.ts';
import type { Context } from '../../store/database.ts';
import type { Job } from '../job.ts';
import { getQueue } from '../queues.ts';

const MOST_PRINTERS = 1_000;

/** Can it print the next job at once, as far as it has told? */
export function isReady({ state, reasons }: Pick<Printer, 'state' | 'reasons'>): boolean {
  return (state === 'idle' || state === 'processing') && !reasons.some((reason) => reason.endsWith('-error'));
}

/** Can it be given a document as Platen has them, or pictures of its pages? */
export function canPrint(printer: Printer): boolean {
  const { acceptsPdf, drawing } = describePrinterJobSupport(printer);
  // A printer that has never answered may do it: what it can is seen when it prints.
  return printer.capabilities === null || acceptsPdf || drawing !== undefined;
}

/** Where a job of this queue can be released: the printers of the queue that take its document, those that are ready first. */
export async function listPlaces(context: Context, job: Pick<Job, 'queueId'>): Promise<Printer[]> {
  const { printerIds } = await getQueue(context, job.queueId);
  const { items } = await listPrinters(context, { limit: MOST_PRINTERS });
  const printers = items.filter((printer) => printerIds.includes(printer.id) && canPrint(printer));
  return [...printers.filter(isReady), ...printers.filter((printer) => !isReady(printer))];
}
