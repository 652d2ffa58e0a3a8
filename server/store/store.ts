/**
 * The floor: opens the database (embedded, or the one of `DATABASE_URL`), migrates it and starts the task queue.
 * Disposing undoes it in reverse order.
 */
import type { Clock } from '../base/clock.ts';
import { PlatenError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Settings } from '../base/settings.ts';
import { type DatabaseTarget, type Db, openDatabase, openPool } from './database.ts';
import { type EmbeddedServer, startEmbedded } from './embedded.ts';
import { migrate } from './migrate.ts';
import { openTasks } from './tasks.ts';

export type Store = AsyncDisposable & {
  readonly db: Db;
  /** Absent with an external database. */
  readonly embedded: EmbeddedServer | undefined;
};

export type StoreOptions = {
  readonly settings: Pick<Settings, 'databaseUrl' | 'dataDir'>;
  readonly clock: Clock;
  readonly log: Log;
  /** For a restore: the schema of the backup, which is brought up to date afterwards. */
  readonly upTo?: string;
  /** What this process may do while the embedded server starts. Nobody waits for it here, and it says elsewhere how it ended. */
  readonly meanwhile?: () => Promise<unknown>;
};

/** Throws `database-start-failed`, `database-unavailable` or `database-too-new`; then nothing is left running. */
export async function openStore({ settings, clock, log, upTo, meanwhile }: StoreOptions): Promise<Store> {
  await using undo = new AsyncDisposableStack();
  const around = { clock, log, ...(meanwhile === undefined ? {} : { meanwhile }) };
  const embedded =
    settings.databaseUrl === undefined ? undo.use(await startEmbedded(settings.dataDir, around)) : undefined;
  const target = embedded?.target ?? { kind: 'url' as const, url: settings.databaseUrl ?? '' };
  const db = undo.use(openHandle(target, log)).db;
  try {
    await migrate(db, upTo);
  } catch (cause) {
    if (cause instanceof PlatenError) throw cause;
    throw new PlatenError('database-unavailable', 'the database cannot be used', {
      cause,
      ...(cause instanceof Error ? { remote: cause.message } : {}),
    });
  }
  undo.use(await openTasks(db, target, log));
  const opened = undo.move();
  return { db, embedded, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

function openHandle(target: DatabaseTarget, log: Log): AsyncDisposable & { readonly db: Db } {
  const db = openDatabase(openPool(target, log));
  return { db, [Symbol.asyncDispose]: () => db.destroy() };
}
