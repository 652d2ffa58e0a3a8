import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Browser, openBrowser } from '../harness/browser.ts';
import { OPEN_TO_ALL, openFurnishedStage } from '../harness/every-screen.ts';
import { assertKeyboard } from '../harness/keyboard.ts';
import { ADMINISTRATOR, type Stage } from '../harness/stage.ts';
import { readText } from '../rules/sources.ts';

let stage: Stage;
let browser: Browser;
let addresses: readonly string[];

describe('without a mouse', () => {
  before(async () => {
    ({ stage, addresses } = await openFurnishedStage());
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
  });

  for (const language of ['en', 'it'] as const) {
    const width = language === 'en' ? 1280 : 390;

    test(`everything on every page is reached with Tab, and seen, in ${language}, ${width} wide`, async (t) => {
      await using window = await browser.open(stage, { language, width, as: ADMINISTRATOR });
      const { page } = window;
      const figure = `100 % of what Tab should reach on all ${addresses.length + OPEN_TO_ALL.length} screens`;
      assert.ok(readText('docs/performance.md').includes(figure), figure);
      for (const path of addresses) {
        await t.test(path, async () => {
          await window.go(path);
          await page.locator('h1, [role=dialog] h2').first().waitFor();
          await page.waitForLoadState('networkidle').catch(() => undefined);
          await window.picture(`screen${path.replace(/[^a-z]+/g, '-')}-${language}-${width}`);
          const { stops } = await assertKeyboard(page);
          assert.ok(stops > 0, path);
        });
      }
    });

    test(`pages without a sign-in are reached with Tab, in ${language}, ${width} wide`, async () => {
      await using window = await browser.open(stage, { language, width });
      for (const path of OPEN_TO_ALL) {
        await window.go(path);
        await window.page.locator('h1, h2').first().waitFor();
        await assertKeyboard(window.page);
      }
    });
  }
});
