import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { addPerson } from '../../../test/attacks/callers.ts';
import { openTestContext } from '../../../test/harness/database.ts';
import { startIppEvePrinter } from '../../../test/harness/ippeveprinter.ts';
import { writePdf } from '../../../test/harness/mail.ts';
import { openScene as openQueueScene } from '../../../test/harness/queue-scene.ts';
import { readRaster } from '../../../test/harness/raster.ts';
import { eventually } from '../../../test/harness/time.ts';
import { packWinmail } from '../../../test/harness/winmail.ts';
import { systemClock } from '../../base/clock.ts';
import { readJournal } from '../../journal/journal.ts';
import { addPrinter } from '../../printers/printers.ts';
import { addSpoolFiles, keep } from '../../spool/spool.ts';
import type { Context } from '../../store/database.ts';
import { transaction } from '../../store/transaction.ts';
import { addUser } from '../../users/users.ts';
import type { JobOptions } from '../job.ts';
import { addQueue, getJob, type Job, releaseJob, submitJobs, unpackWinmail } from '../jobs.ts';
import { startJobsWorker } from '../worker.ts';
import { claim, claimSuspect, clearClaims, giveBack, hasSuspect, renew, SUSPECT_TRIES } from './claims.ts';
import { Floor } from './floor.ts';
import { MAX_TRIES, prepare } from './prepare.ts';
import { openPreview } from './previews.ts';

const NEVER = new AbortController().signal;
const LONG = { timeoutMs: 90_000 };

type Stage = AsyncDisposable & {
  readonly context: Context;
  submit(
    bytes: Buffer | string,
    format: string,
    queue?: { readonly printerIds: string[]; readonly defaults?: JobOptions },
  ): Promise<string>;
  settled(id: string): Promise<Job>;
};

async function openStage(): Promise<Stage> {
  const test = await openTestContext();
  const context = { ...test.context, clock: systemClock };
  const person = { email: 'anna@example.org', name: 'Anna', role: 'user', language: 'en' } as const;
  const owner = await addUser(context, person, 'test');
  let queues = 0;
  return {
    context,
    submit: async (bytes, format, queue) => {
      queues += 1;
      const mode = queue === undefined ? 'hold' : 'direct';
      const { id: queueId } = await addQueue(context, { name: `queue ${queues}`, mode, ...queue }, 'test');
      const document = await keep(context, Buffer.from(bytes as string), { mediaType: format, maxBytes: 1e8 });
      const ids = await transaction(context, async (context) => {
        await addSpoolFiles(context, [document]);
        const words = { ownerId: owner.id, ownerName: owner.name, title: 'a document' };
        return await submitJobs(context, [{ ...words, queueId, document, documentFormat: format }]);
      });
      return ids[0] ?? '';
    },
    settled: (id) =>
      eventually(async () => {
        const job = await getJob(context, id);
        return job.preparation === 'done' || job.preparation === 'failed' ? job : undefined;
      }, LONG),
    [Symbol.asyncDispose]: () => test[Symbol.asyncDispose](),
  };
}

test('a held document is prepared when it comes: its pages, paper, color and first picture are known', async () => {
  await using stage = await openStage();
  await using _worker = await startJobsWorker(stage.context);
  const id = await stage.submit(readFileSync('test/corpus/mime/own/two-pages.pdf'), 'application/pdf');
  const job = await stage.settled(id);
  assert.equal(job.state, 'pending-held');
  assert.deepEqual(
    [job.pages, job.media, job.isColor, job.documentFormat],
    [2, 'na_letter_8.5x11in', false, 'application/pdf'],
  );
  assert.notEqual(job.documentId, job.originalId);
  for (const page of [1, 2, 2]) {
    const chunks = await (await openPreview(stage.context, job, page)).toArray();
    assert.equal(Buffer.concat(chunks).subarray(1, 4).toString(), 'PNG', `page ${page}`);
  }
  await assert.rejects(openPreview(stage.context, job, 3), { code: 'not-found' });
  const types = (await readJournal(stage.context, { subjectId: id, limit: 20 })).map((event) => event.type);
  assert.ok(types.includes('job-prepared'));
});

