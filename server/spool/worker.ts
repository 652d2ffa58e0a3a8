/** Removes bytes that no row names: left by a crash between the file and the commit, or forgotten by their owner. */
import { readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { doubtOf, HOUR_MS } from '../base/clock.ts';
import type { Context } from '../store/database.ts';

// Far longer than any message takes from its first byte to its commit.
const GRACE_MS = 24 * HOUR_MS;
const SWEEP_EVERY_MS = 6 * HOUR_MS;
const FOLDER = /^[0-9a-f]{6}$/;
const FILE = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export async function startSpoolWorker(context: Context): Promise<AsyncDisposable> {
  const stop = new AbortController();
  const loop = (async () => {
    while (!stop.signal.aborted) {
      await sweepSpool(context).catch((error) => context.log.warn({ error }, 'the spool could not be swept'));
      await context.clock.sleep(SWEEP_EVERY_MS, stop.signal);
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await loop;
    },
  };
}

/**
 * Removes orphans older than the grace period and returns how many there were; none by a clock that may be wrong, since
 * a file that is about to get its row would seem old. Files of other names are left alone.
 */
export async function sweepSpool(context: Context): Promise<number> {
  if (doubtOf(context.clock).isDoubtful()) return 0;
  let removed = 0;
  const before = context.clock.now().getTime() - GRACE_MS;
  for (const folder of await readdir(context.settings.spoolDir)) {
    if (!FOLDER.test(folder)) continue;
    const directory = join(context.settings.spoolDir, folder);
    const names = (await readdir(directory)).filter((name) => FILE.test(name));
    for (let at = 0; at < names.length; at += 500) {
      removed += await sweepNames(context, { directory, names: names.slice(at, at + 500), before });
    }
  }
  if (removed > 0) context.log.info({ removed }, 'orphaned spool files were removed');
  return removed;
}

async function sweepNames(
  context: Context,
  sweep: { readonly directory: string; readonly names: readonly string[]; readonly before: number },
): Promise<number> {
  const rows = await context.db
    .selectFrom('spool_files')
    .select('id')
    .where('id', 'in', [...sweep.names])
    .execute();
  const known = new Set(rows.map((row) => row.id));
  let removed = 0;
  for (const name of sweep.names) {
    if (known.has(name)) continue;
    const path = join(sweep.directory, name);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined || found.mtimeMs > sweep.before) continue;
    await unlink(path);
    removed += 1;
  }
  return removed;
}
