/** What goes wrong at a real printer: `ippeveprinter` switched off, without paper, failing in the middle, or gone. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../server/base/clock.ts';
import type { Job } from '../../server/jobs/job.ts';
import { addQueue, getJob, submitJobs } from '../../server/jobs/jobs.ts';
import { startJobsWorker } from '../../server/jobs/worker.ts';
import { addPrinter } from '../../server/printers/printers.ts';
import { addSpoolFiles, keep } from '../../server/spool/spool.ts';
import { transaction } from '../../server/store/transaction.ts';
import { addUser } from '../../server/users/users.ts';
import { openTestContext } from '../harness/database.ts';
import { startIppEvePrinter } from '../harness/ippeveprinter.ts';
import { writePdf } from '../harness/mail.ts';
import { findFreePort } from '../harness/processes.ts';
import { eventually } from '../harness/time.ts';

const LONG = { timeoutMs: 90_000 };

/** A printer on a port of its own that can be switched off and on, and a server that prints on it. */
async function openRoom(options: { readonly script?: string; readonly formats?: readonly string[] } = {}) {
  await using undo = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'platen-troubles-'));
  undo.defer(() => rmSync(folder, { recursive: true, force: true }));
  const port = await findFreePort();
  // Its own folder goes with the printer; this list of what came out stays.
  const script = `${(options.script ?? '').replaceAll('FOLDER', folder)}\necho sheet >> '${folder}/sheets'`;
  const switchOn = () => startIppEvePrinter({ ...options, script, port });
  let printer = await switchOn();
  undo.defer(() => printer.close());
  const { context: base } = undo.use(await openTestContext());
  const context = { ...base, clock: systemClock };
  const person = { email: 'anna@example.org', name: 'Anna', role: 'user', language: 'en' } as const;
  const owner = await addUser(context, person, 'test');
  const { id: printerId } = await addPrinter(context, { name: 'Everywhere', uri: printer.uri });
  const queue = await addQueue(context, { name: 'Direct', mode: 'direct', printerIds: [printerId] }, 'test');
  undo.use(await startJobsWorker(context));
  const opened = undo.move();
  return {
    folder,
    switchOff: () => printer.close(),
    async switchOn() {
      printer = await switchOn();
    },
    sheets: () =>
      existsSync(join(folder, 'sheets')) ? readFileSync(join(folder, 'sheets'), 'utf8').split('\n').length - 1 : 0,
    async submit(mark: string): Promise<string> {
      const document = await keep(context, writePdf(mark, 900), { mediaType: 'application/pdf', maxBytes: 10_000 });
      const what = { title: `${mark}.pdf`, document, documentFormat: 'application/pdf' };
      return await transaction(context, async (context) => {
        await addSpoolFiles(context, [document]);
        const [id = ''] = await submitJobs(context, [
          { ...what, ownerId: owner.id, ownerName: owner.name, queueId: queue.id },
        ]);
        return id;
      });
    },
    reach: (id: string, isThere: (job: Job) => boolean): Promise<Job> => {
      let last: Job | undefined;
      return eventually(async () => {
        last = await getJob(context, id);
        return isThere(last) ? last : undefined;
      }, LONG).catch((error: unknown) => {
        throw new Error(`it is ${JSON.stringify(last)}`, { cause: error });
      });
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

const isEnded = ({ state, reasons }: Job) =>
  ['completed', 'aborted', 'canceled'].includes(state) || reasons.includes('outcome-unknown');

test('a real printer that is switched off leaves the job waiting with a reason, and prints it once when it is back', async () => {
  await using room = await openRoom();
  await room.switchOff();
  const id = await room.submit('off');
  const waiting = await room.reach(id, ({ reasons }) => reasons.includes('connecting-to-device'));
  assert.equal(waiting.problem?.code, 'printer-unreachable');
  await room.switchOn();
  assert.equal((await room.reach(id, isEnded)).state, 'completed');
  assert.equal(room.sheets(), 1);
});

test('a real printer that runs out of paper in the middle keeps the job, and prints it once when it has some', async () => {
  const wait = 'while [ ! -e "FOLDER/refilled" ]; do sleep 0.1; done';
  await using room = await openRoom({
    script: `echo "STATE: +media-empty" >&2\ntouch "FOLDER/empty"\n${wait}\necho "STATE: -media-empty" >&2`,
  });
  const id = await room.submit('empty');
  await eventually(() => existsSync(join(room.folder, 'empty')), LONG);
  // This printer goes on being busy with it; that it has no paper is shown with the printer.
  await room.reach(id, ({ state }) => state === 'processing');
  assert.equal(room.sheets(), 0);
  writeFileSync(join(room.folder, 'refilled'), '');
  assert.equal((await room.reach(id, isEnded)).state, 'completed');
  assert.equal(room.sheets(), 1);
});

test('a real printer that gives a job up in the middle has it aborted, and is not asked for it again', async () => {
  await using room = await openRoom({ script: 'echo "ERROR: the fuser is cold" >&2\nexit 1' });
  const job = await room.reach(await room.submit('aborted'), isEnded);
  assert.equal(job.state, 'aborted');
  assert.equal(job.problem?.code, 'printer-refused');
  assert.equal(room.sheets(), 0);
});

test('a real printer that loses its power with a document has it looked at by a person, and never printed twice', async () => {
  await using room = await openRoom({ script: 'touch "FOLDER/busy"\nsleep 2' });
  const id = await room.submit('gone');
  await eventually(() => existsSync(join(room.folder, 'busy')), LONG);
  await room.switchOff();
  await room.switchOn();
  const job = await room.reach(id, isEnded);
  assert.equal(job.state, 'processing-stopped');
  assert.deepEqual(job.reasons, ['outcome-unknown']);
  // The next one tells that the printer is served again, and that this one was left alone.
  assert.equal((await room.reach(await room.submit('next'), isEnded)).state, 'completed');
  assert.ok(room.sheets() <= 2, `${room.sheets()} sheets`);
});

test('a real printer that takes none of our formats gets nothing, and the job says so', async () => {
  await using room = await openRoom({ formats: ['application/vnd.hp-pcl'] });
  const job = await room.reach(await room.submit('foreign'), isEnded);
  assert.equal(job.state, 'aborted');
  assert.equal(job.problem?.code, 'printer-refused');
  assert.match(job.problem?.detail ?? '', /neither PDF nor pictures/);
  assert.equal(room.sheets(), 0);
});
