import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ADMINISTRATOR } from '../harness/stage.ts';
import { openWeb } from '../harness/web.ts';

const WORDS = {
  en: { title: 'Keys', jobs: 'Jobs', outbox: 'Outbox' },
  it: { title: 'Tasti', jobs: 'Lavori', outbox: 'Posta in uscita' },
} as const;

const web = openWeb({ until: 'administrator' });

describe('keys that lead on', () => {
  for (const language of ['en', 'it'] as const) {
    test(`g and a letter open a page, ? lists all keys, and neither does in a field or switched off, in ${language}`, async () => {
      const words = WORDS[language];
      await using window = await web.open({ language, as: ADMINISTRATOR });
      const { page } = window;
      const heading = (name: string) => page.getByRole('heading', { level: 1, name, exact: true });
      const press = async (...keys: readonly string[]) => {
        for (const key of keys) await page.keyboard.press(key);
      };
      const pathOf = () => new URL(page.url()).pathname;
      await window.go('/users');
      await page.locator('h1').waitFor();
      for (const [letter, path] of [
        ['j', '/jobs'],
        ['m', '/outbox'],
        ['p', '/printers'],
        ['d', '/devices'],
        ['s', '/settings/connections'],
        ['o', '/'],
      ] as const) {
        await press('g', letter);
        await page.waitForURL((url) => url.pathname === path);
        await page.locator('h1').waitFor();
      }
      await press('g', 'j');
      await heading(words.jobs).waitFor();

      // A letter alone, and one that is typed, is no command.
      await press('m');
      await page.getByRole('searchbox').first().click();
      await press('g', 'm', '?');
      assert.equal(pathOf(), '/jobs');
      assert.equal(await page.getByRole('dialog').count(), 0);

      await page.locator('h1').click();
      await press('?');
      const list = page.getByRole('dialog', { name: words.title });
      await list.getByText(words.outbox, { exact: true }).waitFor();
      await window.assertGood(`keys-${language}`);
      // What is open on top stays until it is closed.
      await press('g', 'm');
      assert.equal(pathOf(), '/jobs');
      await press('Escape');
      await list.waitFor({ state: 'detached' });

      await page.evaluate(`localStorage.setItem('platen-shortcuts', 'off')`);
      await press('g', 'm', '?');
      assert.equal(pathOf(), '/jobs');
      assert.equal(await page.getByRole('dialog').count(), 0);
      window.assertQuiet();
    });
  }
});
