import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PrintEngine } from './engine.ts';
import { FaultBoard } from './faults.ts';
import type { Job } from './jobs.ts';
import { countPages, OutputTray, safeName } from './trays.ts';

const pdf = '%PDF-1.4\n1 0 obj<</Type /Page>>\n2 0 obj<</Type/Page>>\n%%EOF';
type Workshop = { directory: string; faults: FaultBoard; tray: OutputTray; engine: PrintEngine };

function open(directory: string): Workshop {
  let wake: () => void = () => undefined;
  const faults = new FaultBoard(() => wake());
  const tray = new OutputTray(join(directory, 'paper'));
  const engine = new PrintEngine({ faults, tray, directory, clock: { now: () => new Date() } });
  wake = () => engine.wake();
  return { directory, faults, tray, engine };
}

function makeDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'engine-test-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function submit({ engine, directory }: Workshop, name: string): Job {
  const job = engine.createJob({ name, user: 'anna', ticket: [], copies: 1 });
  const path = join(directory, `${job.id}.document`);
  writeFileSync(path, pdf);
  engine.queueDocument(job, { path, bytes: pdf.length, sha256: '', format: 'application/pdf' });
  engine.closeJob(job);
  return job;
}

async function untilState(job: Job, state: string): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (job.state !== state) {
    assert.ok(performance.now() < deadline, `job ${job.id} stays ${job.state}`);
    await sleep(5);
  }
}

test('a printer switched off after the paper came out does not print it again', async (t) => {
  const first = open(makeDirectory(t));
  const job = submit(first, 'Letter');
  await untilState(job, 'completed');
  await first.engine.close();
  const memory = join(first.directory, 'jobs.jsonl');
  const lines = readFileSync(memory, 'utf8').trimEnd().split('\n');
  assert.match(lines.at(-1) ?? '', /"state":"completed"/);
  writeFileSync(memory, `${lines.slice(0, -1).join('\n')}\n{"id":1,"job":{"half`);
  const second = open(first.directory);
  assert.equal(second.engine.findJob(1)?.state, 'completed');
  await second.engine.close();
  assert.equal(second.tray.list().length, 1);
});

test('a printer switched off in the middle of a job prints it from its first page', async (t) => {
  const first = open(makeDirectory(t));
  first.faults.set({ kind: 'out-of-paper', afterPages: 1 });
  await untilState(submit(first, 'Letter'), 'processing-stopped');
  await first.engine.close();
  const second = open(first.directory);
  const job = second.engine.findJob(1);
  assert.ok(job);
  await untilState(job, 'completed');
  assert.equal(job.impressionsCompleted, 2);
  await second.engine.close();
});

test('a forgotten job stays forgotten over a restart, and its number is not used again', async (t) => {
  const first = open(makeDirectory(t));
  first.faults.set({ kind: 'forget-history' });
  await untilState(submit(first, 'Letter'), 'completed');
  await first.engine.close();
  for (const workshop of [open(first.directory), open(first.directory)]) {
    assert.deepEqual(workshop.engine.listJobs(), []);
    await workshop.engine.close();
  }
  const third = open(first.directory);
  assert.equal(submit(third, 'Next').id, 2);
  await third.engine.close();
});

test('a printer without memory does not write over the paper in its tray', async (t) => {
  const directory = makeDirectory(t);
  const printed = { jobId: 41, jobName: 'Old', file: 'old.pdf' };
  new OutputTray(join(directory, 'paper'));
  appendFileSync(join(directory, 'paper', 'printed.jsonl'), `${JSON.stringify(printed)}\n`);
  const workshop = open(directory);
  assert.equal(submit(workshop, 'New').id, 42);
  await workshop.engine.close();
});

test('a slow page is not hurried by what else happens, and a stop takes hold at once', async (t) => {
  const workshop = open(makeDirectory(t));
  workshop.faults.set({ kind: 'slow', pagesPerSecond: 0.01 });
  const job = submit(workshop, 'First');
  await untilState(job, 'processing');
  while (job.impressionsCompleted === 0) await sleep(5);
  submit(workshop, 'Second');
  workshop.engine.wake();
  await sleep(50);
  assert.equal(job.impressionsCompleted, 1);
  workshop.faults.set({ kind: 'paused' });
  await untilState(job, 'processing-stopped');
  workshop.faults.clear();
  await untilState(job, 'completed');
  await workshop.engine.close();
});

test('a document that does not fit into the tray is not counted as printed', async (t) => {
  const workshop = open(makeDirectory(t));
  rmSync(join(workshop.directory, 'paper'), { recursive: true });
  const job = submit(workshop, 'Letter');
  await untilState(job, 'aborted');
  await workshop.engine.close();
  assert.deepEqual(workshop.tray.list(), []);
  assert.equal(existsSync(join(workshop.directory, 'paper')), false);
});

test('a fault asked for n times happens n times', () => {
  const faults = new FaultBoard(() => undefined);
  faults.set({ kind: 'drop-answer', operation: 'Print-Job' });
  faults.set({ kind: 'busy', times: 2 });
  const strikes = (kind: 'busy' | 'drop-answer') => [1, 2, 3].map(() => faults.strike(kind) !== undefined);
  assert.deepEqual(strikes('drop-answer'), [true, false, false]);
  assert.deepEqual(strikes('busy'), [true, true, false]);
});

test('pages are counted by page objects, and by the page tree where they are packed away', () => {
  assert.equal(countPages(Buffer.from('<</Type/Page>> <</Type /Pages /Count 9>> <</Type\n/Page /X 1>>')), 2);
  assert.equal(countPages(Buffer.from('<</Type /Pages /Count 3>> <</Count 12>>')), 12);
  assert.equal(countPages(Buffer.from('nothing')), 1);
});

test('a file name keeps nothing that a file system could misread', () => {
  assert.equal(safeName('../../etc/passwd\0'), 'etc-passwd');
  assert.equal(safeName('Rechnung März.PDF'), 'Rechnung-Marz');
  assert.equal(safeName('....'), 'untitled');
  assert.equal(safeName('x'.repeat(300)).length, 60);
});
