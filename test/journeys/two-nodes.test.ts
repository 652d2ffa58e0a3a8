import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { runZombies } from '../campaign/zombies.ts';
import { checkInvariants, settle } from '../harness/invariants.ts';
import { PRINT_ROOM } from '../harness/mail.ts';
import { openStage, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';

// A minute is promised. The end of a lease takes 30 s of it; the rest must not be spent on hearing that there is work.
const TAKEOVER_LIMIT_MS = 50_000;

describe('two nodes on one external database', () => {
  let stage: Stage;

  before(async () => {
    stage = await openStage({ database: 'external', nodes: 2 });
  });
  after(async () => await stage?.[Symbol.asyncDispose]());

  const printer = () => stage.peers.practice.printers[0] ?? assert.fail('there is no printer');
  const watchers = () =>
    stage.peers.practice.imap
      .sessions()
      .filter((session) => session.address === PRINT_ROOM && session.folder === 'INBOX');

  test('each of thirty mails is printed once', async () => {
    await stage.deliver(30);
    await settle(stage);
    assert.equal((await checkInvariants(stage)).sheets, 30);
  });

  test('a mailbox is watched by one node at a time', () => {
    assert.equal(watchers().length, 1);
  });

  test('a node that is killed at work is replaced by the other one within a minute', async () => {
    const [first, second] = stage.nodes;
    assert.ok(first && second);
    // Only the first one runs for a moment, so that all leases are its own; then both do.
    await second.kill();
    await stage.ageLeases();
    await stage.deliver(1);
    await settle(stage);
    // Aged leases are renewed with the next heartbeat; until then the second node could take the mailbox.
    await eventually(
      async () => {
        const aged = await stage.sql(
          "SELECT name FROM leases WHERE name LIKE 'mailbox:%' AND expires_at < clock_timestamp() + interval '15 seconds'",
        );
        return aged.length === 0 && watchers().length === 1;
      },
      { what: 'the first node holds the mailbox', timeoutMs: 30_000 },
    );
    await second.start();
    // The first one is at a printer that has stopped: nobody but the sweep tells the second one of that job.
    await printer().control.setFault({ kind: 'paused' });
    await stage.deliver(1);
    const isAtPrinter = () =>
      printer()
        .control.jobs()
        .some(({ state }) => state !== 'completed');
    await eventually(isAtPrinter, { what: 'the job is at the printer' });
    await first.kill();
    const killedAt = performance.now();
    await printer().control.clearFault();
    await eventually(() => watchers().length === 0, { what: 'the mailbox is left alone', timeoutMs: 2_000 });
    await settle(stage, { timeoutMs: TAKEOVER_LIMIT_MS });
    await stage.deliver(3);
    await settle(stage, { timeoutMs: Math.max(1, TAKEOVER_LIMIT_MS - (performance.now() - killedAt)) });
    await checkInvariants(stage);
    await first.start();
    assert.equal((await first.process.call('GET', '/jobs', { token: stage.token })).status, 200);
  });
});

test('a node that was frozen over the end of its leases changes nothing when it wakes up', async (t) => {
  const report = await runZombies({ rounds: 3, say: (line) => t.diagnostic(line) });
  assert.deepEqual([report.lost, report.printedTwice], [0, 0]);
});
