import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { type Browser, openBrowser } from '../harness/browser.ts';
import { PRINT_ROOM } from '../harness/mail.ts';
import { answerByLink } from '../harness/practice-sign-in.ts';
import { ADMINISTRATOR, openStage, type Row, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';

const WORDS = {
  en: {
    register: 'Register the app with Microsoft',
    first: 'Register the app first',
    imap: 'Reading (IMAP)',
    pop3: 'Reading (POP3)',
    mailbox: 'Mailbox for which sending is switched on (optional)',
    cloud: 'Microsoft cloud',
    script: 'Script for the Azure CLI',
    exchange: 'Then, in Exchange Online PowerShell',
    hand: 'By hand in the portal, 8 minutes',
    manifest: 'By hand, with the manifest',
    newForm: 'Manifest, new form',
    oldForm: 'Manifest, old form',
    path: 'Microsoft Entra admin center › App registrations › New registration',
    paste: 'Paste what it printed, or both ids',
    noIds: 'The two ids were not found in the text',
    tenant: 'Microsoft knows this tenant',
    connect: 'Connect with these ids',
    add: 'Add Microsoft Exchange Online',
    title: 'Title',
    clientId: 'Client ID',
    tenantId: 'Tenant ID',
    confirm: 'Confirm the code',
    blocked: 'Microsoft refuses',
    byLink: 'Sign in by link',
    copyEntra: 'Text for the Entra administrator',
    pasteHere: 'Paste it here',
    openPage: 'Open the sign-in page',
    noCode: 'There is no code in this address',
    other: 'This address belongs to another attempt',
    confirmed: `Confirmed by ${PRINT_ROOM}`,
    check: 'Connection check',
    checkNow: 'Check now',
    checkAgain: 'Check again',
    well: /No fault found, \d+ tests/,
    fault: '1 fault found',
    smtpOff: `Sending is switched off for ${PRINT_ROOM}`,
    copyRequest: 'Copy text for the administrator',
    request: 'Change needed in Microsoft 365',
    who: 'an Exchange administrator',
    newCode: 'Get a new code',
    here: 'Come back without pasting',
    readiness: 'Ready for the end of passwords?',
    ready: 'Ready: nothing here signs in at Microsoft with a password',
    notReady: 'Not ready yet',
    readinessItems: [
      'Mail is sent through smtp.office365.com with a password',
      'Needs a change by the end of December 2026',
      'Add Microsoft Exchange Online under External systems',
      'Old copier en may send its password without encryption',
      'Better changed when you can',
    ],
  },
  it: {
    register: 'Registra l’app in Microsoft',
    first: 'Prima registra l’app',
    imap: 'Lettura (IMAP)',
    pop3: 'Lettura (POP3)',
    mailbox: 'Casella per cui attivare l’invio (facoltativo)',
    cloud: 'Cloud Microsoft',
    script: 'Script per Azure CLI',
    exchange: 'Poi, in Exchange Online PowerShell',
    hand: 'A mano nel portale, 8 minuti',
    manifest: 'A mano, con il manifesto',
    newForm: 'Manifesto, nuova forma',
    oldForm: 'Manifesto, vecchia forma',
    path: 'Interfaccia di amministrazione di Microsoft Entra › Registrazioni app › Nuova registrazione',
    paste: 'Incolla ciò che ha stampato oppure i due ID',
    noIds: 'Nel testo non ci sono i due ID',
    tenant: 'Microsoft conosce questo tenant',
    connect: 'Connetti con questi ID',
    add: 'Aggiungi Microsoft Exchange Online',
    title: 'Titolo',
    clientId: 'ID client',
    tenantId: 'ID tenant',
    confirm: 'Conferma il codice',
    blocked: 'Microsoft rifiuta',
    byLink: 'Accedi con un link',
    copyEntra: 'Testo per l’amministratore Entra',
    pasteHere: 'Incollalo qui',
    openPage: 'Apri la pagina di accesso',
    noCode: 'In questo indirizzo non c’è alcun codice',
    other: 'Questo indirizzo appartiene a un altro tentativo',
    confirmed: `Confermato da ${PRINT_ROOM}`,
    check: 'Verifica della connessione',
    checkNow: 'Verifica ora',
    checkAgain: 'Verifica di nuovo',
    well: /Nessun problema trovato, \d+ prove/,
    fault: '1 problema trovato',
    smtpOff: `L’invio è disattivato per ${PRINT_ROOM}`,
    copyRequest: 'Copia il testo per chi amministra',
    request: 'Modifica necessaria in Microsoft 365',
    who: 'un amministratore di Exchange',
    newCode: 'Richiedi un nuovo codice',
    here: 'Torna senza incollare',
    readiness: 'Pronti per la fine delle password?',
    ready: 'Pronto: qui niente accede a Microsoft con una password',
    notReady: 'Non ancora pronto',
    readinessItems: [
      'La posta parte tramite smtp.office365.com con una password',
      'Serve una modifica entro la fine di dicembre 2026',
      'Aggiungi Microsoft Exchange Online in Sistemi esterni',
      'Old copier it può inviare la password a Platen senza cifratura',
      'Da migliorare quando puoi',
    ],
  },
} as const;

let stage: Stage;
let browser: Browser;

async function connectionNamed(title: string): Promise<Row> {
  const { items } = await stage.api('GET', '/connections');
  return (items as Row[]).find((one) => one.title === title) ?? {};
}

async function pasteInto(page: Page, label: string, text: string): Promise<void> {
  await page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(text)})`);
  await page.getByLabel(label).focus();
  await page.keyboard.press('Control+V');
}

describe('the Microsoft side in the browser', () => {
  before(async () => {
    stage = await openStage({ database: 'external', until: 'administrator' });
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
  });

  for (const language of ['en', 'it'] as const) {
    const width = language === 'en' ? 1280 : 390;

    test(`the registration wizard leads to a connection with both ids filled in, in ${language}`, async () => {
      const words = WORDS[language];
      const { tid, clientId } = stage.peers.practice;
      await using window = await browser.open(stage, { language, width, as: ADMINISTRATOR });
      const { page } = window;
      await window.go('/settings/connections');
      if (language === 'en') await page.getByRole('link', { name: words.first }).click();
      else await window.go('/settings/connections/registration');
      await page.getByRole('heading', { level: 1, name: words.register }).waitFor();
      const script = page.getByLabel(words.script);
      await page.getByRole('checkbox', { name: words.pop3 }).uncheck();
      await eventually(async () => !(await script.inputValue()).includes('POP.AccessAsUser.All'));
      assert.match(await script.inputValue(), /IMAP\.AccessAsUser\.All/);
      await page.getByLabel(words.mailbox).fill(PRINT_ROOM);
      await eventually(async () => (await page.getByLabel(words.exchange).inputValue()).includes(PRINT_ROOM));
      await window.assertGood(`register-script-${language}-${width}`);
      await page.getByRole('radio', { name: words.manifest }).check();
      assert.match(await page.getByLabel(words.newForm).inputValue(), /"isFallbackPublicClient": true/);
      assert.match(await page.getByLabel(words.oldForm).inputValue(), /"allowPublicClient": true/);
      await page.getByRole('radio', { name: words.hand }).check();
      await page.getByText(words.path).first().waitFor();
      await page.getByRole('checkbox', { name: words.path }).first().check();
      await window.assertGood(`register-hand-${language}-${width}`);
      // Who opens the address elsewhere goes on where the first one stopped.
      await page.reload();
      await page.getByRole('checkbox', { name: words.path }).first().waitFor();
      assert.equal(await page.getByRole('checkbox', { name: words.path }).first().isChecked(), true);
      assert.equal(await page.getByRole('checkbox', { name: words.pop3 }).isChecked(), false);
      await page.getByRole('combobox', { name: words.cloud }).click();
      await page.getByRole('option', { name: 'practice' }).click();
      await page.getByLabel(words.paste).fill(`Only one: ${clientId}, and many other words beside it that are no id.`);
      await page.getByText(words.noIds).waitFor();
      await page.getByLabel(words.paste).fill(`{"clientId": "${clientId}", "tenantId": "${tid}"}`);
      await page.getByText(words.tenant).waitFor();
      await window.assertGood(`register-ids-${language}-${width}`);
      await page.getByRole('button', { name: words.connect }).click();
      const dialog = page.getByRole('dialog', { name: words.add });
      assert.equal(await dialog.getByLabel(words.clientId).inputValue(), clientId);
      assert.equal(await dialog.getByLabel(words.tenantId).inputValue(), tid);
      await dialog.getByText(`${tid}, practice`).waitFor();
      await dialog.getByLabel(words.title, { exact: true }).fill(`Wizard ${language}`);
      await dialog.getByRole('button', { name: 'OK', exact: true }).click();
      await page.getByRole('dialog', { name: words.confirm }).waitFor();
      const made = await connectionNamed(`Wizard ${language}`);
      assert.deepEqual(made.uses, ['smtp', 'imap']);
      assert.equal(made.expectedAccount, PRINT_ROOM);
    });

    test(`a device code that is blocked leads to the sign-in by link, and that connects, in ${language}`, async () => {
      const words = WORDS[language];
      await using window = await browser.open(stage, { language, width, as: ADMINISTRATOR });
      const { page } = window;
      const title = `Blocked ${language}`;
      const id = await stage.addConnection({ title, expectedAccount: PRINT_ROOM, uses: ['imap', 'smtp'] });
      await stage.control('/switch', { switch: 'device-code-policy', policy: 'security-defaults' });
      await window.go(`/settings/connections/${id}/device-code`);
      const code = await page.getByTestId('user-code').textContent();
      await stage.control('/device-login', { userCode: code ?? '', account: PRINT_ROOM, action: 'confirm' });
      await page.getByText('AADSTS530035').first().waitFor();
      // Whoever may change the policy gets a text to send on, with what Microsoft has said.
      await page.getByRole('button', { name: words.copyEntra }).click();
      assert.match(String(await page.evaluate('navigator.clipboard.readText()')), /AADSTS530035/);
      await window.assertGood(`blocked-${language}-${width}`);
      await page.getByRole('link', { name: words.byLink }).first().click();
      await page.getByRole('dialog', { name: words.byLink }).waitFor();
      const old = await answerByLink(window, language, { account: PRINT_ROOM });
      await window.assertGood(`link-${language}-${width}`);
      await pasteInto(page, words.pasteHere, `${new URL(old).origin}/authorize?client_id=1`);
      await page.keyboard.press('Enter');
      await page.getByText(words.noCode).waitFor();
      await window.assertGood(`link-no-code-${language}-${width}`);
      // A page that is opened again has a new link, and the address of the older one is refused.
      await page.reload();
      await page.getByTestId('sign-in-link').waitFor();
      await pasteInto(page, words.pasteHere, old);
      await page.getByText(words.other).waitFor();
      await page.getByLabel(words.pasteHere).fill('');
      await pasteInto(page, words.pasteHere, await answerByLink(window, language, { account: PRINT_ROOM }));
      await page.getByText(words.confirmed).waitFor();
      await window.assertGood(`link-connected-${language}-${width}`);
      await stage.control('/switch', { switch: 'device-code-policy', policy: 'allowed' });
      assert.equal((await connectionNamed(title)).state, 'connected');
    });

    test(`a code that nobody confirms leads to the link, which a browser on the server comes back from alone, in ${language}`, async () => {
      const words = WORDS[language];
      await using window = await browser.open(stage, { language, width, as: ADMINISTRATOR });
      const { page } = window;
      const title = `Loopback ${language}`;
      const id = await stage.addConnection({ title, expectedAccount: PRINT_ROOM, uses: ['imap', 'smtp'] });
      await stage.control('/settings', { deviceCodeSeconds: 3, intervalSeconds: 1 });
      try {
        await window.go(`/settings/connections/${id}/device-code`);
        await eventually(async () => ((await connectionNamed(title)).login as Row | null)?.state === 'expired', {
          timeoutMs: 30_000,
        });
      } finally {
        await stage.control('/settings', { deviceCodeSeconds: 900, intervalSeconds: 1 });
      }
      await page.getByRole('dialog').getByRole('button', { name: words.newCode }).waitFor();
      // the link stands first, before a new code
      const [first] = await page.locator('[role=alert] .mantine-Button-root').allTextContents();
      assert.equal(first, words.byLink);
      assert.equal(
        await page.getByRole('button', { name: words.copyEntra }).count(),
        0,
        'there is nothing to be changed',
      );
      await window.assertGood(`expired-link-${language}-${width}`);
      await page.getByRole('link', { name: words.byLink }).first().click();
      await page.getByRole('button', { name: words.here }).click();
      await page.locator('[data-testid=sign-in-link][href*="redirect_uri=http%3A%2F%2Flocalhost"]').waitFor();
      await window.assertGood(`link-here-${language}-${width}`);
      await answerByLink(window, language, { account: PRINT_ROOM, end: /^http:\/\/localhost:\d+\/\?/ });
      await page.getByText(words.confirmed).waitFor();
      assert.equal((await connectionNamed(title)).state, 'connected');
    });

    test(`what still uses a password stands on its page with its urgency and what to do, in ${language}`, async () => {
      const words = WORDS[language];
      await using window = await browser.open(stage, { language, width, as: ADMINISTRATOR });
      const { page } = window;
      await window.go('/settings/connections');
      await page.getByRole('link', { name: words.readiness }).first().click();
      await page.getByRole('heading', { level: 1, name: words.readiness }).waitFor();
      await page.getByText(words.ready).waitFor();
      await window.assertGood(`readiness-well-${language}-${width}`);
      const server = {
        host: 'smtp.office365.com',
        port: 587,
        security: 'starttls',
        username: PRINT_ROOM,
        password: 'x',
      };
      await stage.api('PUT', '/settings/network', { outgoingServer: server, senderEmail: PRINT_ROOM });
      const device = {
        name: `Old copier ${language}`,
        credential: { username: `old-${language}` },
        allowsPlainAuth: true,
      };
      const { id } = await stage.api('POST', '/devices', device);
      try {
        await page.reload();
        await page.getByText(words.notReady).waitFor();
        for (const text of words.readinessItems) await page.getByText(text).first().waitFor();
        await window.assertGood(`readiness-${language}-${width}`);
      } finally {
        await stage.api('PUT', '/settings/network', { outgoingServer: null, senderEmail: null });
        await stage.api('DELETE', `/devices/${String(id)}`);
      }
      window.assertQuiet();
    });

    test(`the check names a planted fault with everything to do about it, and none on a healthy tenant, in ${language}`, async () => {
      const words = WORDS[language];
      await using window = await browser.open(stage, { language, width, as: ADMINISTRATOR });
      const { page } = window;
      const { id } = await connectionNamed(`Blocked ${language}`);
      await window.go(`/settings/connections/${id}/check`);
      await page.getByRole('heading', { level: 1, name: words.check }).waitFor();
      await page.getByRole('button', { name: words.checkAgain, exact: true }).click();
      await page.getByText(words.well).waitFor();
      await window.assertGood(`check-well-${language}-${width}`);
      await stage.control('/smtp/switch', { mailboxAuth: { [PRINT_ROOM]: 'off' } });
      try {
        await page.getByRole('button', { name: words.checkAgain, exact: true }).click();
        await page.getByText(words.fault).waitFor();
        await page.getByText(words.smtpOff).waitFor();
        await page.getByText(words.who).waitFor();
        await page
          .getByText(`Set-CASMailbox -Identity '${PRINT_ROOM}' -SmtpClientAuthenticationDisabled $false`)
          .waitFor();
        await window.assertGood(`check-fault-${language}-${width}`);
        await page.getByRole('button', { name: words.copyRequest }).click();
        const copied = String(await page.evaluate('navigator.clipboard.readText()'));
        assert.ok(copied.startsWith(words.request), copied);
        assert.match(copied, /535 5\.7\.139/);
      } finally {
        await stage.control('/smtp/switch', { mailboxAuth: { [PRINT_ROOM]: 'inherit' } });
      }
      window.assertQuiet();
    });
  }
});
