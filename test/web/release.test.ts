import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { type Browser, openBrowser, type WindowOptions } from '../harness/browser.ts';
import { KNOWN_SENDERS, PRINT_ROOM } from '../harness/mail.ts';
import { ADMINISTRATOR, openStage, type Row, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';

const PASSWORD = 'nine patient copper kettles';
const PHONE: WindowOptions = { width: 390, height: 844 };

let stage: Stage;
let browser: Browser;

const thePrinter = () => {
  const [printer] = stage.peers.practice.printers;
  assert.ok(printer !== undefined, 'there is a practice printer');
  return printer;
};

const openAsAnna = async (more: WindowOptions) =>
  await browser.open(stage, { ...PHONE, ...more, as: { email: KNOWN_SENDERS[0], password: PASSWORD } });

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

  for (const [language, width, sizes] of [
    ['en', 1280, ['A5, for the wall', 'Label, for the printer']],
    ['it', 390, ['A5, da parete', 'Etichetta piccola, da stampante']],
  ] as const) {
    test(`the sticker of a printer leads to the page for phones, in two sizes and both languages, in ${language}`, async () => {
      await using window = await browser.open(stage, { language, width, as: ADMINISTRATOR });
      const { page } = window;
      await window.go(`/printers/${stage.printerId}/sticker`);
      const sticker = page.locator('.sticker');
      await sticker.getByRole('img').waitFor();
      for (const [at, size] of sizes.entries()) {
        await page.getByRole('radio', { name: size }).check();
        await sticker.getByText(`/printers/${stage.printerId}/release`).waitFor();
        await sticker.getByText('Scan to print your documents here.').waitFor();
        await sticker.getByText('Inquadra il codice per stampare qui i tuoi documenti.').waitFor();
        await window.assertGood(`sticker-${language}-${at}`);
      }
      await page.emulateMedia({ media: 'print' });
      await page.getByRole('radio').first().waitFor({ state: 'hidden' });
      const mm = 96 / 25.4;
      const box = await sticker.boundingBox();
      assert.ok(width < 400 || Math.abs((box?.width ?? 0) - 96 * mm) < 1, `${box?.width} wide`);
    });
  }

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

  test('who signs in on the phone prints one of two documents, sees its pages come, and the other one keeps waiting', async () => {
    const { control } = thePrinter();
    await control.setFault({ kind: 'slow', pagesPerSecond: 0.2 });
    await using window = await browser.open(stage, PHONE);
    const { page } = window;
    await window.go(`/printers/${stage.printerId}/release`);
    await page.getByLabel('E-mail').fill(KNOWN_SENDERS[0]);
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    const boxes = page.getByRole('checkbox', { name: /\.pdf/ });
    await eventually(async () => (await boxes.count()) === 2, { what: 'both documents are there' });
    await page.getByText('Ready', { exact: true }).first().waitFor();
    await page.getByRole('button', { name: 'Options' }).click();
    await page.getByLabel('Copies').fill('3');
    await window.assertGood('release-own');
    await boxes.first().uncheck();
    await page.getByRole('button', { name: 'Print 1 document' }).click();
    const given = page.getByRole('region', { name: 'At this printer' });
    await given.getByText(/^[12] of 3 pages$/).waitFor();
    await window.assertGood('release-printing');
    await control.clearFault('slow');
    await given.getByText('3 pages printed').waitFor();
    assert.equal((await listHeld()).length, 1);
    assert.equal(thePrinter().printed().at(-1)?.copies, 3);
  });

  test('what comes out can be stopped there, and what waits can be deleted', async () => {
    const { control } = thePrinter();
    await stage.deliver(2, { sender: KNOWN_SENDERS[0] });
    await eventually(async () => (await listHeld()).length === 3, { what: 'three wait' });
    await control.setFault({ kind: 'slow', pagesPerSecond: 0.02 });
    await using window = await openAsAnna({ language: 'it' });
    const { page } = window;
    await window.go(`/printers/${stage.printerId}/release`);
    const boxes = page.getByRole('checkbox', { name: /\.pdf/ });
    await eventually(async () => (await boxes.count()) === 3, { what: 'three are there' });
    for (const at of [1, 2]) await boxes.nth(at).uncheck();
    // The last page of a job cannot be stopped any more once it is on its way.
    await page.getByRole('button', { name: 'Opzioni' }).click();
    await page.getByLabel('Copie').fill('3');
    await page.getByRole('button', { name: 'Stampa 1 documento' }).click();
    const given = page.getByRole('region', { name: 'Su questa stampante' });
    await given.getByText('In stampa').waitFor();
    await given.getByRole('button', { name: /^Interrompi / }).click();
    await given.getByText('Annullato').waitFor();
    await control.clearFault('slow');
    await eventually(async () => (await boxes.count()) === 2, { what: 'two are left' });
    // What was left out before stays so.
    await boxes.first().check();
    await page.getByRole('button', { name: 'Elimina 1 documento' }).click();
    await page.getByRole('dialog').getByText('non si può più rilasciare').waitFor();
    await window.assertGood('release-delete');
    // What comes while the question is open was not asked about.
    await stage.deliver(1, { sender: KNOWN_SENDERS[0] });
    await eventually(async () => (await boxes.count()) === 3, { what: 'the new one is there' });
    await page.getByRole('dialog').getByRole('button', { name: 'Elimina 1 documento' }).click();
    await eventually(async () => (await listHeld()).length === 2, { what: 'the new one and another are left' });
    const [newest] = await listHeld();
    await stage.api('POST', `/jobs/${newest?.id}/cancel`);
    await eventually(async () => (await listHeld()).length === 1, { what: 'one is left' });
  });

  test('the list and the page of a printer tell how many jobs wait for it, and lead to them', async () => {
    const { control } = thePrinter();
    await control.setFault({ kind: 'slow', pagesPerSecond: 0.02 });
    await stage.api('PATCH', `/queues/${stage.queueId}`, { mode: 'direct' });
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    await window.go('/printers');
    await page.getByText('none waiting').waitFor();
    await stage.deliver(2, { sender: KNOWN_SENDERS[0] });
    // One is printed, the other waits; the list hears of it by itself.
    await page.getByRole('link', { name: '1 waits' }).waitFor();
    await window.assertGood('printers-waiting');
    await page.getByRole('link', { name: 'Hall' }).click();
    await page.getByRole('link', { name: '1 waits' }).click();
    await page.waitForURL(/\/jobs\?/);
    await page.getByRole('link', { name: /\.pdf/ }).waitFor();
    for (const state of ['pending', 'processing']) {
      const [job] = (await stage.api('GET', `/jobs?state=${state}`)).items as Row[];
      await stage.api('POST', `/jobs/${job?.id}/cancel`);
    }
    await control.clearFault('slow');
    await stage.api('PATCH', `/queues/${stage.queueId}`, { mode: 'hold' });
  });

  test('a printer without paper says so before, and a phone without a network sends nothing', async () => {
    const { control } = thePrinter();
    await control.setFault({ kind: 'out-of-paper' });
    await eventually(async () => (await stage.api('GET', `/printers/${stage.printerId}`)).state === 'stopped', {
      what: 'Platen has seen that there is no paper',
      timeoutMs: 60_000,
    });
    await using window = await openAsAnna({ language: 'en' });
    const { page } = window;
    await window.go(`/printers/${stage.printerId}/release`);
    await page.getByText('What you release now is printed when the printer is ready again.').waitFor();
    await window.assertGood('release-stopped');
    await page.context().setOffline(true);
    await page.getByRole('button', { name: 'Print 1 document' }).click();
    await page.getByText('You are offline. Nothing was sent to the printer.').waitFor();
    await page.context().setOffline(false);
    assert.equal((await listHeld()).length, 1);
    await control.clearFault('out-of-paper');
  });

  test('own jobs begin with the address to mail to and what waits, which prints at the printer that is chosen', async () => {
    await using window = await openAsAnna({ language: 'en' });
    const { page } = window;
    await window.go('/');
    const mail = page.getByRole('region', { name: 'Mail documents to' });
    await mail.getByText(PRINT_ROOM, { exact: true }).waitFor();
    await mail.getByText('waits until you release it').waitFor();
    await page.getByText('How to print by e-mail').click();
    await page.getByText('[2 copies, duplex]').waitFor();
    await page.getByText('type the PIN, or sign in there').waitFor();
    await window.assertGood('own-jobs-help');
    const waiting = page.getByRole('region', { name: 'Waiting for you' });
    await waiting.getByRole('button', { name: /^Print… / }).click();
    const dialog = page.getByRole('dialog', { name: 'Where shall it print?' });
    await dialog.getByRole('radio', { name: /^Hall/ }).waitFor();
    await dialog.getByRole('button', { name: 'Options' }).click();
    await dialog.getByLabel('Copies').fill('2');
    await dialog.getByLabel('Both sides').check();
    await window.assertGood('own-jobs-where');
    const [held] = await listHeld();
    await dialog.getByRole('button', { name: 'Print now' }).click();
    await eventually(async () => (await listHeld()).length === 0, { what: 'nothing waits' });
    await waiting.waitFor({ state: 'detached' });
    const { options } = await stage.api('GET', `/jobs/${held?.id}`);
    assert.deepEqual(options, { copies: 2, sides: 'two-sided-long-edge' });
    await window.go(`/printers/${stage.printerId}/release`);
    // What was printed a moment ago is still told; with nothing more to print the page says where to mail to.
    await page.getByText('Nothing of yours waits for this printer').waitFor();
    await page.getByRole('region', { name: 'Mail documents to' }).getByText(PRINT_ROOM, { exact: true }).waitFor();
    await window.assertGood('release-nothing');
    await stage.deliver(1, { sender: KNOWN_SENDERS[0] });
    await page.getByRole('checkbox').waitFor();
  });

  test('own jobs are those of the last 30 days, until more is asked for', async () => {
    await using window = await openAsAnna({ language: 'en' });
    const { page } = window;
    await window.go('/jobs');
    await page.getByRole('heading', { level: 2, name: 'The last 30 days' }).waitFor();
    const rows = page.getByRole('table').locator('tr[data-row]');
    await rows.first().waitFor();
    const count = await rows.count();
    const [printed] = ((await stage.api('GET', '/jobs?state=completed')) as { items: Row[] }).items;
    await stage.sql(`UPDATE jobs SET created_at = created_at - interval '40 days' WHERE id = $1`, [printed?.id]);
    await page.reload();
    await eventually(async () => (await rows.count()) === count - 1, { what: 'the old one is left out' });
    await page.getByRole('button', { name: 'Filters' }).click();
    await page.getByLabel('Came since').selectOption('Any time');
    await page.waitForURL('**/jobs?since=ever');
    await eventually(async () => (await rows.count()) === count, { what: 'all are there' });
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await eventually(async () => (await rows.count()) === count - 1, { what: 'those of lately again' });
    window.assertQuiet();
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
    // Asking again helps nobody: who signs in finds their jobs.
    await window.go(`/links#${'x'.repeat(32)}`);
    await page.reload();
    await page.getByRole('heading', { name: 'This link is not known' }).waitFor();
    await page.getByRole('link', { name: 'Sign in' }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Try again' }).count(), 0);
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
    await page.getByText(/ago$|^now$/).waitFor();
    await window.assertGood('link-used');
    await page.getByRole('link', { name: 'Sign in' }).click();
    await page.getByLabel('Password', { exact: true }).waitFor();
  });
});
