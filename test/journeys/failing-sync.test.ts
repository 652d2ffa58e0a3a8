import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { checkInvariants, settle } from '../harness/invariants.ts';
import { PRINT_ROOM } from '../harness/mail.ts';
import { openStage, type Row, type Stage } from '../harness/stage.ts';
import { type ArmedFault, armCallFault, type CallFault, mayTrace } from '../harness/strace.ts';
import { eventually } from '../harness/time.ts';

// Root may always trace; for others it may be forbidden (kernel.yama.ptrace_scope).
const skip = mayTrace() ? false : 'system calls cannot be traced here';

describe('a disk whose syncs fail', { skip }, () => {
  let stage: Stage;

  before(async () => {
    stage = await openStage();
  });
  after(async () => await stage?.[Symbol.asyncDispose]());

  const failSyncs = (fault: Pick<CallFault, 'calls' | 'when' | 'isLasting'>): Promise<ArmedFault> =>
    armCallFault(stage.node.process.pid, { ...fault, effect: 'io-error' });

  async function assertNothingPromised(mails: readonly { readonly mark: string }[]): Promise<void> {
    const rows = (await stage.sql('SELECT message_id FROM incoming_messages')) as { message_id: string }[];
    const inbox = stage.peers.listFolder(PRINT_ROOM, 'INBOX');
    for (const { mark } of mails) {
      assert.ok(!rows.some((row) => row.message_id.includes(`${mark}@`)), `${mark} has a row without its bytes`);
      assert.ok(inbox.includes(`${mark}@practice.example`), `${mark} has left the mailbox`);
    }
    const { items } = (await stage.api('GET', '/jobs?limit=100')) as { items: Row[] };
    assert.ok(!items.some((job) => mails.some(({ mark }) => String(job.title).includes(mark))));
  }

  // Each of the two alone: the name of a file without its bytes is worth as little as bytes without a name.
  for (const [what, call] of [
    ['bytes', 'fdatasync'],
    ['names', 'fsync'],
  ] as const) {
    test(`while every sync of ${what} fails a message stays in its mailbox and makes no job; afterwards it is printed`, async () => {
      await stage.deliver(1);
      await settle(stage);
      const armed = await failSyncs({ calls: [call], when: 1, isLasting: true });
      try {
        const mails = await stage.deliver(2, { documents: 2 });
        await eventually(() => armed.hits() >= 2, { what: 'syncs have failed', timeoutMs: 20_000 });
        await assertNothingPromised(mails);
        const { items } = (await stage.api('GET', '/mailboxes')) as { items: Row[] };
        await eventually(
          async () => {
            const [mailbox] = ((await stage.api('GET', '/mailboxes')) as { items: Row[] }).items;
            return (mailbox?.problem as Row | null)?.code === 'spool-unavailable';
          },
          { what: 'the mailbox says why', timeoutMs: 10_000 },
        );
        assert.equal(items.length, 1);
        await assertNothingPromised(mails);
      } finally {
        await armed[Symbol.asyncDispose]();
      }
      await settle(stage, { timeoutMs: 120_000 });
      await checkInvariants(stage);
    });
  }

  for (const when of [1, 2]) {
    test(`a single failing sync, number ${when} of its thread, costs nothing but time`, async () => {
      const armed = await failSyncs({ calls: ['fsync', 'fdatasync'], when });
      try {
        await stage.deliver(3, { documents: 2 });
        await eventually(() => armed.hits() >= 1, { what: 'a sync has failed', timeoutMs: 20_000 });
      } finally {
        await armed[Symbol.asyncDispose]();
      }
      await settle(stage, { timeoutMs: 120_000 });
      assert.equal((await checkInvariants(stage)).unknown, 0);
    });
  }
});
