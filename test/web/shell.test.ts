import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Browser, openBrowser } from '../harness/browser.ts';
import { PRINT_ROOM } from '../harness/mail.ts';
import { ADMINISTRATOR, openStage, type Row, type Stage } from '../harness/stage.ts';

let stage: Stage;
let browser: Browser;
const printing = { email: 'anna@practice.example', password: 'nine patient copper kettles' };

/** Words of the top bar that take more than one line or leave the screen, and boxes that lie over each other. */
const FAULTS_OF_TOP_BAR = `(() => {
  const bar = document.querySelector('.topbar');
  const faults = bar.scrollWidth > bar.clientWidth ? ['wider than the screen'] : [];
  const texts = document.createTreeWalker(bar, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const words = document.createRange();
    words.selectNodeContents(texts.currentNode);
    const lines = words.getClientRects();
    if (lines.length > 1) faults.push('wraps: ' + texts.currentNode.data);
    for (const { left, right } of lines) if (left < 0 || right > innerWidth) faults.push('cut: ' + texts.currentNode.data);
  }
  const boxes = [...bar.children].map((child) => child.getBoundingClientRect()).filter(({ width }) => width > 0);
  for (const [at, box] of boxes.entries()) if (at > 0 && box.left < boxes[at - 1].right) faults.push('overlap at ' + at);
  return faults;
})()`;

