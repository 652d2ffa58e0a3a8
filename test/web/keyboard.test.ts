import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Browser, openBrowser } from '../harness/browser.ts';
import { assertKeyboard } from '../harness/keyboard.ts';
import { PRINT_ROOM } from '../harness/mail.ts';
import { ADMINISTRATOR, openStage, type Row, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';
import { readSources, readText } from '../rules/sources.ts';

let stage: Stage;
let browser: Browser;

/** Pages that nobody is signed in to. */
const OPEN_TO_ALL: readonly string[] = ['/first-run', '/hand-over', '/links', '/sessions/new'];

/** Every screen that there is, with the ids of things that there are. */
async function addresses(ids: Readonly<Record<string, string>>): Promise<string[]> {
  const sources = await readSources('web/*/screens.ts');
  const declared = sources.flatMap(({ text }) => [...text.matchAll(/path: '([^']+)'/g)].map(([, path = '']) => path));
  assert.ok(declared.length >= 40, declared.join());
  return declared
    .filter((path) => !OPEN_TO_ALL.includes(path))
    .map((path) => {
      const kind = Object.keys(ids).find((beginning) => path.startsWith(`${beginning}/$id`));
      assert.ok(kind !== undefined || !path.includes('$id'), `no thing to show for ${path}`);
      return path.replace('$id', ids[kind ?? ''] ?? '');
    });
}

describe('without a mouse', () => {
  const ids: Record<string, string> = {};

  before(async () => {
    stage = await openStage({ database: 'external', until: 'administrator' });
    const connectionId = await stage.addConnection({ expectedAccount: PRINT_ROOM, uses: ['imap', 'smtp'] });
    await stage.confirm(connectionId);
    const open = await stage.addConnection({ title: 'Not confirmed', expectedAccount: PRINT_ROOM });
    await stage.addPrinter();
    await stage.watchMailbox(connectionId);
    await stage.api('PUT', '/settings/network', { outgoingServer: { connectionId }, senderEmail: PRINT_ROOM });
    const { id: device } = await stage.api('POST', '/devices', { name: 'Copier', addresses: ['192.0.2.7'] });
    const { id: outgoing } = await stage.api('POST', '/settings/network/test-message', { to: 'anna@practice.example' });
    await stage.deliver(1);
    const list = async (path: string) => (await stage.api('GET', path)).items as Row[];
    const first = async (path: string) =>
      String((await eventually(async () => (await list(path))[0], { what: path, timeoutMs: 60_000 })).id);
    Object.assign(ids, {
      '/devices': String(device),
      '/jobs': await first('/jobs'),
      '/messages': await first('/messages'),
      '/outbox': String(outgoing),
      '/printers': stage.printerId,
      '/settings/connections': open,
      '/settings/jobs/mailboxes': await first('/mailboxes'),
    });
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
      const all = await addresses(ids);
      const figure = `100 % of what Tab should reach on all ${all.length + OPEN_TO_ALL.length} screens`;
      assert.ok(readText('docs/performance.md').includes(figure), figure);
      for (const path of all) {
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

  test('a menu opens with Enter, is gone through with arrows and closed with Escape, and gives the focus back', async () => {
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    await window.go('/');
    await page.locator('h1').first().waitFor();
    const opener = page.locator('header [aria-haspopup=menu]').last();
    await opener.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem').first().waitFor();
    const focused = () => page.evaluate('document.activeElement?.getAttribute("role")');
    await page.keyboard.press('ArrowDown');
    assert.equal(await focused(), 'menuitem');
    await page.keyboard.press('Escape');
    await page.getByRole('menuitem').first().waitFor({ state: 'detached' });
    assert.equal(await page.evaluate('document.activeElement?.getAttribute("aria-haspopup")'), 'menu');
  });
});
