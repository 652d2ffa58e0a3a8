import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startPrinter } from '../../../simulator/printer/server.ts';
import { openPrintingStage, type PrintingStage } from '../../../test/harness/printing-stage.ts';
import { eventually, MovableClock } from '../../../test/harness/time.ts';
import { MINUTE_MS, SECOND_MS } from '../../base/clock.ts';
import { readJournal } from '../../journal/journal.ts';
import { checkPrinter } from '../../printers/printers.ts';
import { withLease } from '../../store/leases.ts';
import { cancelJob, getJob, type Job, needsOf } from '../jobs.ts';
import { startJobsWorker } from '../worker.ts';
import { beginAttempt } from './attempts.ts';

const STEP_MS = SECOND_MS;

type Timed = PrintingStage & { readonly clock: MovableClock };

async function openStage(): Promise<Timed> {
  const clock = new MovableClock();
  return { ...(await openPrintingStage(clock)), clock };
}

/** Lets time go by, and the watch of the printer with it, until the job is as it is wanted. */
async function reach(stage: Timed, id: string, isThere: (job: Job) => boolean): Promise<Job> {
  return await eventually(
    async () => {
      await checkPrinter(stage.context, stage.printerId);
      const job = await getJob(stage.context, id);
      if (isThere(job)) return job;
      // A database that commits slowly is not left behind by the clock: it has to renew the lease of the printer.
      await stage.context.db.updateTable('printers').set({ seen_at: stage.clock.now() }).execute();
      stage.clock.advance(STEP_MS);
      return undefined;
    },
    { timeoutMs: 120_000 },
  );
}

/** The practice printer has the head of the document and takes no more. */
async function reachSending(stage: Timed, id: string): Promise<Date> {
  await eventually(
    async () => {
      const open = stage.context.db.selectFrom('print_attempts').select('id').where('job_id', '=', id);
      const sending = await open.where('phase', '=', 'sending').where('printer_job_id', 'is not', null).execute();
      if (sending.length > 0) return true;
      stage.clock.advance(STEP_MS / 10);
      return false;
    },
    { timeoutMs: 60_000 },
  );
  return stage.clock.now();
}

test('a printer that takes nothing because it has no paper has the job say so, however long, and prints it once', async () => {
  await using stage = await openStage();
  await stage.printer.control.setFault({ kind: 'stops-taking' });
  await stage.printer.control.setFault({ kind: 'out-of-paper', staysBusy: true });
  await using _worker = await startJobsWorker(stage.context);
  const id = await stage.submit();
  const since = await reachSending(stage, id);
  const waiting = await reach(stage, id, (job) => needsOf(job).length > 0);
  assert.deepEqual(needsOf(waiting), ['paper']);
  assert.ok(stage.clock.now().getTime() - since.getTime() >= 10 * SECOND_MS);
  await reach(stage, id, () => stage.clock.now().getTime() - since.getTime() > 11 * MINUTE_MS);
  const still = await getJob(stage.context, id);
  assert.deepEqual([needsOf(still), still.problem], [['paper'], waiting.problem]);
  await stage.printer.control.clearFault();
  await reach(stage, id, ({ state }) => state === 'completed');
  assert.equal(stage.printer.printed().length, 1);
  const events = await readJournal(stage.context, { subjectId: id, limit: 50 });
  assert.equal(events.filter(({ type }) => type === 'job-attempt-started').length, 1);
});

