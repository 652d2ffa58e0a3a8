import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Browser, openBrowser } from '../harness/browser.ts';
import { sha256Of, wrapDocuments, writePdf } from '../harness/mail.ts';
import { ADMINISTRATOR, openStage, type Row, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';

const PROGRAM = Buffer.from('MZ\x90\0\x03\0\0\0', 'latin1');
const PLAN = writePdf('shift plan', 900);
const STRANGER = 'stranger@elsewhere.example';
const PASSWORD = 'nine patient copper kettles';

let stage: Stage;
let browser: Browser;

async function listMessages(): Promise<Row[]> {
  return ((await stage.api('GET', '/messages')) as { items: Row[] }).items;
}

describe('mail that came in, in the browser', () => {
  before(async () => {
    stage = await openStage({ database: 'external' });
    browser = await openBrowser();
    await stage.api('PATCH', `/queues/${stage.queueId}`, { mode: 'hold' });
    const documents = [
      { name: 'plan.pdf', bytes: PLAN, sha256: sha256Of(PLAN) },
      { name: 'tool.exe', bytes: PROGRAM, sha256: sha256Of(PROGRAM) },
    ];
    await stage.deliverMail(wrapDocuments('two-documents', documents));
    await stage.deliver(1, { sender: STRANGER });
    await eventually(async () => (await listMessages()).length === 2, { timeoutMs: 60_000, what: 'both are taken in' });
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
  });

  for (const [language, width, words] of [
    [
      'en',
      1280,
      {
        link: 'Mail that came in',
        refused: 'Refused',
        outcome: 'Outcome',
        job: 'Became a job',
        taken: 'It was taken: 1 job.',
        silence: 'Nobody is answered',
      },
    ],
    [
      'it',
      390,
      {
        link: 'Posta arrivata',
        refused: 'Rifiutato',
        outcome: 'Esito',
        job: 'È diventato un lavoro',
        taken: 'È stato accettato: 1 lavoro.',
        silence: 'Nessuno riceve risposta',
      },
    ],
  ] as const) {
    test(`an operator sees what was refused and why, and what became of each document, in ${language}`, async () => {
      await using window = await browser.open(stage, { as: ADMINISTRATOR, language, width });
      const { page } = window;
      await window.go('/settings/jobs/mailboxes');
      await page.getByRole('link', { name: words.link }).click();
      const rows = page.locator('tr[data-row]');
      await eventually(async () => (await rows.count()) === 2);
      await window.assertGood(`messages-${language}-${width}`);
      const stranger = (await listMessages()).find(({ sender }) => sender === STRANGER);
      assert.ok(stranger?.outcome === 'refused' && stranger.reasonText !== null, JSON.stringify(stranger));
      await page.getByRole('combobox', { name: words.outcome }).click();
      await page.getByRole('option', { name: words.refused }).click();
      await page.waitForURL(/\/messages\?outcome=refused$/);
      await page.getByText(STRANGER).waitFor();
      // Until the answer is there the rows of before stand in their place.
      await eventually(async () => (await rows.count()) === 1, { what: 'the other message is gone' });
      await rows.getByText(words.refused, { exact: true }).first().waitFor();
      await window.go(`/messages?q=${encodeURIComponent(String(stranger.messageId))}`);
      await page.locator('tr[data-row]').getByRole('link').first().click();
      await page.getByText(words.silence).waitFor();
      await window.assertGood(`message-refused-${language}-${width}`);
      await window.go('/messages?q=two-documents');
      await page.getByRole('link', { name: 'two-documents' }).click();
      await page.getByText(words.job).waitFor();
      await page.getByRole('cell', { name: 'tool.exe' }).waitFor();
      await page.getByText(words.taken).waitFor();
      await window.assertGood(`message-${language}-${width}`);
      await page.getByRole('link', { name: 'plan.pdf' }).click();
      await page.getByRole('heading', { level: 1, name: /1001/ }).waitFor();
      window.assertQuiet();
    });
  }

  test('those who print see a message of their own, and no other', async () => {
    const [own, foreign] = [
      await messageOf('two-documents'),
      (await listMessages()).find((one) => one.sender === STRANGER),
    ];
    const { senderUserId } = own;
    const { email } = await stage.api('PATCH', `/users/${senderUserId}`, { password: PASSWORD });
    await using window = await browser.open(stage, { as: { email: String(email), password: PASSWORD } });
    const { page } = window;
    await window.go(`/messages/${own.id}`);
    await page.getByRole('cell', { name: 'tool.exe' }).waitFor();
    await window.go(`/messages/${foreign?.id}`);
    await page.getByText('There is no such', { exact: false }).first().waitFor();
    assert.equal(await page.getByText(STRANGER).count(), 0);
    await window.go('/messages');
    await page.getByText('This page is for operators and administrators').waitFor();
  });
});

async function messageOf(subject: string): Promise<Row> {
  const found = (await listMessages()).find((one) => String(one.subject).includes(subject));
  assert.ok(found);
  return found;
}
