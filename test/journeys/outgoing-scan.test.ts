import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { PRINT_ROOM, sha256Of } from '../harness/mail.ts';
import { addOutgoing, Scanners } from '../harness/scans.ts';
import { openStage, type Row, type Stage } from '../harness/stage.ts';

let stage: Stage;
let scanners: Scanners;

before(async () => {
  stage = await openStage({ until: 'administrator' });
  await addOutgoing(stage, 'confirmed');
  scanners = new Scanners(stage);
});
after(async () => await stage?.[Symbol.asyncDispose]());
beforeEach(() => {
  stage.peers.practice.smtp.reset();
});

/** As if what was learned of the mailbox before had never been, so that the next message meets a fresh one. */
async function forgetMailbox(): Promise<void> {
  await stage.sql('DELETE FROM pace_buckets');
}

type Problem = { readonly code: string; readonly title: string; readonly advice: string; readonly remote?: string };

function problemOf(message: Row): Problem {
  return (message.problem ?? {}) as Problem;
}

describe('a scan', () => {
  for (const [size, bytes] of [
    ['small', 2_000],
    ['large', 700_000],
  ] as const) {
    test(`a ${size} one reaches Exchange byte for byte, in the name of the sender that Exchange accepts`, async () => {
      const { smtp, imap } = stage.peers.practice;
      const id = await scanners.scanKept({ recipient: 'anna@practice.example', bytes });
      const sent = await scanners.reach(id, 'sent');
      const scan = scanners.scans.at(-1) ?? assert.fail('nothing was scanned');
      const [accepted, ...others] = smtp.accepted();
      assert.deepEqual([accepted?.sha256, others.length], [sent.sha256, 0]);
      assert.deepEqual([accepted?.sender, accepted?.recipients], [PRINT_ROOM, ['anna@practice.example']]);
      assert.equal(accepted?.messageId, `<${scan.mark}@copier.example>`);
      const inbox = imap.mailboxes.getFolder('anna@practice.example', 'INBOX').messages;
      const copy = inbox.find((message) => message.bytes.includes(`Subject: ${scan.mark}\r\n`));
      const text = copy?.bytes.toString('latin1') ?? assert.fail('the mailbox has no copy');
      assert.ok(text.endsWith(`\r\n\r\n${scan.body}`), 'the body came through unchanged');
      const header = text.slice(0, text.indexOf('\r\n\r\n')).replace(/\r\n(?=[ \t])/g, '');
      assert.match(header, /^From: "Copier" +<print@practice\.example>$/m);
      assert.match(header, /^Reply-To: <scanner@copier\.example>$/m);
      const tries = sent.tries as Row[];
      assert.deepEqual([tries.length, tries[0]?.verdict, tries[0]?.code], [1, 'accepted', 250]);
      assert.deepEqual([sent.possiblyTwice, sent.problem, sent.attempts], [false, null, 1]);
      assert.match(String(sent.remoteAnswer), /^250 2\.0\.0 OK /);
      assert.equal(sha256Of(smtp.findContent(accepted?.id ?? 0) ?? Buffer.alloc(0)), sent.sha256);
    });
  }

  test('to a domain that the device may not reach is refused, and nothing is kept of it', async () => {
    const { answer } = await scanners.scan({ recipient: 'somebody@far-away.example' });
    assert.match(answer ?? '', /^550 /);
    const { items } = (await stage.api('GET', '/outbox?limit=100')) as { items: Row[] };
    assert.ok(items.every(({ recipients }) => !JSON.stringify(recipients).includes('far-away')));
  });
});

describe('a test message', () => {
  test('is followed to the last word of the server', async () => {
    const made = await stage.api('POST', '/settings/network/test-message', { to: 'anna@practice.example' });
    const sent = await scanners.reach(String(made.id), 'sent');
    assert.deepEqual([sent.kind, sent.sender], ['test', PRINT_ROOM]);
    assert.match(String(sent.remoteAnswer), /^250 2\.0\.0 OK /);
    assert.equal(stage.peers.practice.smtp.accepted()[0]?.sha256, sent.sha256);
  });

  test('that is refused tells the words of the server and what to do', async () => {
    const made = await stage.api('POST', '/settings/network/test-message', { to: 'unknown-user@practice.example' });
    const failed = await scanners.reach(String(made.id), 'failed');
    const problem = problemOf(failed);
    assert.equal(problem.code, 'recipient-refused');
    assert.match(problem.remote ?? '', /^550 5\.1\.10 RESOLVER\.ADR\.RecipientNotFound/);
    assert.ok(problem.advice.length > 20, problem.advice);
  });
});

