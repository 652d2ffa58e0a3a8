/** Opens and starts everything in order, waits for the signal to stop, and stops in reverse. */
import { systemClock } from './base/clock.ts';
import { openLog } from './base/log.ts';
import { openSecrets } from './base/secrets.ts';
import { readSettings, type Settings } from './base/settings.ts';
import { startConnectionsWorker } from './connections/worker.ts';
import { startConversionWorker } from './conversion/worker.ts';
import { readMeasures, readReadiness } from './figures.ts';
import { openHttp } from './http/http.ts';
import { startIntakeWorker } from './intake/worker.ts';
import { startJobsWorker } from './jobs/worker.ts';
import { record } from './journal/journal.ts';
import { startNoticesWorker } from './notices/worker.ts';
import { startOutboxWorker } from './outbox/worker.ts';
import { startPrintersWorker } from './printers/worker.ts';
import { startRelayWorker } from './relay/worker.ts';
import { openSpool } from './spool/spool.ts';
import { startSpoolWorker } from './spool/worker.ts';
import { holdDataDirectory } from './store/data-directory.ts';
import type { Context } from './store/database.ts';
import { checkKey } from './store/key-check.ts';
import { clearLeases } from './store/leases.ts';
import { openStore } from './store/store.ts';
import { prepareFirstRun } from './users/users.ts';

export type Running = AsyncDisposable & {
  readonly context: Context;
  /** Where it listens, for people: the public address. */
  readonly url: string;
  /** Where devices hand in their mail. */
  readonly relay: { readonly host: string; readonly port: number };
  /** The one-time secret of the first run, while that is due. */
  readonly setupToken: string | undefined;
};

/** Starts Platen and returns when it is ready. When a step throws, what was started before is stopped again. */
export async function startPlaten(settings: Settings = readSettings()): Promise<Running> {
  await using undo = new AsyncDisposableStack();
  const log = openLog(settings.logLevel);
  const clock = systemClock;
  undo.use(await holdDataDirectory(settings.dataDir));
  const secrets = openSecrets(settings.keyFile);
  const store = undo.use(await openStore({ settings, clock, log }));
  const context: Context = { db: store.db, clock, log, settings, secrets };
  await checkKey(context);
  await openSpool(context);
  // On its own database this process is the only one: leases of an earlier process that was killed are void.
  if (store.embedded !== undefined) await clearLeases(context);
  const firstRun = await prepareFirstRun(context);
  undo.use(await startSpoolWorker(context));
  undo.use(await startConnectionsWorker(context));
  undo.use(await startPrintersWorker(context));
  undo.use(startConversionWorker(context));
  undo.use(await startJobsWorker(context));
  undo.use(await startIntakeWorker(context));
  undo.use(await startOutboxWorker(context));
  undo.use(await startNoticesWorker(context));
  const { host, port } = undo.use(await startRelayWorker(context));
  const http = undo.use(
    await openHttp(context, {
      measures: () => readMeasures(context),
      readiness: () => readReadiness(context),
    }),
  );
  await record(context, 'platen-started', { subjectId: http.url });
  undo.defer(() => record(context, 'platen-stopped', { subjectId: http.url }));
  const opened = undo.move();
  return {
    context,
    url: http.url,
    relay: { host, port },
    setupToken: firstRun.due ? firstRun.setupToken : undefined,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

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
