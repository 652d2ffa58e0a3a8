import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Browser, openBrowser } from '../harness/browser.ts';
import { PRINT_ROOM } from '../harness/mail.ts';
import { ADMINISTRATOR, openStage, type Row, type Stage } from '../harness/stage.ts';

const OTHER = 'carla@practice.example';

let stage: Stage;
let browser: Browser;
let connectionId: string;

describe('the network settings in the browser', () => {
  before(async () => {
    stage = await openStage({ database: 'external', until: 'administrator' });
    browser = await openBrowser();
    // Nobody says which account is expected: then it is that of the sender e-mail.
    await stage.api('PUT', '/settings/network', { outgoingServer: null, senderEmail: PRINT_ROOM });
    connectionId = await stage.addConnection({ uses: ['smtp', 'imap'] });
    await stage.confirm(connectionId);
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
  });

  test('a test message shows each step when it happens, with the server and its encryption', async () => {
    await stage.api('PUT', '/settings/network', { outgoingServer: { connectionId }, senderEmail: PRINT_ROOM });
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    await stage.control('/smtp/fault', { phase: 'end-of-data', when: 'after', hang: true });
    await window.go('/settings/network');
    const send = page.getByRole('button', { name: 'Send test message' });
    await send.click();
    await page.getByText('Connected, signed in').waitFor();
    await page.getByText('localhost, TLS 1.3').waitFor();
    assert.equal(await page.getByText('Accepted by the server').count(), 0);
    await window.assertGood('network-sending-en-1280');
    await stage.control('/smtp/clear-faults', {});
    await stage.control('/smtp/end-sessions', { how: 'reset' });
    await send.click();
    await page.getByText('Accepted by the server').waitFor();
    await page.getByText('localhost, TLS 1.3').waitFor();
    await page.getByRole('link', { name: 'Open it in the outbox' }).click();
    await page.getByText('localhost, TLS 1.3').waitFor();
    window.assertQuiet();
  });

  test('the mail domain of the company is changed, and proposed for the next device', async () => {
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    await window.go('/settings/network');
    const domain = page.getByLabel('Mail domain of the company');
    const change = page.getByRole('button', { name: 'Change', exact: true });
    await domain.fill('practice');
    await change.click();
    await page.getByText('Enter a domain such as example.org').waitFor();
    await domain.fill('Scans.Practice.example');
    await change.click();
    await page.getByRole('button', { name: 'Saved' }).waitFor();
    await window.assertGood('network-company-en-1280');
    assert.equal((await stage.api('GET', '/settings/company')).mailDomain, 'scans.practice.example');
    await window.go('/devices/new');
    await page.getByText('Whom it may write to (optional)').waitFor();
    assert.equal(await page.getByLabel('Whom it may write to (optional)').inputValue(), 'scans.practice.example');
    window.assertQuiet();
  });

  for (const [language, width] of [
    ['en', 1280],
    ['it', 390],
  ] as const) {
    test(`a sender that is not the confirmed account is told, and the account is used instead, in ${language}`, async () => {
      await stage.api('PUT', '/settings/network', {
        outgoingServer: { connectionId },
        senderEmail: OTHER,
        senderName: 'Print room',
      });
      await using window = await browser.open(stage, { language, width, as: ADMINISTRATOR });
      const { page } = window;
      await window.go('/settings/network');
      const isEnglish = language === 'en';
      const use = page.getByRole('button', { name: `${isEnglish ? 'Use' : 'Usa'} ${PRINT_ROOM}` });
      await use.waitFor();
      await page
        .getByText(isEnglish ? 'The sender is not the confirmed account' : 'Il mittente non è l’account confermato')
        .waitFor();
      await window.assertGood(`network-foreign-${language}-${width}`);
      await use.click();
      await page.getByText(isEnglish ? /^Mail leaves through/ : /^La posta parte tramite/).waitFor();
      const sender = page.getByLabel(isEnglish ? 'Sender e-mail' : 'E-mail del mittente');
      assert.equal(await sender.inputValue(), PRINT_ROOM);
      const kept = await stage.api('GET', '/settings/network');
      assert.deepEqual([kept.senderEmail, kept.senderName], [PRINT_ROOM, 'Print room']);
      window.assertQuiet();
    });
  }

  test('the sender confirms in place of the account, and nothing ends before that was asked', async () => {
    await stage.api('PUT', '/settings/network', { outgoingServer: { connectionId }, senderEmail: OTHER });
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    await window.go('/settings/network');
    await page.getByRole('button', { name: `Confirm as ${OTHER}` }).click();
    const dialog = page.getByRole('dialog', { name: `Confirm as ${OTHER}?` });
    await dialog.getByText(`The access that ${PRINT_ROOM} gave ends now.`, { exact: false }).waitFor();
    await window.assertGood('network-confirm-with-en-1280');
    assert.equal((await stage.connectionState(connectionId)).state, 'connected');
    await dialog.getByRole('button', { name: 'Get a code for it' }).click();
    await page.waitForURL(/\/device-code$/);
    await page.getByText(OTHER).first().waitFor();
    const { state, expectedAccount, login } = await stage.connectionState(connectionId);
    assert.deepEqual([state, expectedAccount, (login as Row).state], ['needs-confirmation', OTHER, 'pending']);
    await window.go('/settings/network');
    await page.getByText('Send test message').waitFor();
    assert.equal(await page.getByRole('button', { name: `Confirm as ${OTHER}` }).count(), 0);
    window.assertQuiet();
  });
});
