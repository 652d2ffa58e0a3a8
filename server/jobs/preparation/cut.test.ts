import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import PDFDocument from 'pdfkit';
import { startPrinter } from '../../../simulator/printer/server.ts';
import { openTestContext } from '../../../test/harness/database.ts';
import { startIppEvePrinter } from '../../../test/harness/ippeveprinter.ts';
import { readPdfText } from '../../../test/harness/pdf.ts';
import { eventually } from '../../../test/harness/time.ts';
import { systemClock } from '../../base/clock.ts';
import { addPrinter } from '../../printers/printers.ts';
import { addSpoolFiles, keep } from '../../spool/spool.ts';
import type { Context } from '../../store/database.ts';
import { transaction } from '../../store/transaction.ts';
import { addUser } from '../../users/users.ts';
import type { JobOptions } from '../job.ts';
import { addQueue, getJob, type Job, submitJobs } from '../jobs.ts';
import { startJobsWorker } from '../worker.ts';
import { wantedPages } from './cut.ts';

const LONG = { timeoutMs: 120_000 };

async function fivePages(): Promise<Buffer> {
  const document = new PDFDocument({ size: 'A4', autoFirstPage: false });
  for (const number of [1, 2, 3, 4, 5]) document.addPage().fontSize(40).text(`This is sheet ${number}`);
  document.end();
  return await buffer(document);
}

async function print(context: Context, uri: string, options: JobOptions): Promise<Job> {
  const printer = await addPrinter(context, { name: 'Whole documents', uri });
  assert.equal(printer.capabilities?.takesPageRanges, false);
  const person = { email: 'anna@example.org', name: 'Anna', role: 'user', language: 'en' } as const;
  const owner = await addUser(context, person, 'test');
  const queue = await addQueue(context, { name: 'Office', mode: 'direct', printerIds: [printer.id] }, 'test');
  const document = await keep(context, await fivePages(), { mediaType: 'application/pdf', maxBytes: 1e6 });
  const [id = ''] = await transaction(context, async (context) => {
    await addSpoolFiles(context, [document]);
    const words = { ownerId: owner.id, ownerName: owner.name, title: 'five pages' };
    return await submitJobs(context, [
      { ...words, queueId: queue.id, document, documentFormat: 'application/pdf', options },
    ]);
  });
  return await eventually(async () => {
    const job = await getJob(context, id);
    return ['completed', 'aborted'].includes(job.state) ? job : undefined;
  }, LONG);
}

test('a printer that prints whole documents only gets a document of the wished pages, once', async (t) => {
  const outputDir = mkdtempSync(join(tmpdir(), 'cut-'));
  const practice = await startPrinter({ name: 'hall-no-page-ranges', outputDir });
  t.after(async () => {
    await practice.close();
    rmSync(outputDir, { recursive: true, force: true });
  });
  await using platen = await openTestContext();
  const context = { ...platen.context, clock: systemClock };
  await using _worker = await startJobsWorker(context);
  const ranges = [
    { from: 4, to: 5 },
    { from: 2, to: 2 },
    { from: 9, to: 12 },
  ];
  const job = await print(context, practice.uri, { pageRanges: ranges });
  assert.equal(job.state, 'completed', job.problem?.detail);
  assert.deepEqual(job.ignoredOptions, ['page-ranges'], 'the pages that are not there are told');
  const [paper, ...more] = practice.printed();
  assert.deepEqual(more, []);
  assert.deepEqual(readPdfText(paper?.file ?? '').match(/sheet \d/g), ['sheet 2', 'sheet 4', 'sheet 5']);
});

test('a real printer that takes pictures of pages gets those of the wished pages alone', async (t) => {
  const real = await startIppEvePrinter({ formats: ['image/pwg-raster'] });
  t.after(() => real.close());
  await using platen = await openTestContext();
  const context = { ...platen.context, clock: systemClock };
  await using _worker = await startJobsWorker(context);
  const job = await print(context, real.uri, { pageRanges: [{ from: 2, to: 3 }] });
  assert.equal(job.state, 'completed', job.problem?.detail);
  assert.deepEqual(job.ignoredOptions, []);
  const [paper, ...more] = real.printed();
  assert.deepEqual(more, []);
  const raster = readFileSync(paper?.file ?? '').toString('latin1');
  assert.equal(raster.split('PwgRaster\0').length - 1, 2, 'each page has a header');
});

test('ranges are brought into order and end with the document', () => {
  const wanted = (pages: number | null, ...pageRanges: { from: number; to: number }[]) =>
    wantedPages({ pages, options: { pageRanges } });
  assert.deepEqual(wanted(5, { from: 4, to: 9 }, { from: 1, to: 2 }), {
    ranges: [
      { from: 1, to: 2 },
      { from: 4, to: 5 },
    ],
    isBeyond: false,
  });
  assert.deepEqual(wanted(5, { from: 1, to: 9 }), { ranges: [], isBeyond: false });
  assert.deepEqual(wanted(5, { from: 5, to: 5 }), { ranges: [{ from: 5, to: 5 }], isBeyond: false });
  assert.deepEqual(
    wanted(5, { from: 6, to: 6 }),
    { ranges: [], isBeyond: true },
    'nothing of it is there: all is printed',
  );
  assert.deepEqual(wanted(null, { from: 2, to: 3 }), { ranges: [{ from: 2, to: 3 }], isBeyond: false });
  assert.deepEqual(wanted(1), { ranges: [], isBeyond: false });
});
