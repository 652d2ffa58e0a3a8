/** Print queues: where jobs go, whether they wait for a release, and which printers serve them. */
import type { Selectable } from 'kysely';
import { isUniqueViolation, PlatenError } from '../base/errors.ts';
import { newId } from '../base/secrets.ts';
import { record } from '../journal/journal.ts';
import { getPrinter, listPrinterStates } from '../printers/printers.ts';
import type { Context } from '../store/database.ts';
import type { Schema } from '../store/schema.ts';
import { transaction } from '../store/transaction.ts';
import type { JobOptions } from './job.ts';

export type Queue = {
  readonly id: string;
  readonly name: string;
  readonly mode: 'hold' | 'direct';
  readonly printerIds: readonly string[];
  readonly isDefault: boolean;
  /** Options of jobs for which nobody has asked for another one. */
  readonly defaults: JobOptions;
  readonly keepHeldHours: number;
  /** After a job has ended; 0 removes its document at once. */
  readonly keepDocumentsDays: number;
  /** While it is set no job of the queue starts; the owners of its jobs see it. */
  readonly pauseReason: string | null;
  readonly createdAt: Date;
};

export type NewQueue = {
  readonly name: string;
  readonly mode: 'hold' | 'direct';
  readonly printerIds?: readonly string[] | undefined;
  readonly defaults?: JobOptions | undefined;
  readonly keepHeldHours?: number | undefined;
  readonly keepDocumentsDays?: number | undefined;
  readonly pauseReason?: string | null | undefined;
};

export type QueueFields = { readonly [field in keyof NewQueue]?: NewQueue[field] | undefined };

function toQueue(row: Selectable<Schema['queues']>): Queue {
  return {
    id: row.id,
    name: row.name,
    mode: row.mode,
    printerIds: row.printer_ids,
    isDefault: row.is_default,
    defaults: row.defaults as JobOptions,
    keepHeldHours: row.keep_held_hours,
    keepDocumentsDays: row.keep_documents_days,
    pauseReason: row.pause_reason,
    createdAt: row.created_at,
  };
}

/** Adds a queue; the first one becomes the default. Throws `conflict` when the name is taken. */
export async function addQueue(context: Context, queue: NewQueue, actor: string): Promise<Queue> {
  const printerIds = [...(queue.printerIds ?? [])];
  for (const id of printerIds) await getPrinter(context, id);
  return await transaction(context, async (context) => {
    const others = await context.db.selectFrom('queues').select('id').limit(1).execute();
    const row = await context.db
      .insertInto('queues')
      .values({
        ...columnsOf(queue),
        id: newId(),
        name: queue.name,
        mode: queue.mode,
        printer_ids: printerIds,
        is_default: others.length === 0,
      })
      .returningAll()
      .executeTakeFirstOrThrow()
      .catch((cause) => {
        throw isUniqueViolation(cause) ? nameTaken(queue.name) : cause;
      });
    await record(context, 'queue-added', { subjectId: row.id, actor, data: { ...queue } });
    return toQueue(row);
  });
}

function columnsOf(queue: QueueFields) {
  return {
    ...(queue.name === undefined ? {} : { name: queue.name }),
    ...(queue.mode === undefined ? {} : { mode: queue.mode }),
    ...(queue.printerIds === undefined ? {} : { printer_ids: [...queue.printerIds] }),
    ...(queue.defaults === undefined ? {} : { defaults: JSON.stringify(queue.defaults) }),
    ...(queue.keepHeldHours === undefined ? {} : { keep_held_hours: queue.keepHeldHours }),
    ...(queue.keepDocumentsDays === undefined ? {} : { keep_documents_days: queue.keepDocumentsDays }),
    ...(queue.pauseReason === undefined ? {} : { pause_reason: queue.pauseReason }),
  };
}

