import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { clientOf } from '../../simulator/testing.ts';
import { PRINT_ROOM } from '../harness/mail.ts';
import { addOutgoing, fillPace, Scanners } from '../harness/scans.ts';
import { openStage, type Row, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';

describe('scans while the connection may not be used', () => {
  let stage: Stage;
  let scanners: Scanners;
  let connectionId: string;

  before(async () => {
    stage = await openStage({ until: 'administrator' });
    connectionId = await addOutgoing(stage, 'not confirmed');
    scanners = new Scanners(stage);
    await fillPace(stage);
  });
  after(async () => await stage?.[Symbol.asyncDispose]());

  async function assertHeld(ids: readonly string[], code: string): Promise<void> {
    for (const id of ids) {
      const held = await scanners.reach(id, 'held');
      const { code: told, advice } = held.problem as { code: string; advice: string };
      assert.deepEqual([held.holdReason, told, held.attempts], ['connection', code, 0]);
      assert.ok(advice.length > 20, advice);
    }
  }

  async function assertSentOnce(ids: readonly string[]): Promise<void> {
    const accepted = stage.peers.practice.smtp.accepted();
    for (const id of ids) {
      const sent = await scanners.reach(id, 'sent');
      assert.deepEqual([sent.attempts, sent.possiblyTwice], [1, false]);
      assert.equal(accepted.filter(({ sha256 }) => sha256 === sent.sha256).length, 1);
    }
  }

  async function countStates(): Promise<Row> {
    return (await stage.api('GET', '/outbox/summary')).states as Row;
  }

  test('before it was confirmed they are kept and held without a try, over a restart, and leave by themselves', async () => {
    const network = await stage.api('GET', '/settings/network');
    assert.equal((network.problem as Row).code, 'connection-not-confirmed');
    const ids = [await scanners.scanKept(), await scanners.scanKept({ bytes: 300_000 }), await scanners.scanKept()];
    await assertHeld(ids, 'connection-not-confirmed');
    assert.equal((await countStates()).held, 3);
    await stage.node.kill();
    await stage.node.start();
    await assertHeld(ids, 'connection-not-confirmed');
    assert.equal(stage.peers.practice.smtp.counters.logins, 0);
    await stage.confirm(connectionId);
    await assertSentOnce(ids);
    assert.equal(stage.peers.practice.smtp.accepted().length, ids.length);
    assert.equal((await stage.api('GET', '/settings/network')).problem, null);
  });

  test('when the permission is revoked in the middle the rest is held, and after the next confirmation each leaves once', async () => {
    const { practice } = stage.peers;
    const { smtp } = practice;
    smtp.clear();
    // Slow enough that the permission ends while some are through and some wait.
    smtp.addFault({ phase: 'end-of-data', delayMs: 700, times: 1_000 });
    const ids: string[] = [];
    for (let at = 0; at < 8; at += 1) ids.push(await scanners.scanKept({ bytes: at % 2 === 0 ? 2_000 : 150_000 }));
    await eventually(() => smtp.accepted().length >= 2, { what: 'some are through' });
    // A token that is only seconds old is not asked for again: as if it had been obtained a minute ago.
    await stage.sql(`UPDATE connection_tokens SET renewed_at = renewed_at - interval '1 minute'`);
    await clientOf(practice).control('/switch', { switch: 'sessions-revoked', account: PRINT_ROOM });
    // Exchange ends sessions that run on a withdrawn token, and takes it for no other one.
    smtp.addFault({ named: 'token-refused', times: 1_000 });
    smtp.addFault({ phase: 'mail', reply: '421 4.7.0 Session ended', times: 2 });
    const state = async () => (await stage.connectionState(connectionId)).state;
    await eventually(async () => (await state()) === 'needs-confirmation', {
      what: 'the connection asks',
      timeoutMs: 20_000,
    });
    const readAll = async () => await Promise.all(ids.map((id) => scanners.read(id)));
    await eventually(async () => (await readAll()).every((one) => ['sent', 'held'].includes(String(one.state))), {
      what: 'what is left is held',
    });
    const heldIds = (await readAll()).filter((one) => one.state === 'held').map(({ id }) => String(id));
    assert.ok(heldIds.length > 0 && heldIds.length < ids.length, `${heldIds.length} of ${ids.length} are held`);
    await assertHeld(heldIds, 'connection-needs-confirmation');
    // What comes meanwhile is taken all the same.
    ids.push(await scanners.scanKept());
    await assertHeld(ids.slice(-1), 'connection-needs-confirmation');
    smtp.faults.clear();
    await stage.confirm(connectionId);
    await assertSentOnce(ids);
    assert.equal(smtp.accepted().length, ids.length);
    assert.deepEqual((await countStates()).held, 0);
  });
});
