import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Browser, openBrowser } from '../harness/browser.ts';
import { PRINT_ROOM } from '../harness/mail.ts';
import { ADMINISTRATOR, openStage, type Row, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';

let stage: Stage;
let browser: Browser;
const helpDesk = { email: 'help@practice.example', password: 'four careful paper lanterns' };

async function mailboxNamed(title: string): Promise<Row> {
  const { items } = await stage.api('GET', '/mailboxes');
  return (items as Row[]).find((one) => one.title === title) ?? {};
}

describe('jobs via e-mail in the browser', () => {
  before(async () => {
    stage = await openStage({ database: 'external', until: 'connected' });
    browser = await openBrowser();
    await stage.api('POST', '/users', { ...helpDesk, name: 'Help desk', role: 'operator' });
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
  });

  test('Exchange Online is chosen as IMAP server, and a document mailed to the mailbox becomes a job', async () => {
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    await window.go('/settings/jobs/mailboxes');
    await page.getByText('No mailbox is read yet').waitFor();
    await window.assertGood('mailboxes-empty-en-1280');
    await page.getByRole('link', { name: '+ Add mailbox' }).click();
    await page.getByRole('heading', { level: 1, name: 'Add a mailbox' }).waitFor();
    assert.equal(await page.getByLabel('Address').inputValue(), PRINT_ROOM, 'the account of the only connection');
    assert.equal(await page.getByLabel('Title').inputValue(), 'Print', 'a title for the first one');
    await page.getByLabel('Title').fill('');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Enter a title, for example “Print”').waitFor();
    await page.getByLabel('Title').fill('Print');
    await page.getByRole('radio', { name: 'Add as a user, if the sender is proven' }).check();
    await page.getByLabel('Mail domains (optional)').fill('practice.example, scuola.example');
    await page.getByLabel('Group of the people added (optional)').fill('School');
    await page.getByRole('radio', { name: 'Print all the same' }).check();
    await page.getByRole('checkbox', { name: 'Web pages (HTML)' }).uncheck();
    await page.getByRole('radio', { name: 'Never print it' }).check();
    await page.getByLabel('Size of a document at most (MB)').fill('');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Enter a whole number from 1 on').waitFor();
    await page.getByLabel('Size of a document at most (MB)').fill('20');
    await page.getByLabel('Pages of a document at most').fill('40');
    await page.getByRole('radiogroup', { name: 'Newsletters' }).getByRole('radio', { name: 'Refuse' }).check();
    await page.getByRole('checkbox', { name: 'held', exact: true }).uncheck();
    await page.getByRole('button', { name: 'What counts as a proof' }).click();
    await page.getByRole('button', { name: 'Test' }).click();
    await page.getByText('Signed in, folder opened').waitFor();
    await page.getByText('0 messages are in it.').waitFor();
    await page
      .getByText('Platen makes these folders at the first look: Platen/Done, Platen/Refused, Platen/Failed.')
      .waitFor();
    await window.assertGood('mailbox-new-en-1280');
    assert.deepEqual((await stage.api('GET', '/mailboxes')).items, [], 'nothing was kept');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.waitForURL(/\/mailboxes\/[0-9a-f-]{36}\?next/);
    await page.getByText(`Watched: ${PRINT_ROOM}`).waitFor();
    await page.getByText('Last look').waitFor();
    await page.getByRole('button', { name: 'Test' }).click();
    await page.getByText('Signed in, folder opened').waitFor();
    await window.assertGood('mailbox-tested-en-1280');
    const mailbox = await mailboxNamed('Print');
    assert.deepEqual(mailbox.senderPolicy, {
      unknown: 'register',
      domains: ['practice.example', 'scuola.example'],
      group: 'School',
      machines: 'refuse',
    });
    assert.deepEqual(mailbox.documentPolicy, {
      kinds: ['pdf', 'image', 'office', 'text'],
      body: 'never',
      maxDocuments: 50,
      maxBytes: 20 * 1024 * 1024,
      maxPages: 40,
    });
    assert.deepEqual(mailbox.replyPolicy, { printed: true, held: false, refused: true });
    assert.equal(mailbox.afterIntake, 'move');
    await stage.deliver(1);
    await eventually(async () => ((await stage.api('GET', '/jobs')).items as Row[]).length === 1, {
      timeoutMs: 60_000,
    });
    await window.go('/settings/jobs/mailboxes');
    const row = page.getByRole('row', { name: /Print/ });
    await row.getByText('Last look').waitFor();
    await row.getByText('1 message').waitFor();
    await row.getByText('1 job').waitFor();
    await window.assertGood('mailboxes-en-1280');
  });

  test('a mailbox on another server over POP3 keeps what was typed, says why it cannot be read, and is paused', async () => {
    await using window = await browser.open(stage, { language: 'it', width: 390, as: ADMINISTRATOR });
    const { page } = window;
    await window.go('/settings/jobs/mailboxes/new');
    await page.getByLabel('Titolo').fill('Scuola');
    await page.getByRole('radio', { name: 'Un altro server' }).check();
    await page.getByRole('radio', { name: 'POP3' }).check();
    assert.equal(await page.getByRole('radio', { name: 'Sposta in Platen' }).count(), 0, 'POP3 has no folders');
    assert.equal(await page.getByRole('radio', { name: 'Elimina dalla casella' }).isChecked(), true);
    await page.getByLabel('Nome del server').fill('localhost');
    // Nothing listens there: the port of a service that this machine does not have.
    await page.getByLabel('Porta').fill('9');
    await page.getByLabel('Nome utente').fill('stampe');
    await page.getByRole('textbox', { name: 'Password' }).fill('segreta');
    await page.getByLabel('Indirizzo').fill('stampe@scuola.example');
    // Before it is saved: nothing but the place is needed, and what is missing there is told at its field.
    await page.getByRole('textbox', { name: 'Password' }).fill('');
    await page.getByRole('button', { name: 'Prova' }).click();
    await page.getByText('Inserisci la tua password').waitFor();
    await page.getByRole('textbox', { name: 'Password' }).fill('segreta');
    await page.getByRole('button', { name: 'Prova' }).click();
    await page.getByText('Che cosa fare').first().waitFor();
    await window.assertGood('mailbox-pop3-it-390');
    await page.getByRole('button', { name: 'Salva' }).click();
    await page.waitForURL(/\/mailboxes\/[0-9a-f-]{36}\?next/);
    // The form of the page before it has the same fields.
    await page.getByRole('heading', { level: 1, name: 'Scuola' }).waitFor();
    await page.getByLabel('Nome del server').fill('127.0.0.1');
    await page.getByRole('button', { name: 'Prova' }).click();
    await page.getByText('Inserisci di nuovo la password').waitFor();
    await page.getByLabel('Nome del server').fill('localhost');
    await page.getByRole('button', { name: 'Prova' }).click();
    await page.getByText('Che cosa fare').first().waitFor();
    await window.assertGood('mailbox-failing-it-390');
    await page.getByRole('button', { name: 'Sospendi' }).click();
    await page.getByText('Sospesa manualmente: stampe@scuola.example').waitFor();
    const mailbox = await mailboxNamed('Scuola');
    assert.equal(mailbox.enabled, false);
    assert.equal(mailbox.protocol, 'pop3');
    assert.equal((mailbox.server as Row).port, 9);
    await window.go('/settings/jobs/mailboxes');
    await page
      .getByRole('row', { name: /Scuola/ })
      .getByText('Sospesa manualmente')
      .waitFor();
    await window.assertGood('mailboxes-it-390');
    await page.getByRole('link', { name: 'Scuola' }).click();
    await page.getByRole('button', { name: 'Rimuovi' }).click();
    const dialog = page.getByRole('dialog', { name: 'Rimuovere «Scuola»?' });
    await dialog.getByText('I messaggi nella casella restano dove sono').waitFor();
    await dialog.getByRole('button', { name: 'Rimuovi' }).click();
    await page.waitForURL(/\/mailboxes$/);
    assert.deepEqual(await mailboxNamed('Scuola'), {});
  });

  test('an operator sees how a mailbox is set and can change nothing', async () => {
    await using window = await browser.open(stage, { as: helpDesk });
    const { page } = window;
    await window.go('/settings/jobs');
    await page.getByText('A printed document can be looked at for 1 day').waitFor();
    await window.assertGood('job-settings-en-1280');
    await page.getByRole('main').getByRole('link', { name: 'Jobs via e-mail' }).click();
    await page.getByRole('link', { name: 'Print', exact: true }).click();
    await page.getByText('Add as a user, if the sender is proven').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Save' }).count(), 0);
    await window.assertGood('mailbox-operator-en-1280');
  });
});