/** Changes the row alone; what it means for its jobs is done by `changeQueue`. Throws `not-found` and `conflict`. */
export async function updateQueue(
  context: Context,
  id: string,
  change: QueueFields & { readonly actor: string },
): Promise<Queue> {
  for (const printerId of change.printerIds ?? []) await getPrinter(context, printerId);
  return await transaction(context, async (context) => {
    const row = await context.db
      .updateTable('queues')
      .set({
        ...columnsOf(change),
        // Nothing given still needs one column, so that the row is found and locked.
        is_default: (builder) => builder.ref('is_default'),
      })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst()
      .catch((cause) => {
        throw isUniqueViolation(cause) ? nameTaken(change.name ?? '') : cause;
      });
    if (row === undefined) throw noSuchQueue();
    const { actor, ...data } = change;
    await record(context, 'queue-changed', { subjectId: id, actor, data });
    return toQueue(row);
  });
}

/** Throws `queue-in-use` while jobs or mailboxes name the queue, and `not-found`. */
export async function removeQueue(context: Context, id: string, actor: string): Promise<void> {
  await transaction(context, async (context) => {
    const gone = await context.db
      .deleteFrom('queues')
      .where('id', '=', id)
      .returning('name')
      .executeTakeFirst()
      .catch((cause) => {
        if ((cause as { code?: unknown }).code !== '23503') throw cause;
        throw new PlatenError('queue-in-use', 'jobs or mailboxes still use this queue');
      });
    if (gone === undefined) throw noSuchQueue();
    await record(context, 'queue-removed', { subjectId: id, actor, data: { name: gone.name } });
  });
}

export async function listQueues(context: Context): Promise<Queue[]> {
  const rows = await context.db.selectFrom('queues').selectAll().orderBy('name').execute();
  return rows.map(toQueue);
}

/** Throws `not-found`. */
export async function getQueue(context: Context, id: string): Promise<Queue> {
  const row = await context.db.selectFrom('queues').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw noSuchQueue();
  return toQueue(row);
}

/** Reads a queue that cannot change before the transaction ends, so that no job slips past a pause. Throws `not-found`. */
export async function lockQueue(context: Context, id: string): Promise<Queue> {
  const row = await context.db.selectFrom('queues').selectAll().where('id', '=', id).forShare().executeTakeFirst();
  if (row === undefined) throw noSuchQueue();
  return toQueue(row);
}

export async function findDefaultQueue(context: Context): Promise<Queue | undefined> {
  const row = await context.db.selectFrom('queues').selectAll().where('is_default', '=', true).executeTakeFirst();
  return row === undefined ? undefined : toQueue(row);
}

const noSuchQueue = () => new PlatenError('not-found', 'there is no such queue');
export const pausedQueue = (name: string, reason: string) =>
  new PlatenError('queue-paused', `the queue ${name} is paused: ${reason}`, { values: { name, reason } });
const nameTaken = (name: string) =>
  new PlatenError('conflict', `a queue named ${name} already exists`, { values: { name } });

const RANK = { idle: 0, processing: 0, unknown: 1, stopped: 2, unreachable: 3 } as const;

/**
 * Which printer of a queue a job goes to: one that works before one that does not, then the one with the least to do.
 * `undefined` when the queue has no printer.
 */
export async function choosePrinter(context: Context, queue: Queue): Promise<string | undefined> {
  // A printer that was removed may still stand in the queue.
  const printers = (await listPrinterStates(context)).filter((printer) => queue.printerIds.includes(printer.id));
  if (printers.length <= 1) return printers[0]?.id;
  const waiting = await context.db
    .selectFrom('jobs')
    .select(['printer_id', (builder) => builder.fn.countAll<number>().as('count')])
    .where((where) => where.or([where('due_at', 'is not', null), where('preparation', '=', 'due')]))
    .where('printer_id', 'in', [...queue.printerIds])
    .groupBy('printer_id')
    .execute();
  const load = new Map(waiting.map((row) => [row.printer_id, row.count]));
  const ordered = printers.sort(
    (left, right) => RANK[left.state] - RANK[right.state] || (load.get(left.id) ?? 0) - (load.get(right.id) ?? 0),
  );
  return ordered[0]?.id;
}
