import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Browser, openBrowser } from '../harness/browser.ts';
import { ADMINISTRATOR, openStage, type Row, type Stage } from '../harness/stage.ts';

let stage: Stage;
let browser: Browser;

async function deviceNamed(name: string): Promise<Row> {
  const { items } = await stage.api('GET', '/devices');
  return (items as Row[]).find((one) => one.name === name) ?? {};
}

describe('devices in the browser', () => {
  before(async () => {
    stage = await openStage({ database: 'external', until: 'administrator' });
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
  });

  test('a copier gets a user name and a password that is shown once, and never again', async () => {
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    await window.go('/devices');
    await page.getByText('No device yet').waitFor();
    await page.getByRole('heading', { name: 'Type this into the copier' }).waitFor();
    await window.assertGood('devices-empty-en-1280');
    await page.getByRole('link', { name: '+ Add a device' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Copier 2F');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Enter an address, for example 192.0.2.10').waitFor();
    await page.getByRole('radio', { name: 'By both together' }).check();
    await page.getByLabel('Addresses in the network').fill('192.0.2.10, 198.51.100.0/24');
    await page.getByRole('textbox', { name: 'User name' }).fill('copier2f');
    await page.getByLabel('Whom it may write to (optional)').fill('practice.example');
    await page.getByLabel('Sender of its mail (optional)').fill('scans@practice.example');
    await page.getByRole('button', { name: 'Limits' }).click();
    await page.getByLabel('Messages a minute').fill('7');
    await window.assertGood('device-new-en-1280');
    await page.getByRole('button', { name: 'Save' }).click();
    const password = (await page.getByTestId('device-password').textContent()) ?? '';
    assert.ok(password.length >= 12, password);
    await window.assertGood('device-password-en-1280');
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();
    await page.getByRole('heading', { level: 1, name: 'Copier 2F' }).waitFor();
    const made = await deviceNamed('Copier 2F');
    assert.deepEqual(made.addresses, ['192.0.2.10', '198.51.100.0/24']);
    assert.equal(made.username, 'copier2f');
    assert.deepEqual(made.allowedDomains, ['practice.example']);
    assert.equal((made.limits as Row).messagesPerMinute, 7);
    assert.equal((made.senderMap as Row).sender, 'scans@practice.example');
    assert.ok(!(await page.content()).includes(password));
    await page.getByLabel('Name', { exact: true }).fill('Copier 3F');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { level: 1, name: 'Copier 3F' }).waitFor();
    assert.equal(await page.getByTestId('device-password').count(), 0, 'a change alone makes no new password');
    const { limits } = await deviceNamed('Copier 3F');
    assert.deepEqual(limits, made.limits, 'what was not touched stays as it was');
    window.assertQuiet();
  });

  test('a device is renewed, switched off and removed on a phone, in Italian', async () => {
    await using window = await browser.open(stage, { language: 'it', width: 390, as: ADMINISTRATOR });
    const { page } = window;
    await window.go('/devices');
    await page.getByRole('link', { name: 'Copier 3F' }).waitFor();
    await window.assertGood('devices-it-390');
    await page.getByRole('link', { name: 'Copier 3F' }).click();
    await page.getByRole('checkbox', { name: 'Crea una nuova password' }).check();
    await page.getByRole('switch', { name: 'Può consegnare posta' }).uncheck();
    await page.getByRole('button', { name: 'Salva' }).click();
    await page.getByTestId('device-password').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Chiudi' }).last().click();
    assert.equal((await deviceNamed('Copier 3F')).enabled, false);
    await window.assertGood('device-it-390');
    await page.getByRole('button', { name: 'Rimuovi' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Rimuovi' }).click();
    await page.getByText('Ancora nessun dispositivo').waitFor();
    assert.deepEqual(await deviceNamed('Copier 3F'), {});
  });
});
