/** A database, a practice printer, a person and two queues: what happens to a job from being submitted to paper. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../server/base/clock.ts';
import { addQueue, submitJobs } from '../../server/jobs/jobs.ts';
import { addPrinter, closePrinterConnections } from '../../server/printers/printers.ts';
import { addSpoolFiles, keep } from '../../server/spool/spool.ts';
import type { Context } from '../../server/store/database.ts';
import { transaction } from '../../server/store/transaction.ts';
import { addUser } from '../../server/users/users.ts';
import { startPrinter } from '../../simulator/printer/server.ts';
import { openTestContext, type TestContext } from './database.ts';
import { writePdf } from './mail.ts';

export const PDF = writePdf('report', 900);

export type PrintingStage = AsyncDisposable & {
  readonly test: TestContext;
  readonly context: Context;
  readonly printer: Awaited<ReturnType<typeof startPrinter>>;
  readonly printerId: string;
  submit(mode?: 'hold' | 'direct', title?: string): Promise<string>;
};

/** In real time unless a clock is given: what the printer does on the socket cannot be moved. */
export async function openPrintingStage(clock: Clock = systemClock): Promise<PrintingStage> {
  await using undo = new AsyncDisposableStack();
  const test = undo.use(await openTestContext());
  const context = { ...test.context, clock };
  const outputDir = await mkdtemp(join(tmpdir(), 'platen-paper-'));
  undo.defer(() => rm(outputDir, { recursive: true, force: true }));
  const printer = await startPrinter({ host: '127.0.0.1', port: 0, outputDir, name: 'practice' });
  undo.defer(() => printer.close());
  undo.defer(() => closePrinterConnections(context));
  const added = await addPrinter(context, { name: 'Practice', uri: printer.uri });
  const owner = await addUser(
    context,
    { email: 'anna@example.org', name: 'Anna', role: 'user', language: 'en' },
    'test',
  );
  const queues = {
    hold: await addQueue(context, { name: 'Hold', mode: 'hold', printerIds: [added.id] }, 'test'),
    direct: await addQueue(context, { name: 'Direct', mode: 'direct', printerIds: [added.id] }, 'test'),
  };
  const opened = undo.move();
  return {
    test,
    context,
    printer,
    printerId: added.id,
    submit: async (mode = 'direct', title = 'report.pdf') => {
      const document = await keep(context, PDF, { mediaType: 'application/pdf', maxBytes: 10_000 });
      const ids = await transaction(context, async (context) => {
        await addSpoolFiles(context, [document]);
        return await submitJobs(context, [
          {
            ownerId: owner.id,
            ownerName: owner.name,
            queueId: queues[mode].id,
            title,
            document,
            documentFormat: 'application/pdf',
          },
        ]);
      });
      return ids[0] ?? '';
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
