import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import PDFDocument from 'pdfkit';
import sharp from 'sharp';
import { startPrinter } from '../../../simulator/printer/server.ts';
import { openTestContext } from '../../../test/harness/database.ts';
import { startIppEvePrinter } from '../../../test/harness/ippeveprinter.ts';
import { readAppleRaster, readRaster } from '../../../test/harness/raster.ts';
import { eventually } from '../../../test/harness/time.ts';
import { systemClock } from '../../base/clock.ts';
import { readJournal } from '../../journal/journal.ts';
import { addPrinter, listPrinters } from '../../printers/printers.ts';
import { addSpoolFiles, keep, listStoredFiles } from '../../spool/spool.ts';
import type { Context } from '../../store/database.ts';
import { transaction } from '../../store/transaction.ts';
import { addUser } from '../../users/users.ts';
import type { JobOptions } from '../job.ts';
import { addQueue, cancelJob, getJob, type Job, submitJobs } from '../jobs.ts';
import { PAGES_AHEAD } from '../preparation/draw.ts';
import { startJobsWorker } from '../worker.ts';

const LONG = { timeoutMs: 120_000 };
const SHEETS = { red: [255, 0, 0], lime: [0, 255, 0], blue: [0, 0, 255], white: [255, 255, 255] } as const;
type Sheet = keyof typeof SHEETS;

/** Each page is of one color, so that a picture tells which page it is. */
async function fourPages(): Promise<Buffer> {
  const document = new PDFDocument({ size: [210, 298], autoFirstPage: false });
  for (const color of Object.keys(SHEETS)) document.addPage().rect(0, 0, 210, 298).fill(color);
  document.end();
  return await buffer(document);
}

async function seen(file: string): Promise<Sheet | undefined> {
  const { channels } = await sharp(file).stats();
  const means = channels.map(({ mean }) => mean);
  const names = Object.keys(SHEETS) as Sheet[];
  return names.find((name) => SHEETS[name].every((value, index) => Math.abs((means[index] ?? -99) - value) < 20));
}

const seenAll = async (files: readonly string[]) => await Promise.all(files.map(seen));

/** Red pages, with a lime one wherever it is said. */
async function redPages(pages: number, limes: readonly number[]): Promise<Buffer> {
  const document = new PDFDocument({ size: [105, 149], autoFirstPage: false });
  for (let page = 1; page <= pages; page += 1) {
    document
      .addPage()
      .rect(0, 0, 105, 149)
      .fill(limes.includes(page) ? 'lime' : 'red');
  }
  document.end();
  return await buffer(document);
}

async function openPlaten(pages: () => Promise<Buffer> = fourPages) {
  const platen = await openTestContext();
  const context: Context = { ...platen.context, clock: systemClock };
  const person = { email: 'anna@example.org', name: 'Anna', role: 'user', language: 'en' } as const;
  const owner = await addUser(context, person, 'test');
  const print = async (uri: string, options: JobOptions, told: object = {}): Promise<string> => {
    const printer = await addPrinter(context, { name: 'Pictures', uri });
    const { formats = [] } = printer.capabilities ?? {};
    assert.ok(!formats.includes('application/pdf'), formats.join());
    const capabilities = JSON.stringify({ ...printer.capabilities, ...told });
    await context.db.updateTable('printers').set({ capabilities }).where('id', '=', printer.id).execute();
    const queue = await addQueue(context, { name: 'Office', mode: 'direct', printerIds: [printer.id] }, 'test');
    const document = await keep(context, await pages(), { mediaType: 'application/pdf', maxBytes: 1e7 });
    const ids = await transaction(context, async (context) => {
      await addSpoolFiles(context, [document]);
      const words = { ownerId: owner.id, ownerName: owner.name, title: 'four pages' };
      return await submitJobs(context, [
        { ...words, queueId: queue.id, document, documentFormat: 'application/pdf', options },
      ]);
    });
    return ids[0] ?? '';
  };
  const reaches = async (id: string, isThere: (job: Job) => boolean): Promise<Job> =>
    await eventually(async () => {
      const job = await getJob(context, id);
      return isThere(job) ? job : undefined;
    }, LONG);
  return { context, print, reaches, [Symbol.asyncDispose]: () => platen[Symbol.asyncDispose]() };
}

