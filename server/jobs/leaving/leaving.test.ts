import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addPerson, addProgram, call } from '../../../test/attacks/callers.ts';
import { openScene } from '../../../test/harness/queue-scene.ts';
import { HOUR_MS } from '../../base/clock.ts';
import { newId } from '../../base/secrets.ts';
import { readJournal } from '../../journal/journal.ts';
import { addUser, findUserByAddress, getUser, listUsers } from '../../users/users.ts';
import { cancelJob, getJob, listJobs } from '../jobs.ts';
import { forgetOwners } from './leaving.ts';

type Scene = Awaited<ReturnType<typeof openScene>>;

const remove = async (scene: Scene, id: string) =>
  await call(scene.server, 'DELETE', `/api/v1/users/${id}`, {
    headers: await addProgram(scene.server, 'administrator'),
  });
const rowOf = ({ context }: Scene, id: string) =>
  context.db.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirst();

test('who is removed is not known any more, what was open ends, and the records stay without the name', async () => {
  await using scene = await openScene();
  const { context, owner, server } = scene;
  const queue = await scene.addQueue({});
  const held = await scene.submit(queue.id);
  const ended = await scene.submit(queue.id);
  await cancelJob(context, ended, { actor: 'test' });
  const other = await addPerson(server, 'user');
  const others = await scene.submitFor(other.id, queue.id);
  assert.equal((await remove(scene, owner.id)).status, 204);
  const job = await getJob(context, held);
  assert.deepEqual([job.state, job.ownerId], ['canceled', owner.id]);
  assert.equal((await call(server, 'GET', '/api/v1/jobs', { headers: owner.headers })).status, 401);
  assert.equal(await findUserByAddress(context, owner.email), undefined);
  await assert.rejects(getUser(context, owner.id), { code: 'not-found' });
  assert.ok((await listUsers(context, { limit: 100 })).items.every(({ id }) => id !== owner.id));
  assert.equal((await remove(scene, owner.id)).status, 404);
  const told = await readJournal(context, { subjectId: held, type: 'job-cancel-asked', limit: 5 });
  assert.equal(told.length, 1);

  assert.equal(await forgetOwners(context), 2);
  assert.deepEqual(
    (await listJobs(context, { limit: 10 })).map(({ id, ownerName, title }) => [id, ownerName, title]),
    [
      [others, 'Anna', 'plan.pdf'],
      [ended, '', 'plan.pdf'],
      [held, '', 'plan.pdf'],
    ],
  );
  const found = async (text: string) => (await listJobs(context, { text, limit: 10 })).map(({ id }) => id);
  assert.deepEqual(await found('anna'), [others]);
  assert.deepEqual(await found('plan.pdf'), [others, ended, held]);
  assert.equal((await getJob(context, others)).state, 'pending-held');
  const row = JSON.stringify(await rowOf(scene, owner.id));
  assert.ok(!row.includes(owner.email) && !row.includes('user 1'), row);

  const again = await addUser(context, { email: owner.email, name: 'Anna', role: 'user' }, 'test');
  assert.notEqual(again.id, owner.id);
  assert.deepEqual(await listJobs(context, { ownerId: again.id, limit: 10 }), []);
});

test('of who never printed no row stays, and of the others one without a name', async () => {
  await using scene = await openScene();
  const { context, owner, server } = scene;
  const idle = await addPerson(server, 'user');
  await cancelJob(context, await scene.submit((await scene.addQueue({})).id), { actor: 'test' });
  for (const { id } of [owner, idle]) assert.equal((await remove(scene, id)).status, 204);
  assert.equal(await forgetOwners(context), 1);
  assert.ok((await rowOf(scene, idle.id)) !== undefined, 'a job may still be on its way');
  server.test.clock.advance(HOUR_MS);
  assert.equal(await forgetOwners(context), 0);
  assert.equal(await rowOf(scene, idle.id), undefined);
  assert.notEqual((await rowOf(scene, owner.id))?.forgotten_at, null);
});

test('a job that was just being handed in when its owner left is canceled too', async () => {
  await using scene = await openScene();
  const queue = await scene.addQueue({});
  await remove(scene, scene.owner.id);
  const late = await scene.submit(queue.id);
  await forgetOwners(scene.context);
  assert.equal((await getJob(scene.context, late)).state, 'canceled');
  await forgetOwners(scene.context);
  assert.equal((await getJob(scene.context, late)).ownerName, '');
});

test('a job keeps its name for as long as it is at a printer, which lets only its owner cancel it', async () => {
  await using scene = await openScene();
  const { context } = scene;
  const id = await scene.submit((await scene.addQueue({ mode: 'direct' })).id);
  await context.db.updateTable('jobs').set({ state: 'processing' }).where('id', '=', id).execute();
  await context.db
    .insertInto('print_attempts')
    .values({
      id: newId(),
      job_id: id,
      printer_id: scene.printerId,
      phase: 'created',
      fence: 1,
      printer_job_name: 'x',
      started_at: context.clock.now(),
    })
    .execute();
  assert.equal((await remove(scene, scene.owner.id)).status, 204);
  assert.equal(await forgetOwners(context), 0);
  const job = await getJob(context, id);
  assert.equal(job.ownerName, 'Anna');
  assert.notEqual(job.cancelAskedAt, null);
  await context.db
    .updateTable('jobs')
    .set({ state: 'canceled', ended_at: context.clock.now() })
    .where('id', '=', id)
    .execute();
  assert.equal(await forgetOwners(context), 1);
});

test('the list of people tells when each printed last and what is open', async () => {
  await using scene = await openScene();
  const { context, owner, server } = scene;
  const queue = await scene.addQueue({});
  const first = await scene.submit(queue.id);
  await cancelJob(context, first, { actor: 'test' });
  const last = await getJob(context, await scene.submit(queue.id));
  const idle = await addPerson(server, 'user');
  const path = `/api/v1/jobs/owners?users=${owner.id},${idle.id}`;
  const { headers } = await addPerson(server, 'operator');
  const { json } = await call(server, 'GET', path, { headers });
  assert.deepEqual(json.items, [
    { userId: owner.id, lastJobAt: last.createdAt.toISOString(), openJobs: 1 },
    { userId: idle.id, lastJobAt: null, openJobs: 0 },
  ]);
  assert.equal((await call(server, 'GET', path, { headers: owner.headers })).status, 403);
  assert.equal((await call(server, 'GET', '/api/v1/jobs/owners?users=x', { headers })).status, 400);
});
