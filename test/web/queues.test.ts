import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Browser, openBrowser } from '../harness/browser.ts';
import { ADMINISTRATOR, openStage, type Row, type Stage } from '../harness/stage.ts';

let stage: Stage;
let browser: Browser;
let queueId = '';

const read = async () => await stage.api('GET', `/queues/${queueId}`);

describe('the queues', () => {
  before(async () => {
    stage = await openStage({ database: 'external', until: 'connected' });
    browser = await openBrowser();
    const wish = { name: 'Follow-me', mode: 'hold', printerIds: [stage.printerId] };
    const defaults = { finishings: ['staple'], media: 'iso_b5_176x250mm' };
    queueId = String((await stage.api('POST', '/queues', { ...wish, defaults })).id);
    const { items } = (await stage.api('GET', '/users?limit=10')) as { items: Row[] };
    for (const [age, left] of [
      ['3 hours', '1 hour'],
      ['1 hour', '2 days'],
    ]) {
      await stage.sql(
        `INSERT INTO jobs (id, owner_id, owner_name, queue_id, title, state, reasons, options, document_format,
           document_bytes, created_at, held_until)
         VALUES (gen_random_uuid(), $1, 'Anna', $2, 'plan.pdf', 'pending-held', '{job-hold-until-specified}', '{}',
           'application/pdf', 1, now() - $3::interval, now() + $4::interval)`,
        [items[0]?.id, queueId, age, left],
      );
    }
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
  });

  test('the list tells what is held, since when, and what is given up soon', async () => {
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    await window.go('/queues');
    const row = window.page.getByRole('row').filter({ hasText: 'Follow-me' });
    await row.getByText('2 documents').waitFor();
    await row.getByText('3 hours ago').waitFor();
    await row.getByText('1 is given up within 2 hours').waitFor();
    await window.assertGood('queues-held-en');
  });

  test('how documents look and how long they are kept is set here, and what was set elsewhere stays', async () => {
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    await window.go('/queues');
    await page.getByRole('button', { name: 'Actions for Follow-me' }).click();
    await page.getByRole('menuitem', { name: 'Edit' }).click();
    const dialog = page.getByRole('dialog', { name: 'Follow-me' });
    await dialog.getByLabel('Sides').selectOption('two-sided-long-edge');
    await dialog.getByLabel('Color', { exact: true }).selectOption('monochrome');
    await dialog.getByLabel('Keep held documents, hours').fill('0');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByText('Enter a whole number from 1 to 8784').waitFor();
    await dialog.getByLabel('Keep held documents, hours').fill('72');
    await dialog.getByText('is given up after 3 days, and its owner is told').waitFor();
    await dialog.getByLabel('Keep documents after printing, days').fill('0');
    await window.assertGood('queue-form-en');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    const { defaults, keepHeldHours, keepDocumentsDays } = await read();
    const kept = { finishings: ['staple'], media: 'iso_b5_176x250mm' };
    assert.deepEqual(defaults, { sides: 'two-sided-long-edge', color: 'monochrome', ...kept });
    assert.deepEqual([keepHeldHours, keepDocumentsDays], [72, 0]);
  });

  test('a queue is paused with a reason that is seen, in Italian on a phone, and goes on again', async () => {
    await using window = await browser.open(stage, { as: ADMINISTRATOR, language: 'it', width: 390 });
    const { page } = window;
    await window.go('/queues');
    await page.getByRole('button', { name: 'Azioni per Follow-me' }).click();
    await page.getByRole('menuitem', { name: 'Modifica' }).click();
    const dialog = page.getByRole('dialog', { name: 'Follow-me' });
    await dialog.getByLabel('In pausa').check();
    await dialog.getByRole('button', { name: 'Salva' }).click();
    await dialog.getByText('Scrivi il motivo che vedono i proprietari').waitFor();
    await dialog.getByLabel('Motivo, per chi aspetta').fill('il toner è ordinato');
    await window.assertGood('queue-pause-it-phone');
    await dialog.getByRole('button', { name: 'Salva' }).click();
    await page.getByText('In pausa: il toner è ordinato').waitFor();
    await window.assertGood('queues-paused-it-phone');
    assert.equal((await read()).pauseReason, 'il toner è ordinato');
    await page.getByRole('button', { name: 'Azioni per Follow-me' }).click();
    await page.getByRole('menuitem', { name: 'Modifica' }).click();
    await dialog.getByLabel('In pausa').uncheck();
    await dialog.getByRole('button', { name: 'Salva' }).click();
    await page.getByText('In pausa: il toner è ordinato').waitFor({ state: 'detached' });
    assert.equal((await read()).pauseReason, null);
  });

  test('a queue that holds no more asks what becomes of what it holds, and keeps it unless told otherwise', async () => {
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    const change = async (choose?: string) => {
      await window.go('/queues');
      await page.getByRole('button', { name: 'Actions for Follow-me' }).click();
      await page.getByRole('menuitem', { name: 'Edit' }).click();
      const dialog = page.getByRole('dialog', { name: 'Follow-me' });
      assert.equal(await dialog.getByText('2 documents are held here').count(), 0);
      await dialog.getByLabel('Prints at once').check();
      await dialog.getByText('2 documents are held here').waitFor();
      if (choose === undefined) await window.assertGood('queue-let-go-en');
      else await dialog.getByLabel(choose).check();
      await dialog.getByRole('button', { name: 'Save' }).click();
      await dialog.waitFor({ state: 'detached' });
      const { items } = (await stage.api('GET', `/jobs?queue=${queueId}`)) as { items: Row[] };
      return items.map(({ state }) => state);
    };
    assert.deepEqual(await change(), ['pending-held', 'pending-held']);
    await stage.api('PATCH', `/queues/${queueId}`, { mode: 'hold' });
    assert.ok((await change('Print them now')).every((state) => state !== 'pending-held'));
  });
});
