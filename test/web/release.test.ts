import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { type Browser, openBrowser, type WindowOptions } from '../harness/browser.ts';
import { KNOWN_SENDERS } from '../harness/mail.ts';
import { ADMINISTRATOR, openStage, type Row, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';

const PASSWORD = 'nine patient copper kettles';
const PHONE: WindowOptions = { width: 390, height: 844 };

let stage: Stage;
let browser: Browser;

async function listHeld(): Promise<Row[]> {
  return ((await stage.api('GET', '/jobs?state=pending-held')) as { items: Row[] }).items;
}

describe('the pages behind the code of a printer and the links of messages', () => {
  before(async () => {
    stage = await openStage({ database: 'external' });
    browser = await openBrowser();
    await stage.api('PATCH', `/queues/${stage.queueId}`, { mode: 'hold' });
    const users = ((await stage.api('GET', '/users?limit=100')) as { items: Row[] }).items;
    const anna = users.find(({ email }) => email === KNOWN_SENDERS[0]);
    await stage.api('PATCH', `/users/${anna?.id}`, { password: PASSWORD });
    await stage.deliver(2, { sender: KNOWN_SENDERS[0] });
    await eventually(async () => (await listHeld()).length === 2, { what: 'two jobs wait' });
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
  });

  test('the sticker of a printer shows its code, and leads to the page for phones', async () => {
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    await window.go(`/printers/${stage.printerId}/sticker`);
    await page.getByRole('img', { name: /Code that opens the page of/ }).waitFor();
    await page.getByText(`/printers/${stage.printerId}/release`).waitFor();
    await window.assertGood('sticker');
  });

  test('a wrong PIN is refused with advice, and nothing is shown to a stranger', async () => {
    await using window = await browser.open(stage, PHONE);
    const { page } = window;
    await window.go(`/printers/${stage.printerId}/release`);
    await page.getByLabel('PIN from the message').fill('1234 5678');
    assert.equal(await page.getByText('.pdf').count(), 0);
    await window.assertGood('release-pin');
    await page.getByRole('button', { name: 'Print now' }).click();
    await page.getByText('What to do').waitFor();
    assert.equal((await listHeld()).length, 2);
  });

  test('who signs in on the phone prints one of two jobs, and the other one keeps waiting', async () => {
    await using window = await browser.open(stage, { ...PHONE, language: 'it' });
    const { page } = window;
    await window.go(`/printers/${stage.printerId}/release`);
    await page.getByLabel('E-mail').fill(KNOWN_SENDERS[0]);
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: /Accedi|Sign in/ }).click();
    const boxes = page.getByRole('checkbox');
    await eventually(async () => (await boxes.count()) === 2, { what: 'both jobs are there' });
    await window.assertGood('release-own');
    await boxes.first().uncheck();
    await page.getByRole('button', { name: /Stampa 1 lavoro|Print 1 job/ }).click();
    await page.getByText(/1 lavoro in stampa|1 job is being printed/).waitFor();
    await eventually(async () => (await listHeld()).length === 1, { what: 'one waits' });
  });

  test('a link does nothing when it is opened, prints at the button, and only once', async () => {
    const [held] = await listHeld();
    const token = randomBytes(32).toString('base64url');
    await stage.sql(
      `INSERT INTO links (id, digest, purpose, subject_ids, user_id, created_at, expires_at)
       VALUES (gen_random_uuid(), $1, 'print-job', $2, $3, now(), now() + interval '1 day')`,
      [createHash('sha256').update(token).digest(), [held?.id], held?.ownerId],
    );
    await using window = await browser.open(stage, PHONE);
    const { page } = window;
    await window.go('/links');
    await page.getByText('This page needs the whole link of a message').waitFor();
    await window.go(`/links#${token}`);
    await page.reload();
    await page.getByText('Print these documents now?').waitFor();
    await window.assertGood('link');
    assert.equal((await stage.api('GET', `/jobs/${held?.id}`)).state, 'pending-held');
    await page.getByRole('button', { name: 'Print now' }).click();
    await page.getByText('On the way to the printer').waitFor();
    await eventually(async () => (await stage.api('GET', `/jobs/${held?.id}`)).state === 'completed');
    await page.reload();
    await page.getByText('This link was used already').waitFor();
  });
});
