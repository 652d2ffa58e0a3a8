/**
 * Tasks: alarm clocks that carry an id and nothing else, on pg-boss.
 *
 * A task is enqueued in the transaction of the row it is about. A doubled alarm is harmless, because the worker reads
 * the row; a lost one is found by the worker's sweep of due rows. On the node that enqueues it the alarm rings right after
 * the commit; through the database it then reaches the others, and this one if it dies in between. Where that would cost
 * more than it is worth, it rings on a node that follows alone (`ringFollower`).
 */
import { type ConstructorOptions, fromKysely, PgBoss } from 'pg-boss';
import { PlatenError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { type Context, connectionOptions, type DatabaseTarget, type Db } from './database.ts';

/** The closed list of queues. */
export type TaskQueue = 'prepare-job' | 'print-job' | 'outbox';
const QUEUES: readonly TaskQueue[] = ['prepare-job', 'print-job', 'outbox'];

const STOP_TIMEOUT_MS = 5_000;
// With notifications polling is only the backstop.
const POLL_SECONDS = 30;
// One task a wake-up would let a batch of 200 wait for minutes (docs/decisions/0003-tasks.md).
const BATCH_SIZE = 50;

// Which pg-boss belongs to which database handle: a transaction finds the one of the handle it was begun on.
const bosses = new WeakMap<Db, PgBoss>();

type Wake = (ids: readonly string[]) => void;
type Alarm = { readonly queue: TaskQueue; readonly ids: readonly string[] };

// Who follows which queue on this node, and what has been enqueued in a transaction that is not committed yet.
const followers = new WeakMap<Db, Map<TaskQueue, Set<Wake>>>();
const uncommitted = new WeakMap<Db, Alarm[]>();
// The handle on which a transaction was begun: its followers are those of the transaction.
const bases = new WeakMap<Db, Db>();

/** To be called when a transaction of a handle is begun; its alarms then ring with `ringTasks`. */
export function shareTasks(from: Db, to: Db): void {
  const boss = bosses.get(from);
  if (boss !== undefined) bosses.set(to, boss);
  uncommitted.set(to, []);
  bases.set(to, from);
}

/** Rings on this node what was enqueued in a transaction that has been committed. */
export function ringTasks(db: Db, committed: Db): void {
  for (const { queue, ids } of uncommitted.get(committed) ?? []) ring(db, queue, ids);
}

function ring(db: Db, queue: TaskQueue, ids: readonly string[]): void {
  for (const wake of followers.get(db)?.get(queue) ?? []) wake(ids);
}

/** Starts pg-boss beside the given database handle; disposing stops it and waits for running handlers. */
export async function openTasks(db: Db, target: DatabaseTarget, log: Log): Promise<AsyncDisposable> {
  const boss = new PgBoss({
    ...(connectionOptions(target) as ConstructorOptions),
    application_name: 'platen tasks',
    max: 3,
    useListenNotify: true,
    schedule: false,
    persistWarnings: false,
  });
  boss.on('error', (error) => log.warn({ error: { message: error.message } }, 'the task queue reports an error'));
  await boss.start();
  for (const queue of QUEUES) {
    if ((await boss.getQueue(queue)) === null) await boss.createQueue(queue, { notify: true, retryLimit: 0 });
  }
  bosses.set(db, boss);
  return {
    async [Symbol.asyncDispose]() {
      await boss.stop({ graceful: true, timeout: STOP_TIMEOUT_MS });
    },
  };
}

function bossOf(db: Db): PgBoss {
  const boss = bosses.get(db);
  if (boss === undefined) throw new PlatenError('internal-error', 'tasks are not open for this database handle');
  return boss;
}

/** Enqueues alarms in the transaction of `context.db`; they ring after its commit. */
export async function enqueueTasks(context: Context, queue: TaskQueue, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const tasks = ids.map((id) => ({ data: { id } }));
  await bossOf(context.db).insert(queue, tasks, { db: fromKysely(context.db) });
  ringAfterCommit(context.db, queue, ids);
}

/**
 * As `enqueueTasks`, but where this node follows the queue itself the alarm rings here alone, after the commit, and costs
 * the database nothing: for what comes in by the hundred in a second and is found by the sweep of every node soon enough
 * when this one dies.
 */
export async function ringFollower(context: Context, queue: TaskQueue, ids: readonly string[]): Promise<void> {
  if (isFollowedHere(context, queue)) ringAfterCommit(context.db, queue, ids);
  else await enqueueTasks(context, queue, ids);
}

/** Whether this node follows the queue itself, so that `ringFollower` asks nothing of the database. */
export function isFollowedHere(context: Context, queue: TaskQueue): boolean {
  const base = bases.get(context.db) ?? context.db;
  return (followers.get(base)?.get(queue)?.size ?? 0) > 0;
}

function ringAfterCommit(db: Db, queue: TaskQueue, ids: readonly string[]): void {
  const waiting = uncommitted.get(db);
  if (waiting === undefined) ring(db, queue, ids);
  else waiting.push({ queue, ids });
}

/** Calls `wake` with the ids of the alarms that rang: those of this node at once, others as pg-boss gives them. */
export async function followTasks(context: Context, queue: TaskQueue, wake: Wake): Promise<AsyncDisposable> {
  const boss = bossOf(context.db);
  const options = { batchSize: BATCH_SIZE, burstWhenBatchFull: true, pollingIntervalSeconds: POLL_SECONDS };
  const worker = await boss.work<{ id: string }>(queue, options, async (tasks) => {
    wake(tasks.map((task) => task.data.id));
  });
  const ofDb = followers.get(context.db) ?? new Map<TaskQueue, Set<Wake>>();
  followers.set(context.db, ofDb);
  const ofQueue = ofDb.get(queue) ?? new Set();
  ofDb.set(queue, ofQueue.add(wake));
  return {
    async [Symbol.asyncDispose]() {
      ofQueue.delete(wake);
      await boss.offWork(queue, { id: worker });
    },
  };
}
