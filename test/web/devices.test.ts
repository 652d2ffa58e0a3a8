import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Browser, openBrowser } from '../harness/browser.ts';
import { openConversation } from '../harness/conversation.ts';
import { assertFiveParts, findingOf, textOf } from '../harness/finding.ts';
import { PRINT_ROOM } from '../harness/mail.ts';
import { runProgram } from '../harness/relay.ts';
import { ADMINISTRATOR, openStage, type Row, type Stage } from '../harness/stage.ts';

let stage: Stage;
let browser: Browser;

async function deviceNamed(name: string): Promise<Row> {
  const { items } = await stage.api('GET', '/devices');
  return (items as Row[]).find((one) => one.name === name) ?? {};
}

/** Speaks to the relay as a copier does, after its greeting and EHLO. */
async function speak(script: string): Promise<void> {
  const { address } = await stage.api('GET', '/relay');
  await using conversation = await openConversation({ port: Number((address as Row).port) });
  await conversation.play(`
    S: 220 {/.*/}
    C: EHLO copier.local
    S: ...
    S: 250 {/.*/}
    ${script}`);
}

const REFUSED = `
  C: MAIL FROM:<scan@copier.local>
  S: 550 5.7.1 Relaying denied`;
const OTHER_DOMAIN = `
  C: MAIL FROM:<scan@copier.local>
  S: 250 {/.*/}
  C: RCPT TO:<who@elsewhere.example>
  S: 550 5.7.1 Recipient refused`;
const SCAN = `
  C: MAIL FROM:<scan@copier.local>
  S: 250 {/.*/}
  C: RCPT TO:<anna@practice.example>
  S: 250 {/.*/}
  C: DATA
  S: 354 {/.*/}
  C: Subject: Scan
  C:
  C: .
  S: 250 {/.*/}`;

const FAULTS = {
  en: {
    unknown: 'An unknown device wants to send',
    times: '127.0.0.1 was refused once.',
    add: 'Add it',
    save: 'Save',
    name: 'Name',
    addresses: 'Addresses in the network',
    waits: 'Waiting for its first message…',
    last: 'It last sent a message',
    domain: 'The device may not write to this domain',
    mended: 'The device sends faulty messages',
    what: /Platen mends it and sends it on: no date, no visible recipient/,
    done: 'Done, take it off',
    today: '1 of 5,000',
    limits: 'Limits',
    perDay: 'Recipients a day',
    recipients: (most: number) => `Recipients today: 1 of ${most.toLocaleString('en')}`,
  },
  it: {
    unknown: 'Un dispositivo sconosciuto vuole inviare',
    times: '127.0.0.1 è stato rifiutato una volta.',
    add: 'Aggiungilo',
    save: 'Salva',
    name: 'Nome',
    addresses: 'Indirizzi di rete',
    waits: 'In attesa del primo messaggio…',
    last: 'Ha inviato l’ultimo messaggio',
    domain: 'Il dispositivo non può scrivere a questo dominio',
    mended: 'Il dispositivo invia messaggi con errori',
    what: /Platen lo corregge e lo inoltra: nessuna data, nessun destinatario visibile/,
    done: 'Fatto, togli',
    today: '1 di 5000',
    limits: 'Limiti',
    perDay: 'Destinatari al giorno',
    recipients: (most: number) => `Destinatari oggi: 1 di ${most.toLocaleString('it')}`,
  },
} as const;

describe('devices in the browser', () => {
  before(async () => {
    stage = await openStage({ database: 'external', until: 'administrator' });
    // A device may not send before it is known as whom.
    await stage.api('PUT', '/settings/network', { outgoingServer: null, senderEmail: PRINT_ROOM });
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

  test('of many addresses that try the first are shown, and the others on demand', async () => {
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    await stage.sql(
      `INSERT INTO device_faults (id, subject, address, reason, words, first_at, last_at, count)
      SELECT gen_random_uuid(), '203.0.113.' || n, '203.0.113.' || n, 'not-a-device', 'EHLO scanner', now(), now(), 1
      FROM generate_series(1, 8) AS n`,
    );
    await window.go('/devices');
    const more = page.getByRole('button', { name: 'Show 3 more' });
    await more.waitFor();
    assert.equal(await page.locator('.finding').count(), 5);
    await window.assertGood('devices-many-en-1280');
    await more.click();
    await more.waitFor({ state: 'detached' });
    assert.equal(await page.locator('.finding').count(), 8);
    await stage.sql('DELETE FROM device_faults');
    window.assertQuiet();
  });

  for (const language of ['en', 'it'] as const) {
    const width = language === 'en' ? 1280 : 390;
    const words = FAULTS[language];

    test(`a copier that nobody knows is seen, added and helped until its first message, in ${language}`, async () => {
      await using window = await browser.open(stage, { language, width, as: ADMINISTRATOR });
      const { page } = window;
      const cardOf = (title: string) => findingOf(page, title);
      await window.go('/devices');
      await page.getByRole('main').locator('h2').first().waitFor();
      await speak(REFUSED);
      const unknown = cardOf(words.unknown);
      await unknown.getByText(words.times).waitFor();
      await assertFiveParts(unknown, language);
      await window.assertGood(`devices-unknown-${language}-${width}`);
      await unknown.getByRole('link', { name: words.add }).click();
      assert.equal(await page.getByLabel(words.addresses).inputValue(), '127.0.0.1');
      await page.getByLabel(words.name, { exact: true }).fill(`Copier ${language}`);
      await page.getByRole('button', { name: words.save }).click();
      await page.getByText(words.waits).waitFor();
      assert.equal(await page.locator('.finding').count(), 0);
      const { address } = await stage.api('GET', '/relay');
      const target = [
        '-connect',
        `127.0.0.1:${String((address as Row).port)}`,
        '-starttls',
        'smtp',
        '-name',
        'copier.local',
      ];
      await runProgram('openssl', ['s_client', ...target, '-tls1_1', '-cipher', 'ALL:@SECLEVEL=0']);
      await assertFiveParts(cardOf(textOf(language, 'relay.refusals.tls-too-old.title')), language);
      await speak(OTHER_DOMAIN);
      await assertFiveParts(cardOf(words.domain), language);
      await speak(SCAN);
      await page.getByText(words.last).waitFor();
      await page.getByText(words.recipients(10_000)).waitFor();
      const mended = cardOf(words.mended);
      await mended.getByText(words.what).waitFor();
      await window.assertGood(`device-faults-${language}-${width}`);
      await page.getByRole('button', { name: words.limits }).click();
      await page.getByLabel(words.perDay).fill('25');
      await page.getByRole('button', { name: words.save }).click();
      await page.getByText(words.recipients(25)).waitFor();
      await window.go('/devices');
      await page.getByText(words.today).waitFor();
      // What Platen mends by itself asks for nothing, and stands on the page of the device alone.
      const domain = cardOf(words.domain);
      await domain.waitFor();
      assert.equal(await cardOf(words.mended).count(), 0);
      await window.assertGood(`devices-refused-${language}-${width}`);
      await domain.getByRole('button', { name: words.done }).click();
      await domain.waitFor({ state: 'detached' });
      const { id } = await deviceNamed(`Copier ${language}`);
      await stage.api('DELETE', `/devices/${String(id)}`);
      window.assertQuiet();
    });
  }
});
