import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { ADMINISTRATOR } from '../harness/stage.ts';
import { openWeb } from '../harness/web.ts';

const WORDS = {
  en: {
    pages: 'Pages',
    phone: 'Main pages',
    printers: 'Printers',
    queues: 'Queues',
    settings: 'Settings',
    systems: /^External systems/,
    network: 'Network',
    hide: 'Show icons only',
    show: 'Show names',
  },
  it: {
    pages: 'Pagine',
    phone: 'Pagine principali',
    printers: 'Stampanti',
    queues: 'Code di stampa',
    settings: 'Impostazioni',
    systems: /^Sistemi esterni/,
    network: 'Rete',
    hide: 'Mostra solo le icone',
    show: 'Mostra i nomi',
  },
} as const;

const web = openWeb({ until: 'administrator' });

const isNarrow = async (page: Page) => ((await page.locator('.sidebar').boundingBox())?.width ?? 0) < 80;

describe('the sidebar', () => {
  for (const language of ['en', 'it'] as const) {
    const words = WORDS[language];
    test(`in a window of middle width it shows signs with their names beside them, in ${language}`, async () => {
      await web.stage.addConnection({ title: `Not confirmed ${language}` });
      await using window = await web.open({ language, width: 1024, as: ADMINISTRATOR });
      const { page } = window;
      await window.go('/queues');
      await page.getByRole('heading', { level: 1, name: words.queues }).waitFor();
      const nav = page.getByRole('navigation', { name: words.pages, exact: true });
      assert.equal(await isNarrow(page), true);
      assert.equal(await page.getByRole('navigation', { name: words.phone }).count(), 0);
      await page.getByRole('search').waitFor();
      const here = nav.getByRole('link', { name: words.queues });
      assert.equal(await here.getAttribute('aria-current'), 'page');
      await nav.locator('.callcount').waitFor();

      // By pointer and by keyboard; Escape takes it away without leaving.
      const printers = nav.getByRole('link', { name: words.printers });
      const named = page.getByRole('tooltip', { name: words.printers });
      await printers.hover();
      await named.waitFor();
      await window.assertGood(`sidebar-signs-${language}-1024`);
      await page.mouse.move(600, 500);
      await named.waitFor({ state: 'hidden' });
      await here.focus();
      await page.keyboard.press('Shift+Tab');
      await named.waitFor();
      await page.keyboard.press('Escape');
      await named.waitFor({ state: 'hidden' });
      assert.equal(await printers.evaluate((one) => one === one.ownerDocument.activeElement), true);

      // What has entries of its own opens beside its sign.
      await nav.getByRole('button', { name: words.settings }).press('Enter');
      const systems = page.getByRole('menuitem', { name: words.systems });
      await systems.waitFor();
      await window.assertGood(`sidebar-settings-${language}-1024`);
      await page.keyboard.press('Escape');
      await systems.waitFor({ state: 'hidden' });
      await page.keyboard.press('Enter');
      await page.locator('[role=menuitem]:focus').getByText(words.systems).waitFor();
      await page.keyboard.press('ArrowDown');
      await page.locator('[role=menuitem]:focus').getByText(words.network, { exact: true }).waitFor();
      await page.keyboard.press('Enter');
      await page.waitForURL('**/settings/network');
      await page.getByRole('heading', { level: 1, name: words.network }).waitFor();
      await nav.getByRole('button', { name: words.settings }).click();
      const current = page.getByRole('menuitem', { name: words.network });
      assert.equal(await current.getAttribute('aria-current'), 'page');
      await page.keyboard.press('Escape');
      window.assertQuiet();
    });

    test(`it shrinks and grows by a button, and stays so on this device, in ${language}`, async () => {
      await using window = await web.open({ language, as: ADMINISTRATOR });
      const { page } = window;
      await window.go('/queues');
      const nav = page.getByRole('navigation', { name: words.pages, exact: true });
      const hide = nav.getByRole('button', { name: words.hide });
      await hide.waitFor();
      assert.equal(await isNarrow(page), false);
      await window.assertGood(`sidebar-names-${language}-1280`);
      await hide.press('Enter');
      const show = nav.getByRole('button', { name: words.show });
      await show.waitFor();
      assert.equal(await isNarrow(page), true);
      // The focus stays where it is.
      assert.equal(await show.evaluate((one) => one === one.ownerDocument.activeElement), true);
      await page.reload();
      await show.waitFor();
      assert.equal(await isNarrow(page), true);
      await window.assertGood(`sidebar-shrunk-${language}-1280`);
      await show.click();
      await hide.waitFor();
      assert.equal(await isNarrow(page), false);

      // A window of middle width has a choice of its own.
      await page.setViewportSize({ width: 1000, height: 800 });
      await show.click();
      await hide.waitFor();
      await page.reload();
      await hide.waitFor();
      assert.equal(await isNarrow(page), false);
      await page.setViewportSize({ width: 390, height: 800 });
      await page.getByRole('navigation', { name: words.phone }).waitFor();
      await nav.waitFor({ state: 'hidden' });
      window.assertQuiet();
    });
  }

  test('in a low window its last sign is reached by scrolling in it, and what opens is not cut', async () => {
    await using window = await web.open({ width: 900, height: 420, as: ADMINISTRATOR });
    const { page } = window;
    await window.go('/queues');
    const nav = page.getByRole('navigation', { name: 'Pages', exact: true });
    await nav.getByRole('button', { name: 'Settings' }).click();
    const last = page.getByRole('menuitem', { name: 'About Platen' });
    await last.click();
    await page.waitForURL('**/settings/about');
    window.assertQuiet();
  });
});