test('a document that cannot be prepared ends with its reason, and the next one prints', async () => {
  await using stage = await openStage();
  await using _worker = await startJobsWorker(stage.context);
  const broken = await stage.submit(`%PDF-1.7\n${'x'.repeat(3000)}`, 'application/pdf');
  const good = await stage.submit(writePdf('good', 900), 'application/pdf');
  const [first, second] = [await stage.settled(broken), await stage.settled(good)];
  assert.deepEqual(
    [first.state, first.problem?.code, first.reasons],
    ['aborted', 'document-corrupt', ['document-format-error']],
  );
  assert.deepEqual([second.state, second.pages], ['pending-held', 1]);
  await assert.rejects(releaseJob(stage.context, broken, { actor: 'test' }), { code: 'job-state-conflict' });
});

test('a released job waits for its document with the reason, and no printer gets it before', async () => {
  await using stage = await openStage();
  await using printer = await openPrinter(['application/pdf']);
  const { id: printerId } = await addPrinter(stage.context, { name: 'Everywhere', uri: printer.uri });
  const id = await stage.submit(writePdf('waits', 900), 'application/pdf', { printerIds: [printerId] });
  const waiting = await getJob(stage.context, id);
  assert.deepEqual([waiting.state, waiting.reasons, waiting.preparation], ['pending', ['job-transforming'], 'due']);
  await using _worker = await startJobsWorker(stage.context);
  await eventually(async () => (await getJob(stage.context, id)).state === 'completed', LONG);
  assert.equal(printer.printed().length, 1);
});

test('a claim that another node has taken over ends nothing', async () => {
  await using stage = await openStage();
  const id = await stage.submit(writePdf('twice', 900), 'application/pdf');
  const [zombie] = await claim(stage.context, 'quick', 1);
  assert.ok(zombie);
  assert.deepEqual(await claim(stage.context, 'quick', 1), [], 'a claim that is fresh is not given away');
  await stage.context.db
    .updateTable('jobs')
    .set({ prepare_due_at: new Date(0) })
    .where('id', '=', id)
    .execute();
  const [heir] = await claim(stage.context, 'quick', 1);
  assert.ok(heir);
  assert.deepEqual([await renew(stage.context, zombie), await renew(stage.context, heir)], [false, true]);
  await prepare(stage.context, heir, NEVER);
  const { documentId } = await getJob(stage.context, id);
  await prepare(stage.context, zombie, NEVER);
  assert.equal((await getJob(stage.context, id)).documentId, documentId);
});

test('what is to be printed now is prepared before a heap of documents that are only held', async () => {
  await using stage = await openStage();
  const held: string[] = [];
  for (const mark of ['one', 'two', 'three']) held.push(await stage.submit(writePdf(mark, 900), 'application/pdf'));
  const direct = await stage.submit(writePdf('now', 900), 'application/pdf', { printerIds: [] });
  assert.equal((await getJob(stage.context, direct)).state, 'pending');
  // As its release does.
  await stage.context.db
    .updateTable('jobs')
    .set({ state: 'pending' })
    .where('id', '=', held[1] ?? '')
    .execute();
  const claimed = async (limit: number) => (await claim(stage.context, 'quick', limit)).map(({ jobId }) => jobId);
  assert.deepEqual(await claimed(1), [held[1]]);
  assert.deepEqual((await claimed(2)).sort(), [direct, held[0]].sort());
  assert.deepEqual(await claimed(5), [held[2]]);
});

