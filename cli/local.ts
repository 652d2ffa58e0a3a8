/** Opens the data directory of a stopped server, or the database of `DATABASE_URL`, without a running server. */
import { systemClock } from '../server/base/clock.ts';
import { openLog } from '../server/base/log.ts';
import { openSecrets } from '../server/base/secrets.ts';
import type { Settings } from '../server/base/settings.ts';
import { holdDataDirectory } from '../server/store/data-directory.ts';
import type { Context } from '../server/store/database.ts';
import { checkKey } from '../server/store/key-check.ts';
import { openStore } from '../server/store/store.ts';

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
