import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addPerson, call } from '../../../test/attacks/callers.ts';
import { openPrintingStage } from '../../../test/harness/printing-stage.ts';
import { openScene } from '../../../test/harness/queue-scene.ts';
import { readJournal } from '../../journal/journal.ts';
import { withLease } from '../../store/leases.ts';
import { cancelJob, getJob, holdJob, releaseJob } from '../jobs.ts';
import { beginAttempt } from '../printing/attempts.ts';
import { changeJobOptions } from './options.ts';

type Scene = Awaited<ReturnType<typeof openScene>>;

const CAN_DO = {
  ...{ version: '2.0', model: null, location: null, operations: [], formats: ['application/pdf'] },
  media: { supported: ['iso_a4_210x297mm', 'iso_a3_297x420mm'], ready: [], default: 'iso_a4_210x297mm' },
  ...{ sides: ['one-sided', 'two-sided-long-edge'], colorModes: ['color', 'monochrome'], isColor: true },
  ...{ copies: { min: 1, max: 99 }, takesPageRanges: false, finishings: [3, 4] },
} as const;

async function setPrinter({ context, printerId }: Scene, can: object | null): Promise<void> {
  const capabilities = can === null ? null : JSON.stringify(can);
  await context.db.updateTable('printers').set({ capabilities }).where('id', '=', printerId).execute();
}

async function openJob(scene: Scene) {
  const id = await scene.submit((await scene.addQueue({})).id);
  const path = `/api/v1/jobs/${id}`;
  return {
    id,
    choices: async () => (await call(scene.server, 'GET', `${path}/choices`, { headers: scene.owner.headers })).json,
    change: (options: object, headers = scene.owner.headers) =>
      call(scene.server, 'PATCH', path, { body: { options }, headers }),
  };
}

test('what can be asked for is what a printer of the queue can do, and nothing else is taken', async () => {
  await using scene = await openScene();
  await setPrinter(scene, CAN_DO);
  const job = await openJob(scene);
  assert.deepEqual(await job.choices(), {
    copies: 99,
    sides: ['one-sided', 'two-sided-long-edge'],
    color: ['color', 'monochrome'],
    media: ['iso_a4_210x297mm', 'iso_a3_297x420mm'],
    // Platen takes them out itself where the printer does not.
    pageRanges: true,
    finishings: ['staple'],
  });
  const options = { copies: 2, sides: 'two-sided-long-edge', pageRanges: [{ from: 1, to: 2 }], finishings: ['staple'] };
  const { status, json, text } = await job.change(options);
  assert.deepEqual([status, json.options], [200, options], text);
  for (const refused of [{ copies: 100 }, { finishings: ['punch'] }, { media: 'iso_a5_148x210mm' }]) {
    const answer = await job.change(refused);
    assert.deepEqual([answer.status, answer.json.code], [422, 'options-impossible'], answer.text);
    assert.ok(answer.json.advice);
  }
  assert.deepEqual((await getJob(scene.context, job.id)).options, options);
  await setPrinter(scene, { ...CAN_DO, formats: ['image/jpeg'], copies: null });
  const apart = await job.choices();
  assert.deepEqual([apart.copies, apart.sides, apart.finishings, apart.pageRanges], [2, [], [], true]);
  for (const refused of [{ sides: 'two-sided-short-edge' }, { finishings: ['staple'] }]) {
    const answer = await job.change(refused);
    assert.deepEqual([answer.status, answer.json.code], [422, 'options-impossible'], answer.text);
  }
  const plain = { ...CAN_DO, sides: [], isColor: false, copies: null, finishings: [] };
  await setPrinter(scene, plain);
  const { copies, sides, color, finishings } = await job.choices();
  assert.deepEqual([copies, sides, color, finishings], [null, [], [], []]);
  await scene.context.db.updateTable('jobs').set({ pages: 1 }).execute();
  assert.equal((await job.choices()).pageRanges, false);
  // What was asked for before can be taken back.
  assert.deepEqual(
    (await job.change({ copies: null, sides: null, pageRanges: null, finishings: null })).json.options,
    {},
  );
  // Nobody knows what a printer can do that has never answered.
  await setPrinter(scene, null);
  assert.equal((await job.change({ finishings: ['punch'] })).status, 200);
});

