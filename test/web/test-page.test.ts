import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type RunningPrinter, startPrinter } from '../../simulator/printer/server.ts';
import { type Browser, openBrowser } from '../harness/browser.ts';
import { ADMINISTRATOR, openStage, type Stage } from '../harness/stage.ts';

let stage: Stage;
let browser: Browser;
let printer: RunningPrinter;
let path: string;
const outputDir = mkdtempSync(join(tmpdir(), 'web-test-page-'));
/** A whole document is made, sent and followed on a busy machine. */
const WHOLE_WAY_MS = 120_000;

describe('the test page of a printer', () => {
  before(async () => {
    stage = await openStage({ database: 'external', until: 'administrator' });
    browser = await openBrowser();
    printer = await startPrinter({ name: 'practice', outputDir });
    const { id } = (await stage.api('POST', '/printers', { name: 'Library', uri: printer.uri })) as { id: string };
    await stage.api('POST', '/queues', { name: 'Held', mode: 'hold', printerIds: [id] });
    path = `/printers/${id}`;
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
    await printer?.close();
    rmSync(outputDir, { recursive: true, force: true });
  });

  for (const [language, width, printed] of [
    ['en', 1280, 1],
    ['it', 390, 2],
  ] as const) {
    test(`is printed at a button and followed to its end, in ${language}, ${width} wide`, async () => {
      await using window = await browser.open(stage, { language, width, as: ADMINISTRATOR });
      const { page } = window;
      await window.go(path);
      const act = language === 'en' ? 'Print a test page' : 'Stampa una pagina di prova';
      await page.getByRole('button', { name: act }).click();
      const done = page.getByRole('status').getByText(language === 'en' ? 'Printed' : 'Stampato', { exact: true });
      await done.waitFor({ timeout: WHOLE_WAY_MS });
      await window.assertGood(`test-page-${language}-${width}`);
      assert.equal(printer.printed().length, printed);
    });
  }

  test('of a sticker only what belongs on paper is printed', async () => {
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    await window.go(`${path}/sticker`);
    await page.locator('.sticker').waitFor();
    await page.getByRole('navigation').first().waitFor();
    await page.emulateMedia({ media: 'print' });
    await page.getByRole('navigation').first().waitFor({ state: 'hidden' });
    assert.equal(await page.locator('header.topbar').isVisible(), false);
    assert.equal(await page.getByRole('button').filter({ visible: true }).count(), 0);
    assert.equal(await page.locator('.sticker').isVisible(), true);
  });
});
