import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { type RunningPrinter, startPrinter } from '../../simulator/printer/server.ts';
import { openTestContext, type TestContext as Platen } from '../../test/harness/database.ts';
import { startIppEvePrinter } from '../../test/harness/ippeveprinter.ts';
import { eventually } from '../../test/harness/time.ts';
import { readJournal } from '../journal/journal.ts';
import type { Context } from '../store/database.ts';
import { LEASE_SECONDS } from '../store/leases.ts';
import {
  addPrinter,
  closePrinterConnections,
  createPrinterJob,
  getPrinter,
  type Printer,
  removePrinter,
  sendPrinterDocument,
} from './printers.ts';
import { startPrintersWorker } from './worker.ts';

const STEP_MS = 5_000;

async function open(t: TestContext, besides?: Platen): Promise<Platen> {
  const platen = await openTestContext(besides ? { besides } : {});
  t.after(async () => {
    await closePrinterConnections(platen.context);
    await platen[Symbol.asyncDispose]();
  });
  return platen;
}

async function practice(t: TestContext): Promise<RunningPrinter> {
  const outputDir = mkdtempSync(join(tmpdir(), 'printers-worker-'));
  const printer = await startPrinter({ name: 'practice', outputDir });
  t.after(async () => {
    await printer.close();
    rmSync(outputDir, { recursive: true, force: true });
  });
  return printer;
}

/** Starts a worker that ends before the database of its context does. */
async function startWorker(t: TestContext, platen: Platen): Promise<AsyncDisposable> {
  const worker = await startPrintersWorker(platen.context);
  t.after(() => worker[Symbol.asyncDispose]());
  return worker;
}

/** Moves the time of the worker on until a printer is as claimed. */
async function becomes(platen: Platen, id: string, claim: (printer: Printer) => boolean): Promise<Printer> {
  return await eventually(async () => {
    platen.clock.advance(STEP_MS);
    const printer = await getPrinter(platen.context, id);
    return claim(printer) ? printer : undefined;
  });
}

async function storyOf(platen: Platen, id: string): Promise<unknown[]> {
  const events = await readJournal(platen.context, { subjectId: id, type: 'printer-state-changed', limit: 50 });
  return events.map(({ data }) => [data.from, data.state, data.reasons]);
}

test('what stops a printer, and that it is gone and back, is shown with its own reasons and recorded once each', async (t) => {
  const practicePrinter = await practice(t);
  const platen = await open(t);
  const { id } = await addPrinter(platen.context, { name: 'Hall', uri: practicePrinter.uri });
  const worker = await startWorker(t, platen);

  await practicePrinter.control.setFault({ kind: 'out-of-paper' });
  const stopped = await becomes(platen, id, (printer) => printer.state === 'stopped');
  assert.ok(stopped.reasons.includes('media-empty-error'), stopped.reasons.join());
  const { reasons } = stopped;

  await practicePrinter.control.setFault({ kind: 'offline', manner: 'refuse' });
  const gone = await becomes(platen, id, (printer) => printer.state === 'unreachable');
  assert.equal(gone.problem?.code, 'printer-unreachable');
  assert.match(gone.problem?.detail ?? '', /cannot be reached/);
  assert.equal(gone.message, stopped.message);
  assert.ok(gone.capabilities?.formats.includes('application/pdf'));

  await practicePrinter.control.clearFault();
  const back = await becomes(platen, id, (printer) => printer.state === 'idle');
  assert.equal(back.problem, null);
  await worker[Symbol.asyncDispose]();
  assert.deepEqual(await storyOf(platen, id), [
    ['unknown', 'idle', []],
    ['idle', 'stopped', reasons],
    ['stopped', 'unreachable', []],
    ['unreachable', 'idle', []],
  ]);
});

async function printOne(context: Context, printer: Printer): Promise<void> {
  const signal = AbortSignal.timeout(10_000);
  const job = { jobName: 'one', userName: 'maria', options: {}, documentFormat: 'application/pdf' };
  const made = await createPrinterJob(context, printer, job, signal);
  assert.ok(made.kind === 'created');
  const document = Readable.from([Buffer.from('%PDF-1.7\n%%EOF\n')]);
  const sending = { document, bytes: 15, documentFormat: 'application/pdf', userName: 'maria' };
  const ticket = { ...sending, printerJobId: made.printerJobId, assertFresh: () => undefined };
  assert.deepEqual(await sendPrinterDocument(context, printer, ticket, signal), { kind: 'accepted' });
}

test('a real printer without paper says so while it prints', async (t) => {
  const script = 'echo "STATE: +media-empty" >&2; while [ ! -e "$(dirname "$0")/refilled" ]; do sleep 0.1; done';
  const real = await startIppEvePrinter({ script: `${script}; echo "STATE: -media-empty" >&2` });
  t.after(() => real.close());
  const platen = await open(t);
  const { context } = platen;
  const printer = await addPrinter(context, { name: 'Everywhere', uri: real.uri });
  await startWorker(t, platen);
  await printOne(context, printer);
  const empty = await becomes(platen, printer.id, ({ reasons }) =>
    reasons.some((reason) => reason.startsWith('media-empty')),
  );
  assert.equal(empty.state, 'processing');
  writeFileSync(join(real.spool, '..', 'refilled'), '');
  await becomes(platen, printer.id, ({ state, reasons }) => state === 'idle' && reasons.length === 0);
});

