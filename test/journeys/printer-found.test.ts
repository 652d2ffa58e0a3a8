import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RunningAnnouncer, startAnnouncer } from '../../simulator/discovery/announce.ts';
import { type IppEvePrinter, startIppEvePrinter } from '../harness/ippeveprinter.ts';
import { openStage, type Row, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';

/** A whole document is made, sent and followed on a busy machine. */
const WHOLE_WAY_MS = 120_000;

let paper: IppEvePrinter;
let announcer: RunningAnnouncer;
let stage: Stage;

describe('a printer that announces itself', () => {
  before(async () => {
    paper = await startIppEvePrinter({ name: 'Library' });
    const text = { ty: 'Everywhere printer', note: 'Second floor', UUID: '4509a320-00a0-008f-00b6-002507510eca' };
    const printers = [{ name: 'Library', port: paper.port, text }];
    announcer = await startAnnouncer({ printers });
    const env = { PLATEN_DISCOVERY: `${announcer.host}:${announcer.port}` };
    stage = await openStage({ database: 'external', until: 'administrator', env });
  });
  after(async () => {
    await stage?.[Symbol.asyncDispose]();
    await announcer?.close();
    await paper?.close();
  });

  test('is found, added as it was found, and prints', async () => {
    const { items, networks } = await stage.api('POST', '/printers/discover');
    const [found, ...others] = items as Row[];
    assert.deepEqual([others, networks], [[], ['127.0.0.1']]);
    assert.deepEqual(found, {
      ...{ name: 'Library', makeModel: 'Everywhere printer', location: 'Second floor' },
      ...{ uri: `ipp://127.0.0.1:${paper.port}/ipp/print`, host: '127.0.0.1', port: paper.port },
      ...{ isSecure: false, isAdded: false },
    });
    const added = await stage.api('POST', '/printers', { name: found?.name, uri: found?.uri });
    assert.equal(added.state, 'idle');
    await stage.api('POST', '/queues', { name: 'Office', mode: 'direct', printerIds: [added.id] });
    const [me] = (await stage.api('GET', '/users')).items as Row[];
    const asked = {
      token: stage.token,
      body: { ownerId: me?.id },
      headers: { 'idempotency-key': 'page-of-the-new-printer' },
    };
    const { body: job, text } = await stage.node.process.call('POST', `/printers/${added.id}/test-page`, asked);
    assert.ok(job.id, text);
    await eventually(async () => (await stage.api('GET', `/jobs/${job.id}`)).state === 'completed', {
      timeoutMs: WHOLE_WAY_MS,
    });
    assert.equal(paper.printed().length, 1);
    const again = (await stage.api('POST', '/printers/discover')).items as Row[];
    assert.deepEqual(
      again.map(({ name, isAdded }) => [name, isAdded]),
      [['Library', true]],
    );
  });
});
