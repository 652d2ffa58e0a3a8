import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ADMINISTRATOR } from '../harness/stage.ts';
import { openWeb } from '../harness/web.ts';

const WORDS = {
  en: {
    entry: 'External systems',
    one: /^External systems\s*1 needs somebody$/,
    more: /^More\s*1 needs somebody$/,
    live: 'Live',
  },
  it: {
    entry: 'Sistemi esterni',
    one: /^Sistemi esterni\s*1 da controllare$/,
    more: /^Altro\s*1 da controllare$/,
    live: 'In diretta',
  },
} as const;

const web = openWeb({ until: 'administrator' });

describe('the numbers in the navigation', () => {
  for (const language of ['en', 'it'] as const) {
    test(`an entry has a number only while somebody must act, as it happens, in ${language}`, async () => {
      const words = WORDS[language];
      await using window = await web.open({ language, as: ADMINISTRATOR });
      const { page } = window;
      await window.go('/users');
      await page.getByText(words.live, { exact: true }).waitFor();
      const entry = page.getByRole('navigation').getByRole('link', { name: words.entry, exact: true });
      await entry.waitFor();
      assert.equal(await page.locator('.callcount').count(), 0);
      const id = await web.stage.addConnection();
      await page.getByRole('link', { name: words.one }).waitFor();
      await window.assertGood(`calls-${language}`);
      await web.stage.api('DELETE', `/connections/${id}`);
      await entry.waitFor();
      assert.equal(await page.locator('.callcount').count(), 0);
      window.assertQuiet();
    });
  }

  for (const language of ['en', 'it'] as const) {
    test(`on a phone the last entry has the number of all that is behind it, in ${language}`, async () => {
      const words = WORDS[language];
      await using window = await web.open({ language, width: 390, as: ADMINISTRATOR });
      const { page } = window;
      await window.go('/users');
      await page.getByText(words.live, { exact: true }).waitFor();
      const more = page.locator('.bottombar').getByRole('button');
      const id = await web.stage.addConnection();
      await more.locator('.callcount').waitFor();
      await page.locator('.bottombar').getByRole('button', { name: words.more }).click();
      await page.getByRole('dialog').getByRole('link', { name: words.one }).waitFor();
      await page.getByRole('dialog').getByRole('button').click();
      await window.assertGood(`calls-more-${language}`);
      await web.stage.api('DELETE', `/connections/${id}`);
      await more.locator('.callcount').waitFor({ state: 'detached' });
      window.assertQuiet();
    });
  }

  test('on a phone the number stands at the sign of the entry', async () => {
    await using window = await web.open({ width: 390, as: ADMINISTRATOR });
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
