/** A listening server with one printer that is never spoken to, for what happens to jobs before they are printed. */
import { newId } from '../../server/base/secrets.ts';
import type { JobOptions } from '../../server/jobs/job.ts';
import { addQueue, submitJobs } from '../../server/jobs/jobs.ts';
import type { NewQueue } from '../../server/jobs/queues.ts';
import { addSpoolFiles, keep } from '../../server/spool/spool.ts';
import { transaction } from '../../server/store/transaction.ts';
import { addPerson, openServer, type Server } from '../attacks/callers.ts';

const PDF = Buffer.from('%PDF-1.4\n%%EOF\n');

/** Everything but the workers: nothing is prepared or printed by itself. */
export async function openScene() {
  await using undo = new AsyncDisposableStack();
  const server = undo.use(await openServer());
  const { context } = server.test;
  const owner = await addPerson(server, 'user');
  const printerId = newId();
  const printer = { id: printerId, name: 'Ground floor', uri: 'ipp://127.0.0.1:1/ipp/print', state: 'idle' } as const;
  await context.db
    .insertInto('printers')
    .values({ ...printer, state_since: context.clock.now() })
    .execute();
  const opened = undo.move();
  return {
    server,
    context,
    owner,
    printerId,
    addQueue: (queue: Partial<NewQueue>) =>
      addQueue(context, { name: newId(), mode: 'hold', printerIds: [printerId], ...queue }, 'test'),
    submit: (queueId: string, options: JobOptions = {}, bytes: Buffer = PDF) =>
      submit(server, { queueId, ownerId: owner.id, options, bytes }),
    submitFor: (ownerId: string, queueId: string) => submit(server, { queueId, ownerId, options: {}, bytes: PDF }),
    [Symbol.asyncDispose]: () => opened.disposeAsync() as Promise<void>,
  };
}

type Submission = {
  readonly queueId: string;
  readonly ownerId: string;
  readonly options: JobOptions;
  readonly bytes: Buffer;
};

async function submit({ test: { context } }: Server, submission: Submission): Promise<string> {
  const { queueId, ownerId, options, bytes } = submission;
  const document = await keep(context, bytes, { mediaType: 'application/pdf', maxBytes: 100_000 });
  return await transaction(context, async (context) => {
    await addSpoolFiles(context, [document]);
    const what = { title: 'plan.pdf', document, documentFormat: 'application/pdf' };
    const [id = ''] = await submitJobs(context, [{ ...what, ownerId, ownerName: 'Anna', queueId, options }]);
    return id;
  });
}
