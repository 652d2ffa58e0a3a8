import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Browser, openBrowser } from '../harness/browser.ts';
import { ADMINISTRATOR, openStage, type Stage } from '../harness/stage.ts';

const WORDS = {
  en: { entry: 'External systems', one: /^External systems\s*1 needs somebody$/, live: 'Live' },
  it: { entry: 'Sistemi esterni', one: /^Sistemi esterni\s*1 da controllare$/, live: 'In diretta' },
} as const;

let stage: Stage;
let browser: Browser;

describe('the numbers in the navigation', () => {
  before(async () => {
    stage = await openStage({ database: 'external', until: 'administrator' });
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
  });

  for (const language of ['en', 'it'] as const) {
    test(`an entry has a number only while somebody must act, as it happens, in ${language}`, async () => {
      const words = WORDS[language];
      await using window = await browser.open(stage, { language, as: ADMINISTRATOR });
      const { page } = window;
      await window.go('/users');
      await page.getByText(words.live, { exact: true }).waitFor();
      const entry = page.getByRole('navigation').getByRole('link', { name: words.entry, exact: true });
      await entry.waitFor();
      assert.equal(await page.locator('.callcount').count(), 0);
      const id = await stage.addConnection();
      await page.getByRole('link', { name: words.one }).waitFor();
      await window.assertGood(`calls-${language}`);
      await stage.api('DELETE', `/connections/${id}`);
      await entry.waitFor();
      assert.equal(await page.locator('.callcount').count(), 0);
      window.assertQuiet();
    });
  }

  test('on a phone the number stands at the sign of the entry', async () => {
    await using window = await browser.open(stage, { width: 390, as: ADMINISTRATOR });
    const { page } = window;
    await page.route('**/api/v1/overview/calls', async (route) => {
      await route.fulfill({ json: { jobs: 2, outbox: 1400, printers: 0, connections: 0 } });
    });
    await window.go('/users');
    await page.locator('.bottombar .callcount').first().waitFor();
    assert.deepEqual(await page.locator('.bottombar .callcount > [aria-hidden]').allTextContents(), ['2', '1,400']);
    await window.assertGood('calls-390');
    window.assertQuiet();
  });
});
