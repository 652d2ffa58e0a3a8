/** One run of a job at a printer: what has to be made of its document first, and the way that it takes. */
import { describePrinterJobSupport } from '../../printers/printers.ts';
import { discard } from '../../spool/spool.ts';
import type { Job } from '../job.ts';
import { asWanted, cutAs, cutFor, needsCut } from '../preparation/cut.ts';
import { drawFor } from '../preparation/draw.ts';
import { type Run, refuseFormat, type Step, waitForPrinter } from './outcome.ts';
import { sendDrawn } from './pages.ts';
import { begin, send } from './send.ts';

/** Starts a waiting job at its printer. */
export async function startJob(run: Run, waiting: Job): Promise<Step> {
  const { printer } = run;
  // What a printer can do is known once it has answered for the first time.
  if (printer.state === 'unreachable' || printer.capabilities === null) return await waitForPrinter(run, waiting);
  const { acceptsPdf, canCreateJob, drawing } = describePrinterJobSupport(printer, waiting.media);
  const cut = needsCut(printer, waiting) ? await cutFor(run, waiting) : undefined;
  if (cut?.kind === 'refused') return await refuseFormat(run, waiting, cut.detail);
  const asCut = (job: Job): Job => (cut === undefined ? asWanted(job) : cutAs(job, cut));
  try {
    if (!acceptsPdf && waiting.documentFormat === 'application/pdf') {
      const drawn = await drawFor(run, asCut(waiting), { drawing });
      if (drawn.kind === 'unwanted') return 'moved';
      if (drawn.kind === 'refused') return await refuseFormat(run, waiting, drawn.detail);
      return await sendDrawn(run, waiting, { drawn, asCut, canCreateJob });
    }
    const begun = await begin(run, waiting, { phase: canCreateJob ? 'creating' : 'sending' });
    return begun === undefined ? 'moved' : await send(run, asCut(begun.job), begun.attempt, { canCreateJob });
  } finally {
    if (cut !== undefined) await discard(run.context, [cut.file]);
  }
}