const isOver = ({ state }: Job): boolean => ['completed', 'canceled', 'aborted'].includes(state);

async function openPractice(manyDocuments: boolean) {
  const outputDir = mkdtempSync(join(tmpdir(), 'pages-'));
  const printer = await startPrinter({ name: 'pictures', outputDir });
  printer.control.setFault({ kind: 'pictures-only', manyDocuments });
  return {
    ...printer,
    [Symbol.asyncDispose]: async () => {
      await printer.close();
      rmSync(outputDir, { recursive: true, force: true });
    },
  };
}

test('a real printer that takes JPEG alone gets each wished page as a job of its own, copies together', async (t) => {
  const printer = await startIppEvePrinter({ formats: ['image/jpeg'], hasColor: true });
  t.after(() => printer.close());
  await using platen = await openPlaten();
  await using _worker = await startJobsWorker(platen.context);
  const options = { copies: 2, pageRanges: [{ from: 2, to: 4 }], sides: 'two-sided-long-edge' } as const;
  const job = await platen.reaches(await platen.print(printer.uri, options), isOver);
  assert.deepEqual([job.state, job.pagesPrinted], ['completed', 6], job.problem?.detail);
  assert.deepEqual(job.ignoredOptions, ['sides'], 'a page that is a job of its own has one side');
  const files = printer.printed().map(({ file }) => file);
  assert.deepEqual(await seenAll(files), ['lime', 'blue', 'white', 'lime', 'blue', 'white']);
  const { width, height, space } = await sharp(files[0] ?? '').metadata();
  assert.equal(space, 'srgb');
  assert.ok(width > 500 && Math.abs(height / width - 298 / 210) < 0.01, `${width} x ${height}`);
});

test('of a real printer that takes JPEG alone each page is asked for once, on one side, on the paper that is wished for', async (t) => {
  const script = 'env | grep ^IPP_ | sort > "$1.asked"';
  const printer = await startIppEvePrinter({ formats: ['image/jpeg'], isTwoSided: true, script });
  t.after(() => printer.close());
  await using platen = await openPlaten();
  await using _worker = await startJobsWorker(platen.context);
  const media = 'na_legal_8.5x14in';
  const options = { copies: 2, sides: 'two-sided-long-edge', media, pageRanges: [{ from: 1, to: 2 }] } as const;
  const job = await platen.reaches(await platen.print(printer.uri, options), isOver);
  assert.deepEqual([job.state, job.ignoredOptions], ['completed', ['sides']], job.problem?.detail);
  const asked = printer.printed().map(({ file }) => readFileSync(`${file}.asked`, 'latin1').split('\n'));
  assert.equal(asked.length, 4);
  for (const lines of asked) {
    const words = lines.filter((line) => /^IPP_(COPIES|SIDES|MEDIA|FINISHINGS|PAGE_RANGES)=/.test(line));
    assert.deepEqual(words, ['IPP_COPIES=1', 'IPP_FINISHINGS=none', `IPP_MEDIA=${media}`, 'IPP_SIDES=one-sided']);
  }
});

test('a page that is a job of its own is neither stapled nor turned, which the job says', async () => {
  await using printer = await openPractice(false);
  await using platen = await openPlaten();
  await using _worker = await startJobsWorker(platen.context);
  const media = 'iso_a5_148x210mm';
  const options = { copies: 2, sides: 'two-sided-short-edge', media, finishings: ['staple'] } as const;
  const job = await platen.reaches(await platen.print(printer.uri, options), isOver);
  assert.deepEqual([job.state, job.pagesPrinted], ['completed', 8], job.problem?.detail);
  assert.deepEqual(job.ignoredOptions, ['sides', 'finishings']);
  const asked = printer.printed().map(({ ticket, copies }) => {
    return [copies, ticket.sides, ticket.finishings, ticket.media, ticket['page-ranges']];
  });
  assert.deepEqual(asked, Array(8).fill([1, ['one-sided'], [3], [media], undefined]));
});

