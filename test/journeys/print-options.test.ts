import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../server/base/clock.ts';
import { updateMailbox } from '../../server/intake/intake.ts';
import { addQueue, getJob, type JobOptions } from '../../server/jobs/jobs.ts';
import { startJobsWorker } from '../../server/jobs/worker.ts';
import { readJournal } from '../../server/journal/journal.ts';
import { addPrinter } from '../../server/printers/printers.ts';
import { startPrinter } from '../../simulator/printer/server.ts';
import { openWatchedMailbox, type WatchedMailbox, writeMessage } from '../harness/intake.ts';
import { startIppEvePrinter } from '../harness/ippeveprinter.ts';
import { PRINT_ROOM } from '../harness/mail.ts';
import { readRaster } from '../harness/raster.ts';
import { eventually } from '../harness/time.ts';

/** A mailbox whose jobs go straight to a printer, and the workers that take them there. */
async function openRoom(uri: string, defaults: JobOptions) {
  await using undo = new AsyncDisposableStack();
  const watched = undo.use(await openWatchedMailbox());
  const context = { ...watched.context, clock: systemClock };
  const printer = await addPrinter(context, { name: 'Practice', uri });
  const queue = await addQueue(context, { name: 'Direct', mode: 'direct', printerIds: [printer.id], defaults }, 'test');
  await updateMailbox(watched.context, watched.mailboxId, { change: { queueId: queue.id }, actor: 'test' });
  undo.use(await startJobsWorker(context));
  undo.use(await watched.startWorker());
  const opened = undo.move();
  return { watched, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

async function print(watched: WatchedMailbox, raw: Buffer) {
  watched.deliver(raw);
  const id = await eventually(async () => (await watched.jobs())[0]?.id, { timeoutMs: 60_000 });
  return await eventually(
    async () => {
      const job = await getJob(watched.context, id);
      assert.ok(!['aborted', 'canceled'].includes(job.state), JSON.stringify(job.problem));
      return job.state === 'completed' ? job : undefined;
    },
    { timeoutMs: 90_000 },
  );
}

test('what the sender wrote reaches the printer over what the queue wants, and the story tells what did not', async () => {
  const paper = mkdtempSync(join(tmpdir(), 'platen-paper-'));
  const printer = await startPrinter({ host: '127.0.0.1', port: 0, outputDir: paper, name: 'practice' });
  try {
    await using room = await openRoom(printer.uri, { copies: 5, color: 'monochrome' });
    const { watched } = room;
    const subject = 'Plan [2 copie, pagine 1-2, A3, punti metallici, fori, in fretta]';
    const raw = writeMessage({ subject })
      .toString('latin1')
      .replace(`To: ${PRINT_ROOM}`, `To: ${plus('duplex.a4.foo')}`);
    const job = await print(watched, Buffer.from(raw, 'latin1'));
    assert.deepEqual(job.options, {
      copies: 2,
      color: 'monochrome',
      sides: 'two-sided-long-edge',
      media: 'iso_a3_297x420mm',
      pageRanges: [{ from: 1, to: 2 }],
      finishings: ['staple', 'punch'],
    });
    const { ticket } = printer.printed()[0] ?? assert.fail('nothing was printed');
    assert.deepEqual(ticket, {
      copies: [2],
      'print-color-mode': ['monochrome'],
      sides: ['two-sided-long-edge'],
      media: ['iso_a3_297x420mm'],
      'page-ranges': [{ lower: 1, upper: 2 }],
      finishings: [4],
    });
    assert.deepEqual(job.ignoredOptions, ['finishings']);
    const story = await readJournal(watched.context, { subjectId: job.id, limit: 50 });
    const { options, ignoredWords } = story.find(({ type }) => type === 'job-created')?.data ?? {};
    assert.deepEqual(options, job.options);
    assert.deepEqual(ignoredWords, [
      { word: 'foo', reason: 'unknown' },
      { word: 'in fretta', reason: 'unknown' },
    ]);
    assert.deepEqual(story.find(({ type }) => type === 'job-attempt-started')?.data.ignoredOptions, ['finishings']);
    const [message] = await watched.messages();
    assert.deepEqual(message?.wishes?.ignored, ignoredWords);
    assert.equal(message?.wishes?.options.copies, 2);
  } finally {
    await printer.close();
    rmSync(paper, { recursive: true, force: true });
  }
});

test('a real printer hears the options in the words of IPP', async () => {
  const paper = mkdtempSync(join(tmpdir(), 'platen-paper-'));
  const heard = join(paper, 'heard');
  const printer = await startIppEvePrinter({ script: `env | grep '^IPP_' > '${heard}'` });
  try {
    await using room = await openRoom(printer.uri, {});
    const job = await print(room.watched, writeMessage({ subject: 'Plan [3 copies, b/w, A4]' }));
    const words = readFileSync(heard, 'utf8').split('\n');
    assert.ok(words.includes('IPP_MEDIA=iso_a4_210x297mm'), words.join('\n'));
    assert.ok(words.includes('IPP_PRINT_COLOR_MODE=monochrome'), words.join('\n'));
    assert.ok(words.includes('IPP_COPIES=3') || job.ignoredOptions.includes('copies'), words.join('\n'));
  } finally {
    await printer.close();
    rmSync(paper, { recursive: true, force: true });
  }
});

test('a mailed document comes out of a printer that takes pictures only, each page drawn, in gray because its sender wants it', async () => {
  const printer = await startIppEvePrinter({ formats: ['image/pwg-raster'], hasColor: true });
  try {
    await using room = await openRoom(printer.uri, {});
    const job = await print(room.watched, writeMessage({ subject: 'Plan [b/w]' }));
    assert.equal(job.pages, 2);
    const [paper, ...others] = printer.printed();
    assert.ok(paper !== undefined && others.length === 0);
    const pages = readRaster(readFileSync(paper.file));
    assert.equal(pages.length, 2);
    for (const { x, y, width, height, space, dots } of pages) {
      assert.equal(space, 18);
      // The document is written for Letter.
      assert.ok(Math.abs(width - 8.5 * x) < 4 && Math.abs(height - 11 * y) < 4, `${width} x ${height}`);
      const white = (dots.get('ff') ?? 0) / (width * height);
      assert.ok(white > 0.5 && white < 0.9999, `${white} of the page is white`);
    }
  } finally {
    await printer.close();
  }
});

const plus = (detail: string) => PRINT_ROOM.replace('@', `+${detail}@`);
