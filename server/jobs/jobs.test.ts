import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPrintingStage, type PrintingStage } from '../../test/harness/printing-stage.ts';
import { eventually } from '../../test/harness/time.ts';
import { PlatenError } from '../base/errors.ts';
import { newId } from '../base/secrets.ts';
import { readJournal } from '../journal/journal.ts';
import { addPrinter, checkPrinter, removePrinter } from '../printers/printers.ts';
import { withLease } from '../store/leases.ts';
import { cancelJob, getJob, holdJob, type Job, listJobs, needsOf, releaseJob } from './jobs.ts';
import { beginAttempt } from './printing/attempts.ts';
import { startJobsWorker } from './worker.ts';

const hasCode = (code: string) => (error: unknown) => error instanceof PlatenError && error.code === code;

test('a job of a direct queue comes out of the printer, once, with its bytes', async () => {
  await using stage = await openPrintingStage();
  await using _worker = await startJobsWorker(stage.context);
  const id = await stage.submit();
  await eventually(async () => (await getJob(stage.context, id)).state === 'completed');
  const printed = stage.printer.printed();
  assert.equal(printed.length, 1);
  assert.equal(printed[0]?.bytes, (await getJob(stage.context, id)).documentBytes);
  assert.equal(printed[0]?.user, 'Anna');
  const events = await readJournal(stage.context, { subjectId: id, limit: 50 });
  const types = events.map((event) => event.type);
  assert.deepEqual(types.slice(0, 4), ['job-created', 'job-prepared', 'job-state-changed', 'job-attempt-started']);
  assert.deepEqual(types.slice(-2), ['job-attempt-ended', 'job-state-changed']);
});

test('a held job does not print until it is released', async () => {
  await using stage = await openPrintingStage();
  await using _worker = await startJobsWorker(stage.context);
  const held = await stage.submit('hold');
  const direct = await stage.submit('direct');
  await eventually(async () => (await getJob(stage.context, direct)).state === 'completed');
  assert.equal((await getJob(stage.context, held)).state, 'pending-held');
  assert.equal(stage.printer.printed().length, 1);
  await releaseJob(stage.context, held, { actor: 'test' });
  await eventually(async () => (await getJob(stage.context, held)).state === 'completed');
  assert.equal(stage.printer.printed().length, 2);
});

test('a canceled job never prints, and can be canceled only once', async () => {
  await using stage = await openPrintingStage();
  const id = await stage.submit('hold');
  assert.equal((await cancelJob(stage.context, id, { actor: 'test' })).state, 'canceled');
  await assert.rejects(cancelJob(stage.context, id, { actor: 'test' }), hasCode('job-state-conflict'));
  await assert.rejects(releaseJob(stage.context, id, { actor: 'test' }), hasCode('job-state-conflict'));
});

test('a waiting job can be held and released again', async () => {
  await using stage = await openPrintingStage();
  const id = await stage.submit('direct');
  assert.equal((await holdJob(stage.context, id, { actor: 'test' })).state, 'pending-held');
  await using _worker = await startJobsWorker(stage.context);
  await releaseJob(stage.context, id, { actor: 'test' });
  await eventually(async () => (await getJob(stage.context, id)).state === 'completed');
});

test('a job of somebody else is not found', async () => {
  await using stage = await openPrintingStage();
  const id = await stage.submit('hold');
  const stranger = newId();
  await assert.rejects(getJob(stage.context, id, stranger), hasCode('not-found'));
  for (const act of [releaseJob, holdJob, cancelJob]) {
    await assert.rejects(act(stage.context, id, { actor: 'x', ownerId: stranger }), hasCode('not-found'));
  }
  assert.deepEqual(await listJobs(stage.context, { ownerId: stranger, limit: 10 }), []);
});

