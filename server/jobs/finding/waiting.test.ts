import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addPerson, call } from '../../../test/attacks/callers.ts';
import { openScene } from '../../../test/harness/queue-scene.ts';

test('jobs that were not begun are counted for their printer; held ones and ended ones are not', async () => {
  await using scene = await openScene();
  const { context, server, printerId } = scene;
  const operator = await addPerson(server, 'operator');
  const look = async (headers = operator.headers) => await call(server, 'GET', '/api/v1/jobs/waiting', { headers });
  assert.deepEqual((await look()).json, { items: [] });
  const direct = await scene.addQueue({ mode: 'direct' });
  const hold = await scene.addQueue({ mode: 'hold' });
  const nowhere = await scene.addQueue({ mode: 'direct', printerIds: [] });
  const first = await scene.submit(direct.id);
  const ended = await scene.submit(direct.id);
  await scene.submit(direct.id);
  await scene.submit(hold.id);
  await scene.submit(nowhere.id);
  await context.db
    .updateTable('jobs')
    .set({ state: 'completed', ended_at: context.clock.now() })
    .where('id', '=', ended)
    .execute();
  const { created_at: oldest } = await context.db
    .selectFrom('jobs')
    .select('created_at')
    .where('id', '=', first)
    .executeTakeFirstOrThrow();
  assert.deepEqual((await look()).json, { items: [{ printerId, count: 2, oldestAt: oldest.toISOString() }] });
  assert.equal((await look(scene.owner.headers)).status, 403);
});
