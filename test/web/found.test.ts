import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type AnnouncedPrinter, type RunningAnnouncer, startAnnouncer } from '../../simulator/discovery/announce.ts';
import { type RunningPrinter, startPrinter } from '../../simulator/printer/server.ts';
import { type Browser, openBrowser } from '../harness/browser.ts';
import { ADMINISTRATOR, openStage, type Stage } from '../harness/stage.ts';

const WORDS = {
  en: {
    ...{ title: 'Printers', dialog: 'Add a printer', list: 'Printers on the network', added: 'already added' },
    ...{ looking: 'Looking for printers on the network…', found: '3 printers found on the network' },
    ...{ none: 'No printer has announced itself', because: 'Platen looked at 127.0.0.1', again: 'Search again' },
    ...{ container: /in a container/, uri: 'Address', name: 'Name', add: 'Add', open: '+ Add', retry: 'Try again' },
    ...{ failed: 'The network could not be searched', pdf: 'takes PDF' },
  },
  it: {
    ...{ title: 'Stampanti', dialog: 'Aggiungi una stampante', list: 'Stampanti nella rete', added: 'già aggiunta' },
    ...{ looking: 'Ricerca delle stampanti nella rete…', found: '3 stampanti trovate nella rete' },
    ...{
      none: 'Nessuna stampante si è annunciata',
      because: 'Platen ha cercato in 127.0.0.1',
      again: 'Cerca di nuovo',
    },
    ...{ container: /in un container/, uri: 'Indirizzo', name: 'Nome', add: 'Aggiungi', open: '+ Aggiungi' },
    ...{
      retry: 'Riprova',
      failed: 'Non è stato possibile cercare nella rete',
      todo: 'Che cosa fare',
      pdf: 'accetta PDF',
    },
  },
} as const;
const HOSTILE = '<img src=x onerror=alert(1)> \u202eetats';

let stage: Stage;
let browser: Browser;
let announcer: RunningAnnouncer;
const printers: RunningPrinter[] = [];
const outputDir = mkdtempSync(join(tmpdir(), 'web-found-'));

function announced(): AnnouncedPrinter[] {
  const text = { ty: 'Practice Laser 7', note: 'Second floor' };
  return [
    ...printers.map(({ name, port }) => ({ name, port, text: { ...text, rp: 'ipp/print' } })),
    { name: HOSTILE, port: 9, text: { ty: HOSTILE, rp: 'x' } },
  ];
}

describe('the printers on the network', () => {
  before(async () => {
    for (const name of ['Library', 'Town hall']) printers.push(await startPrinter({ name, outputDir }));
    announcer = await startAnnouncer();
    const env = { PLATEN_DISCOVERY: `${announcer.host}:${announcer.port}` };
    stage = await openStage({ database: 'external', until: 'administrator', env });
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
    await announcer?.close();
    for (const printer of printers) await printer.close();
    rmSync(outputDir, { recursive: true, force: true });
  });

  for (const [language, width, wanted] of [
    ['en', 1280, 'Library'],
    ['it', 390, 'Town hall'],
  ] as const) {
    test(`are looked for, chosen by keyboard and added, in ${language}, ${width} wide`, async () => {
      await using window = await browser.open(stage, { language, width, as: ADMINISTRATOR });
      const { page } = window;
      const words = WORDS[language];
      const dialog = page.getByRole('dialog', { name: words.dialog });
      announcer.announce([]);
      await window.go('/printers');
      await page.getByRole('heading', { level: 1, name: words.title }).waitFor();
      await page.getByRole('button', { name: words.open, exact: true }).click();
      await dialog.getByRole('progressbar', { name: words.looking }).waitFor();
      await dialog.getByText(words.none).waitFor();
      await dialog.getByText(words.because).waitFor();
      await dialog.getByText(words.container).waitFor();
      await window.assertGood(`found-none-${language}-${width}`);
      announcer.announce(announced());
      await dialog.getByRole('button', { name: words.again }).click();
      await dialog.getByRole('status').getByText(words.found).waitFor();
      const list = dialog.getByRole('list', { name: words.list });
      assert.equal(await list.getByRole('listitem').count(), 3);
      assert.equal(await list.getByText(words.added).count(), language === 'en' ? 0 : 1);
      assert.equal(await list.locator('img').count(), 0);
      const choice = list.getByRole('button', { name: new RegExp(`^${wanted} ?Practice Laser 7 · Second floor`) });
      await choice.focus();
      await page.keyboard.press('Enter');
      await dialog.getByText(words.pdf).waitFor();
      assert.equal(await choice.getAttribute('aria-pressed'), 'true');
      const printer = printers.find(({ name }) => name === wanted);
      assert.equal(await dialog.getByLabel(words.uri).inputValue(), printer?.uri);
      assert.equal(await dialog.getByLabel(words.name).inputValue(), wanted);
      // Pressed again it stays what it is, and is not added by that.
      await choice.press('Enter');
      await window.assertGood(`found-chosen-${language}-${width}`);
      await dialog.getByRole('button', { name: words.add, exact: true }).click();
      await dialog.waitFor({ state: 'detached' });
      await page.getByRole('link', { name: wanted }).waitFor();
      // The first printer brings a queue of its own, a further one does not unless that is chosen.
      const { items } = (await stage.api('GET', '/queues')) as { items: { name: string; mode: string }[] };
      assert.deepEqual(
        items.map(({ name, mode }) => ({ name, mode })),
        [{ name: 'Library', mode: 'direct' }],
      );
      await window.assertGood(`printer-added-${language}-${width}`);
    });
  }

  test('are not looked for where that is switched off, and the address can be typed', async () => {
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    const off = { code: 'discovery-off', title: 'Switched off', advice: 'Add it by its address.' };
    await page.route('**/printers/discover', (route) => route.fulfill({ status: 409, json: off }));
    await window.go('/printers');
    await page.getByRole('button', { name: WORDS.en.open, exact: true }).click();
    const dialog = page.getByRole('dialog', { name: WORDS.en.dialog });
    await dialog.getByText('Switched off. Add it by its address.').waitFor();
    assert.equal(await dialog.getByRole('button', { name: WORDS.en.again }).count(), 0);
    await dialog.getByLabel(WORDS.en.uri).waitFor();
  });

  test('cannot be looked for, which is told with advice, and the search is tried again', async () => {
    await using window = await browser.open(stage, { language: 'it', as: ADMINISTRATOR });
    const { page } = window;
    const words = WORDS.it;
    const dialog = page.getByRole('dialog', { name: words.dialog });
    const problem = { code: 'discovery-failed', title: words.failed, advice: 'Controlla la rete.' };
    await page.route('**/printers/discover', (route) => route.fulfill({ status: 503, json: problem }));
    await window.go('/printers');
    await page.getByRole('button', { name: words.open, exact: true }).click();
    await dialog.getByRole('heading', { name: words.failed }).waitFor();
    await dialog.getByText('Controlla la rete.').waitFor();
    await window.assertAccessible();
    await page.unroute('**/printers/discover');
    announcer.announce(announced().slice(0, 2));
    await dialog.getByRole('button', { name: words.retry }).click();
    await dialog.getByText('2 stampanti trovate').waitFor();
    assert.equal(await dialog.getByText(words.added).count(), 2);
  });
});
