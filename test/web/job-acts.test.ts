import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { type Browser, openBrowser } from '../harness/browser.ts';
import { KNOWN_SENDERS } from '../harness/mail.ts';
import { ADMINISTRATOR, openStage, type Row, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';

const PASSWORD = 'nine patient copper kettles';
const OWNER = { email: KNOWN_SENDERS[0], password: PASSWORD };
const OPERATOR = { email: 'help@practice.example', password: PASSWORD };

let stage: Stage;
let browser: Browser;

const listOf = async (path: string) => ((await stage.api('GET', path)) as { items: Row[] }).items;

/** One more document of the owner that waits in the queue. */
async function deliverHeld(): Promise<Row> {
  const before = (await listOf('/jobs?state=pending-held')).map(({ id }) => id);
  await stage.deliver(1, { sender: KNOWN_SENDERS[0] });
  return await eventually(
    async () =>
      (await listOf('/jobs?state=pending-held')).find(
        ({ id, preparation }) => !before.includes(id) && preparation === 'done',
      ),
    { what: 'a job waits' },
  );
}

describe('what can be done with a job on its page', () => {
  before(async () => {
    stage = await openStage({ database: 'external' });
    browser = await openBrowser();
    await stage.api('PATCH', `/queues/${stage.queueId}`, { mode: 'hold' });
    const anna = (await listOf('/users?limit=100')).find(({ email }) => email === OWNER.email);
    await stage.api('PATCH', `/users/${anna?.id}`, { password: PASSWORD });
    await stage.api('POST', '/users', { ...OPERATOR, name: 'Help desk', role: 'operator' });
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
  });

  test('the owner changes how it is printed, takes a part of it back, and prints it where they choose', async () => {
    const job = await deliverHeld();
    await using window = await browser.open(stage, { as: OWNER });
    const { page } = window;
    await window.go(`/jobs/${job.id}`);
    const more = page.getByRole('button', { name: `Actions for Job ${job.number}` });
    await more.click();
    await page.getByRole('menuitem', { name: 'Change the options' }).click();
    const dialog = page.getByRole('dialog', { name: 'Change the options' });
    await dialog.getByLabel('Copies').fill('2');
    await dialog.getByLabel('Sides').selectOption('Both sides');
    assert.deepEqual(await dialog.getByLabel('Paper').locator('option').allTextContents(), [
      'As the printer does it',
      'A4',
      'A3',
      'A5',
      'Letter',
    ]);
    await window.assertGood('job-options');
    await page.reload();
    await dialog.getByLabel('Copies').fill('2');
    await dialog.getByLabel('Sides').selectOption('Both sides');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('definition').getByText('2 copies, two-sided').waitFor();
    await page.getByRole('listitem').getByText('The options were changed').waitFor();
    await more.click();
    await page.getByRole('menuitem', { name: 'Change the options' }).click();
    assert.equal(await dialog.getByLabel('Copies').inputValue(), '2');
    await dialog.getByLabel('Copies').fill('');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    assert.deepEqual((await stage.api('GET', `/jobs/${job.id}`)).options, { sides: 'two-sided-long-edge' });
    await page.getByRole('button', { name: 'Print…' }).click();
    const where = page.getByRole('dialog', { name: 'Where shall it print?' });
    await where.getByRole('radio', { name: /^Hall/ }).waitFor();
    await where.getByRole('button', { name: 'Print now' }).click();
    await page.getByRole('definition').getByText('Printed').waitFor();
    await more.click();
    assert.equal(await page.getByRole('menuitem', { name: 'Change the options' }).count(), 0);
    window.assertQuiet();
  });

  test('a job that waits for its printer is held on its page, in Italian, on a phone', async () => {
    const job = await deliverHeld();
    const [printer] = stage.peers.practice.printers;
    await printer?.control.setFault({ kind: 'slow', pagesPerSecond: 0.02 });
    const first = await deliverHeld();
    await stage.api('POST', `/jobs/${first.id}/release`, {});
    await stage.api('POST', `/jobs/${job.id}/release`, {});
    await using window = await browser.open(stage, { as: OWNER, language: 'it', width: 390, height: 844 });
    const { page } = window;
    await window.go(`/jobs/${job.id}`);
    await page.getByRole('button', { name: `Azioni per Lavoro ${job.number}` }).click();
    await page.getByRole('menuitem', { name: 'Trattieni fino al rilascio' }).waitFor();
    await window.picture('job-menu-it-phone');
    await page.getByRole('menuitem', { name: 'Trattieni fino al rilascio' }).click();
    await page.getByRole('button', { name: 'Stampa…' }).waitFor();
    assert.equal((await stage.api('GET', `/jobs/${job.id}`)).state, 'pending-held');
    await printer?.control.clearFault('slow');
    window.assertQuiet();
  });

  test('nobody is offered to print what its sender has not confirmed', async () => {
    const job = await deliverHeld();
    await stage.sql(`UPDATE jobs SET reasons = '{sender-unconfirmed}' WHERE id = $1`, [job.id]);
    await using window = await browser.open(stage, { as: OWNER });
    const { page } = window;
    await window.go('/jobs');
    const waiting = page.getByRole('region', { name: 'Waiting for you' });
    await waiting.getByText('its sender has to confirm it').waitFor();
    await waiting.getByRole('button', { name: `Delete ${job.title}` }).waitFor();
    assert.equal(await waiting.getByRole('button', { name: `Print… ${job.title}` }).count(), 0);
    await window.go(`/jobs/${job.id}`);
    await page.getByRole('button', { name: 'Cancel the job' }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Print…' }).count(), 0);
    await stage.api('POST', `/jobs/${job.id}/cancel`);
  });

  test('while its pages are drawn for its printer, a job says how many are ready', async () => {
    const job = await deliverHeld();
    const drawn = (pages: number) =>
      stage.sql(
        `UPDATE jobs SET state = 'pending', due_at = NULL, held_until = NULL, reasons = '{job-transforming}',
         pages_drawn = $2 WHERE id = $1`,
        [job.id, pages],
      );
    await drawn(1);
    await using window = await browser.open(stage, { as: OWNER, width: 390, height: 844 });
    const { page } = window;
    await window.go(`/jobs/${job.id}`);
    await page.getByText('1 page ready so far').waitFor();
    await window.picture('job-drawn-phone');
    // Written past the server, which would tell the page of it.
    await drawn(140);
    await window.go(`/jobs/${job.id}`);
    await page.getByText('140 pages ready so far').waitFor();
    await window.go('/jobs');
    await page.getByText('140 pages ready so far').waitFor();
    await stage.api('POST', `/jobs/${job.id}/cancel`);
    window.assertQuiet();
  });

  test('from the page of a job, a printer and a mailbox it is one step to what the journal tells of it', async () => {
    const job = await deliverHeld();
    const [mailbox] = await listOf('/mailboxes');
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    for (const [path, id, told] of [
      [`/jobs/${job.id}`, job.id, 'The document became a job'],
      [`/printers/${stage.printerId}`, stage.printerId, 'was added'],
      [`/settings/jobs/mailboxes/${mailbox?.id}`, mailbox?.id, 'was added'],
    ] as const) {
      await window.go(path);
      await page.getByRole('link', { name: 'Show in the journal', exact: true }).click();
      await page.waitForURL(`**/journal?subject=${id}`);
      await page.getByRole('row').filter({ hasText: told }).first().waitFor();
    }
    await using owners = await browser.open(stage, { as: OWNER });
    await owners.go(`/jobs/${job.id}`);
    await owners.page.getByRole('heading', { name: `Job ${job.number}` }).waitFor();
    assert.equal(await owners.page.getByRole('link', { name: 'Show in the journal' }).count(), 0);
  });

  test('the owner and an administrator save the document, an operator does not', async () => {
    const job = await deliverHeld();
    for (const as of [OWNER, ADMINISTRATOR]) {
      await using window = await browser.open(stage, { as });
      const { page } = window;
      await window.go(`/jobs/${job.id}`);
      await page.getByRole('button', { name: `Actions for Job ${job.number}` }).click();
      const waiting = page.waitForEvent('download');
      await page.getByRole('menuitem', { name: 'Download as printed (PDF)' }).click();
      const saved = await waiting;
      assert.match(saved.suggestedFilename(), /^[^/]+\.pdf$/);
      assert.equal((await readFile(await saved.path())).subarray(0, 5).toString(), '%PDF-');
      const told = page.getByRole('listitem').getByText('An administrator downloaded the document');
      if (as === ADMINISTRATOR) await told.waitFor();
      else assert.equal(await told.count(), 0);
    }
    await using window = await browser.open(stage, { as: OPERATOR });
    const { page } = window;
    await window.go(`/jobs/${job.id}`);
    await page.getByRole('button', { name: `Actions for Job ${job.number}` }).click();
    await page.getByRole('menuitem', { name: 'Change the options' }).waitFor();
    assert.equal(await page.getByRole('menuitem', { name: /^Download/ }).count(), 0);
  });
});
