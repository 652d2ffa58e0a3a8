import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { type Browser, openBrowser, type Window } from '../harness/browser.ts';
import { assertFiveParts, findingOf } from '../harness/finding.ts';
import { PRINT_ROOM } from '../harness/mail.ts';
import { answerCode } from '../harness/peers.ts';
import { findFreePort } from '../harness/processes.ts';
import { ADMINISTRATOR, openStage, type Stage } from '../harness/stage.ts';

const WORDS = {
  en: {
    trouble: 'Microsoft does not answer at the moment. The code stays valid and Platen keeps asking.',
    obstacles: 'Does it not go on?',
    canceled: 'The code was canceled',
    canceledBy: /^Administrator canceled this code at \d/,
    otherTenant: 'The account belongs to another tenant',
    approval: 'An administrator has to consent first',
    noRenewal: 'Microsoft gave no permission to stay signed in',
    consent: 'Copy the consent link',
    registration: 'The app registration has to be changed',
    place: 'Microsoft Entra admin center › App registrations › the app › Authentication',
    edit: 'Edit',
    clientId: 'Client ID',
    again: 'Try again',
    newCode: 'Get a new code',
    failedUse: `Sending is switched off for ${PRINT_ROOM}`,
    confirmed: `Confirmed by ${PRINT_ROOM}`,
    useSending: 'Use it for sending',
    restarted: 'Platen was restarted. The code is still valid.',
  },
  it: {
    trouble: 'Al momento Microsoft non risponde. Il codice resta valido e Platen continua a chiedere.',
    obstacles: 'Non si va avanti?',
    canceled: 'Il codice è stato annullato',
    canceledBy: /^Administrator ha annullato questo codice alle \d/,
    otherTenant: 'L’account appartiene a un altro tenant',
    approval: 'Prima serve il consenso di un amministratore',
    noRenewal: 'Microsoft non ha concesso di restare connessi',
    consent: 'Copia il link per il consenso',
    registration: 'La registrazione dell’app va modificata',
    place: 'Interfaccia di amministrazione di Microsoft Entra › Registrazioni app › l’app › Autenticazione',
    edit: 'Modifica',
    clientId: 'ID client',
    again: 'Riprova',
    newCode: 'Richiedi un nuovo codice',
    failedUse: `L’invio è disattivato per ${PRINT_ROOM}`,
    confirmed: `Confermato da ${PRINT_ROOM}`,
    useSending: 'Usalo per inviare',
    restarted: 'Platen è stato riavviato. Il codice è ancora valido.',
  },
} as const;

let stage: Stage;
let browser: Browser;

const addConnection = (title: string, more: Record<string, string> = {}) =>
  stage.addConnection({ title, expectedAccount: PRINT_ROOM, uses: ['imap', 'smtp'], ...more });

/** Makes a connection and asks for its code on the screen. */
async function openCode(window: Window, title: string): Promise<{ readonly id: string; readonly code: string }> {
  const id = await addConnection(title);
  await window.go(`/settings/connections/${id}/device-code`);
  return { id, code: await readCode(window.page) };
}

async function readCode(page: Page): Promise<string> {
  return (await page.getByTestId('user-code').textContent()) ?? '';
}

/** The end has this title, and the button that stands first is the filled one and this. */
async function assertEnd(page: Page, title: string, button: string): Promise<void> {
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('heading', { name: title, exact: true }).waitFor();
  const first = dialog.locator('.finding .mantine-Button-root').first();
  await dialog.locator('.finding .mantine-Button-root').filter({ hasText: button }).first().waitFor();
  assert.equal(await first.textContent(), button);
  assert.notEqual(await first.getAttribute('data-variant'), 'default');
}

/** What the endpoint for tokens answers from now on, in place of that nobody has confirmed yet. */
const refuse = (aadsts: number) =>
  stage.control('/faults', { endpoint: 'token', kind: 'aadsts', aadsts, times: 'always' });

