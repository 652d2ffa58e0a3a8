import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Point, reachPoint } from '../campaign/points.ts';
import { checkInvariants, settle } from '../harness/invariants.ts';
import { PRINT_ROOM } from '../harness/mail.ts';
import { answerCode } from '../harness/peers.ts';
import { startPlatenProcess } from '../harness/platen.ts';
import { findEmbeddedServer, isAlive, openStage, type Row, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';

const POINT_TIMEOUT_MS = 20_000;

describe('a server that is killed or stopped', () => {
  let stage: Stage;

  before(async () => {
    stage = await openStage();
  });
  after(async () => await stage?.[Symbol.asyncDispose]());

  async function killAt(point: Point): Promise<void> {
    const reached = reachPoint(stage, point, AbortSignal.timeout(POINT_TIMEOUT_MS));
    await stage.deliver(2, { documents: 2, bytesEach: 200_000 });
    assert.ok(await reached, point);
    await stage.node.kill();
  }

  test('a login that was pending when the server was killed is granted after the restart', async () => {
    const id = await stage.addConnection({ title: 'Second connection' });
    const { userCode } = await stage.api('POST', `/connections/${id}/device-code`);
    await stage.node.kill();
    await answerCode(stage.peers.practice, { userCode: String(userCode), account: PRINT_ROOM });
    await stage.node.start();
    const state = async () => (await stage.connectionState(id)).state === 'connected';
    await eventually(state, { what: 'the login goes on', timeoutMs: 30_000 });
  });

  const steps: readonly Point[] = [
    'a message was fetched',
    'a message and its jobs were committed',
    'a message was moved',
    'an attempt was written',
    'a printer job was made',
    'a document was taken by the printer',
    'the attempt says that it was sent',
  ];
  for (const point of steps) {
    test(`after a kill right when ${point}, every mail is printed once`, async () => {
      await killAt(point);
      await stage.node.start();
      await settle(stage);
      assert.equal((await checkInvariants(stage)).unknown, 0);
    });
  }

  test('a document whose acceptance the printer could not tell any more is not sent again', async () => {
    const { control } = stage.peers.practice.printers[0] ?? assert.fail('there is no printer');
    await settle(stage);
    const before = control.jobs().length;
    const isTaken = () =>
      control.jobs().length > before && control.jobs().every(({ state }) => state !== 'pending-held');
    await control.setFault({ kind: 'slow', pagesPerSecond: 1 });
    await control.setFault({ kind: 'slow-answer', delayMs: 400 });
    await stage.deliver(1);
    await eventually(isTaken, { what: 'the printer has the document', timeoutMs: POINT_TIMEOUT_MS });
    await stage.node.kill();
    await control.clearFault();
    await stage.node.start();
    await settle(stage);
    assert.equal((await checkInvariants(stage)).unknown, 0);
    assert.equal(control.jobs().length, before + 1);
  });

  test('a second Platen on the same data directory is refused with a clear error, and the first one goes on', async () => {
    await assert.rejects(startPlatenProcess({ dataDir: stage.node.dataDir }), (error: Error) => {
      assert.match(error.message, /another Platen is using/);
      assert.match(error.message, /What to do/);
      return true;
    });
    assert.equal((await stage.ask('GET', '/jobs')).status, 200);
  });

  test('SIGKILL leaves the database server behind; the next start stops it, and the data is there', async () => {
    const { items: before } = (await stage.api('GET', '/jobs?limit=100')) as { items: Row[] };
    const orphan = findEmbeddedServer(stage.node.dataDir) ?? assert.fail('there is no database server');
    await stage.node.kill();
    assert.ok(isAlive(orphan));
    await stage.node.start();
    assert.equal(isAlive(orphan), false);
    assert.notEqual(findEmbeddedServer(stage.node.dataDir), orphan);
    const { items: later } = (await stage.api('GET', '/jobs?limit=100')) as { items: Row[] };
    assert.deepEqual(
      later.map(({ id }) => id),
      before.map(({ id }) => id),
    );
  });

  test('SIGTERM stops everything cleanly, and no database server is left', async () => {
    const server = findEmbeddedServer(stage.node.dataDir) ?? assert.fail('there is no database server');
    await stage.deliver(2);
    assert.equal(await stage.node.process.stop(), 0);
    assert.equal(isAlive(server), false);
    assert.equal(findEmbeddedServer(stage.node.dataDir), undefined);
    await stage.node.start();
    await settle(stage);
    await checkInvariants(stage);
  });
});
