import type { Context, Db } from './database.ts';
import { ringTasks, shareTasks } from './tasks.ts';

/**
 * Runs `work` in one transaction and gives it the same context with `db` replaced. When it returns, what `work` wrote
 * is committed and synced; when it throws, nothing of it is kept. Within a transaction it becomes a part of that one:
 * then it is durable with the outer one, and whoever begins a transaction must let what is thrown in it pass.
 */
export async function transaction<T>(context: Context, work: (context: Context) => Promise<T>): Promise<T> {
  if (context.db.isTransaction) return await work(context);
  let committed: Db = context.db;
  const result = await context.db.transaction().execute((trx) => {
    shareTasks(context.db, trx);
    committed = trx;
    return work({ ...context, db: trx });
  });
  ringTasks(context.db, committed);
  return result;
}

/**
 * Runs reads that must agree with each other: all of them see the database as it was at the first one. Within a
 * transaction they see what that one sees.
 */
export async function readTogether<T>(context: Context, read: (context: Context) => Promise<T>): Promise<T> {
  if (context.db.isTransaction) return await read(context);
  return await context.db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute((db) => read({ ...context, db }));
}
