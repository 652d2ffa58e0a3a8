/** A change of a queue, with what it means for the jobs that wait in it, in one transaction. */
import type { Context } from '../../store/database.ts';
import { enqueueTasks } from '../../store/tasks.ts';
import { transaction } from '../../store/transaction.ts';
import { NO_PRINTER, QUEUE_PAUSED, SENDER_UNCONFIRMED } from '../job.ts';
import { releaseJob } from '../jobs.ts';
import { choosePrinter, getQueue, type Queue, type QueueFields, updateQueue } from '../queues.ts';
import { changeJob, lockJob } from '../rows.ts';

export type QueueChange = QueueFields & {
  /** What becomes of held jobs when the queue holds no more; they stay held unless it says otherwise. */
  readonly heldJobs?: 'keep' | 'print' | undefined;
  readonly actor: string;
};

/**
 * Changes a queue. A pause keeps jobs that have not started from starting, and its end lets them go on. Throws
 * `not-found`, `conflict`, and `queue-paused` or `no-printer` when held jobs are to print and cannot.
 */
export async function changeQueue(context: Context, id: string, asked: QueueChange): Promise<Queue> {
  const { heldJobs, ...change } = asked;
  return await transaction(context, async (context) => {
    const before = await getQueue(context, id);
    const queue = await updateQueue(context, id, change);
    if (queue.pauseReason !== null) await park(context, queue);
    if (before.pauseReason !== null && queue.pauseReason === null) await goOn(context, queue);
    if (heldJobs === 'print' && queue.mode === 'direct') await printHeld(context, queue, change.actor);
    return queue;
  });
}

/** A job that is at a printer goes on there: it cannot be called back without wasting paper. */
async function park(context: Context, queue: Queue): Promise<void> {
  for (const { id } of await waiting(context, queue)) {
    const job = await lockJob(context, id);
    if (job.state !== 'pending') continue;
    await changeJob(context, job, { state: 'pending', reasons: [QUEUE_PAUSED], printerId: null, dueAt: null });
  }
}

async function goOn(context: Context, queue: Queue): Promise<void> {
  const printerId = await choosePrinter(context, queue);
  const ids: string[] = [];
  for (const { id } of await waiting(context, queue)) {
    const job = await lockJob(context, id);
    if (job.state !== 'pending' || job.printerId !== null) continue;
    const reasons = printerId === undefined ? [NO_PRINTER] : [];
    const dueAt = printerId === undefined ? null : context.clock.now();
    await changeJob(context, job, { state: 'pending', reasons, printerId: printerId ?? null, dueAt });
    ids.push(id);
  }
  if (printerId !== undefined) await enqueueTasks(context, 'print-job', ids);
}

async function waiting(context: Context, queue: Queue): Promise<{ readonly id: string }[]> {
  return await context.db
    .selectFrom('jobs')
    .select('id')
    .where('queue_id', '=', queue.id)
    .where('state', '=', 'pending')
    .orderBy('id')
    .execute();
}

async function printHeld(context: Context, queue: Queue, actor: string): Promise<void> {
  const held = await context.db
    .selectFrom('jobs')
    .select('id')
    .where('queue_id', '=', queue.id)
    .where('state', '=', 'pending-held')
    .orderBy('id')
    .execute();
  for (const { id } of held) {
    const { state, reasons } = await lockJob(context, id);
    if (state === 'pending-held' && !reasons.includes(SENDER_UNCONFIRMED)) await releaseJob(context, id, { actor });
  }
}