test('a paper jam stops the job with the reasons of the printer, and paper lets it go on', async () => {
  await using stage = await openPrintingStage();
  await stage.printer.control.setFault({ kind: 'out-of-paper' });
  await using _worker = await startJobsWorker(stage.context);
  const id = await stage.submit();
  const stopped = await eventually(async () => {
    const job = await getJob(stage.context, id);
    return job.state === 'processing-stopped' ? job : undefined;
  });
  assert.equal(stopped.problem?.code, 'printer-stopped');
  await stage.printer.control.clearFault();
  await eventually(async () => (await getJob(stage.context, id)).state === 'completed');
  assert.equal(stage.printer.printed().length, 1);
});

test('a printer that stays busy without paper has the job say what it waits for and since when, and print once', async () => {
  await using stage = await openPrintingStage();
  await stage.printer.control.setFault({ kind: 'out-of-paper', staysBusy: true });
  await using _worker = await startJobsWorker(stage.context);
  const [printer] = await stage.context.db.selectFrom('printers').select('id').execute();
  const id = await stage.submit();
  const reach = (isThere: (job: Job) => boolean) =>
    eventually(async () => {
      await checkPrinter(stage.context, printer?.id ?? '');
      const job = await getJob(stage.context, id);
      return isThere(job) ? job : undefined;
    });
  const waiting = await reach((job) => needsOf(job).length > 0);
  assert.equal(waiting.state, 'processing');
  assert.deepEqual(needsOf(waiting), ['paper']);
  assert.equal(waiting.problem?.code, 'printer-waits');
  await stage.printer.control.clearFault();
  await reach(({ state }) => state === 'completed');
  assert.equal(stage.printer.printed().length, 1);
  const events = await readJournal(stage.context, { subjectId: id, limit: 50 });
  assert.equal(events.filter(({ data }) => data.waitsFor !== undefined).length, 1);
});

test('a node that takes over a job which waits for paper leaves untouched since when it waits', async () => {
  await using stage = await openPrintingStage();
  await stage.printer.control.setFault({ kind: 'out-of-paper', staysBusy: true });
  const [printer] = await stage.context.db.selectFrom('printers').select('id').execute();
  const id = await stage.submit();
  {
    await using _worker = await startJobsWorker(stage.context);
    await eventually(async () => {
      await checkPrinter(stage.context, printer?.id ?? '');
      return (await getJob(stage.context, id)).problem !== null;
    });
  }
  // An unmarked reason alone would have to stand for seconds again.
  await stage.context.db
    .updateTable('printers')
    .set({ reasons: ['media-needed'] })
    .execute();
  const { problem, reasons } = await getJob(stage.context, id);
  await using _worker = await startJobsWorker(stage.context);
  const after = await eventually(async () => {
    const job = await getJob(stage.context, id);
    return job.reasons.join() === reasons.join() ? undefined : job;
  });
  assert.deepEqual(needsOf(after), ['paper']);
  assert.equal(after.problem?.at, problem?.at);
});

async function ended(stage: PrintingStage, id: string) {
  return await eventually(async () => {
    const job = await getJob(stage.context, id);
    const isSettled =
      ['completed', 'aborted', 'canceled'].includes(job.state) || job.reasons.includes('outcome-unknown');
    return isSettled ? job : undefined;
  });
}

for (const operation of ['Create-Job', 'Send-Document'] as const) {
  test(`a lost answer to ${operation} does not lose the job and does not print it twice`, async () => {
    await using stage = await openPrintingStage();
    await stage.printer.control.setFault({ kind: 'drop-answer', operation });
    await using _worker = await startJobsWorker(stage.context);
    const id = await stage.submit();
    assert.equal((await ended(stage, id)).state, 'completed');
    assert.equal(stage.printer.printed().length, 1);
  });
}

test('a lost answer of an old printer is answered by its list of jobs', async () => {
  await using stage = await openPrintingStage();
  await stage.printer.control.setFault({ kind: 'no-create-job' });
  const [printer] = await stage.context.db.selectFrom('printers').select('id').execute();
  await checkPrinter(stage.context, printer?.id ?? '');
  await stage.printer.control.setFault({ kind: 'drop-answer', operation: 'Print-Job' });
  await using _worker = await startJobsWorker(stage.context);
  const id = await stage.submit();
  assert.equal((await ended(stage, id)).state, 'completed');
  assert.equal(stage.printer.printed().length, 1);
});

