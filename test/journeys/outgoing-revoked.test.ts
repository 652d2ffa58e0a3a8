/** A permission ends in the middle of the sending of two nodes: everything waits, one alarm is told, nothing is lost. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SECOND_MS } from '../../server/base/clock.ts';
import { beginDeviceLogin, getConnection, setNetworkSettings } from '../../server/connections/connections.ts';
import { startConnectionsWorker } from '../../server/connections/worker.ts';
import { setAlarmSettings } from '../../server/notices/notices.ts';
import { startNoticesWorker } from '../../server/notices/worker.ts';
import { countOutbox, getMessage } from '../../server/outbox/outbox.ts';
import { startOutboxWorker } from '../../server/outbox/worker.ts';
import type { TestContext } from '../harness/database.ts';
import { type Hook, openHook } from '../harness/hook.ts';
import { movePace, untilNoSession } from '../harness/pace.ts';
import { connectPractice, openPracticeContext, PRINT_ROOM, sharePractice } from '../harness/practice-connection.ts';
import { submitSome } from '../harness/sending-node.ts';
import { eventually } from '../harness/time.ts';

const BURST = 5;

const practice = await sharePractice();

type Nodes = AsyncDisposable & {
  readonly one: TestContext;
  readonly hook: Hook;
  readonly connectionId: string;
  /** Lets the time of everybody pass until a claim holds. */
  passUntil(what: string, claim: () => Promise<boolean>): Promise<void>;
};

/** Two nodes over one database, each with all workers that have to do with sending, and somebody who hears alarms. */
async function openNodes(): Promise<Nodes> {
  await using undo = new AsyncDisposableStack();
  const hook = undo.use(await openHook());
  const one = undo.use(await openPracticeContext(practice));
  const connectionId = await connectPractice(one, practice);
  const other = undo.use(await openPracticeContext(practice, one));
  const outgoing = { kind: 'connection', connectionId } as const;
  await setNetworkSettings(one.context, { senderEmail: PRINT_ROOM, senderName: undefined, outgoing }, 'test');
  await setAlarmSettings(one.context, { webhook: { url: hook.url } }, 'test');
  other.clock.setWallClock(one.clock.now());
  for (const { context } of [one, other]) {
    undo.use(await startConnectionsWorker(context));
    undo.use(await startNoticesWorker(context));
    undo.use(await startOutboxWorker(context));
  }
  const opened = undo.move();
  const passUntil = async (what: string, claim: () => Promise<boolean>): Promise<void> => {
    const reached = async () => {
      if (await claim()) return true;
      await movePace({ context: one.context, clock: one.clock, practice }, SECOND_MS);
      other.clock.advance(SECOND_MS);
      return false;
    };
    await eventually(reached, { what, timeoutMs: 60_000 });
  };
  return { one, hook, connectionId, passUntil, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

const REASONS = [
  ['the sessions were revoked', 50173, { switch: 'sessions-revoked', account: PRINT_ROOM }],
  ['90 days went by', 700082, { switch: 'idle', account: PRINT_ROOM, days: 91 }],
] as const;

describe('two nodes are sending, and the permission ends', () => {
  for (const [what, aadsts, change] of REASONS) {
    test(`because ${what} (AADSTS${aadsts}): nothing uses up a try, one alarm is told, and after the confirmation each leaves once`, async () => {
      await using nodes = await openNodes();
      const { one, hook, connectionId, passUntil } = nodes;
      const { context } = one;
      const ids = await submitSome(context, BURST);
      await passUntil('the first are through', async () => (await countOutbox(context)).states.sent === BURST);
      await untilNoSession({ context, clock: one.clock, practice });
      // Longer than a fresh token is not asked for again.
      for (const { clock } of [one, practice]) clock.advance(60 * SECOND_MS);
      await practice.steer('/switch', change);
      practice.smtp.addFault({ named: 'token-refused', times: 1_000 });
      const asked = practice.asked('refresh_token');
      ids.push(...(await submitSome(context, 7)));
      await passUntil('the rest is held', async () => (await countOutbox(context)).states.held === 7);
      const connection = await getConnection(context, connectionId);
      assert.deepEqual([connection.state, connection.problem?.facts?.aadsts], ['needs-confirmation', aadsts]);
      // Both nodes were refused at the same time, and the identity server was asked by one of them.
      assert.equal(practice.asked('refresh_token') - asked, 1);
      for (const id of ids.slice(BURST)) {
        const { attempts, problem, holdReason } = await getMessage(context, id);
        const found = [attempts, problem?.code, holdReason];
        assert.deepEqual(found, [0, 'connection-needs-confirmation', 'connection']);
      }
      await passUntil('the alarm is told', async () => hook.told.length > 0);
      // Minutes later it is still the same incident.
      const until = one.clock.monotonicMs() + 120 * SECOND_MS;
      await passUntil('two minutes later', async () => one.clock.monotonicMs() >= until);
      assert.deepEqual(phasesOf(hook), ['raised']);

      practice.smtp.faults.clear();
      const code = await beginDeviceLogin(context, connectionId, { actor: 'test', language: 'en' });
      await practice.answerCode(code.userCode, PRINT_ROOM);
      await passUntil('all are sent', async () => (await countOutbox(context)).states.sent === ids.length);
      await passUntil('the end of the alarm is told', async () => hook.told.length > 1);
      assert.deepEqual(phasesOf(hook), ['raised', 'solved']);
      const copies = Map.groupBy(practice.smtp.accepted(), ({ messageId }) => messageId);
      for (const id of ids) {
        const { attempts, possiblyTwice, messageIdHeader } = await getMessage(context, id);
        assert.deepEqual([attempts, possiblyTwice, copies.get(messageIdHeader ?? '')?.length], [1, false, 1]);
      }
      assert.equal(practice.smtp.accepted().length, ids.length);
    });
  }
});

function phasesOf({ told }: Hook): unknown[] {
  return told.map(({ phase }) => phase);
}