test('one page alone is asked for as it is wished, and the printer makes the copies', async () => {
  await using printer = await openPractice(false);
  await using platen = await openPlaten(() => redPages(1, []));
  await using _worker = await startJobsWorker(platen.context);
  const options = { copies: 3, sides: 'two-sided-long-edge', finishings: ['staple'] } as const;
  const job = await platen.reaches(await platen.print(printer.uri, options), isOver);
  assert.deepEqual([job.state, job.ignoredOptions], ['completed', []], job.problem?.detail);
  const [sheet, ...others] = printer.printed();
  assert.deepEqual(others, []);
  assert.deepEqual([sheet?.copies, sheet?.ticket.sides, sheet?.ticket.finishings], [3, [options.sides], [4]]);
});

test('a printer of pictures that has no color gets gray ones', async (t) => {
  const printer = await startIppEvePrinter({ formats: ['image/jpeg'] });
  t.after(() => printer.close());
  await using platen = await openPlaten();
  await using _worker = await startJobsWorker(platen.context);
  const job = await platen.reaches(await platen.print(printer.uri, {}), isOver);
  assert.equal(job.state, 'completed', job.problem?.detail);
  const spaces = printer.printed().map(async ({ file }) => (await sharp(file).metadata()).channels);
  assert.deepEqual(await Promise.all(spaces), [1, 1, 1, 1]);
});

test('pages that are jobs of their own go on where they were after a restart, and none comes twice', async () => {
  await using printer = await openPractice(false);
  await using platen = await openPlaten();
  printer.control.setFault({ kind: 'out-of-paper', afterPages: 2 });
  let id: string;
  {
    await using _worker = await startJobsWorker(platen.context);
    id = await platen.print(printer.uri, {});
    const job = await platen.reaches(id, ({ state, pagesPrinted }) => pagesPrinted === 2 && state !== 'processing');
    assert.deepEqual([job.state, job.problem?.code], ['processing-stopped', 'printer-stopped']);
  }
  printer.control.clearFault('out-of-paper');
  // It is known by now to take all pages in one job: what has begun goes on as it began.
  const { items } = await listPrinters(platen.context, { limit: 1 });
  const more = { formats: ['image/urf', 'image/jpeg'], urf: ['RS300', 'W8'] };
  const capabilities = JSON.stringify({ ...items[0]?.capabilities, ...more });
  await platen.context.db.updateTable('printers').set({ capabilities }).execute();
  await using _worker = await startJobsWorker(platen.context);
  const job = await platen.reaches(id, isOver);
  assert.deepEqual([job.state, job.pagesPrinted], ['completed', 4], job.problem?.detail);
  const printed = printer.printed();
  assert.deepEqual(await seenAll(printed.map(({ file }) => file)), Object.keys(SHEETS));
  assert.equal(new Set(printed.map(({ jobName }) => jobName)).size, 4, 'each can be told from the others');
  const events = await readJournal(platen.context, { limit: 100, subjectId: id });
  assert.equal(events.filter(({ type }) => type === 'job-attempt-started').length, 1);
});

/** Prints slowly enough that something can happen before the last page; answers when the first one is out. */
async function reachFirstPage(
  { print }: Awaited<ReturnType<typeof openPlaten>>,
  { control, printed, uri }: Awaited<ReturnType<typeof openPractice>>,
): Promise<string> {
  control.setFault({ kind: 'slow', pagesPerSecond: 1 });
  const id = await print(uri, {});
  // A job counts its page before the printer has done with it.
  await eventually(() => printed().length >= 1, LONG);
  return id;
}

test('a printer that is busy between two pages gets the next one when it is free', async () => {
  await using printer = await openPractice(false);
  await using platen = await openPlaten();
  await using _worker = await startJobsWorker(platen.context);
  const id = await reachFirstPage(platen, printer);
  printer.control.setFault({ kind: 'busy', times: 3 });
  const job = await platen.reaches(id, isOver);
  assert.deepEqual([job.state, job.pagesPrinted], ['completed', 4], job.problem?.detail);
  assert.deepEqual(await seenAll(printer.printed().map(({ file }) => file)), Object.keys(SHEETS));
});

