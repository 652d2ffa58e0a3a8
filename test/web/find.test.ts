import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Browser, openBrowser } from '../harness/browser.ts';
import { PRINT_ROOM } from '../harness/mail.ts';
import { ADMINISTRATOR, openStage, type Row, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';

const PASSWORD = 'nine patient copper kettles';

let stage: Stage;
let browser: Browser;
let sender: Row;

describe('the search of the top bar', () => {
  before(async () => {
    stage = await openStage({ database: 'external' });
    browser = await openBrowser();
    await stage.api('PATCH', `/queues/${stage.queueId}`, { mode: 'hold' });
    await stage.deliver(1);
    const { items } = (await eventually(async () => {
      const jobs = (await stage.api('GET', '/jobs')) as { items: Row[] };
      return jobs.items.length === 1 ? jobs : undefined;
    })) as { items: Row[] };
    const users = ((await stage.api('GET', '/users?limit=100')) as { items: Row[] }).items;
    const found = users.find(({ id }) => id === items[0]?.ownerId);
    assert.ok(found);
    sender = found;
    await stage.api('PATCH', `/users/${sender.id}`, { password: PASSWORD });
    // Nothing listens there: what is handed in stays in the outbox.
    const outgoingServer = { host: '127.0.0.1', port: 9, security: 'none' };
    await stage.api('PUT', '/settings/network', { outgoingServer, senderEmail: PRINT_ROOM, senderName: null });
    for (let count = 0; count < 6; count += 1) {
      await stage.api('POST', '/settings/network/test-message', { to: String(sender.email) });
    }
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
  });

  for (const [language, words] of [
    [
      'en',
      { label: 'Find a job, message or person', arrived: 'Mail that came in', taken: 'Taken in', all: 'Show all' },
    ],
    [
      'it',
      {
        label: 'Cerca lavori, messaggi o persone',
        arrived: 'Posta arrivata',
        taken: 'Accettato',
        all: 'Mostra tutto',
      },
    ],
  ] as const) {
    test(`finds the jobs, the mail and the person of an address, in ${language}`, async () => {
      await using window = await browser.open(stage, { as: ADMINISTRATOR, language });
      const { page } = window;
      await window.go('/');
      const bar = page.getByRole('banner').getByRole('searchbox', { name: words.label });
      await bar.fill(String(sender.email));
      await bar.press('Enter');
      await page.waitForURL(/\/find\?q=/);
      const [job] = ((await stage.api('GET', '/jobs')) as { items: Row[] }).items;
      await page.getByRole('link', { name: `${job?.number} · ${job?.title}` }).waitFor();
      await page.getByRole('heading', { name: words.arrived }).waitFor();
      await page.getByText(words.taken).waitFor();
      await page.getByRole('link', { name: String(sender.name), exact: true }).waitFor();
      await window.assertGood(`find-${language}`);
      await page.setViewportSize({ width: 360, height: 800 });
      await window.assertGood(`find-${language}-360`);
      await page.setViewportSize({ width: 1280, height: 800 });
      // Six messages wait for the outbox: five are shown, and all of them in their list.
      await page.getByRole('link', { name: words.all }).click();
      await page.waitForURL(/\/outbox\?q=/);
      await eventually(async () => (await page.locator('tr[data-row]').count()) >= 6);
      await window.assertGood(`outbox-found-${language}`);
      window.assertQuiet();
    });
  }

  test('says so where nothing is found, and asks again while the text is changed', async () => {
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    await window.go('/find?q=nobody-has-this');
    await page.getByText('Nothing found for “nobody-has-this”').waitFor();
    assert.equal(await page.getByRole('heading', { level: 2 }).count(), 0);
    await window.assertGood('find-nothing-en');
    await page.getByRole('main').getByLabel('Find a job, message or person').fill(String(sender.name).toUpperCase());
    await page.waitForURL(/q=[A-Z]/);
    await page.getByRole('link', { name: String(sender.name), exact: true }).click();
    await page.waitForURL(/\/jobs\?owner=/);
    await window.go('/users');
    await page.getByLabel('Find', { exact: true }).fill('nobody-has-this');
    await page.getByText('No such person').waitFor();
    await page.getByLabel('Find', { exact: true }).fill(String(sender.email).slice(0, 6));
    await page.getByText(String(sender.email)).first().waitFor();
    await window.assertGood('users-found-en');
    window.assertQuiet();
  });

  test('leads those who print to their own jobs', async () => {
    await using window = await browser.open(stage, {
      as: { email: String(sender.email), password: PASSWORD },
    });
    const { page } = window;
    await window.go('/');
    const bar = page.getByRole('banner').getByRole('searchbox', { name: 'Find one of my jobs' });
    await bar.fill('nobody-has-this');
    await bar.press('Enter');
    await page.waitForURL(/\/jobs\?q=nobody-has-this/);
    window.assertQuiet();
  });
});