test('who sends a heap of documents does not make others wait: they take turns', async () => {
  await using scene = await openQueueScene();
  const { context, owner, server } = scene;
  const queue = await scene.addQueue({});
  const heap: string[] = [];
  while (heap.length < 5) heap.push(await scene.submit(queue.id));
  const other = await addPerson(server, 'user');
  const theirs = [await scene.submitFor(other.id, queue.id), await scene.submitFor(other.id, queue.id)];
  const claimed: string[] = [];
  for (let at = 0; at < 7; at += 1) claimed.push(...(await claim(context, 'quick', 1)).map(({ jobId }) => jobId));
  assert.deepEqual(claimed, [heap[0], theirs[0], heap[1], theirs[1], heap[2], heap[3], heap[4]]);
  // What is prepared counts no more: who comes back later begins at the front again.
  await context.db.updateTable('jobs').set({ prepare_due_at: null }).where('owner_id', '=', owner.id).execute();
  const late = await scene.submit(queue.id);
  assert.deepEqual(
    (await context.db.selectFrom('jobs').select('prepare_turn').where('id', '=', late).execute()).map(
      (row) => row.prepare_turn,
    ),
    [0],
  );
});

test('a document with which the server ended again and again is given up', async () => {
  await using stage = await openStage();
  const id = await stage.submit(writePdf('deadly', 900), 'application/pdf');
  await stage.context.db.updateTable('jobs').set({ prepare_tries: MAX_TRIES }).where('id', '=', id).execute();
  const last = await claimSuspect(stage.context, 'quick');
  assert.ok(last);
  await prepare(stage.context, last, NEVER);
  assert.equal((await getJob(stage.context, id)).problem?.code, 'conversion-failed');
});

test('a server that starts again begins at once with what was cut off, but not with what was so again and again', async () => {
  await using stage = await openStage();
  const ids = [await stage.submit(writePdf('one', 900), 'application/pdf')];
  ids.push(await stage.submit(writePdf('two', 900), 'application/pdf'));
  for (const id of ids) assert.equal((await claim(stage.context, 'quick', 1))[0]?.jobId, id);
  const { db, settings } = stage.context;
  await db
    .updateTable('jobs')
    .set({ prepare_tries: SUSPECT_TRIES })
    .where('id', '=', ids[0] ?? '')
    .execute();
  await clearClaims({ ...stage.context, settings: { ...settings, databaseUrl: undefined } });
  assert.equal(await hasSuspect(stage.context, 'quick'), false);
  assert.equal(await claimSuspect(stage.context, 'quick'), undefined);
  assert.deepEqual(
    (await claim(stage.context, 'quick', 2)).map(({ jobId }) => jobId),
    [ids[1]],
  );
});

test('a document that was there each time the server ended is converted, alone; a stop does not count', async () => {
  await using stage = await openStage();
  const triesOf = async (id: string) => {
    const row = await stage.context.db
      .selectFrom('jobs')
      .select('prepare_tries')
      .where('id', '=', id)
      .executeTakeFirst();
    return row?.prepare_tries;
  };
  const chance = await stage.submit(writePdf('chance', 900), 'application/pdf');
  const other = await stage.submit(writePdf('other', 900), 'application/pdf');
  const [stopped] = await claim(stage.context, 'quick', 1);
  assert.equal(stopped?.jobId, chance);
  assert.equal(await triesOf(chance), 1);
  await giveBack(stage.context, stopped ?? assert.fail());
  assert.equal(await triesOf(chance), 0);
  for (let times = 0; times < SUSPECT_TRIES; times += 1) {
    assert.equal(await hasSuspect(stage.context, 'quick'), false);
    const [claimed] = await claim(stage.context, 'quick', 1);
    assert.equal(claimed?.jobId, chance);
    // As after a kill.
    await stage.context.db
      .updateTable('jobs')
      .set({ prepare_due_at: new Date(0) })
      .where('id', '=', chance)
      .execute();
  }
  assert.equal(await hasSuspect(stage.context, 'quick'), true);
  assert.deepEqual(
    (await claim(stage.context, 'quick', 5)).map(({ jobId }) => jobId),
    [other],
  );
  await stage.context.db
    .updateTable('jobs')
    .set({ prepare_due_at: new Date(0) })
    .where('id', '=', other)
    .execute();
  await using _worker = await startJobsWorker(stage.context);
  for (const id of [chance, other]) assert.equal((await stage.settled(id)).preparation, 'done');
  assert.equal(await triesOf(chance), 1, 'counted anew for its looks');
});