test('a page that a printer gives up ends the job, which says how far it came', async () => {
  await using printer = await openPractice(false);
  await using platen = await openPlaten();
  await using _worker = await startJobsWorker(platen.context);
  const id = await reachFirstPage(platen, printer);
  printer.control.setFault({ kind: 'abort-job', times: 1 });
  const job = await platen.reaches(id, isOver);
  assert.equal(job.state, 'aborted');
  assert.match(job.problem?.detail ?? '', /page [23] of 4/);
  assert.equal(job.pagesPrinted, printer.printed().length);
});

test('of a long document no more pages are drawn than come next, also after a restart', async () => {
  await using printer = await openPractice(false);
  await using platen = await openPlaten(() => redPages(43, [20, 21, 43]));
  const countFiles = async () => (await listStoredFiles(platen.context)).length;
  printer.control.setFault({ kind: 'out-of-paper', afterPages: 21 });
  let id: string;
  {
    await using _worker = await startJobsWorker(platen.context);
    id = await platen.print(printer.uri, { pageRanges: [{ from: 1, to: 43 }], copies: 2 });
    await platen.reaches(id, ({ pagesPrinted, state }) => pagesPrinted === 21 && state === 'processing-stopped');
    const files = await countFiles();
    assert.ok(files >= PAGES_AHEAD && files <= PAGES_AHEAD + 3, `${files} files`);
  }
  printer.control.clearFault('out-of-paper');
  await using _worker = await startJobsWorker(platen.context);
  const job = await platen.reaches(id, isOver);
  assert.deepEqual([job.state, job.pagesPrinted], ['completed', 86], job.problem?.detail);
  const sheets = await seenAll(printer.printed().map(({ file }) => file));
  const limes = sheets.flatMap((sheet, index) => (sheet === 'lime' ? [index + 1] : []));
  assert.equal(sheets.length, 86);
  assert.deepEqual(limes, [20, 21, 43, 63, 64, 86]);
  await eventually(async () => (await countFiles()) <= 3, LONG);
});

test('a real printer of raster gets a long document as one file of all its pages, and both sides of its sheets', async (t) => {
  const printer = await startIppEvePrinter({ formats: ['image/pwg-raster'], hasColor: true, isTwoSided: true });
  t.after(() => printer.close());
  await using platen = await openPlaten(() => redPages(43, [20, 21, 43]));
  await using _worker = await startJobsWorker(platen.context);
  const job = await platen.reaches(await platen.print(printer.uri, { sides: 'two-sided-long-edge' }), isOver);
  assert.deepEqual([job.state, job.ignoredOptions], ['completed', []], job.problem?.detail);
  const [paper, ...more] = printer.printed();
  assert.deepEqual(more, []);
  const pages = readRaster(readFileSync(paper?.file ?? ''));
  const limes = pages.flatMap(({ dots }, index) => (dots.has('00ff00') ? [index + 1] : []));
  assert.deepEqual([pages.length, limes], [43, [20, 21, 43]]);
});

test('a real printer of Apple raster alone gets all pages in one job, and both sides of its sheets', async (t) => {
  const script = 'env | grep ^IPP_SIDES= > "$1.asked"';
  const printer = await startIppEvePrinter({ formats: ['image/urf'], hasColor: true, isTwoSided: true, script });
  t.after(() => printer.close());
  await using platen = await openPlaten(() => redPages(23, []));
  await using _worker = await startJobsWorker(platen.context);
  const job = await platen.reaches(await platen.print(printer.uri, { sides: 'two-sided-long-edge' }), isOver);
  assert.deepEqual([job.state, job.ignoredOptions], ['completed', []], job.problem?.detail);
  const [paper, ...more] = printer.printed();
  assert.deepEqual(more, []);
  const { pages, first } = readAppleRaster(readFileSync(paper?.file ?? ''));
  assert.deepEqual([pages, first?.bits, first?.space, first?.sides], [23, 24, 1, 3]);
  assert.equal(readFileSync(`${paper?.file}.asked`, 'latin1'), 'IPP_SIDES=two-sided-long-edge\n');
});

