/** Opens the data directory of a stopped server, or the database of `DATABASE_URL`, without a running server. */
import { systemClock } from '../server/base/clock.ts';
import { PlatenError } from '../server/base/errors.ts';
import { openLog } from '../server/base/log.ts';
import { openSecrets } from '../server/base/secrets.ts';
import type { Settings } from '../server/base/settings.ts';
import { openSpool } from '../server/spool/spool.ts';
import { holdDataDirectory } from '../server/store/data-directory.ts';
import { type Context, openDatabase, openPool } from '../server/store/database.ts';
import { embeddedTarget } from '../server/store/embedded.ts';
import { checkKey } from '../server/store/key-check.ts';
import { openStore } from '../server/store/store.ts';

/**
 * Does `work` with the database at hand, whether a server runs or not: beside one with an embedded database it connects
 * to that. For work that only reads.
 */
export async function withLocalBeside<T>(settings: Settings, work: (context: Context) => Promise<T>): Promise<T> {
  try {
    return await withLocal(settings, work);
  } catch (error) {
    if (!(error instanceof PlatenError && error.code === 'data-directory-in-use')) throw error;
  }
  const log = openLog('silent');
  const secrets = openSecrets(settings.keyFile);
  const target = await embeddedTarget(settings.dataDir, { clock: systemClock, log });
  const db = openDatabase(openPool(target, log));
  try {
    return await work({ db, clock: systemClock, log, settings, secrets });
  } finally {
    await db.destroy();
  }
}

/** Does `work` with a database that has the schema of a backup and is checked against no key yet. */
export async function withRestoreTarget<T>(
  settings: Settings,
  upTo: string,
  work: (context: Context) => Promise<T>,
): Promise<T> {
  await using undo = new AsyncDisposableStack();
  const log = openLog('silent');
  if (settings.databaseUrl === undefined) undo.use(await holdDataDirectory(settings.dataDir));
  const secrets = openSecrets(settings.keyFile);
  const store = undo.use(await openStore({ settings, clock: systemClock, log, upTo }));
  const context: Context = { db: store.db, clock: systemClock, log, settings, secrets };
  await openSpool(context);
  return await work(context);
}

/**
 * Does `work` with the database at hand and closes everything again. Throws `data-directory-in-use` while a server
 * with an embedded database runs; with `DATABASE_URL` servers may run beside it.
 */
export async function withLocal<T>(settings: Settings, work: (context: Context) => Promise<T>): Promise<T> {
  await using undo = new AsyncDisposableStack();
  // Standard output is the command's own.
  const log = openLog('silent');
  if (settings.databaseUrl === undefined) undo.use(await holdDataDirectory(settings.dataDir));
  const secrets = openSecrets(settings.keyFile);
  const store = undo.use(await openStore({ settings, clock: systemClock, log }));
  const context: Context = { db: store.db, clock: systemClock, log, settings, secrets };
  await checkKey(context);
  return await work(context);
}