test('the owner and operators change the options of a job that waits, and the journal says who', async () => {
  await using scene = await openScene();
  const job = await openJob(scene);
  const [stranger, operator] = [await addPerson(scene.server, 'user'), await addPerson(scene.server, 'operator')];
  for (const who of [await job.change({ copies: 2 }, stranger.headers)]) assert.equal(who.status, 404);
  const { headers } = stranger;
  assert.equal((await call(scene.server, 'GET', `/api/v1/jobs/${job.id}/choices`, { headers })).status, 404);
  assert.equal((await job.change({ copies: 3 }, operator.headers)).status, 200);
  const told = await readJournal(scene.context, { subjectId: job.id, type: 'job-changed', limit: 5 });
  assert.deepEqual(
    told.map(({ actor, data }) => [actor, data]),
    [[operator.id, { options: { copies: 3 } }]],
  );
  await releaseJob(scene.context, job.id, { actor: 'test' });
  assert.equal((await job.change({ copies: 4 })).status, 200);
  await scene.context.db.updateTable('jobs').set({ state: 'processing' }).execute();
  assert.equal((await job.change({ copies: 5 })).json.code, 'job-state-conflict');
  await scene.context.db.updateTable('jobs').set({ state: 'pending' }).execute();
  await cancelJob(scene.context, job.id, { actor: 'test' });
  assert.equal((await job.change({ copies: 5 })).json.code, 'job-state-conflict');
});

test('a job that waits for its printer is held on request, once, and can be printed elsewhere then', async () => {
  await using scene = await openScene();
  const id = await scene.submit((await scene.addQueue({ mode: 'direct' })).id);
  const path = `/api/v1/jobs/${id}/hold`;
  const stranger = await addPerson(scene.server, 'user');
  assert.equal((await call(scene.server, 'POST', path, { headers: stranger.headers })).status, 404);
  for (const _ of [1, 2]) {
    const { json, text } = await call(scene.server, 'POST', path, { headers: scene.owner.headers });
    assert.deepEqual([json.state, json.reasons], ['pending-held', ['job-hold-until-specified']], text);
    assert.ok(json.heldUntil);
  }
  const told = await readJournal(scene.context, { subjectId: id, type: 'job-held', limit: 5 });
  assert.deepEqual(
    told.map(({ actor }) => actor),
    [scene.owner.id],
  );
  await scene.context.db.updateTable('jobs').set({ state: 'processing' }).execute();
  const late = await call(scene.server, 'POST', path, { headers: scene.owner.headers });
  assert.equal(late.json.code, 'job-state-conflict');
});

test('a document that was made ready for other options is not begun with them', async () => {
  await using stage = await openPrintingStage();
  const { context, printerId } = stage;
  const id = await stage.submit();
  await context.db.updateTable('jobs').set({ preparation: 'done' }).where('id', '=', id).execute();
  const { options } = await getJob(context, id);
  await changeJobOptions(context, id, { actor: 'test', options: { pageRanges: [{ from: 1, to: 1 }] } });
  await withLease(context, `printer:${printerId}`, {}, async (lease) => {
    const begin = { jobId: id, printerId, phase: 'creating' as const };
    assert.equal(await beginAttempt(context, lease, { ...begin, options }), undefined);
    assert.equal((await getJob(context, id)).state, 'pending');
    const now = (await getJob(context, id)).options;
    assert.ok(await beginAttempt(context, lease, { ...begin, options: now }));
  });
  await assert.rejects(holdJob(context, id, { actor: 'test' }));
});
