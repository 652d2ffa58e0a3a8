/** What is done for the next job while the printer is busy with the one before. */
import { describePrinterJobSupport } from '../../printers/printers.ts';
import { needsCut } from '../preparation/cut.ts';
import { findDueJob } from '../rows.ts';
import { prepareAttempt } from './attempts.ts';
import type { Run } from './outcome.ts';

/**
 * Looks up what comes next and writes its attempt ahead, while the printer is busy with the job before. Never throws:
 * whatever is wrong shows again when the next job is begun.
 */
export async function lookAhead(run: Run): Promise<void> {
  const { context, lease, printer, memory } = run;
  const { acceptsPdf, canCreateJob } = describePrinterJobSupport(printer);
  if (memory.prepared !== undefined || !canCreateJob || !acceptsPdf) return;
  try {
    memory.next ??= await findDueJob(context, printer.id);
  } catch (error) {
    context.log.warn({ printerId: printer.id, error }, 'the next job could not be looked up');
    return;
  }
  const { next } = memory;
  // What has to be cut first takes longer than the rows may be held.
  if (next === undefined || needsCut(printer, next)) return;
  memory.prepared = prepareAttempt(context, lease, {
    jobId: next.id,
    printerId: printer.id,
    phase: 'creating',
    printer,
    options: next.options,
  });
}
