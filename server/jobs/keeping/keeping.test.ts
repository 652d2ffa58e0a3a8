import assert from 'node:assert/strict';
import { access } from 'node:fs/promises';
import { test } from 'node:test';
import { addPerson, call } from '../../../test/attacks/callers.ts';
import { writePdf } from '../../../test/harness/mail.ts';
import { openScene } from '../../../test/harness/queue-scene.ts';
import { checkStore } from '../../backup/check.ts';
import { DAY_MS, HOUR_MS } from '../../base/clock.ts';
import { PlatenError } from '../../base/errors.ts';
import { readJournal } from '../../journal/journal.ts';
import { spoolPathOf } from '../../spool/spool.ts';
import type { Context } from '../../store/database.ts';
import { cancelJob, getJob, releaseJob } from '../jobs.ts';
import { changeJobOptions } from '../options/options.ts';
import { claim } from '../preparation/claims.ts';
import { prepare } from '../preparation/prepare.ts';
import { openPreview } from '../preparation/previews.ts';
import { changeQueue } from './change-queue.ts';
import { endHolds, removeDocuments } from './retention.ts';

const hasCode = (code: string) => (error: unknown) => error instanceof PlatenError && error.code === code;
const asked = { actor: 'test' };

/** Does what the workers of the lanes do, without their clock. */
async function prepareAll(context: Context): Promise<void> {
  for (const lane of ['quick', 'look'] as const) {
    for (const claimed of await claim(context, lane, 10)) await prepare(context, claimed, new AbortController().signal);
  }
}

test('what the queue wants gives way to what the sender wrote, and that to what the owner chooses', async () => {
  await using scene = await openScene();
  const { context } = scene;
  const defaults = { copies: 2, sides: 'two-sided-long-edge', color: 'monochrome' } as const;
  const queue = await scene.addQueue({ defaults });
  const id = await scene.submit(queue.id, { copies: 3, media: 'iso_a3_297x420mm' });
  assert.deepEqual((await getJob(context, id)).options, { ...defaults, copies: 3, media: 'iso_a3_297x420mm' });
  const changed = await changeJobOptions(context, id, { ...asked, options: { media: null, color: 'color' } });
  assert.deepEqual(changed.options, { copies: 3, sides: 'two-sided-long-edge', color: 'color' });
  const released = await releaseJob(context, id, { ...asked, options: { copies: 1 } });
  assert.deepEqual(released.options, { copies: 1, sides: 'two-sided-long-edge', color: 'color' });
  await cancelJob(context, id, asked);
  const late = changeJobOptions(context, id, { ...asked, options: { copies: 9 } });
  await assert.rejects(late, hasCode('job-state-conflict'));
});

test('a held job waits until its time is over and is given up then, with the reason', async () => {
  await using scene = await openScene();
  const { context, server } = scene;
  const queue = await scene.addQueue({ keepHeldHours: 3 });
  const id = await scene.submit(queue.id);
  const { heldUntil, createdAt } = await getJob(context, id);
  assert.equal(heldUntil?.getTime(), server.test.clock.now().getTime() + 3 * HOUR_MS, `made at ${createdAt}`);
  server.test.clock.advance(3 * HOUR_MS - 1);
  assert.equal(await endHolds(context), 0);
  assert.equal((await getJob(context, id)).state, 'pending-held');
  server.test.clock.advance(1);
  assert.equal(await endHolds(context), 1);
  const ended = await getJob(context, id);
  assert.deepEqual([ended.state, ended.problem?.code, ended.heldUntil], ['aborted', 'held-too-long', null]);
  assert.equal(await endHolds(context), 0);
});

test('a job that was released in time is not given up', async () => {
  await using scene = await openScene();
  const id = await scene.submit((await scene.addQueue({ keepHeldHours: 1 })).id);
  await releaseJob(scene.context, id, asked);
  scene.server.test.clock.advance(2 * HOUR_MS);
  assert.equal(await endHolds(scene.context), 0);
  assert.equal((await getJob(scene.context, id)).state, 'pending');
});

test('a document is kept as long as its queue says, then it is gone, and the journal says so', async () => {
  await using scene = await openScene();
  const { context, server } = scene;
  const queue = await scene.addQueue({ keepDocumentsDays: 2 });
  const waiting = await scene.submit(queue.id);
  const id = await scene.submit(queue.id);
  const path = spoolPathOf(context, (await getJob(context, id)).documentId ?? '');
  await cancelJob(context, id, asked);
  server.test.clock.advance(2 * DAY_MS - 1);
  assert.equal(await removeDocuments(context), 0);
  await access(path);
  server.test.clock.advance(1);
  assert.equal(await removeDocuments(context), 1);
  await assert.rejects(access(path), { code: 'ENOENT' });
  const types = (await readJournal(context, { subjectId: id, limit: 50 })).map(({ type }) => type);
  assert.equal(types.at(-1), 'job-document-removed');
  assert.notEqual((await getJob(context, waiting)).documentId, null);
  // Who signed in at the beginning is no longer signed in after these days.
  const session = await addPerson(server, 'administrator');
  const gone = await call(server, 'GET', `/api/v1/jobs/${id}/document`, { headers: session.headers });
  assert.deepEqual([gone.status, gone.json.code], [410, 'document-removed'], gone.text);
});