test('a document says how many of its pages are drawn, and is drawn no further when it is canceled', async () => {
  await using printer = await openPractice(false);
  printer.control.clearFault('pictures-only');
  printer.control.setFault({ kind: 'raster-only' });
  await using platen = await openPlaten(() => redPages(400, []));
  await using _worker = await startJobsWorker(platen.context);
  const id = await platen.print(printer.uri, {});
  const job = await platen.reaches(id, ({ pagesDrawn }) => (pagesDrawn ?? 0) > 0);
  assert.deepEqual([job.state, job.reasons], ['pending', ['job-transforming']]);
  assert.ok((job.pagesDrawn ?? 0) < 400);
  await cancelJob(platen.context, id, { actor: 'test' });
  assert.equal((await getJob(platen.context, id)).pagesDrawn, null);
  // The document as it came and as it was prepared, and the picture of its first page.
  await eventually(async () => (await listStoredFiles(platen.context)).length <= 3, LONG);
  assert.deepEqual(printer.printed(), []);
});

for (const [kOctets, what] of [
  [8, 'coarser'],
  [1, 'not at all'],
] as const) {
  test(`pages that are larger than a printer takes are drawn ${what}, at most ${kOctets} KiB`, async () => {
    await using printer = await openPractice(false);
    await using platen = await openPlaten();
    await using _worker = await startJobsWorker(platen.context);
    const job = await platen.reaches(await platen.print(printer.uri, {}, { jpeg: { kOctets } }), isOver);
    const printed = printer.printed();
    if (what === 'coarser') {
      assert.deepEqual([job.state, job.pagesPrinted], ['completed', 4], job.problem?.detail);
      assert.ok(printed.every(({ bytes }) => bytes <= kOctets * 1024));
      const { width } = await sharp(printed[0]?.file ?? '').metadata();
      assert.ok(width >= (210 / 72) * 72 && width < (210 / 72) * 300, `${width}`);
    } else {
      assert.deepEqual([job.state, printed], ['aborted', []]);
      assert.match(job.problem?.detail ?? '', /larger than/);
    }
  });
}

test('pages that are canceled on their way end there, and the others do not come out', async () => {
  await using printer = await openPractice(false);
  await using platen = await openPlaten();
  await using _worker = await startJobsWorker(platen.context);
  printer.control.setFault({ kind: 'out-of-paper', afterPages: 1 });
  const id = await platen.print(printer.uri, {});
  await platen.reaches(id, ({ pagesPrinted }) => pagesPrinted === 1);
  await cancelJob(platen.context, id, { actor: 'test' });
  const job = await platen.reaches(id, isOver);
  printer.control.clearFault('out-of-paper');
  assert.deepEqual([job.state, job.pagesPrinted], ['canceled', 1]);
  assert.equal(printer.printed().length, 1);
});

test('a printer that takes several pictures in one job gets them so, and makes the copies itself', async () => {
  await using printer = await openPractice(true);
  await using platen = await openPlaten();
  await using _worker = await startJobsWorker(platen.context);
  const job = await platen.reaches(await platen.print(printer.uri, { copies: 2 }), isOver);
  assert.deepEqual([job.state, job.pagesPrinted], ['completed', 8], job.problem?.detail);
  const printed = printer.printed();
  assert.deepEqual(await seenAll(printed.map(({ file }) => file)), Object.keys(SHEETS));
  assert.deepEqual([...new Set(printed.map(({ jobId, copies }) => `${jobId} x ${copies}`))].length, 1);
  assert.deepEqual(printed[0]?.ticket['multiple-document-handling'], ['separate-documents-collated-copies']);
});

test('several pictures of one job that were cut off on their way are sent again, and come out once', async () => {
  await using printer = await openPractice(true);
  await using platen = await openPlaten();
  await using _worker = await startJobsWorker(platen.context);
  printer.control.setFault({ kind: 'drop-upload', afterBytes: 2_000, times: 1 });
  const job = await platen.reaches(await platen.print(printer.uri, {}), isOver);
  assert.equal(job.state, 'completed', job.problem?.detail);
  assert.deepEqual(await seenAll(printer.printed().map(({ file }) => file)), Object.keys(SHEETS));
});