test('nothing begins while a document is to be alone, one after the other, and it begins when the others have ended', () => {
  const floor = new Floor();
  const woken: string[] = [];
  const quick = () => void woken.push('quick');
  const slow = () => void woken.push('slow');
  floor.enter();
  floor.enter();
  assert.ok(floor.isOpen);
  assert.equal(floor.close(quick), false, 'two are still there');
  assert.ok(!floor.isOpen && floor.isOf(quick));
  assert.equal(floor.close(slow), false, 'it is taken');
  floor.open(slow);
  assert.ok(floor.isOf(quick), 'only who has it gives it back');
  floor.leave();
  assert.deepEqual(woken, []);
  floor.leave();
  assert.deepEqual(woken, ['quick']);
  assert.equal(floor.close(slow), false);
  assert.ok(floor.close(quick));
  floor.open(quick);
  assert.ok(floor.isOpen);
  assert.ok(floor.close(slow));
});

test('documents of two lanes that were there when the server ended are converted one after the other', async () => {
  await using stage = await openStage();
  const ids = [
    await stage.submit(writePdf('one', 900), 'application/pdf'),
    await stage.submit('<p>two</p>', 'text/html'),
    await stage.submit('three', 'text/plain'),
  ];
  await stage.context.db.updateTable('jobs').set({ prepare_tries: SUSPECT_TRIES }).where('id', 'in', ids).execute();
  let most = 0;
  const running = async () =>
    (
      await stage.context.db
        .selectFrom('jobs')
        .select('id')
        .where('prepare_tries', '>', SUSPECT_TRIES)
        .where('preparation', '=', 'due')
        .execute()
    ).length;
  await using _worker = await startJobsWorker(stage.context);
  await eventually(async () => {
    most = Math.max(most, await running());
    const states = await Promise.all(ids.map(async (id) => (await getJob(stage.context, id)).preparation));
    return states.every((state) => state === 'done' || state === 'failed');
  }, LONG);
  assert.equal(most, 1);
});

for (const [formats, sign] of [
  [['image/pwg-raster'], 'RaS2'],
  [['image/jpeg'], '\xff\xd8\xff'],
] as const) {
  test(`a printer that takes ${formats.join()} alone gets the page drawn`, async () => {
    await using stage = await openStage();
    await using printer = await openPrinter(formats);
    const { id: printerId } = await addPrinter(stage.context, { name: 'Pictures', uri: printer.uri });
    await using _worker = await startJobsWorker(stage.context);
    await complete(stage, await stage.submit(writePdf('drawn', 900), 'application/pdf', { printerIds: [printerId] }));
    const [paper] = printer.printed();
    const bytes = readFileSync(paper?.file ?? '');
    assert.equal(bytes.toString('latin1', 0, sign.length), sign);
    assert.equal(printer.printed().length, 1);
  });
}