test('where the printer has forgotten the job after a lost answer, a person decides, and may print again', async () => {
  await using stage = await openPrintingStage();
  await stage.printer.control.setFault({ kind: 'forget-history' });
  await stage.printer.control.setFault({ kind: 'drop-answer', operation: 'Send-Document' });
  await using _worker = await startJobsWorker(stage.context);
  const id = await stage.submit();
  const job = await ended(stage, id);
  assert.equal(job.state, 'processing-stopped');
  assert.deepEqual(job.reasons, ['outcome-unknown']);
  await eventually(() => stage.printer.printed().length === 1);
  await stage.printer.control.clearFault();
  await releaseJob(stage.context, id, { actor: 'test' });
  assert.equal((await ended(stage, id)).state, 'completed');
  assert.equal(stage.printer.printed().length, 2);
});

test('a line that is cut inside the document ends with one print', async () => {
  await using stage = await openPrintingStage();
  await stage.printer.control.setFault({ kind: 'drop-upload', afterBytes: 40 });
  await using _worker = await startJobsWorker(stage.context);
  const id = await stage.submit();
  const job = await ended(stage, id);
  assert.equal(job.state, 'completed', JSON.stringify(job.problem));
  assert.equal(stage.printer.printed().length, 1);
});

test('a job that the printer aborts is aborted with the words of the printer', async () => {
  await using stage = await openPrintingStage();
  await stage.printer.control.setFault({ kind: 'abort-job', afterPages: 1 });
  await using _worker = await startJobsWorker(stage.context);
  const job = await ended(stage, await stage.submit());
  assert.equal(job.state, 'aborted');
  assert.equal(job.problem?.code, 'printer-refused');
});

test('a document format that the printer refuses aborts the job', async () => {
  await using stage = await openPrintingStage();
  await stage.printer.control.setFault({ kind: 'reject-format' });
  await using _worker = await startJobsWorker(stage.context);
  assert.equal((await ended(stage, await stage.submit())).state, 'aborted');
  assert.equal(stage.printer.printed().length, 0);
});

test('a busy printer gets the job when it is free', async () => {
  await using stage = await openPrintingStage();
  await stage.printer.control.setFault({ kind: 'busy', times: 3 });
  await using _worker = await startJobsWorker(stage.context);
  assert.equal((await ended(stage, await stage.submit())).state, 'completed');
  assert.equal(stage.printer.printed().length, 1);
});

test('a printer that is switched off leaves the job waiting with a reason, and prints it when it is back', async () => {
  await using stage = await openPrintingStage();
  await stage.printer.control.setFault({ kind: 'offline', manner: 'refuse' });
  await using _worker = await startJobsWorker(stage.context);
  const id = await stage.submit();
  const waiting = await eventually(async () => {
    const job = await getJob(stage.context, id);
    return job.reasons.includes('connecting-to-device') ? job : undefined;
  });
  assert.equal(waiting.problem?.code, 'printer-unreachable');
  await stage.printer.control.clearFault();
  assert.equal((await ended(stage, id)).state, 'completed');
  assert.equal(stage.printer.printed().length, 1);
});

test('a job is canceled at the printer while the printer waits for paper', async () => {
  await using stage = await openPrintingStage();
  await stage.printer.control.setFault({ kind: 'out-of-paper' });
  await using _worker = await startJobsWorker(stage.context);
  const id = await stage.submit();
  await eventually(async () => (await getJob(stage.context, id)).state === 'processing-stopped');
  await cancelJob(stage.context, id, { actor: 'test' });
  assert.equal((await ended(stage, id)).state, 'canceled');
  await stage.printer.control.clearFault();
  assert.equal(stage.printer.printed().length, 0);
});

