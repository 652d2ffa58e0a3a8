import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { familyOf } from '../harness/disk.ts';
import { addOutgoing, fillPace, Scanners } from '../harness/scans.ts';
import { checkMail, settleMail } from '../harness/sent-mail.ts';
import { findEmbeddedServer, openStage, type Stage } from '../harness/stage.ts';
import { armCallFault, mayTrace } from '../harness/strace.ts';
import { eventually } from '../harness/time.ts';

// Root may always trace; for others it may be forbidden (kernel.yama.ptrace_scope).
const skip = mayTrace() ? false : 'system calls cannot be traced here';
const LARGE_BYTES = 200_000;

describe('a disk whose syncs fail while devices hand in mail', { skip }, () => {
  let stage: Stage;
  let scanners: Scanners;

  before(async () => {
    stage = await openStage({ until: 'administrator' });
    await addOutgoing(stage, 'confirmed');
    await fillPace(stage);
    scanners = new Scanners(stage);
  });
  after(async () => await stage?.[Symbol.asyncDispose]());

  // Each of the two alone: the name of a file without its bytes is worth as little as bytes without a name.
  for (const [what, call, before] of [
    ['bytes', 'fdatasync', 0],
    ['name in its folder', 'fsync', 2],
  ] as const) {
    test(`a scan whose ${what} cannot be synced hears 451 and leaves no message; the device comes again and it is sent`, async () => {
      await scanners.scanKept({ bytes: LARGE_BYTES });
      const fault = { calls: [call], when: 1, isLasting: true, effect: 'io-error' } as const;
      const armed = await armCallFault(stage.node.process.pid, fault);
      try {
        for (let at = 0; at < 3; at += 1) {
          const { answer } = await scanners.scan({ bytes: LARGE_BYTES });
          assert.match(answer ?? 'no answer', /^451 4\.3\.0 /);
        }
        assert.ok(armed.hits() >= 1, 'no sync has failed');
      } finally {
        await armed[Symbol.asyncDispose]();
      }
      const [kept] = await stage.sql('SELECT count(*)::int AS count FROM outbox_messages');
      assert.equal(kept?.count, before + 1);
      await scanners.scanKept({ bytes: LARGE_BYTES });
      await settleMail(scanners);
      const tally = await checkMail(scanners);
      assert.deepEqual([tally.promised, tally.kept, tally.accepted], [before + 2, before + 2, before + 2]);
    });
  }

  test('one failing sync costs one answer of 451 at most, and no scan that was taken', async () => {
    const calls = ['fsync', 'fdatasync'];
    const armed = await armCallFault(stage.node.process.pid, { calls, when: 1, effect: 'io-error' });
    try {
      const scans = await Promise.all(Array.from({ length: 6 }, () => scanners.scan({ bytes: LARGE_BYTES })));
      await eventually(() => armed.hits() >= 1, { what: 'a sync has failed', timeoutMs: 10_000 });
      for (const { answer } of scans) assert.match(answer ?? 'no answer', /^(250 2\.6\.0 |451 4\.3\.0 )/);
    } finally {
      await armed[Symbol.asyncDispose]();
    }
    await settleMail(scanners);
    assert.equal((await checkMail(scanners)).possiblyTwice, 0);
  });

  test('a log of the database that cannot be synced: 451 or no answer, and what was promised is sent', async () => {
    const before = (await checkMail(scanners)).kept;
    const database = findEmbeddedServer(stage.node.dataDir) ?? assert.fail('the embedded database does not run');
    // The server that starts the others, too: whoever takes the place of a process that died must not be better off.
    const armed = await armCallFault(familyOf(database), {
      calls: ['fsync', 'fdatasync'],
      when: 1,
      isLasting: true,
      effect: 'io-error',
    });
    try {
      const scans = await Promise.all(Array.from({ length: 6 }, () => scanners.scan({ bytes: 2_000 })));
      await eventually(() => armed.hits() >= 1, { what: 'a sync has failed', timeoutMs: 10_000 });
      for (const { answer } of scans) assert.match(answer ?? '451 4.3.0 gone', /^451 4\.3\.0 /);
    } finally {
      await armed[Symbol.asyncDispose]();
    }
    // The database gives up what it is not sure of and starts from its log; Platen waits for it and goes on.
    await eventually(async () => (await scanners.scan({ bytes: 2_000 })).id !== undefined, {
      what: 'scans are taken again',
      timeoutMs: 60_000,
    });
    assert.ok(stage.node.isRunning);
    await settleMail(scanners);
    const tally = await checkMail(scanners, { commitsBroke: true });
    // Nothing that was not promised is there but what was committed in the moment in which the answer was lost.
    assert.ok(tally.kept > before && tally.kept - before <= 7, JSON.stringify(tally));
  });
});