test('the supplies of a real printer are kept as they sink, and not told as a change of its state', async (t) => {
  const markers = ['names=Black,Waste', 'types=toner,waste-toner', 'colors=#000000,none', 'high-levels=100,90'];
  const levels = (black: number) => `echo "ATTR: marker-levels=${black},40" >&2`;
  const script = [...markers.map((marker) => `echo "ATTR: marker-${marker}" >&2`), levels(9)].join('; ');
  const real = await startIppEvePrinter({ script });
  t.after(() => real.close());
  const platen = await open(t);
  const { context } = platen;
  const printer = await addPrinter(context, { name: 'Everywhere', uri: real.uri });
  // Before it has printed, this one tells of itself in printer-supply.
  assert.ok(printer.supplies.some(({ name, level }) => /Black/.test(name) && level !== null));
  assert.ok(printer.supplies.some(({ isWaste }) => isWaste));
  await startWorker(t, platen);
  await printOne(context, printer);
  const { supplies } = await becomes(platen, printer.id, ({ supplies }) => supplies[0]?.name === 'Black');
  assert.deepEqual(
    supplies.map(({ name, level, isWaste, isDue }) => [name, level, isWaste, isDue]),
    [
      ['Black', 9, false, true],
      ['Waste', 40, true, false],
    ],
  );
  await becomes(platen, printer.id, ({ state }) => state === 'idle');
  const events = await readJournal(context, { subjectId: printer.id, type: 'printer-state-changed', limit: 100 });
  const states = events.map(({ data }) => `${data.state} ${String(data.reasons)}`);
  assert.ok(states.length > 0);
  assert.ok(
    states.every((state, at) => state !== states[at - 1]),
    states.join('; '),
  );
});

test('of two nodes one watches a printer, and the other takes over when it stops', async (t) => {
  const practicePrinter = await practice(t);
  const first = await open(t);
  const second = await open(t, first);
  const { id } = await addPrinter(first.context, { name: 'Hall', uri: practicePrinter.uri });
  const firstWorker = await startWorker(t, first);
  await eventually(() => first.clock.sleeping >= 2);
  await startWorker(t, second);
  await eventually(() => second.clock.sleeping >= 1);
  const before = practicePrinter.control.requests().length;
  for (let round = 0; round < 20; round += 1) {
    second.clock.advance(STEP_MS);
    await eventually(() => second.clock.sleeping >= 1);
  }
  assert.equal(practicePrinter.control.requests().length, before);
  await firstWorker[Symbol.asyncDispose]();
  await practicePrinter.control.setFault({ kind: 'paused' });
  await becomes(second, id, (printer) => printer.state === 'stopped');
});

test('a node that was frozen past the end of its lease changes nothing about a printer', async (t) => {
  const practicePrinter = await practice(t);
  const platen = await open(t);
  const { id } = await addPrinter(platen.context, { name: 'Hall', uri: practicePrinter.uri });
  await practicePrinter.control.setFault({ kind: 'paused' });
  await startWorker(t, platen);
  await eventually(() => platen.clock.sleeping === 2);
  assert.equal((await getPrinter(platen.context, id)).state, 'stopped');
  // What another node does that takes over while this one sleeps.
  await platen.context.db
    .updateTable('leases')
    .set((eb) => ({ fence: eb('fence', '+', 1), expires_at: new Date(Date.now() + LEASE_SECONDS * 1000) }))
    .where('name', '=', `printer-watch:${id}`)
    .execute();
  await practicePrinter.control.clearFault();
  const before = practicePrinter.control.requests().length;
  platen.clock.advance(STEP_MS);
  await eventually(() => practicePrinter.control.requests().length > before);
  await eventually(() => platen.logLines.some((line) => line.includes('another node has taken over')));
  assert.equal((await getPrinter(platen.context, id)).state, 'stopped');
});

test('a printer that is removed is no longer asked, and one that is added is', async (t) => {
  const practicePrinter = await practice(t);
  const platen = await open(t);
  await startWorker(t, platen);
  await eventually(() => platen.clock.sleeping === 1);
  const { id } = await addPrinter(platen.context, { name: 'Hall', uri: practicePrinter.uri });
  await practicePrinter.control.setFault({ kind: 'paused' });
  await becomes(platen, id, (printer) => printer.state === 'stopped');
  await eventually(() => platen.clock.sleeping === 2);
  await removePrinter(platen.context, id);
  platen.clock.advance(STEP_MS);
  // Only the worker itself still sleeps; the watch has ended.
  await eventually(() => platen.clock.sleeping === 1);
  const before = practicePrinter.control.requests().length;
  for (let round = 0; round < 5; round += 1) {
    platen.clock.advance(STEP_MS);
    await eventually(() => platen.clock.sleeping === 1);
  }
  assert.equal(practicePrinter.control.requests().length, before);
});

test('stopping ends a question that a printer never answers', async (t) => {
  const practicePrinter = await practice(t);
  const platen = await open(t);
  const { id } = await addPrinter(platen.context, { name: 'Hall', uri: practicePrinter.uri });
  await practicePrinter.control.setFault({ kind: 'offline', manner: 'silent' });
  const worker = await startWorker(t, platen);
  await eventually(() => platen.clock.sleeping >= 1);
  const startedAt = performance.now();
  await worker[Symbol.asyncDispose]();
  assert.ok(performance.now() - startedAt < 5_000);
  assert.equal((await getPrinter(platen.context, id)).state, 'idle');
});
