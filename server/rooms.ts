/** Starts all rooms in order on a store that is open; disposing stops them in reverse. */
import { checkClock } from './clock-check.ts';
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
import type { Context } from './store/database.ts';
import { prepareFirstRun } from './users/users.ts';

export type Rooms = AsyncDisposable & {
  /** Where it listens, for people: the public address. */
  readonly url: string;
  /** Where devices hand in their mail. */
  readonly relay: { readonly host: string; readonly port: number };
  /** The one-time secret of the first run, while that is due. */
  readonly setupToken: string | undefined;
};

/** Returns when everything is ready. When a step throws, what was started before is stopped again. */
export async function openRooms(context: Context): Promise<Rooms> {
  await using undo = new AsyncDisposableStack();
  await checkClock(context);
  await openSpool(context);
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
    url: http.url,
    relay: { host, port },
    setupToken: firstRun.due ? firstRun.setupToken : undefined,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
