/** What is done while the pages of a document are drawn: the job says how far that is, and ends it when it is not wanted. */
import { SECOND_MS } from '../../base/clock.ts';
import { transaction } from '../../store/transaction.ts';
import { type Job, TRANSFORMING } from '../job.ts';
import type { Run } from '../printing/outcome.ts';
import { changeJob, lockJobUnder } from '../rows.ts';

/** The job was canceled, or is somewhere else now. */
export type Unwanted = { readonly kind: 'unwanted' };

export type Watching = { readonly signal: AbortSignal; end(): Promise<void> };

/** Most documents are drawn before this. */
const LOOK_MS = 2 * SECOND_MS;

/** Its signal ends the drawing with the lease, or when the job is no longer to be printed here. */
export function watchDrawing(run: Run, job: Job, count: () => number): Watching {
  const { context, lease } = run;
  const isOver = new AbortController();
  const stop = new AbortController();
  const watching = (async () => {
    for (;;) {
      await context.clock.sleep(LOOK_MS, isOver.signal);
      if (isOver.signal.aborted) return;
      try {
        if (!(await noteDrawn(run, job, count()))) return stop.abort();
      } catch (error) {
        // The drawing itself goes on; a lease that is lost ends it by its own signal.
        context.log.warn({ printerId: run.printer.id, jobId: job.id, error }, 'a drawing could not be watched');
      }
    }
  })();
  return {
    signal: AbortSignal.any([lease.signal, stop.signal]),
    async end() {
      isOver.abort();
      await watching;
    },
  };
}

/** Says how many pages are drawn; false when they are not wanted any more. */
async function noteDrawn({ context, lease, printer }: Run, { id }: Job, pagesDrawn: number): Promise<boolean> {
  return await transaction(context, async (context) => {
    const job = await lockJobUnder(context, lease, id);
    if (job.cancelAskedAt !== null || job.printerId !== printer.id) return false;
    // Pages that go to the printer one by one are counted when they come out.
    if (job.state === 'processing' || job.state === 'processing-stopped') return true;
    if (job.state !== 'pending') return false;
    await changeJob(context, job, { state: 'pending', reasons: [TRANSFORMING], pagesDrawn });
    return true;
  });
}