test('jobs of a paused queue wait with its reason, and go on when it does', async () => {
  await using scene = await openScene();
  const { context } = scene;
  const queue = await scene.addQueue({ mode: 'direct' });
  const hold = await scene.addQueue({ pauseReason: 'toner is ordered' });
  const before = await scene.submit(queue.id);
  await changeQueue(context, queue.id, { ...asked, pauseReason: 'moving house' });
  const after = await scene.submit(queue.id);
  for (const id of [before, after]) {
    const { state, reasons, printerId } = await getJob(context, id);
    assert.deepEqual([state, reasons, printerId], ['pending', ['queue-paused'], null]);
    await assert.rejects(releaseJob(context, id, asked), hasCode('queue-paused'));
  }
  const held = await scene.submit(hold.id);
  await assert.rejects(releaseJob(context, held, asked), (error) => {
    return error instanceof PlatenError && error.values.reason === 'toner is ordered';
  });
  await changeQueue(context, queue.id, { ...asked, pauseReason: null });
  for (const id of [before, after]) {
    const { state, reasons, printerId } = await getJob(context, id);
    assert.deepEqual([state, reasons, printerId], ['pending', ['job-transforming'], queue.printerIds[0]]);
  }
});

test('a document that is prepared while its queue is paused keeps the reason of the pause, and goes on after it', async () => {
  await using scene = await openScene();
  const { context } = scene;
  const queue = await scene.addQueue({ mode: 'direct' });
  const id = await scene.submit(queue.id, {}, writePdf('waits', 900));
  await changeQueue(context, queue.id, { ...asked, pauseReason: 'moving house' });
  await prepareAll(context);
  const paused = await getJob(context, id);
  assert.deepEqual([paused.preparation, paused.reasons, paused.printerId], ['done', ['queue-paused'], null]);
  await changeQueue(context, queue.id, { ...asked, pauseReason: null });
  const { state, reasons, printerId } = await getJob(context, id);
  assert.deepEqual([state, reasons, printerId], ['pending', [], queue.printerIds[0]]);
});

test('the document as it came and the pictures of its pages go with what was printed', async () => {
  await using scene = await openScene();
  const { context, server } = scene;
  const queue = await scene.addQueue({ keepDocumentsDays: 1 });
  const id = await scene.submit(queue.id, {}, writePdf('three files', 900));
  await prepareAll(context);
  const { documentId, originalId } = await getJob(context, id);
  const { file_id } = await context.db.selectFrom('job_previews').select('file_id').executeTakeFirstOrThrow();
  assert.equal(new Set([documentId, originalId, file_id]).size, 3);
  await cancelJob(context, id, asked);
  server.test.clock.advance(DAY_MS);
  assert.equal(await removeDocuments(context), 1);
  for (const file of [documentId, originalId, file_id]) {
    await assert.rejects(access(spoolPathOf(context, file ?? '')), { code: 'ENOENT' });
  }
  const { missing, damaged, orphans } = await checkStore(context);
  assert.deepEqual([missing, damaged, orphans], [[], [], []]);
  await assert.rejects(openPreview(context, await getJob(context, id), 1), hasCode('document-removed'));
});

test('a queue that holds no more keeps what it held, unless that is to print', async () => {
  await using scene = await openScene();
  const { context } = scene;
  for (const heldJobs of ['keep', 'print', undefined] as const) {
    const queue = await scene.addQueue({});
    const id = await scene.submit(queue.id);
    await changeQueue(context, queue.id, { ...asked, mode: 'direct', heldJobs });
    assert.equal((await getJob(context, id)).state, heldJobs === 'print' ? 'pending' : 'pending-held');
  }
});

test('a job is found by its number and by its queue', async () => {
  await using scene = await openScene();
  const { server, context, owner } = scene;
  const queue = await scene.addQueue({});
  const [first, second] = [await scene.submit(queue.id), await scene.submit((await scene.addQueue({})).id)];
  const { number } = await getJob(context, first);
  assert.ok(number >= 1001 && (await getJob(context, second)).number === number + 1);
  for (const query of [`q=${number}`, `queue=${queue.id}`]) {
    const { json, text } = await call(server, 'GET', `/api/v1/jobs?${query}`, { headers: owner.headers });
    assert.deepEqual(
      (json.items as { id: string }[]).map(({ id }) => id),
      [first],
      text,
    );
  }
});
