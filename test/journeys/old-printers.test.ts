import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { reachPoint } from '../campaign/points.ts';
import { checkInvariants, settle } from '../harness/invariants.ts';
import { openStage, type Row, type Stage } from '../harness/stage.ts';

const POINT_TIMEOUT_MS = 20_000;

describe('a printer that knows Print-Job only', () => {
  let stage: Stage;
  const printer = () => stage.peers.practice.printers[0] ?? assert.fail('there is no printer');

  before(async () => {
    stage = await openStage({ database: 'external', until: 'administrator' });
    await printer().control.setFault({ kind: 'no-create-job' });
    const connectionId = await stage.connect();
    await stage.addPrinter();
    await stage.watchMailbox(connectionId);
  });
  after(async () => await stage?.[Symbol.asyncDispose]());

  async function killWithDocumentAtPrinter(): Promise<void> {
    const reached = reachPoint(stage, 'a document was taken by the printer', AbortSignal.timeout(POINT_TIMEOUT_MS));
    // The answer comes too late for the server to hear it.
    await printer().control.setFault({ kind: 'slow-answer', delayMs: 500, times: 3 });
    await stage.deliver(1);
    assert.ok(await reached);
    await stage.node.kill();
    await printer().control.clearFault('slow-answer');
    await stage.ageLeases();
  }

  test('is asked by the name of the job after a kill, and the document is not sent again', async () => {
    await killWithDocumentAtPrinter();
    await stage.node.start();
    await settle(stage);
    assert.equal((await checkInvariants(stage)).unknown, 0);
    assert.ok(
      printer()
        .control.requests()
        .every(({ operation }) => operation !== 'Create-Job'),
    );
  });

  test('that has forgotten the job leaves it as outcome-unknown, and a person decides', async () => {
    const sheets = stage.peers.paper().length;
    await printer().control.setFault({ kind: 'forget-history' });
    await killWithDocumentAtPrinter();
    await stage.node.start();
    await settle(stage);
    assert.equal((await checkInvariants(stage)).unknown, 1);
    assert.equal(stage.peers.paper().length, sheets + 1);
    const { items } = (await stage.api('GET', '/jobs?state=processing-stopped')) as { items: Row[] };
    const [job] = items;
    assert.deepEqual(job?.reasons, ['outcome-unknown']);
    assert.equal((job?.problem as Row | null)?.code, 'outcome-unknown');

    await printer().control.clearFault('forget-history');
    await stage.api('POST', `/jobs/${job?.id}/cancel`);
    assert.equal((await stage.api('GET', `/jobs/${job?.id}`)).state, 'canceled');
    assert.equal(stage.peers.paper().length, sheets + 1);
  });
});
