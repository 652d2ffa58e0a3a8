import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { reachPoint } from '../campaign/points.ts';
import { type Browser, openBrowser, type Window } from '../harness/browser.ts';
import { assertFiveParts, findingOf, patternOf, type ScreenLanguage, textOf } from '../harness/finding.ts';
import { PRINT_ROOM } from '../harness/mail.ts';
import { ADMINISTRATOR, openStage, type Row, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';

const RECIPIENT = 'anna@practice.example';
const POINT_TIMEOUT_MS = 20_000;

/** What the practice server is told to do, the code that it ends in, and what the finding calls itself by. */
const ON_THE_WAY_OUT: readonly (readonly [what: string, fault: Row, code: string, reference: string])[] = [
  ['Exchange Online is too busy', { named: 'busy' }, 'too-busy', 'smtp-concurrent'],
  ['the limit of the day is reached', { named: 'quota' }, 'daily-limit', 'smtp-daily-limit'],
  ['the message is too large', { named: 'too-large' }, 'message-too-large', 'smtp-too-large'],
  ['the outcome is uncertain', { named: 'drops-before-answer' }, 'outcome-uncertain', 'outcome-uncertain'],
  ['passwords have ended', { named: 'basic-retired' }, 'password-login-ends', 'smtp-basic-retired'],
  ['no right on the shared mailbox', { named: 'logon-failure' }, 'shared-mailbox-no-access', 'smtp-logon-failure'],
];

let stage: Stage;
let browser: Browser;
let connectionId: string;

const printer = () => stage.peers.practice.printers[0] ?? assert.fail('there is no printer');

async function sendTestMessage(): Promise<string> {
  const { id } = await stage.api('POST', '/settings/network/test-message', { to: RECIPIENT });
  return String(id);
}

async function setOutgoing(outgoingServer: Row): Promise<void> {
  await stage.api('PUT', '/settings/network', { outgoingServer, senderEmail: PRINT_ROOM, senderName: null });
}

/** The message is tried again until it has left; what was planted is gone. */
async function assertLeaves(id: string): Promise<void> {
  const stateOf = async () => String((await stage.api('GET', `/outbox/${id}`)).state);
  await eventually(
    async () => {
      const state = await stateOf();
      if (['held', 'deferred', 'failed'].includes(state)) await stage.ask('POST', `/outbox/${id}/retry`);
      return state === 'sent';
    },
    { what: 'the message leaves', timeoutMs: 60_000 },
  );
}

/** Whether the message has met this failure; a pause that an earlier one has left is ended. */
async function hasMet(id: string, code: string): Promise<boolean> {
  const { state, problem } = await stage.api('GET', `/outbox/${id}`);
  if ((problem as Row | null)?.code === code) return true;
  if (problem !== null && state !== 'active') await stage.ask('POST', `/outbox/${id}/retry`);
  return false;
}

async function seeMessage(
  window: Window,
  language: ScreenLanguage,
  about: { id: string; code: string; reference: string },
) {
  const { id, code, reference } = about;
  await eventually(() => hasMet(id, code), { what: `${id} says ${code}`, timeoutMs: 60_000 });
  await window.go(`/outbox/${id}`);
  const found = findingOf(window.page, patternOf(language, `errors.${code}.title`), reference);
  await assertFiveParts(found, language);
  // The id under which the log and the journal tell of it.
  assert.ok((await found.locator('.finding-id').textContent())?.includes(id));
  await window.assertGood(`failure-${code}-${language}`);
}

/** A printer that has taken a document and forgotten it before anybody heard what became of it. */
async function loseOutcome(): Promise<string> {
  const { control } = printer();
  await control.setFault({ kind: 'forget-history' });
  const reached = reachPoint(stage, 'a document was taken by the printer', AbortSignal.timeout(POINT_TIMEOUT_MS));
  await control.setFault({ kind: 'slow-answer', delayMs: 500, times: 3 });
  await stage.deliver(1);
  assert.ok(await reached);
  await stage.node.kill();
  await control.clearFault('slow-answer');
  await stage.ageLeases();
  await stage.node.start();
  const stopped = async () => ((await stage.api('GET', '/jobs?state=processing-stopped')).items as Row[])[0];
  const job = await eventually(stopped, { what: 'the job of which nobody knows', timeoutMs: 60_000 });
  await control.clearFault('forget-history');
  return String(job.id);
}

/** A message in whose place Exchange gives a notice that it could not be converted. */
async function deliverSubstitute(): Promise<void> {
  const raw = Buffer.from(`From: ${RECIPIENT}\r\nTo: ${PRINT_ROOM}\r\nSubject: Plan\r\n\r\nHello\r\n`);
  const { uid } = stage.peers.practice.imap.mailboxes.deliver(PRINT_ROOM, raw);
  stage.peers.practice.imap.faults.add({ kind: 'substitute', uid, peek: 'substitute' });
  const seen = async () => (await stage.sql('UPDATE unreadable_messages SET tries = 2 RETURNING tries')).length === 1;
  // The try after a minute is the last one, not the second of three.
  await eventually(seen, { what: 'the first try', timeoutMs: 30_000 });
}

/** It is tried several times before it is given up. */
async function findSubstitute(): Promise<string> {
  const failed = async () => {
    return ((await stage.api('GET', '/messages?outcome=failed')).items as Row[])[0];
  };
  return String((await eventually(failed, { what: 'the message is given up', timeoutMs: 90_000 })).id);
}

describe('failures that come up most, each with its five parts on the page where it is met', () => {
  before(async () => {
    stage = await openStage({ database: 'external', until: 'administrator' });
    connectionId = await stage.addConnection({ expectedAccount: PRINT_ROOM, uses: ['imap', 'smtp'] });
    await stage.confirm(connectionId);
    // One that knows Print-Job only: after a kill nobody can ask it by number.
    await printer().control.setFault({ kind: 'no-create-job' });
    await stage.addPrinter();
    await stage.watchMailbox(connectionId);
    await deliverSubstitute();
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
  });

  for (const language of ['en', 'it'] as const) {
    const width = language === 'en' ? 1280 : 390;

    test(`mail that does not leave says why, in ${language}`, async (t) => {
      await setOutgoing({ connectionId });
      await using window = await browser.open(stage, { language, width, as: ADMINISTRATOR });
      for (const [what, fault, code, reference] of ON_THE_WAY_OUT) {
        await t.test(what, async () => {
          await stage.control('/smtp/fault', { ...fault, times: 100 });
          const id = await sendTestMessage();
          try {
            await seeMessage(window, language, { id, code, reference });
          } finally {
            await stage.control('/smtp/clear-faults', {});
          }
          // The identical copy of what is uncertain goes a minute later.
          if (code === 'outcome-uncertain') await stage.api('POST', `/outbox/${id}/drop`);
          else await assertLeaves(id);
        });
      }
      await t.test('the server cannot be reached', async () => {
        await setOutgoing({ host: '127.0.0.1', port: 9, security: 'none' });
        const id = await sendTestMessage();
        await seeMessage(window, language, { id, code: 'server-unreachable', reference: 'network-refused' });
        // The server is paused after it: one that was not tried says why it waits, too.
        const next = await sendTestMessage();
        await seeMessage(window, language, { id: next, code: 'server-unreachable', reference: 'network-refused' });
        await setOutgoing({ connectionId });
        await assertLeaves(id);
      });
    });
  }

  test('a job of which nobody knows whether it was printed, and a message that the server does not give', async () => {
    const jobId = await loseOutcome();
    const messageId = await findSubstitute();
    for (const language of ['en', 'it'] as const) {
      const width = language === 'en' ? 390 : 1280;
      await using window = await browser.open(stage, { language, width, as: ADMINISTRATOR });
      await window.go(`/jobs/${jobId}`);
      const job = findingOf(window.page, patternOf(language, 'errors.outcome-unknown.title'), 'outcome-unknown');
      await assertFiveParts(job, language);
      await window.assertGood(`failure-outcome-unknown-${language}`);
      await window.go(`/messages/${messageId}`);
      const message = findingOf(window.page, textOf(language, 'web.arrived.failed'), 'substitute-message');
      await assertFiveParts(message, language);
      await message.getByText(textOf(language, 'intake.advice.substitute-message')).waitFor();
      await window.assertGood(`failure-substitute-${language}`);
    }
    await using window = await browser.open(stage, { language: 'it', width: 390, as: ADMINISTRATOR });
    const { page } = window;
    await window.go('/jobs');
    await page.getByText(/^\d+ lavor[oi] (?:è|sono) da controllare$/).waitFor();
    await window.assertGood('jobs-need-look');
    await page.getByRole('button', { name: 'Mostra', exact: true }).click();
    await page.locator(`a[href="/jobs/${jobId}"]`).click();
    await page.getByRole('button', { name: 'Stampa di nuovo' }).click();
    await page.getByRole('dialog').getByText('Se i fogli erano già usciti, viene stampato due volte.').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Annulla' }).click();
    await page.getByRole('button', { name: 'È stampato' }).click();
    await page.getByText('Stampato', { exact: true }).first().waitFor();
    assert.equal((await stage.api('GET', `/jobs/${jobId}`)).state, 'completed');
  });
});
