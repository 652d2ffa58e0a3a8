import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { type Browser, openBrowser, type Window } from '../harness/browser.ts';
import { assertFiveParts, findingOf, patternOf } from '../harness/finding.ts';
import { PRINT_ROOM } from '../harness/mail.ts';
import { answerByCode } from '../harness/practice-sign-in.ts';
import { openStage, type Row, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';

/** What the screens say, in the words of the reference behaviour. */
const WORDS = {
  en: {
    name: 'Your name',
    email: 'E-mail',
    password: 'Password, at least 12 characters',
    continue: 'Continue',
    guide: 'The next steps',
    systems: 'External systems',
    add: '+ Add',
    title: 'Title',
    clientId: 'Client ID',
    tenantId: 'Tenant ID',
    expected: 'Mailbox that will be used (optional)',
    advanced: 'Advanced',
    cloud: 'Microsoft cloud',
    confirm: 'Confirm the code',
    left: /1[45]:\d\d left/,
    off: 'E-mail does not work until this is confirmed.',
    confirmed: `Confirmed by ${PRINT_ROOM}`,
    connected: 'Connected',
    newCode: 'Get a new code',
    cancelCode: 'Cancel this code',
    close: 'Close',
  },
  it: {
    name: 'Il tuo nome',
    email: 'E-mail',
    password: 'Password, almeno 12 caratteri',
    continue: 'Continua',
    guide: 'I prossimi passaggi',
    systems: 'Sistemi esterni',
    add: '+ Aggiungi',
    title: 'Titolo',
    clientId: 'ID client',
    tenantId: 'ID tenant',
    expected: 'Casella di posta che verrà usata (facoltativo)',
    advanced: 'Avanzate',
    cloud: 'Cloud Microsoft',
    confirm: 'Conferma il codice',
    left: /Restano 1[45]:\d\d/,
    off: 'L’e-mail non funziona finché non arriva la conferma.',
    confirmed: `Confermato da ${PRINT_ROOM}`,
    connected: 'Connesso',
    newCode: 'Richiedi un nuovo codice',
    cancelCode: 'Annulla questo codice',
    close: 'Chiudi',
  },
} as const;
type Language = keyof typeof WORDS;

const ADMINISTRATOR = { email: 'admin@practice.example', password: 'seven quiet harbour lanterns' };

let stage: Stage;
let browser: Browser;

/** Fills the dialog of a new connection and presses OK. */
async function add(window: Window, language: Language, title: string): Promise<void> {
  const { page } = window;
  const words = WORDS[language];
  const { tid, clientId } = stage.peers.practice;
  await window.go('/settings/connections');
  await page.getByRole('button', { name: words.add }).click();
  await page.getByRole('menuitem', { name: 'Microsoft Exchange Online' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(words.title, { exact: true }).fill(title);
  await dialog.getByLabel(words.clientId).fill(`{${clientId}}`);
  await dialog.getByLabel(words.expected).fill(PRINT_ROOM);
  await dialog.getByRole('button', { name: words.advanced }).click();
  await dialog.getByRole('combobox', { name: words.cloud }).click();
  await page.getByRole('option', { name: 'practice' }).click();
  // Last: from then on the tenant is looked up in the chosen cloud.
  await dialog.getByLabel(words.tenantId).fill(tid);
  await dialog.getByText(`${tid}, practice`).waitFor();
  await window.assertGood(`add-${language}`);
  await dialog.getByRole('button', { name: 'OK', exact: true }).click();
  await page.getByRole('dialog', { name: words.confirm }).waitFor();
  await page.getByText(words.off).waitFor();
}

async function readCode(page: Page): Promise<string> {
  const code = await page.getByTestId('user-code').textContent();
  return code ?? '';
}

async function connectionNamed(title: string): Promise<Row> {
  const { items } = await stage.api('GET', '/connections');
  return (items as Row[]).find((one) => one.title === title) ?? {};
}

describe('setting up in the browser', () => {
  before(async () => {
    stage = await openStage({ database: 'external', until: 'started' });
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
  });

  test('the set-up link makes the first administrator, and nobody gets in without it', async () => {
    const words = WORDS.it;
    const { url, setupToken } = stage.node.process;
    await using stranger = await browser.open(stage, { width: 390 });
    await stranger.go('/first-run');
    await stranger.page.getByText('This page needs the set-up link').waitFor();
    await stranger.assertGood('first-run-no-link-390');
    await using window = await browser.open(stage, { language: 'it' });
    const { page } = window;
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await window.go(`/first-run#${setupToken}`);
    await page.getByLabel(words.name).fill('Ada');
    await page.getByLabel(words.email).fill(ADMINISTRATOR.email);
    await page.getByLabel(words.password).fill('short');
    await page.getByRole('button', { name: words.continue }).click();
    await page.getByText('La password deve avere almeno 12 caratteri').waitFor();
    await window.assertGood('first-run-it-1280');
    await page.getByLabel(words.password).fill(ADMINISTRATOR.password);
    await page.getByRole('button', { name: words.continue }).click();
    await page.getByRole('heading', { name: words.guide }).waitFor();
    await window.assertGood('first-run-guide-it-1280');
    assert.equal(page.url(), `${url}/first-run`, 'the secret is gone from the address');
    assert.ok(
      asked.every((one) => !one.includes(setupToken)),
      'the secret stood in no address that was asked for',
    );
    await stranger.go('/first-run#a-guess');
    await stranger.page.reload();
    await stranger.page.getByText('Platen is already set up').waitFor();
    stranger.assertQuiet();
  });

  for (const language of ['en', 'it'] as const) {
    test(`Exchange Online is added and its code confirmed at Microsoft, in ${language}`, async () => {
      await stage.useToken(ADMINISTRATOR);
      const words = WORDS[language];
      const width = language === 'en' ? 1280 : 390;
      await using window = await browser.open(stage, { language, width, as: ADMINISTRATOR });
      const { page } = window;
      const title = `Reference ${language}`;
      await add(window, language, title);
      await page.getByText(words.left).waitFor();
      await window.assertGood(`device-code-${language}-${width}`);
      const code = await readCode(page);
      // A page that is loaded again shows the same code.
      await page.reload();
      await page.getByTestId('user-code').waitFor();
      assert.equal(await readCode(page), code);
      await page.getByRole('button', { name: language === 'en' ? 'Copy the code' : 'Copia il codice' }).click();
      assert.equal(await page.evaluate('navigator.clipboard.readText()'), code);
      await answerByCode(window, language, { account: PRINT_ROOM });
      await page.getByText(words.confirmed).waitFor();
      await window.assertGood(`confirmed-${language}-${width}`);
      await page.getByRole('dialog').getByRole('button', { name: words.close }).last().click();
      const row = page.getByRole('row', { name: new RegExp(title) });
      await row.getByText(words.connected).waitFor();
      await window.assertGood(`connections-${language}-${width}`);
      await row.getByRole('link', { name: title }).click();
      await page.getByRole('heading', { level: 1, name: title }).waitFor();
      await window.assertGood(`connection-${language}-${width}`);
      assert.equal((await connectionNamed(title)).state, 'connected');
    });

    test(`a wrong account, a declined and an expired code are explained, each with a new code at a click, in ${language}`, async () => {
      const words = WORDS[language];
      const width = language === 'en' ? 390 : 1280;
      await using window = await browser.open(stage, { language, width, as: ADMINISTRATOR });
      const { page } = window;
      const title = `Refused ${language}`;
      const endOf = (code: string) => findingOf(page, patternOf(language, `errors.${code}.title`));
      await add(window, language, title);
      const first = await readCode(page);
      await answerByCode(window, language, { account: 'bruno@practice.example' });
      await page.getByText('bruno@practice.example').first().waitFor();
      await assertFiveParts(endOf('wrong-account'), language);
      await window.assertGood(`wrong-account-${language}-${width}`);
      assert.equal((await connectionNamed(title)).account, null);
      await page.getByRole('button', { name: words.newCode }).last().click();
      await page.getByText(words.left).waitFor();
      assert.notEqual(await readCode(page), first);
      await answerByCode(window, language, { account: PRINT_ROOM, isDeclined: true });
      await page.getByTestId('user-code').waitFor({ state: 'detached' });
      await eventually(async () => ((await connectionNamed(title)).login as Row).state === 'declined');
      await assertFiveParts(endOf('login-declined'), language);
      await window.assertGood(`declined-${language}-${width}`);
      await stage.control('/settings', { deviceCodeSeconds: 3, intervalSeconds: 1 });
      try {
        await page.getByRole('button', { name: words.newCode }).last().click();
        await eventually(async () => ((await connectionNamed(title)).login as Row).state === 'expired', {
          timeoutMs: 30_000,
        });
        await page.getByRole('button', { name: words.newCode }).last().waitFor();
        await assertFiveParts(endOf('login-expired'), language);
        await window.assertGood(`expired-${language}-${width}`);
      } finally {
        await stage.control('/settings', { deviceCodeSeconds: 900, intervalSeconds: 1 });
      }
      await page.getByRole('button', { name: words.newCode }).last().click();
      await page.getByText(words.left).waitFor();
      await page.getByRole('button', { name: words.cancelCode }).click();
      await eventually(async () => ((await connectionNamed(title)).login as Row).state === 'canceled');
    });
  }

  test('mail leaves through the connection once it is chosen, and a test message shows its way', async () => {
    await using window = await browser.open(stage, { language: 'it', as: ADMINISTRATOR });
    const { page } = window;
    await window.go('/settings/network');
    await page.getByText('Platen non può ancora inviare posta').waitFor();
    await page.getByRole('radio', { name: `Reference it, ${PRINT_ROOM}` }).check();
    await page.getByLabel('E-mail del mittente').fill(PRINT_ROOM);
    await page.getByRole('button', { name: 'Salva' }).click();
    await page.getByText(`La posta parte tramite Reference it come ${PRINT_ROOM}`).waitFor();
    await page.getByLabel('Invia un messaggio di prova a').fill('anna@practice.example');
    await page.getByRole('button', { name: 'Invia messaggio di prova' }).click();
    await page.getByText('Al sicuro su disco').waitFor();
    await page.getByText('Accettato dal server').waitFor();
    await window.assertGood('network-it-1280');
    const { items } = await stage.api('GET', '/outbox?state=sent');
    assert.equal((items as Row[])[0]?.kind, 'test');
  });

  test('a connection is removed after its title was typed, and not before', async () => {
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    const { id } = await connectionNamed('Refused en');
    await window.go(`/settings/connections/${id}`);
    await page.getByRole('button', { name: 'Actions for Refused en' }).click();
    await page.getByRole('menuitem', { name: 'Remove' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('The permission that Platen has').waitFor();
    assert.equal(await dialog.getByRole('button', { name: 'Remove' }).isDisabled(), true);
    await dialog.getByLabel('Enter the title to remove it').fill('Refused en');
    await window.assertGood('remove-en-1280');
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await page.waitForURL(/\/settings\/connections$/);
    assert.deepEqual(await connectionNamed('Refused en'), {});
  });
});
