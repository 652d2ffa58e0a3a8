import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ADMINISTRATOR } from '../harness/stage.ts';
import { openWeb } from '../harness/web.ts';

const WORDS = {
  en: { title: 'About Platen', copy: 'Copy the lines', show: 'Show the packages', licenses: 'Packages and licenses' },
  it: {
    title: 'Informazioni su Platen',
    copy: 'Copia le righe',
    show: 'Mostra i pacchetti',
    licenses: 'Pacchetti e licenze',
  },
} as const;

const web = openWeb({ until: 'administrator' });

describe('about Platen on the screen', () => {
  for (const language of ['en', 'it'] as const) {
    test(`what a report of a problem needs is copied with one button, and the packages are listed, in ${language}`, async () => {
      const words = WORDS[language];
      const width = language === 'en' ? 1280 : 390;
      await using window = await web.open({ language, width, as: ADMINISTRATOR });
      const { page } = window;
      await window.go('/settings/about');
      await page.getByRole('heading', { level: 1, name: words.title }).waitFor();
      await page.getByRole('button', { name: words.copy }).click();
      await page.getByRole('button', { name: language === 'en' ? 'Copied' : 'Copiato' }).waitFor();
      const copied = await page.evaluate('navigator.clipboard.readText()');
      assert.match(String(copied), /^Platen \d.*\nNode \d.*\nPostgreSQL \d/);
      await page.getByRole('button', { name: words.show }).click();
      await page.getByRole('table', { name: words.licenses }).getByText('fastify', { exact: true }).waitFor();
      assert.equal(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true);
      await window.assertGood(`about-${language}-${width}`);
    });
  }

  test('where the browser lets nobody copy, the text stands there selected', async () => {
    await using window = await web.open({ language: 'en', width: 390, as: ADMINISTRATOR });
    const { page } = window;
    await page.addInitScript(`
      navigator.clipboard.writeText = () => Promise.reject(new Error('not here'));
      document.execCommand = () => false;
    `);
    await window.go('/settings/about');
    await page.getByRole('button', { name: WORDS.en.copy }).click();
    await page.getByRole('alert').getByText('press Ctrl+C').waitFor();
    const selected = `(({ value, selectionStart, selectionEnd }) => value.slice(selectionStart, selectionEnd))(document.activeElement)`;
    assert.match(String(await page.evaluate(selected)), /^Platen \d.*\nNode \d/);
    await window.assertGood('about-copied-by-hand-en-390');
  });
});