describe('the frame of the web interface', () => {
  before(async () => {
    stage = await openStage({ database: 'external', until: 'administrator' });
    browser = await openBrowser();
    await stage.api('POST', '/users', { ...printing, name: 'Anna', role: 'user' });
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
  });

  test('signing in opens the page that was asked for, and a wrong password keeps the address typed', async () => {
    await using window = await browser.open(stage);
    const { page } = window;
    await window.go('/settings/connections');
    await page.getByLabel('E-mail').fill(ADMINISTRATOR.email);
    await page.getByLabel('Password', { exact: true }).fill('not the password');
    const [refusal] = await Promise.all([
      page.waitForResponse((answer) => answer.url().endsWith('/sessions') && answer.status() === 401),
      page.getByRole('button', { name: 'Sign in' }).click(),
    ]);
    await page.getByText('What to do').waitFor();
    // The id of the request, under which the log has more.
    const { instance } = await refusal.json();
    assert.match(instance, /^urn:uuid:[0-9a-f-]{36}$/);
    const reference = `Reference ${instance.replace('urn:uuid:', '')}`;
    assert.equal(await page.locator('.finding-id').textContent(), reference);
    assert.equal(await page.getByLabel('E-mail').inputValue(), ADMINISTRATOR.email);
    await window.assertAccessible();
    await window.picture('sign-in');
    await page.getByLabel('Password', { exact: true }).fill(ADMINISTRATOR.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { level: 1, name: 'External systems' }).waitFor();
    await page.getByText('No external system yet').waitFor();
    window.assertQuiet();
  });

  for (const language of ['en', 'it'] as const) {
    for (const width of [1280, 390]) {
      test(`the frame has no fault that axe knows in light and dark, in ${language}, ${width} wide`, async () => {
        await using window = await browser.open(stage, { language, width, as: ADMINISTRATOR });
        await window.go('/');
        const title = language === 'en' ? 'Overview' : 'Panoramica';
        await window.page.getByRole('heading', { level: 1, name: title }).waitFor();
        const verdict = language === 'en' ? 'Platen is not set up yet' : 'Platen non è ancora configurato';
        await window.page.getByRole('status').getByText(verdict).waitFor();
        await window.page.getByText(language === 'en' ? '5 steps to go' : 'Mancano 5 passaggi').waitFor();
        await window.page.getByText(language === 'en' ? 'Live' : 'In diretta').waitFor();
        await window.assertGood(`overview-${language}-${width}`);
      });
    }
  }

  test('on a small phone no word of the bar at the bottom is broken, and nothing sticks out', async () => {
    await using window = await browser.open(stage, { language: 'it', width: 320, as: ADMINISTRATOR });
    const { page } = window;
    await window.go('/');
    await page.getByRole('link', { name: 'Panoramica' }).first().waitFor();
    const lines = await page.evaluate(`(() => {
      const link = [...document.querySelectorAll('.bottombar a')].find((one) => one.textContent.includes('Panoramica'));
      const words = document.createRange();
      words.selectNodeContents(link.lastChild);
      return words.getClientRects().length;
    })()`);
    assert.equal(lines, 1);
    assert.equal(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true);
    const fits = `(() => {
      const list = document.querySelector('.bottombar ul');
      return list.scrollWidth <= list.clientWidth;
    })()`;
    assert.equal(await page.evaluate(fits), true);
    // The search of the top bar has no room here: the way to it is behind the last entry.
    await page.getByRole('button', { name: 'Altro' }).click();
    await page.getByRole('dialog').getByRole('link', { name: 'Cerca lavori, messaggi o persone' }).click();
    await page.waitForURL('**/find');
    await page.getByRole('main').getByLabel('Cerca lavori, messaggi o persone').waitFor();
    await window.picture('find-it-320');
    window.assertQuiet();
  });

  for (const language of ['en', 'it'] as const) {
    test(`nothing in the top bar wraps or is cut on a small phone, in ${language}`, async () => {
      await using window = await browser.open(stage, { language, width: 320, as: ADMINISTRATOR });
      const { page } = window;
      await window.go('/');
      await page.locator('.livestate[data-on="true"]').waitFor();
      for (const width of [320, 360]) {
        await page.setViewportSize({ width, height: 800 });
        for (const isOn of [true, false]) {
          // As it looks while the stream of events is not there.
          const off = language === 'en' ? 'Reconnecting…' : 'Riconnessione…';
          if (!isOn) {
            await page.evaluate(`(() => {
              const live = document.querySelector('.livestate');
              live.dataset.on = 'false';
              live.querySelector('.word').textContent = ${JSON.stringify(off)};
            })()`);
          }
          assert.deepEqual(await page.evaluate(FAULTS_OF_TOP_BAR), [], `${width}, ${isOn}`);
          await window.picture(`top-bar-${language}-${width}-${isOn ? 'live' : 'off'}`);
        }
        await page.reload();
        await page.locator('.livestate[data-on="true"]').waitFor();
      }
      window.assertQuiet();
    });
  }

  test('the language is chosen in the top bar and is the person’s from then on', async () => {
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    await window.go('/');
    await page.getByRole('button', { name: 'Language: English' }).click();
    await page.getByRole('menuitem', { name: 'Italiano' }).click();
    await page.getByRole('heading', { level: 1, name: 'Panoramica' }).waitFor();
    assert.equal(await page.locator('html').getAttribute('lang'), 'it');
    await page.getByRole('button', { name: 'Lingua: Italiano' }).click();
    await page.getByRole('menuitem', { name: 'English' }).click();
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    window.assertQuiet();
  });

  test('a session that ends under a page opens sign-in over it, and the page is still there afterwards', async () => {
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    await window.go('/');
    await page.getByText('5 steps to go').waitFor();
    await window.context.clearCookies();
    await page.getByRole('button', { name: 'Language: English' }).click();
    await page.getByRole('menuitem', { name: 'English' }).click();
    const dialog = page.getByRole('dialog', { name: 'Sign in again' });
    await dialog.waitFor();
    await window.assertAccessible();
    await dialog.getByLabel('Password', { exact: true }).fill(ADMINISTRATOR.password);
    await dialog.getByRole('button', { name: 'Sign in' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    // The stream of events, which ended with the session, is back.
    await page.getByText('Live', { exact: true }).waitFor();
    window.assertQuiet();
  });

  test('who may not open a page is told what it is, and comes back to the start', async () => {
    await using window = await browser.open(stage, { as: printing });
    const { page } = window;
    await window.go('/settings/connections');
    await page.getByRole('heading', { level: 1, name: 'External systems' }).waitFor();
    await page.getByText('This page is for operators and administrators').waitFor();
    await window.assertAccessible();
    await page.getByRole('link', { name: 'Go to the start page' }).click();
    await page.waitForURL(/\/$/);
    window.assertQuiet();
  });

  test('an address that no page has is answered with 404 and a page that says so', async () => {
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const answer = await window.page.goto(new URL('/no/such/page', stage.node.process.url).href);
    assert.equal(answer?.status(), 404);
    await window.page.getByRole('heading', { level: 1, name: 'There is no such page' }).waitFor();
  });

  test('the first load stays below 250 KB as it travels', async (t) => {
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const sizes: Promise<number>[] = [];
    window.page.on('requestfinished', (request) => {
      sizes.push(request.sizes().then(({ responseBodySize }) => responseBodySize));
    });
    await window.go('/');
    await window.page.getByText('5 steps to go').waitFor();
    const bytes = (await Promise.all(sizes)).reduce((sum, one) => sum + one, 0);
    const interactiveMs = await window.page.evaluate("performance.getEntriesByType('navigation')[0].domInteractive");
    t.diagnostic(
      `first load ${Math.round(bytes / 1024)} KB in ${sizes.length} answers, interactive after ${interactiveMs} ms`,
    );
    assert.ok(bytes > 50 * 1024 && bytes < 250 * 1024, `${bytes} bytes`);
  });

  test('the pages let in no inline script, and no style without the nonce of the answer', async () => {
    const { url } = stage.node.process;
    const headers = { accept: 'text/html' };
    const [first, second] = await Promise.all([fetch(url, { headers }), fetch(url, { headers })]);
    const policy = first.headers.get('content-security-policy') ?? '';
    assert.match(policy, /^default-src 'self';style-src 'self' 'nonce-[\w-]{20,}';/);
    assert.doesNotMatch(policy, /unsafe/);
    assert.notEqual(policy, second.headers.get('content-security-policy'));
    assert.equal(first.headers.get('cache-control'), 'no-store');
    const html = await first.text();
    const script = /src="(\/assets\/[^"]+\.js)"/.exec(html)?.[1] ?? '';
    const file = await fetch(new URL(script, url));
    assert.match(file.headers.get('cache-control') ?? '', /immutable/);
    for (const path of ['/assets/../index.html', '/assets/%2e%2e/index.html', '/assets/.sources', '/assets/none.js']) {
      assert.equal((await fetch(new URL(path, url))).status, 404, path);
    }
  });

  test('what waits for a confirmation is said on the pages that depend on it, and on no others', async () => {
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    const { tid: tenantId, clientId } = stage.peers.practice;
    const add = async (title: string) => {
      const body = { kind: 'exchange-online', title, clientId, tenantId, cloud: 'practice' };
      return String((await stage.api('POST', '/connections', { ...body, expectedAccount: PRINT_ROOM })).id);
    };
    const bar = page.locator('.mailfault');
    const says = async (path: string, title: string | undefined) => {
      await window.go(path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      if (title !== undefined) return await bar.getByText(`${title} waits for confirmation`).waitFor();
      await page.getByText('Live').waitFor();
      assert.equal(await bar.count(), 0, path);
    };
    const sending = await add('For sending');
    // Nothing was chosen yet: everything waits for it.
    await says('/outbox', 'For sending');
    await says('/settings/jobs/mailboxes', 'For sending');
    await page.getByText('E-mail does not work yet').waitFor();
    const reading = await add('For reading');
    await add('For nothing');
    await stage.api('PUT', '/settings/network', { outgoingServer: { connectionId: sending }, senderEmail: PRINT_ROOM });
    const [queue] = (await stage.api('GET', '/queues')).items as Row[];
    const queueId = queue?.id ?? (await stage.api('POST', '/queues', { name: 'Queue', mode: 'hold' })).id;
    const mailbox = { title: 'Print', protocol: 'imap', connectionId: reading, address: PRINT_ROOM, queueId };
    await stage.api('POST', '/mailboxes', { ...mailbox, afterIntake: 'move' });
    for (const path of ['/settings/network', '/outbox', '/devices', '/']) await says(path, 'For sending');
    await says('/settings/jobs/mailboxes', 'For reading');
    for (const path of ['/printers', '/users', '/settings/connections']) await says(path, undefined);
    // Mail that leaves by another server does not wait for Microsoft.
    const server = { host: 'mail.contoso.example', port: 587, security: 'starttls' };
    await stage.api('PUT', '/settings/network', { outgoingServer: server });
    await says('/settings/jobs/mailboxes', 'For reading');
    await page.getByRole('link', { name: 'Outbox' }).first().click();
    await page.getByRole('heading', { level: 1, name: 'Outbox' }).waitFor();
    await bar.waitFor({ state: 'detached' });
    window.assertQuiet();
  });
});
