import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ADMINISTRATOR } from '../harness/stage.ts';
import { openWeb } from '../harness/web.ts';

const WORDS = {
  en: {
    title: 'My account',
    own: 'Where you are signed in',
    current: 'This session',
    others: 'Sign out everywhere else',
    shown: 'How Platen is shown',
    dark: 'Dark',
    compact: 'Compact',
    portal: 'Names on Microsoft’s pages',
    same: 'The same as Platen',
    key: 'Well kept: only Platen can read it',
    box: 'Locked box for documents',
    all: 'Who is signed in',
  },
  it: {
    title: 'Il mio account',
    own: 'Dove hai effettuato l’accesso',
    current: 'Questa sessione',
    others: 'Termina tutte le altre',
    shown: 'Aspetto di Platen',
    dark: 'Scuri',
    compact: 'Compatte',
    portal: 'Nomi nelle pagine di Microsoft',
    same: 'La stessa di Platen',
    key: 'Ben custodito: lo può leggere solo Platen',
    box: 'Ambiente protetto per i documenti',
    all: 'Chi ha effettuato l’accesso',
  },
} as const;

const web = openWeb({ until: 'administrator' });

describe('sessions on the screen', () => {
  for (const language of ['en', 'it'] as const) {
    test(`a forgotten session is seen and ended at My account, and all of them stand at Security, in ${language}`, async () => {
      const words = WORDS[language];
      const width = language === 'en' ? 1280 : 390;
      await using forgotten = await web.open({ language, as: ADMINISTRATOR });
      await forgotten.go('/account');
      await forgotten.page.getByRole('heading', { level: 1, name: words.title }).waitFor();
      await using window = await web.open({ language, width, as: ADMINISTRATOR });
      const { page } = window;
      await window.go('/account');
      const own = page.getByRole('table', { name: words.own });
      await own.getByText(words.current).waitFor();
      assert.ok((await own.getByText('Chrome, Linux').count()) >= 2);
      await window.assertGood(`account-${language}-${width}`);
      await page.getByRole('button', { name: words.others }).click();
      await page.getByRole('button', { name: words.others }).waitFor({ state: 'detached' });
      assert.equal(await own.locator('tbody tr').count(), 1);
      await forgotten.page.reload();
      await forgotten.page.getByLabel('Password', { exact: true }).waitFor();
      await window.go('/settings/security');
      await page.getByRole('heading', { level: 2, name: words.box }).waitFor();
      await page.getByText(words.key).waitFor();
      await page.getByRole('table', { name: words.all }).getByText(words.current).waitFor();
      await window.assertGood(`security-${language}-${width}`);
    });
  }

  for (const language of ['en', 'it'] as const) {
    test(`what a person prefers holds on each device where the person signs in, in ${language}`, async () => {
      const words = WORDS[language];
      const person = { email: `reader-${language}@practice.example`, password: 'nine patient copper kettles' };
      await web.stage.api('POST', '/users', { ...person, name: 'Reader', role: 'administrator', language });
      await using first = await web.open({ language, as: person });
      await first.go('/account');
      await first.page.getByRole('heading', { level: 2, name: words.shown }).waitFor();
      await first.page
        .getByRole('group', { name: words.portal })
        .or(first.page.getByRole('radiogroup', { name: words.portal }))
        .waitFor();
      assert.equal(await first.page.getByLabel(words.same).isChecked(), true);
      await first.page.getByLabel(words.dark, { exact: true }).check();
      await first.page.getByLabel(words.compact, { exact: true }).check();
      await first.page.locator('html[data-mantine-color-scheme="dark"][data-density="compact"]').waitFor();
      await first.assertAccessible();

      await using second = await web.open({ language: language === 'en' ? 'it' : 'en' });
      const { page } = second;
      await second.go('/account');
      await page.locator('input[type="email"]').fill(person.email);
      await page.locator('input[autocomplete="current-password"]').fill(person.password);
      await page.locator('button[type="submit"]').click();
      await page.getByRole('heading', { level: 1, name: words.title }).waitFor();
      await page.locator('html[data-mantine-color-scheme="dark"][data-density="compact"]').waitFor();
      await page.getByLabel(words.dark, { exact: true }).and(page.locator(':checked')).waitFor();

      // Changed on the second device, found on the first one when it is opened again.
      await page
        .getByLabel(language === 'en' ? 'Italiano' : 'English')
        .first()
        .check();
      await page.getByRole('heading', { level: 1, name: WORDS[language === 'en' ? 'it' : 'en'].title }).waitFor();
      await page.waitForFunction(`fetch('/api/v1/me/preferences').then((answer) => answer.json())
        .then(({ language }) => language !== '${language}')`);
      await first.page.reload();
      await first.page.getByRole('heading', { level: 1, name: WORDS[language === 'en' ? 'it' : 'en'].title }).waitFor();
      first.assertQuiet();
      second.assertQuiet();
    });
  }

  test('the key that jumps to the search is switched off on a device, and on again', async () => {
    await using window = await web.open({ as: ADMINISTRATOR });
    const { page } = window;
    const jumps = async () => {
      await page.locator('h1').first().click();
      await page.keyboard.press('/');
      const isThere = await page.evaluate('document.activeElement?.getAttribute("type") === "search"');
      await page.evaluate('document.activeElement?.blur?.()');
      return isThere;
    };
    await window.go('/account');
    const key = page.getByLabel('The “/” key jumps to the search');
    await key.waitFor();
    assert.equal(await jumps(), true);
    await key.uncheck();
    assert.equal(await jumps(), false);
    await page.reload();
    await key.waitFor();
    assert.equal(await key.isChecked(), false);
    assert.equal(await jumps(), false);
    await key.check();
    assert.equal(await jumps(), true);
    window.assertQuiet();
  });
});
