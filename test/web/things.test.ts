import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type RunningPrinter, startPrinter } from '../../simulator/printer/server.ts';
import { type Browser, openBrowser, type Window } from '../harness/browser.ts';
import { startIppEvePrinter } from '../harness/ippeveprinter.ts';
import { ADMINISTRATOR, openStage, type Row, type Stage } from '../harness/stage.ts';

let stage: Stage;
let browser: Browser;
let printer: RunningPrinter;
const outputDir = mkdtempSync(join(tmpdir(), 'web-things-'));

async function useOtherPrinter(): Promise<AsyncDisposable & { readonly uri: string }> {
  const other = await startPrinter({ name: 'other', outputDir });
  return { uri: other.uri, [Symbol.asyncDispose]: () => other.close() };
}

async function start(window: Window, path: string, title: string): Promise<void> {
  await window.go(path);
  await window.page.getByRole('heading', { level: 1, name: title }).waitFor();
}

describe('the pages of things', () => {
  before(async () => {
    stage = await openStage({ database: 'external', until: 'administrator' });
    browser = await openBrowser();
    printer = await startPrinter({ name: 'practice', outputDir });
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
    await printer?.close();
    rmSync(outputDir, { recursive: true, force: true });
  });

  test('a printer is asked by its address, shows what it can do, and is added under a name', async () => {
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    await start(window, '/printers', 'Printers');
    await page.getByText('No printer yet').waitFor();
    await page.getByRole('button', { name: '+ Add' }).click();
    const dialog = page.getByRole('dialog', { name: 'Add a printer' });
    await dialog.getByLabel('Address').fill('ipp://169.254.169.254/');
    await dialog.getByRole('button', { name: 'Ask the printer' }).click();
    await dialog.getByText('What to do').waitFor();
    assert.equal(await dialog.getByLabel('Address').inputValue(), 'ipp://169.254.169.254/');
    await dialog.getByLabel('Address').fill(printer.uri);
    await dialog.getByRole('button', { name: 'Ask the printer' }).click();
    await dialog.getByText('takes PDF').waitFor();
    await window.assertAccessible();
    await window.picture('printer-offer');
    await dialog.getByLabel('Name').fill('Second floor');
    await dialog.getByLabel('No queue for now').check();
    await dialog.getByRole('button', { name: 'Add', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByText('Second floor').waitFor();
    await page.getByText('Ready').waitFor();
    await printer.control.setFault({ kind: 'out-of-paper' });
    await page.getByRole('button', { name: 'Actions for Second floor' }).click();
    await page.getByRole('menuitem', { name: 'Check now' }).click();
    await page.getByText('No paper').waitFor();
    await page.getByText('Stopped').waitFor();
    window.assertQuiet();
  });

  test('a printer that is asked says what it gets of a document, or that nothing can be printed there', async () => {
    await using window = await browser.open(stage, { as: ADMINISTRATOR, width: 390, height: 844 });
    const { page } = window;
    await start(window, '/printers', 'Printers');
    await page.getByRole('button', { name: '+ Add' }).click();
    const dialog = page.getByRole('dialog', { name: 'Add a printer' });
    for (const [format, words] of [
      ['image/urf', 'gets pictures of the pages · black and white · both sides'],
      ['image/jpeg', 'gets one page at a time · black and white · one side'],
      ['application/postscript', 'Platen cannot print on this printer'],
    ] as const) {
      const real = await startIppEvePrinter({ formats: [format], isTwoSided: true });
      try {
        await dialog.getByLabel('Address').fill(real.uri);
        await dialog.getByRole('button', { name: 'Ask the printer' }).click();
        await dialog.getByText(words).waitFor();
      } finally {
        await real.close();
      }
    }
    await dialog.getByText('switch on IPP Everywhere or AirPrint').waitFor();
    await window.assertAccessible();
    await window.picture('printer-takes-nothing-phone');
    window.assertQuiet();
  });

  test('a printer whose queue could not be made is not added a second time when it is tried again', async () => {
    await using other = await useOtherPrinter();
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    await start(window, '/printers', 'Printers');
    await page.getByRole('button', { name: '+ Add' }).click();
    const dialog = page.getByRole('dialog', { name: 'Add a printer' });
    await dialog.getByLabel('Address').fill(other.uri);
    await dialog.getByRole('button', { name: 'Ask the printer' }).click();
    await dialog.getByLabel('Name').fill('Third floor');
    await dialog.getByRole('radio').first().check();
    const refusal = { code: 'conflict', title: 'Somebody else was faster', message: 'conflict', advice: 'Try again.' };
    await page.route('**/api/v1/queues', async (route) => {
      if (route.request().method() === 'POST') await route.fulfill({ status: 409, json: refusal });
      else await route.fallback();
    });
    const add = dialog.getByRole('button', { name: 'Add', exact: true });
    await add.click();
    await dialog.getByText('Somebody else was faster').waitFor();
    await page.unroute('**/api/v1/queues');
    await add.click();
    await dialog.waitFor({ state: 'detached' });
    for (const path of ['/queues', '/printers']) {
      const all = (await stage.api('GET', path)).items as Row[];
      const made = all.filter(({ name }) => name === 'Third floor');
      assert.equal(made.length, 1, path);
      await stage.api('DELETE', `${path}/${String(made[0]?.id)}`);
    }
    window.assertQuiet();
  });

  for (const [language, width] of [
    ['en', 1280],
    ['it', 390],
  ] as const) {
    test(`the page of a printer shows its supplies as bars and in words, in ${language}, ${width} wide`, async () => {
      await using window = await browser.open(stage, { language, width, as: ADMINISTRATOR });
      const { page } = window;
      const isEnglish = language === 'en';
      await printer.control.clearFault();
      await printer.control.setFault({ kind: 'toner-low' });
      await start(window, '/printers', isEnglish ? 'Printers' : 'Stampanti');
      await page.getByRole('link', { name: 'Second floor' }).click();
      await page.getByRole('heading', { level: 1, name: 'Second floor' }).waitFor();
      await page.getByRole('button', { name: isEnglish ? 'Check now' : 'Verifica ora' }).click();
      await page.getByText(isEnglish ? 'Toner is low' : 'Toner in esaurimento').waitFor();
      await page.getByText(/ · A4$/).waitFor();
      const supplies = page.getByRole('listitem').filter({ hasText: /toner|Drum/ });
      await supplies.filter({ hasText: isEnglish ? 'soon empty' : 'quasi esaurito' }).waitFor();
      const words = (await supplies.allTextContents()).map((each) => each.replaceAll('\u00a0', ' '));
      assert.deepEqual(
        words,
        isEnglish
          ? ['Black toner4% · soon empty', 'Cyan toner88%', 'DrumNot empty yet', 'Waste toner box40% full']
          : [
              'Black toner4% · quasi esaurito',
              'Cyan toner88%',
              'DrumNon ancora esaurito',
              'Waste toner boxpieno al 40%',
            ],
      );
      assert.deepEqual(await page.locator('.level-bar').evaluateAll((bars) => bars.map((bar) => bar.style.width)), [
        '4%',
        '88%',
        '40%',
      ]);
      await window.assertGood(`printer-${language}-${width}`);
      await page
        .getByRole('link', { name: isEnglish ? 'Printers' : 'Stampanti', exact: true })
        .first()
        .click();
      const hint = isEnglish ? 'Black toner: have a new one at hand' : 'Black toner: tieni pronto il ricambio';
      await page.getByText(hint).waitFor();
      await printer.control.clearFault();
    });
  }

  test('a queue is added with its printer, and changed', async () => {
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    await start(window, '/queues', 'Queues');
    await page.getByRole('button', { name: '+ Add' }).click();
    const dialog = page.getByRole('dialog', { name: 'Add a queue' });
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByText('Enter a name').waitFor();
    await dialog.getByLabel('Name').fill('Follow-me');
    assert.ok(await dialog.getByLabel('Second floor').isChecked(), 'the only printer is meant');
    await window.assertAccessible();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('cell', { name: 'Holds until released' }).waitFor();
    // The dialog stands in the address: a reload shows it again, and the way back closes it.
    await page.getByRole('button', { name: 'Actions for Follow-me' }).click();
    await page.getByRole('menuitem', { name: 'Edit' }).click();
    await page.waitForURL(/open=edit&of=/);
    await page.reload();
    await page.getByLabel('Prints at once').waitFor();
    await page.goBack();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Actions for Follow-me' }).click();
    await page.getByRole('menuitem', { name: 'Edit' }).click();
    await page.getByLabel('Prints at once').check();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('cell', { name: 'Prints at once' }).waitFor();
    const { items } = (await stage.api('GET', '/queues')) as { items: { mode: string; printerIds: string[] }[] };
    assert.equal(items[0]?.mode, 'direct');
    assert.equal(items[0]?.printerIds.length, 1);
    window.assertQuiet();
  });

  test('a person is added with a further address, and blocked', async () => {
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    await start(window, '/users', 'Users');
    await page.getByRole('button', { name: '+ Add' }).click();
    const dialog = page.getByRole('dialog', { name: 'Add a person' });
    await dialog.getByLabel('Name').fill('Anna');
    await dialog.getByLabel('E-mail').fill('anna@practice.example');
    await dialog.getByLabel('Further addresses').fill('anna.b@practice.example');
    await window.assertAccessible();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByText('anna@practice.example · anna.b@practice.example', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Actions for Anna' }).click();
    await page.getByRole('menuitem', { name: 'Block' }).click();
    await page.getByRole('dialog', { name: 'Block Anna?' }).getByRole('button', { name: 'Block' }).click();
    await page.getByText('Blocked').waitFor();
    await page.waitForURL(({ search }) => search === '');
    await window.go('/users?open=add');
    await dialog.waitFor();
    window.assertQuiet();
  });

  test('the dialog of a person far down in the list opens again after a reload, and what is gone opens none', async () => {
    const add = (name: string) =>
      stage.api('POST', '/users', { email: `${name}@practice.example`, name, role: 'user' }) as Promise<{ id: string }>;
    for (let at = 0; at < 110; at += 10) {
      await Promise.all(Array.from({ length: 10 }, (_, more) => add(`many-${String(at + more).padStart(3, '0')}`)));
    }
    const { items } = (await stage.api('GET', '/users?limit=100')) as { items: { id: string }[] };
    const last = await add('zora');
    assert.ok(!items.some(({ id }) => id === last.id), 'not on the first page');
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    await window.go(`/users?open=edit&of=${last.id}`);
    const dialog = page.getByRole('dialog', { name: 'zora' });
    await dialog.getByLabel('Name').fill('Zora');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    assert.equal((await stage.api('GET', `/users/${last.id}`)).name, 'Zora');
    window.assertQuiet();
    await stage.api('DELETE', `/users/${last.id}`);
    await window.go(`/users?open=edit&of=${last.id}`);
    await page.getByText('many-000@practice.example').waitFor();
    assert.equal(await page.getByRole('dialog').count(), 0);
  });

  test('a token is made, shown once and revoked', async () => {
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    await start(window, '/settings/security', 'Security');
    await page.getByRole('button', { name: '+ Add a token' }).click();
    await page.getByLabel('Name').fill('Monitoring');
    await page.getByRole('button', { name: 'Make the token' }).click();
    const made = page.getByRole('dialog', { name: 'The token is ready' });
    const token = (await made.locator('code').textContent()) ?? '';
    await window.assertAccessible();
    const ask = async () =>
      await fetch(new URL('/api/v1/sessions/current', stage.node.process.url), {
        headers: { authorization: `Bearer ${token}` },
      });
    assert.equal((await ask()).status, 200);
    await made.getByRole('button', { name: 'Close' }).last().click();
    await page.getByRole('button', { name: 'Revoke Monitoring' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke', exact: true }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal((await ask()).status, 401);
    window.assertQuiet();
  });

  const pages = [
    ['/printers', 'Printers', 'Stampanti'],
    ['/queues', 'Queues', 'Code di stampa'],
    ['/users', 'Users', 'Utenti'],
    ['/settings/security', 'Security', 'Sicurezza'],
  ] as const;
  for (const [language, width] of [
    ['en', 390],
    ['it', 1280],
  ] as const) {
    test(`the pages of things have no fault that axe knows, in ${language}, ${width} wide`, async () => {
      await using window = await browser.open(stage, { language, width, as: ADMINISTRATOR });
      for (const [path, english, italian] of pages) {
        await start(window, path, language === 'en' ? english : italian);
        await window.page.locator('table, .empty').first().waitFor();
        await window.assertGood(`${path.replaceAll('/', '-').slice(1)}-${language}-${width}`);
      }
    });
  }
});