test('jobs whose documents are prepared come out in the order in which they were submitted', async () => {
  await using stage = await openPrintingStage();
  const ids: string[] = [];
  for (let index = 0; index < 12; index += 1) ids.push(await stage.submit('hold', `job ${index}`));
  {
    await using _worker = await startJobsWorker(stage.context);
    const isPrepared = async () => {
      const jobs = await listJobs(stage.context, { limit: 20 });
      return jobs.every((job) => job.preparation === 'printable' || job.preparation === 'done');
    };
    await eventually(isPrepared, { timeoutMs: 90_000 });
  }
  for (const id of ids.toReversed()) await releaseJob(stage.context, id, { actor: 'test' });
  await using _worker = await startJobsWorker(stage.context);
  await ended(stage, ids.at(-1) ?? '');
  const order = stage.printer.printed().map((document) => Number(/^job (\d+)/.exec(document.jobName)?.[1]));
  assert.deepEqual(order, [...Array(12).keys()]);
});

test('what waited for a removed printer waits for another printer of its queue', async () => {
  await using stage = await openPrintingStage();
  const id = await stage.submit();
  const [printer] = await stage.context.db.selectFrom('printers').select('id').execute();
  await removePrinter(stage.context, printer?.id ?? '');
  assert.equal((await getJob(stage.context, id)).printerId, null);
  assert.equal((await getJob(stage.context, await stage.submit())).printerId, null);
  const added = await addPrinter(stage.context, { name: 'Again', uri: stage.printer.uri });
  await stage.context.db
    .updateTable('queues')
    .set({ printer_ids: [added.id] })
    .execute();
  await using _worker = await startJobsWorker(stage.context);
  assert.equal((await ended(stage, id)).state, 'completed');
});

test('a job that was at a printer when that was removed needs a look', async () => {
  await using stage = await openPrintingStage();
  await stage.printer.control.setFault({ kind: 'out-of-paper' });
  const id = await stage.submit();
  {
    await using _worker = await startJobsWorker(stage.context);
    await eventually(async () => (await getJob(stage.context, id)).state === 'processing-stopped');
  }
  const [printer] = await stage.context.db.selectFrom('printers').select('id').execute();
  await removePrinter(stage.context, printer?.id ?? '');
  await using _worker = await startJobsWorker(stage.context);
  const job = await ended(stage, id);
  assert.deepEqual([job.state, job.reasons], ['processing-stopped', ['outcome-unknown']]);
});

test('two attempts that a dead node left open are both settled, and each job comes out once', async () => {
  await using stage = await openPrintingStage();
  const [first, second] = [await stage.submit(), await stage.submit()];
  const [printer] = await stage.context.db.selectFrom('printers').select('id').execute();
  const printerId = printer?.id ?? '';
  // As after a crash between the commit of the next attempt and the end of the one before.
  await withLease(stage.context, `printer:${printerId}`, {}, async (lease) => {
    for (const jobId of [first, second])
      await beginAttempt(stage.context, lease, { jobId, printerId, phase: 'creating' });
  });
  await using _worker = await startJobsWorker(stage.context);
  for (const id of [first, second]) assert.equal((await ended(stage, id)).state, 'completed');
  assert.equal(stage.printer.printed().length, 2);
});

test('options that the printer cannot do are shown on the job, and the others are asked of it', async () => {
  await using stage = await openPrintingStage();
  const id = await stage.submit('hold');
  const options = { media: 'na_letter_8.5x11in_of_gold', copies: 2 };
  await releaseJob(stage.context, id, { actor: 'test', options });
  await using _worker = await startJobsWorker(stage.context);
  const job = await ended(stage, id);
  assert.deepEqual([job.state, job.ignoredOptions, job.options], ['completed', ['media'], options]);
  const { number } = job;
  assert.match(stage.printer.printed()[0]?.jobName ?? '', new RegExp(`^report\\.pdf \\[${number}-[0-9a-f]{12}\\]$`));
});
