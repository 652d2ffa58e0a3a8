import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { systemClock } from '../../server/base/clock.ts';
import { addQueue, getJob, type JobOptions, releaseJob, submitJobs } from '../../server/jobs/jobs.ts';
import { startJobsWorker } from '../../server/jobs/worker.ts';
import { addPrinter, getPrinter } from '../../server/printers/printers.ts';
import { addSpoolFiles, keep } from '../../server/spool/spool.ts';
import { transaction } from '../../server/store/transaction.ts';
import { addUser } from '../../server/users/users.ts';
import { startCups } from '../harness/cups.ts';
import { openTestContext } from '../harness/database.ts';
import { startIppEvePrinter } from '../harness/ippeveprinter.ts';
import { writePdf } from '../harness/mail.ts';
import { eventually } from '../harness/time.ts';

const LONG = { timeoutMs: 90_000 };

async function openOffice() {
  await using undo = new AsyncDisposableStack();
  const opened = undo.use(await openTestContext());
  const context = { ...opened.context, clock: systemClock };
  const paper = await startIppEvePrinter();
  undo.defer(() => paper.close());
  const cups = undo.use(await startCups(paper.uri));
  const printer = await addPrinter(context, { name: 'Office', uri: cups.uri });
  const person = { email: 'anna@example.org', name: 'Anna', role: 'user', language: 'en' } as const;
  const owner = await addUser(context, person, 'test');
  const queue = await addQueue(context, { name: 'Office', mode: 'hold', printerIds: [printer.id] }, 'test');
  undo.use(await startJobsWorker(context));
  const submit = async (options: JobOptions = {}) => {
    const document = await keep(context, writePdf('cups', 900), { mediaType: 'application/pdf', maxBytes: 10_000 });
    const [id = ''] = await transaction(context, async (context) => {
      await addSpoolFiles(context, [document]);
      const what = { title: 'plan.pdf', document, documentFormat: 'application/pdf', queueId: queue.id, options };
      return await submitJobs(context, [{ ...what, ownerId: owner.id, ownerName: owner.name }]);
    });
    return await releaseJob(context, id, { actor: 'test' });
  };
  const ended = (id: string) =>
    eventually(async () => {
      const job = await getJob(context, id);
      return job.endedAt === null ? undefined : job;
    }, LONG);
  const whole = undo.move();
  return { context, paper, cups, printer, submit, ended, [Symbol.asyncDispose]: () => whole.disposeAsync() };
}

test('a queue of CUPS is a printer: what it can do is known, and a job goes through it onto paper once', async () => {
  await using office = await openOffice();
  const { capabilities, state } = await getPrinter(office.context, office.printer.id);
  assert.equal(state, 'idle');
  assert.ok(capabilities?.formats.includes('application/pdf'));
  const { id } = await office.submit({ media: 'iso_a4_210x297mm', copies: 2 });
  const job = await office.ended(id);
  assert.deepEqual([job.state, job.ignoredOptions], ['completed', []], `${job.problem?.detail}\n${office.cups.log()}`);
  await eventually(() => office.paper.printed().length === 1, LONG);
  assert.equal(readFileSync(office.paper.printed()[0]?.file ?? '', 'latin1').slice(0, 5), '%PDF-');
  const finished = await office.cups.run('lpstat', '-W', 'completed', '-o');
  assert.equal(finished.trim().split('\n').length, 1, finished);
});

test('a queue of CUPS that is stopped keeps the job, and prints it once when it goes on', async () => {
  await using office = await openOffice();
  await office.cups.run('cupsdisable', 'office');
  const { id } = await office.submit();
  await eventually(async () => (await getJob(office.context, id)).state.startsWith('processing'), LONG);
  assert.equal(office.paper.printed().length, 0);
  await office.cups.run('cupsenable', 'office');
  assert.equal((await office.ended(id)).state, 'completed', office.cups.log());
  await eventually(() => office.paper.printed().length === 1, LONG);
});

test('a queue of CUPS that takes no jobs leaves the job waiting, and gets it when it takes them again', async () => {
  await using office = await openOffice();
  await office.cups.run('cupsreject', 'office');
  const { id } = await office.submit();
  await eventually(async () => (await getJob(office.context, id)).reasons.includes('printer-busy'), LONG);
  await office.cups.run('cupsaccept', 'office');
  assert.equal((await office.ended(id)).state, 'completed', office.cups.log());
  await eventually(() => office.paper.printed().length === 1, LONG);
});
