/** Wakes the feeders of printers: when an alarm rings, at start, and by a sweep for alarms that were lost. */
import { doubtOf, SECOND_MS } from '../base/clock.ts';
import type { Context } from '../store/database.ts';
import { withLease } from '../store/leases.ts';
import { followTasks } from '../store/tasks.ts';
import { transaction } from '../store/transaction.ts';
import { OUTCOME_UNKNOWN } from './job.ts';
import { endHolds, removeDocuments } from './keeping/retention.ts';
import { forgetOwners } from './leaving/leaving.ts';
import { startPreparing } from './preparation/worker-loop.ts';
import { endAttempt, findOrphanedAttempts } from './printing/attempts.ts';
import { type Feeder, startFeeder } from './printing/feed.ts';
import { choosePrinter, lockQueue } from './queues.ts';
import { changeJob, lockJob } from './rows.ts';

// The alarm of a job may have rung at a node that died since. Whoever is to take over must stand by before the lease of
// that node ends (30 s), or a printer would wait for longer than the minute that is promised.
const SWEEP_EVERY_MS = 20 * SECOND_MS;

/** Starts feeding printers; disposing lets the running steps end and starts nothing new. */
export async function startJobsWorker(context: Context): Promise<AsyncDisposable> {
  await using undo = new AsyncDisposableStack();
  const stop = new AbortController();
  const feeders = new Map<string, Feeder>();
  undo.defer(async () => {
    await Promise.all([...feeders.values()].map((feeder) => feeder[Symbol.asyncDispose]()));
  });
  const wake = (printerIds: readonly string[]): void => {
    for (const id of printerIds) {
      if (stop.signal.aborted) return;
      const feeder = feeders.get(id) ?? startFeeder(context, id);
      feeders.set(id, feeder);
      feeder.wake();
    }
  };
  undo.use(await startPreparing(context));
  const sweeping = sweep(context, wake, stop.signal);
  undo.defer(async () => {
    stop.abort();
    await sweeping;
  });
  undo.use(
    await followTasks(context, 'print-job', (ids) => {
      findPrinters(context, ids).then(wake, (error) => {
        // The sweep finds the rows again.
        context.log.warn({ error }, 'an alarm for jobs could not be answered');
      });
    }),
  );
  const opened = undo.move();
  return { [Symbol.asyncDispose]: () => opened.disposeAsync() as Promise<void> };
}

async function sweep(context: Context, wake: (printerIds: string[]) => void, signal: AbortSignal): Promise<void> {
  const doubt = doubtOf(context.clock);
  while (!signal.aborted) {
    try {
      await stopOrphanedAttempts(context);
      await routeWaitingJobs(context);
      if (!doubt.isDoubtful()) {
        await endHolds(context);
        await removeDocuments(context);
      }
      await forgetOwners(context);
      wake(await findPrinters(context, undefined));
    } catch (error) {
      context.log.warn({ error }, 'the sweep of due jobs failed; it is tried again');
    }
    await context.clock.sleep(SWEEP_EVERY_MS, signal);
  }
}

async function findPrinters(context: Context, jobIds: readonly string[] | undefined): Promise<string[]> {
  let query = context.db.selectFrom('jobs').select('printer_id').distinct().where('due_at', 'is not', null);
  if (jobIds !== undefined) query = query.where('id', 'in', [...jobIds]);
  const rows = await query.where('printer_id', 'is not', null).execute();
  return rows.flatMap((row) => (row.printer_id === null ? [] : [row.printer_id]));
}

/** A job that was at a printer when that was removed can no longer be followed: a person has to look. */
async function stopOrphanedAttempts(context: Context): Promise<void> {
  for (const attempt of await findOrphanedAttempts(context)) {
    await withLease(context, `printer:${attempt.printerId}`, {}, async (lease) => {
      const problem = {
        code: 'outcome-unknown',
        detail: 'the printer was removed while the job was at it',
        at: context.clock.now().toISOString(),
      };
      await endAttempt(context, lease, {
        attempt,
        end: { outcome: 'unknown', words: problem.detail },
        change: { state: 'processing-stopped', reasons: [OUTCOME_UNKNOWN], problem, dueAt: null },
      });
    });
  }
}

const ROUTED_AT_ONCE = 200;

/** Jobs that came when their queue had no printer go on as soon as it has one. */
async function routeWaitingJobs(context: Context): Promise<void> {
  const waiting = await context.db
    .selectFrom('jobs')
    .innerJoin('queues', 'queues.id', 'jobs.queue_id')
    .select(['jobs.id', 'queue_id'])
    .where('state', '=', 'pending')
    .where('printer_id', 'is', null)
    .where('pause_reason', 'is', null)
    .orderBy('jobs.id')
    .limit(ROUTED_AT_ONCE)
    .execute();
  for (const { id, queue_id } of waiting) {
    await transaction(context, async (context) => {
      const queue = await lockQueue(context, queue_id);
      const printerId = queue.pauseReason === null ? await choosePrinter(context, queue) : undefined;
      const job = await lockJob(context, id);
      if (printerId === undefined || job.state !== 'pending' || job.printerId !== null) return;
      await changeJob(context, job, { state: 'pending', printerId });
    });
  }
}
