import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Browser, openBrowser, type Window } from '../harness/browser.ts';
import { PRINT_ROOM } from '../harness/mail.ts';
import { answerByCode, answerByLink } from '../harness/practice-sign-in.ts';
import { ADMINISTRATOR, openStage, type Row, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';

const WORDS = {
  en: {
    act: 'Hand over to the owner',
    name: 'Name of the owner (optional)',
    language: 'English',
    make: 'Make the link',
    copyLink: 'Copy the link',
    copyInvitation: 'Copy the invitation text',
    title: `Confirm access to ${PRINT_ROOM}`,
    show: 'Show the code',
    unexpected: 'This was not expected',
    renewed: 'New code. The old one timed out.',
    another: 'Another way',
    pasteHere: 'Paste it here',
    newCode: 'Get a new code',
    byLink: 'Sign in by link',
    nothingKept: 'Nothing was kept.',
    thanks: 'Thank you',
    confirmed: 'The owner has confirmed',
    opened: 'The owner has opened the page',
    withdraw: 'Withdraw the link',
    withdrawn: 'This link was withdrawn',
    refused: 'Thank you. Nothing was allowed, and the link is void',
    isUnexpected: 'The owner did not expect the request',
  },
  it: {
    act: 'Affida al titolare',
    name: 'Nome del titolare (facoltativo)',
    language: 'Italiano',
    make: 'Crea il link',
    copyLink: 'Copia il link',
    copyInvitation: 'Copia il testo dell’invito',
    title: `Conferma l’accesso a ${PRINT_ROOM}`,
    show: 'Mostra il codice',
    unexpected: 'Non me lo aspettavo',
    renewed: 'Nuovo codice: il precedente è scaduto.',
    another: 'Un altro modo',
    pasteHere: 'Incollalo qui',
    newCode: 'Richiedi un nuovo codice',
    byLink: 'Accedi con un link',
    nothingKept: 'Nulla è stato conservato.',
    thanks: 'Grazie',
    confirmed: 'Il titolare ha confermato',
    opened: 'Il titolare ha aperto la pagina',
    withdraw: 'Ritira il link',
    withdrawn: 'Questo link è stato ritirato',
    refused: 'Grazie: nulla è stato concesso e il link non vale più',
    isUnexpected: 'Il titolare non si aspettava la richiesta',
  },
} as const;
type Language = keyof typeof WORDS;

let stage: Stage;
let browser: Browser;

async function addConnection(title: string): Promise<string> {
  const { tid: tenantId, clientId } = stage.peers.practice;
  const body = { kind: 'exchange-online', title, clientId, tenantId, cloud: 'practice', expectedAccount: PRINT_ROOM };
  return String((await stage.api('POST', '/connections', body)).id);
}

const connection = async (id: string) => await stage.api('GET', `/connections/${id}`);

/** Makes a link in the dialog and returns its address. */
async function handOver(window: Window, id: string, language: Language, looks = false): Promise<string> {
  const { page } = window;
  const words = WORDS[language];
  await window.go(`/settings/connections/${id}/hand-over`);
  const dialog = page.getByRole('dialog', { name: words.act });
  await dialog.getByLabel(words.name).fill('Berta');
  await dialog.getByRole('radio', { name: words.language }).check();
  if (looks) await window.assertGood(`hand-over-form-${language}`);
  await dialog.getByRole('button', { name: words.make }).click();
  const link = (await dialog.getByTestId('hand-over-link').textContent()) ?? '';
  assert.match(link, /\/hand-over#[\w-]{43}$/);
  await dialog.getByRole('button', { name: words.copyInvitation }).click();
  assert.ok(String(await page.evaluate('navigator.clipboard.readText()')).includes(link));
  if (looks) await window.assertGood(`hand-over-made-${language}`);
  return link;
}

/** The owner's page, in a window where nobody is signed in. */
async function openOwner(link: string, language: Language, width: number): Promise<Window & AsyncDisposable> {
  const window = await browser.open(stage, { language, width });
  const { pathname, hash } = new URL(link);
  await window.go(pathname + hash);
  return window;
}

describe('the owner of a mailbox confirms the access without an account', () => {
  before(async () => {
    stage = await openStage({ database: 'external', until: 'administrator' });
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
  });

  for (const language of ['en', 'it'] as const) {
    test(`a link is made, opened on a phone, its code renewed and confirmed, in ${language}`, async () => {
      const words = WORDS[language];
      const width = language === 'en' ? 390 : 1280;
      await using admin = await browser.open(stage, { language, as: ADMINISTRATOR });
      const id = await addConnection(`Handed ${language}`);
      const link = await handOver(admin, id, language, true);
      const asked: string[] = [];
      await using owner = await openOwner(link, language, width);
      const { page } = owner;
      page.on('request', (request) => asked.push(`${request.url()} ${request.headers().referer ?? ''}`));
      await page.getByRole('heading', { level: 1, name: words.title }).waitFor();
      await page.getByText('Berta').waitFor();
      await page.getByText(ADMINISTRATOR.email).waitFor();
      assert.equal((await connection(id)).login, null, 'opening the page asks nothing of Microsoft');
      await owner.assertGood(`hand-over-request-${language}-${width}`);
      await admin.page.getByText(words.opened).waitFor();

      await stage.control('/settings', { deviceCodeSeconds: 4, intervalSeconds: 1 });
      try {
        await page.getByRole('button', { name: words.show }).click();
        const first = (await page.getByTestId('user-code').textContent()) ?? '';
        await eventually(async () => ((await connection(id)).login as Row | null)?.state === 'expired', {
          timeoutMs: 60_000,
        }).catch(() => undefined);
        await stage.control('/settings', { deviceCodeSeconds: 900, intervalSeconds: 1 });
        await page.getByText(words.renewed).waitFor();
        await eventually(async () => (await page.getByTestId('user-code').textContent()) !== first, {
          timeoutMs: 60_000,
        });
      } finally {
        await stage.control('/settings', { deviceCodeSeconds: 900, intervalSeconds: 1 });
      }
      await owner.assertGood(`hand-over-code-${language}-${width}`);
      const code = await page.getByTestId('user-code').textContent();
      await page.reload();
      await page.getByTestId('user-code').waitFor();
      assert.equal(await page.getByTestId('user-code').textContent(), code, 'a page that is loaded again shows it too');
      await answerByCode(owner, language, { account: PRINT_ROOM });
      await page.getByRole('heading', { name: words.thanks }).waitFor();
      await owner.assertGood(`hand-over-thanks-${language}-${width}`);
      await admin.page.getByText(words.confirmed).waitFor();
      assert.equal((await connection(id)).state, 'connected');
      const secret = new URL(link).hash.slice(1);
      assert.ok(asked.length > 3 && asked.every((one) => !one.includes(secret)), 'no address and no referrer has it');
      assert.ok(!stage.node.output().includes(secret), 'nor has the log');
      admin.assertQuiet();
    });

    test(`another account, a refusal and a block are explained, and the other way connects, in ${language}`, async () => {
      const words = WORDS[language];
      const width = language === 'en' ? 1280 : 390;
      await using admin = await browser.open(stage, { language, as: ADMINISTRATOR });
      const id = await addConnection(`Other way ${language}`);
      await using owner = await openOwner(await handOver(admin, id, language), language, width);
      const { page } = owner;
      await page.getByRole('button', { name: words.show }).click();
      await answerByCode(owner, language, { account: 'bruno@practice.example' });
      await page.getByText(words.nothingKept).waitFor();
      await page.getByText('bruno@practice.example').first().waitFor();
      await owner.assertGood(`hand-over-wrong-account-${language}-${width}`);
      assert.equal((await connection(id)).account, null);
      await page.getByRole('button', { name: words.newCode }).click();
      await page.getByTestId('user-code').waitFor();
      await answerByCode(owner, language, { account: PRINT_ROOM, isDeclined: true });
      await page.getByText(words.nothingKept).waitFor();
      await owner.assertGood(`hand-over-declined-${language}-${width}`);
      await page.getByRole('button', { name: words.newCode }).click();
      await page.getByRole('button', { name: words.another }).click();
      await page.getByLabel(words.pasteHere).waitFor();
      await owner.assertGood(`hand-over-link-${language}-${width}`);
      await page.getByLabel(words.pasteHere).fill(await answerByLink(owner, language, { account: PRINT_ROOM }));
      await page.getByLabel(words.pasteHere).press('Enter');
      await page.getByRole('heading', { name: words.thanks }).waitFor();
      assert.equal((await connection(id)).state, 'connected');
      owner.assertQuiet();
    });

    test(`a link that its owner did not expect, or that was withdrawn, is over at once, in ${language}`, async () => {
      const words = WORDS[language];
      await using admin = await browser.open(stage, { language, width: 390, as: ADMINISTRATOR });
      const id = await addConnection(`Unexpected ${language}`);
      const link = await handOver(admin, id, language);
      await using owner = await openOwner(link, language, 390);
      await owner.page.getByRole('button', { name: words.unexpected }).click();
      await owner.page.getByText(words.refused).waitFor();
      await owner.assertGood(`hand-over-refused-${language}`);
      await admin.page.getByText(words.isUnexpected).waitFor();
      await admin.assertGood(`hand-over-unexpected-${language}`);
      const next = await handOverAgain(admin, language);
      await using again = await openOwner(next, language, 390);
      await again.page.getByRole('button', { name: words.show }).click();
      await again.page.getByTestId('user-code').waitFor();
      await admin.page.getByRole('button', { name: words.withdraw }).click();
      await again.page.getByText(words.withdrawn).waitFor();
      await again.assertGood(`hand-over-withdrawn-${language}`);
    });
  }

  test('the page speaks the language that the administrator chose, until its reader chooses another', async () => {
    await using admin = await browser.open(stage, { as: ADMINISTRATOR });
    const id = await addConnection('Languages');
    await admin.go(`/settings/connections/${id}/hand-over`);
    const dialog = admin.page.getByRole('dialog');
    await dialog.getByRole('radio', { name: 'Italiano' }).check();
    await dialog.getByRole('button', { name: WORDS.en.make }).click();
    const link = (await dialog.getByTestId('hand-over-link').textContent()) ?? '';
    await using owner = await openOwner(link, 'en', 1280);
    await owner.page.getByRole('heading', { level: 1, name: WORDS.it.title }).waitFor();
    await owner.page.getByRole('button', { name: 'Lingua: Italiano' }).click();
    await owner.page.getByRole('menuitem', { name: 'English' }).click();
    await owner.page.getByRole('heading', { level: 1, name: WORDS.en.title }).waitFor();
    await owner.page.reload();
    await owner.page.getByRole('heading', { level: 1, name: WORDS.en.title }).waitFor();
    // It is the page of one sign-in: nothing of it leads further.
    assert.deepEqual(await owner.page.getByRole('navigation').count(), 0);
    await owner.go('/settings/connections');
    await owner.page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
    await owner.go('/hand-over#a-guess');
    await owner.page.reload();
    await owner.page.getByText('This link is not known').waitFor();
    await owner.go('/hand-over');
    await owner.page.reload();
    await owner.page.getByText('This page needs the whole link of the invitation').waitFor();
    owner.assertQuiet();
  });
});

async function handOverAgain(admin: Window, language: Language): Promise<string> {
  const words = WORDS[language];
  const dialog = admin.page.getByRole('dialog', { name: words.act });
  await dialog.getByRole('button', { name: language === 'en' ? 'Get a new link' : 'Richiedi un nuovo link' }).click();
  await dialog.getByRole('button', { name: words.make }).click();
  return (await dialog.getByTestId('hand-over-link').textContent()) ?? '';
}
