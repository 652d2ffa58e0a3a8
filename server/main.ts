/** Opens the floor, then the rooms on it, waits for the signal to stop, and stops in reverse. */
import { systemClock } from './base/clock.ts';
import { openLog } from './base/log.ts';
import { openSecrets } from './base/secrets.ts';
import { readSettings, type Settings } from './base/settings.ts';
import type { Rooms } from './rooms.ts';
import { holdDataDirectory } from './store/data-directory.ts';
import type { Context } from './store/database.ts';
import { checkKey } from './store/key-check.ts';
import { clearLeases } from './store/leases.ts';
import { openStore } from './store/store.ts';

export type Running = Rooms & { readonly context: Context };

/** Starts Platen and returns when it is ready. When a step throws, what was started before is stopped again. */
export async function startPlaten(settings: Settings = readSettings()): Promise<Running> {
  await using undo = new AsyncDisposableStack();
  const log = openLog(settings.logLevel);
  const clock = systemClock;
  undo.use(await holdDataDirectory(settings.dataDir));
  const secrets = openSecrets(settings.keyFile);
  const store = undo.use(await openStore({ settings, clock, log, meanwhile: loadRooms }));
  const context: Context = { db: store.db, clock, log, settings, secrets };
  await checkKey(context);
  // On its own database this process is the only one: leases of an earlier process that was killed are void.
  if (store.embedded !== undefined) await clearLeases(context);
  const { openRooms } = await loadRooms();
  const { url, relay, setupToken } = undo.use(await openRooms(context));
  const opened = undo.move();
  return { context, url, relay, setupToken, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** Compiling and linking the rooms is half of the work of a start; the database starts beside it, in a process of its own. */
const loadRooms = () => import('./rooms.ts');

/** Runs Platen until SIGTERM or SIGINT. */
export async function serve(): Promise<void> {
  const asked = new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
  await using platen = await startPlaten();
  process.stdout.write(`Platen is ready at ${platen.url}\n`);
  process.stdout.write(`Devices hand in mail at ${platen.relay.host} port ${platen.relay.port}\n`);
  if (platen.setupToken !== undefined) {
    process.stdout.write(`First run: open ${platen.url}/first-run#${platen.setupToken}\n`);
    process.stdout.write(`or run: npx platen first-run --setup-token ${platen.setupToken}\n`);
  }
  const signal = await asked;
  platen.context.log.info({ signal }, 'stopping');
}