// The others of the thirteen are in connect.test.ts and microsoft.test.ts.
describe('seven ends of a device code, each with its own title, advice and button', () => {
  before(async () => {
    // A restarted server is found at the same address.
    const env = { PLATEN_PORT: String(await findFreePort()) };
    stage = await openStage({ database: 'external', until: 'administrator', env });
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
  });

  for (const language of ['en', 'it'] as const) {
    const width = language === 'en' ? 1280 : 360;
    const words = WORDS[language];

    test(`a network in trouble, and a code that somebody else canceled, in ${language}`, async () => {
      await using window = await browser.open(stage, { language, width, as: ADMINISTRATOR });
      const { page } = window;
      // Less than half of the usual time is left from the start.
      await stage.control('/settings', { deviceCodeSeconds: 300 });
      const { id, code } = await openCode(window, `Trouble ${language}`);
      await page.getByRole('heading', { name: words.obstacles }).waitFor();
      await stage.control('/faults', { endpoint: 'token', kind: 'status', status: 503, times: 'always' });
      try {
        await page.getByText(words.trouble).waitFor();
        assert.equal(await readCode(page), code);
        await window.assertGood(`code-trouble-${language}-${width}`);
      } finally {
        await stage.control('/faults/clear', {});
        await stage.control('/settings', { deviceCodeSeconds: 900 });
      }
      await page.getByText(words.trouble).waitFor({ state: 'detached' });
      await using other = await browser.open(stage, { as: ADMINISTRATOR });
      const { url } = stage.node.process;
      const headers = { origin: url };
      await other.context.request.delete(`${url}/api/v1/connections/${id}/device-code`, { headers });
      await page.getByText(words.canceledBy).waitFor();
      await assertEnd(page, words.canceled, words.newCode);
      await window.assertGood(`code-canceled-${language}-${width}`);
    });

    test(`an account of another tenant, and an approval and a renewal that are missing, in ${language}`, async () => {
      await using window = await browser.open(stage, { language, width, as: ADMINISTRATOR });
      const { page } = window;
      try {
        await openCode(window, `Tenant ${language}`);
        await refuse(50020);
        await assertEnd(page, words.otherTenant, words.newCode);
        await window.assertGood(`code-tenant-${language}-${width}`);
        await stage.control('/faults/clear', {});
        await openCode(window, `Approval ${language}`);
        await refuse(90094);
        await assertEnd(page, words.approval, words.consent);
        await assertFiveParts(findingOf(page, words.approval, 'AADSTS90094'), language);
        await window.assertGood(`code-approval-${language}-${width}`);
        await page.getByRole('button', { name: words.consent }).click();
        const copied = String(await page.evaluate('navigator.clipboard.readText()'));
        assert.match(copied, new RegExp(`adminconsent\\?client_id=${stage.peers.practice.clientId}&`));
        await stage.control('/faults/clear', {});
        const lasting = {
          endpoint: 'token',
          grant: 'device_code',
          kind: 'patch',
          remove: ['refresh_token'],
          times: 'always',
        };
        await stage.control('/faults', lasting);
        const { code } = await openCode(window, `Lasting ${language}`);
        await answerCode(stage.peers.practice, { userCode: code, account: PRINT_ROOM });
        await assertFiveParts(findingOf(page, words.noRenewal, 'no-renewal'), language);
        await window.assertGood(`code-no-renewal-${language}-${width}`);
      } finally {
        await stage.control('/faults/clear', {});
      }
    });

    test(`a registration that is wrong, whose fields are one click away, in ${language}`, async () => {
      await using window = await browser.open(stage, { language, width, as: ADMINISTRATOR });
      const { page } = window;
      const { clientId } = stage.peers.practice;
      await stage.control('/switch', { switch: 'public-client-off', clientId });
      try {
        const id = await addConnection(`Registration ${language}`);
        await window.go(`/settings/connections/${id}/device-code`);
        await assertEnd(page, words.registration, words.newCode);
        await page.getByText(words.place).waitFor();
        await window.assertGood(`code-registration-${language}-${width}`);
      } finally {
        await stage.control('/switch', { switch: 'public-client-off', clientId, on: false });
      }
      // An application that the tenant does not know is not even given a code.
      const id = await addConnection(`Unknown ${language}`, { clientId: '11111111-2222-4333-8444-555555555555' });
      await window.go(`/settings/connections/${id}/device-code`);
      await assertEnd(page, words.registration, words.again);
      // The answer of our own server is a 502, which the console tells as well.
      await window.assertAccessible();
      await window.picture(`code-unknown-app-${language}-${width}`);
      await page.getByRole('dialog').getByRole('link', { name: words.edit }).click();
      const field = page.getByRole('dialog').getByLabel(words.clientId, { exact: true });
      assert.equal(await field.inputValue(), '11111111-2222-4333-8444-555555555555');
    });

    test(`a confirmed code with one use that fails, and a restart in the middle, in ${language}`, async () => {
      await using window = await browser.open(stage, { language, width, as: ADMINISTRATOR });
      const { page } = window;
      await stage.control('/smtp/switch', { mailboxAuth: { [PRINT_ROOM]: 'off' } });
      try {
        const { code } = await openCode(window, `Failed use ${language}`);
        await stage.control('/device-login', { userCode: code, account: PRINT_ROOM, action: 'confirm' });
        await page.getByText(words.confirmed).waitFor();
        await page.getByRole('heading', { name: words.failedUse }).waitFor();
        await page.getByRole('dialog').getByRole('link', { name: words.useSending }).waitFor();
        await window.assertGood(`code-failed-use-${language}-${width}`);
      } finally {
        await stage.control('/smtp/switch', { mailboxAuth: { [PRINT_ROOM]: 'inherit' } });
      }
      const { code } = await openCode(window, `Restart ${language}`);
      await page.locator('.livestate[data-on="true"]').waitFor();
      await stage.node.start();
      await page.getByText(words.restarted).waitFor();
      assert.equal(await readCode(page), code);
      await window.assertAccessible();
      await window.picture(`code-restart-${language}-${width}`);
    });
  }
});