test('a printer that takes nothing and gives no reason is told of, given up after ten minutes, and tried again', async () => {
  await using stage = await openStage();
  await stage.printer.control.setFault({ kind: 'stops-taking' });
  await using _worker = await startJobsWorker(stage.context);
  const id = await stage.submit();
  const since = await reachSending(stage, id);
  const told = await reach(stage, id, ({ problem }) => problem !== null);
  assert.deepEqual([told.state, told.problem?.code], ['processing', 'printer-takes-nothing']);
  assert.equal(told.problem?.remote, undefined, 'the printer has said nothing');
  assert.ok(stage.clock.now().getTime() - since.getTime() >= MINUTE_MS);
  const ends = stage.context.db.selectFrom('print_attempts').select('outcome').where('job_id', '=', id);
  await eventually(
    async () => {
      const [first] = await ends.where('ended_at', 'is not', null).execute();
      if (first === undefined) stage.clock.advance(STEP_MS);
      return first?.outcome === 'not-printed';
    },
    { timeoutMs: 120_000 },
  );
  assert.ok(stage.clock.now().getTime() - since.getTime() >= 10 * MINUTE_MS);
  await stage.printer.control.clearFault();
  const done = await reach(stage, id, ({ state }) => state === 'completed');
  assert.equal(done.problem, null);
  assert.equal(stage.printer.printed().length, 1);
});

test('a job is canceled while its printer takes nothing of it, and the next one is printed', async () => {
  await using stage = await openStage();
  await stage.printer.control.setFault({ kind: 'stops-taking' });
  await using _worker = await startJobsWorker(stage.context);
  const id = await stage.submit();
  const next = await stage.submit();
  const since = await reachSending(stage, id);
  await cancelJob(stage.context, id, { actor: 'test' });
  await reach(stage, id, ({ state }) => state === 'canceled');
  assert.ok(stage.clock.now().getTime() - since.getTime() < MINUTE_MS);
  await stage.printer.control.clearFault();
  await reach(stage, next, ({ state }) => state === 'completed');
  assert.equal(stage.printer.printed().length, 1);
});

test('what was to be canceled while it was being begun at the printer is not begun again', async () => {
  await using stage = await openStage();
  const id = await stage.submit();
  await withLease(stage.context, `printer:${stage.printerId}`, {}, async (lease) => {
    await stage.context.db.updateTable('jobs').set({ preparation: 'done' }).where('id', '=', id).execute();
    const begun = await beginAttempt(stage.context, lease, {
      jobId: id,
      printerId: stage.printerId,
      phase: 'creating',
    });
    assert.ok(begun);
    assert.equal((await cancelJob(stage.context, id, { actor: 'test' })).state, 'processing');
  });
  await using _worker = await startJobsWorker(stage.context);
  const job = await reach(stage, id, ({ state }) => state === 'canceled');
  assert.deepEqual(job.reasons, ['job-canceled-by-user']);
  assert.equal(stage.printer.printed().length, 0);
});

test('a printer that goes away while it takes a document is asked what became of it as soon as it is back', async () => {
  await using stage = await openPrintingStage();
  const { context, printer } = stage;
  const address = new URL(printer.uri.replace(/^ipp:/, 'http:'));
  await printer.control.setFault({ kind: 'stops-taking' });
  await using _worker = await startJobsWorker(context);
  const id = await stage.submit();
  const isSending = async () =>
    (await context.db.selectFrom('print_attempts').select('phase').where('job_id', '=', id).execute()).some(
      ({ phase }) => phase === 'sending',
    );
  await eventually(isSending, { timeoutMs: 60_000 });
  await printer.close();
  const cut = await eventually(
    async () => {
      const job = await getJob(context, id);
      return job.reasons.includes('connecting-to-device') ? job : undefined;
    },
    { timeoutMs: 60_000 },
  );
  assert.deepEqual([cut.state, cut.problem?.code], ['processing-stopped', 'printer-unreachable']);
  const folder = await mkdtemp(join(tmpdir(), 'platen-paper-'));
  const again = await startPrinter({
    host: '127.0.0.1',
    port: Number(address.port),
    outputDir: folder,
    name: 'practice',
  });
  try {
    const asked = await eventually(
      async () => {
        const job = await getJob(context, id);
        return job.reasons.includes('connecting-to-device') ? undefined : job;
      },
      { timeoutMs: 60_000 },
    );
    assert.deepEqual([asked.state, asked.reasons], ['processing-stopped', ['outcome-unknown']]);
    assert.equal(again.printed().length, 0, 'nothing is sent a second time');
  } finally {
    await again.close();
    await rm(folder, { recursive: true, force: true });
  }
});