describe('each fault of Exchange ends in its state with its advice', () => {
  const faults: readonly (readonly [string, string, string, number?])[] = [
    ['busy', 'deferred', 'too-busy'],
    ['throttled', 'deferred', 'too-busy'],
    ['logon-failure', 'deferred', 'shared-mailbox-no-access'],
    ['send-as-denied', 'held', 'sender-not-allowed'],
    ['send-as-denied-older', 'held', 'sender-not-allowed'],
    ['send-as-refused', 'held', 'sender-not-allowed'],
    ['quota', 'deferred', 'daily-limit'],
    ['tenant-limit', 'deferred', 'tenant-recipient-limit'],
    ['blocked-sender', 'held', 'sender-blocked'],
    ['mailbox-full', 'held', 'sender-mailbox-full'],
    ['too-large', 'failed', 'message-too-large'],
    ['unknown-user', 'failed', 'recipient-refused'],
    ['temp-451', 'deferred', 'message-deferred'],
    ['too-many', 'deferred', 'message-deferred'],
    ['recip-limit', 'failed', 'message-refused'],
    ['unknown-4xx', 'deferred', 'message-deferred'],
    ['unknown-5xx', 'failed', 'recipient-refused'],
    // Large, so that the line breaks long before the final dot was sent.
    ['drops-in-data', 'deferred', 'server-unreachable', 5_000_000],
    ['drops-after-data', 'uncertain', 'outcome-uncertain'],
    ['resets-after-data', 'uncertain', 'outcome-uncertain'],
    ['drops-before-answer', 'uncertain', 'outcome-uncertain'],
    ['resets-before-answer', 'uncertain', 'outcome-uncertain'],
  ];
  for (const [fault, state, code, bytes = 2_000] of faults) {
    test(`${fault}@ is ${state} with ${code}`, async () => {
      await forgetMailbox();
      const id = await scanners.scanKept({ recipient: `${fault}@practice.example`, bytes });
      const found = await scanners.reach(id, state);
      const { code: told, title, advice } = problemOf(found);
      assert.equal(told, code);
      assert.ok(title.length > 5 && advice.length > 20, `${title}: ${advice}`);
      assert.doesNotMatch(`${title} ${advice}`, /\{\{|errors\./, 'the texts are whole');
      await stage.api('POST', `/outbox/${id}/drop`);
    });
  }

  const signIns: readonly (readonly [string, string])[] = [
    ['token-refused', 'sign-in-refused'],
    ['smtp-tenant-disabled', 'smtp-auth-off-tenant'],
    ['smtp-auth-disabled', 'smtp-auth-off-mailbox'],
    ['basic-disabled', 'password-login-ends'],
    ['basic-retired', 'password-login-ends'],
    ['security-defaults', 'smtp-blocked-security-defaults'],
    ['conditional-access', 'smtp-refused-by-policy'],
    ['mailbox-gone', 'mailbox-not-accessible'],
  ];
  for (const [fault, code] of signIns) {
    test(`${fault} at the sign-in is held with ${code}, costs no try, and leaves when it is cured`, async () => {
      await forgetMailbox();
      const { smtp } = stage.peers.practice;
      smtp.addFault({ named: fault, times: 1_000 });
      const id = await scanners.scanKept();
      const held = await scanners.reach(id, 'held');
      const { code: told, advice } = problemOf(held);
      assert.deepEqual([told, held.holdReason, held.attempts], [code, 'mailbox', 0]);
      assert.ok(advice.length > 20, advice);
      smtp.faults.clear();
      await stage.api('POST', `/outbox/${id}/retry`);
      await scanners.reach(id, 'sent');
      assert.equal(smtp.accepted().length, 1);
    });
  }

  test('an uncertain message goes out again byte for byte the same, and says that it may be there twice', async () => {
    await forgetMailbox();
    const { smtp } = stage.peers.practice;
    const id = await scanners.scanKept({ recipient: 'drops-before-answer@practice.example', bytes: 200_000 });
    const uncertain = await scanners.reach(id, 'uncertain');
    assert.equal(uncertain.possiblyTwice, true);
    // Its next try is a minute away; a person may say that it is to be now.
    await stage.api('POST', `/outbox/${id}/retry`);
    const sent = await scanners.reach(id, 'sent');
    assert.equal(sent.possiblyTwice, true);
    assert.deepEqual(
      smtp.accepted().map(({ sha256 }) => sha256),
      [sent.sha256, sent.sha256],
    );
  });
});