for (const hasColor of [true, false]) {
  test(`pages for a printer of pictures ${hasColor ? 'with' : 'without'} color have its resolution and its colors`, async () => {
    await using stage = await openStage();
    await using printer = await openPrinter(['image/pwg-raster'], hasColor);
    const added = await addPrinter(stage.context, { name: 'Pictures', uri: printer.uri });
    const { resolutions = [], types = [] } = added.capabilities?.raster ?? {};
    assert.equal(types.includes('srgb_8'), hasColor, types.join());
    await using _worker = await startJobsWorker(stage.context);
    const red = Buffer.from(
      writePdf('red', 900)
        .toString('latin1')
        .replace(/BT .* ET/, (was) => '1 0 0 rg 0 0 595 421 re f'.padEnd(was.length)),
      'latin1',
    );
    // What the printer can, and then gray because somebody wants it so.
    for (const defaults of [{}, { color: 'monochrome' } as const]) {
      await complete(stage, await stage.submit(red, 'application/pdf', { printerIds: [added.id], defaults }));
      const [sheet, ...others] = readRaster(readFileSync(printer.printed().at(-1)?.file ?? ''));
      assert.ok(sheet !== undefined && others.length === 0);
      const { x, y, width, height, space, bitsPerPixel, colors, dots } = sheet;
      assert.ok(
        resolutions.some((one) => one.x === x && one.y === y),
        `${x} x ${y}`,
      );
      assert.ok(Math.abs(width - (595 / 72) * x) < 4 && Math.abs(height - (842 / 72) * y) < 4, `${width} x ${height}`);
      const isColored = hasColor && !('color' in defaults);
      assert.deepEqual([space, bitsPerPixel, colors], isColored ? [19, 24, 3] : [18, 8, 1]);
      // Half of the page is red, or the gray that red becomes.
      const drawn = isColored
        ? (dots.get('ff0000') ?? 0)
        : [...dots].reduce(
            (sum, [gray, times]) => (isBetween(Number.parseInt(gray, 16), 50, 190) ? sum + times : sum),
            0,
          );
      assert.ok(
        Math.abs(drawn / (width * height) - 0.5) < 0.02,
        `${drawn} of ${width * height} dots: ${[...dots.keys()].slice(0, 20)}`,
      );
    }
  });
}

const isBetween = (value: number, low: number, high: number) => value > low && value < high;

async function complete(stage: Stage, id: string): Promise<void> {
  const job = await eventually(async () => {
    const job = await getJob(stage.context, id);
    return ['completed', 'aborted'].includes(job.state) ? job : undefined;
  }, LONG);
  assert.equal(job.state, 'completed', job.problem?.detail);
}

async function openPrinter(formats: readonly string[], hasColor = false) {
  const printer = await startIppEvePrinter({ formats, hasColor });
  return { ...printer, [Symbol.asyncDispose]: () => printer.close() };
}

test('the documents of a winmail.dat come out of it, each known by its bytes', async () => {
  await using stage = await openStage();
  const attachments = [
    ['report.pdf', writePdf('packed', 900)],
    ['../../tool.exe', Buffer.from('MZ\x90\0\x03\0\0\0', 'latin1')],
  ] as const;
  const file = await keep(stage.context, packWinmail(attachments), { mediaType: 'application/ms-tnef', maxBytes: 1e6 });
  const unpacked = await unpackWinmail(stage.context, file);
  if (unpacked.kind === 'refused') assert.fail(unpacked.detail);
  const found = unpacked.documents.map((document) =>
    document.kind === 'document' ? [document.name, document.format] : [document.name, document.reason],
  );
  assert.deepEqual(
    found.find(([name]) => name === 'report.pdf'),
    ['report.pdf', 'application/pdf'],
  );
  assert.ok(
    found.some(([name, reason]) => name?.endsWith('tool.exe') && reason === 'document-executable'),
    String(found),
  );
  assert.ok(found.every(([name]) => !name?.includes('/')));
});

test('a damaged winmail.dat is refused with a reason', async () => {
  await using stage = await openStage();
  const damaged = Buffer.concat([Buffer.from('789f3e220100', 'hex'), Buffer.alloc(300, 7)]);
  const file = await keep(stage.context, damaged, { mediaType: 'application/ms-tnef', maxBytes: 1e6 });
  const unpacked = await unpackWinmail(stage.context, file);
  assert.ok(unpacked.kind === 'refused' || unpacked.documents.length === 0);
});
