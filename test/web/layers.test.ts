import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { type Browser, openBrowser, type Window } from '../harness/browser.ts';
import { openFurnishedStage } from '../harness/every-screen.ts';
import { ADMINISTRATOR, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';

let stage: Stage;
let browser: Browser;
let ids: Readonly<Record<string, string>>;

const MENUS = '[aria-haspopup="menu"]:visible';
const LISTS = 'input[aria-haspopup="listbox"]:visible';

/** Where there are menus and lists, with how many of each are looked into; `$id` is the thing that there is. */
const PLACES: readonly { readonly path: string; readonly menus: number; readonly lists: number }[] = [
  { path: '/', menus: 2, lists: 0 },
  { path: '/messages', menus: 0, lists: 1 },
  { path: '/jobs/$id', menus: 1, lists: 0 },
  { path: '/journal', menus: 0, lists: 2 },
  { path: '/printers', menus: 1, lists: 0 },
  { path: '/settings/connections', menus: 3, lists: 0 },
  { path: '/settings/connections/$id', menus: 1, lists: 0 },
  { path: '/settings/connections/registration', menus: 0, lists: 1 },
  { path: '/settings/jobs/mailboxes/new', menus: 0, lists: 1 },
  { path: '/users', menus: 1, lists: 1 },
];

const roleOfFocused = (page: Page) => page.evaluate('document.activeElement?.getAttribute("role")');
const isFocused = (opener: Locator) => opener.evaluate((one) => one === one.ownerDocument.activeElement);

async function visit({ go, page }: Window, path: string): Promise<void> {
  await go(path);
  await page.locator('h1, [role=dialog] h2').first().waitFor();
  await page.waitForLoadState('networkidle').catch(() => undefined);
}

/** Opens it by keyboard, looks at it in light and in dark, goes through it and closes it. */
async function lookIntoMenu(window: Window, opener: Locator, name: string): Promise<void> {
  const { page } = window;
  await opener.focus();
  await page.keyboard.press('Enter');
  const menu = page.getByRole('menu');
  await menu.waitFor();
  await eventually(async () => (await roleOfFocused(page)) === 'menuitem', { what: `the first entry of ${name}` });
  await window.assertGood(name);
  const entries = menu.getByRole('menuitem');
  const count = await entries.count();
  for (let at = 1; at <= count; at++) {
    await page.keyboard.press('ArrowDown');
    assert.equal(await isFocused(entries.nth(at % count)), true, `${name}: entry ${at % count} after ${at} arrows`);
  }
  await page.keyboard.press('Escape');
  await menu.waitFor({ state: 'detached' });
  assert.equal(await isFocused(opener), true, `${name}: the focus is back`);
}

async function lookIntoList(window: Window, opener: Locator, name: string): Promise<void> {
  const { page } = window;
  await opener.focus();
  await page.keyboard.press('ArrowDown');
  const list = page.getByRole('listbox');
  await list.waitFor();
  await page.keyboard.press('ArrowDown');
  await window.assertGood(name);
  await page.keyboard.press('Escape');
  await list.waitFor({ state: 'hidden' });
  assert.equal(await isFocused(opener), true, `${name}: the focus stays`);
}

describe('what opens over a page', () => {
  before(async () => {
    ({ stage, ids } = await openFurnishedStage());
    await stage.api('POST', '/users', { email: 'g@practice.example', name: 'Gea', role: 'user', group: 'Registry' });
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
  });

  for (const language of ['en', 'it'] as const) {
    const width = language === 'en' ? 1280 : 390;
    for (const { path, ...expected } of PLACES) {
      test(`has no fault that axe knows, and gives the focus back: ${path}, in ${language}`, async () => {
        await using window = await browser.open(stage, { language, width, as: ADMINISTRATOR });
        const { page } = window;
        await visit(window, path.replace('$id', ids[path.replace('/$id', '')] ?? ''));
        if (path === '/journal' && width < 768) await page.getByRole('button', { name: 'Filtri' }).click();
        const name = `open${path.replace(/[^a-z]+/g, '-')}-${language}-${width}`;
        // Those of the frame are the same on each page.
        const menus = page.locator(path === '/' ? MENUS : `main ${MENUS}`);
        const lists = page.locator(LISTS);
        await eventually(
          async () => (await menus.count()) >= expected.menus && (await lists.count()) >= expected.lists,
          {
            what: `the openers on ${path}`,
          },
        );
        for (let at = 0; at < expected.menus; at++) await lookIntoMenu(window, menus.nth(at), `${name}-menu-${at}`);
        for (let at = 0; at < expected.lists; at++) await lookIntoList(window, lists.nth(at), `${name}-list-${at}`);
      });
    }

    test(`a list in a dialog opens inside of it, in ${language}`, async () => {
      await using window = await browser.open(stage, { language, width, as: ADMINISTRATOR });
      const { page } = window;
      await visit(window, '/settings/notices');
      await page
        .getByRole('button', { name: language === 'en' ? 'Set up' : 'Configura' })
        .last()
        .click();
      const dialog = page.getByRole('dialog');
      await dialog.locator(LISTS).first().waitFor();
      await dialog.locator(LISTS).first().press('ArrowDown');
      await dialog.getByRole('listbox').waitFor();
      await page.keyboard.press('Escape');
      // The key closed the list alone.
      await lookIntoList(window, dialog.locator(LISTS).first(), `open-dialog-${language}-${width}`);
      assert.equal(await dialog.count(), 1);
    });
  }
});
