import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ADMINISTRATOR, type Row } from '../harness/stage.ts';
import { openWeb } from '../harness/web.ts';

const web = openWeb({ until: 'administrator' });

const FILE = [
  'nome;e-mail;ruolo;altri indirizzi;reparto',
  'Nicolò Bianchi;nicolo@practice.example;;n.bianchi@practice.example;Scuola',
  'Dora <b>Verdi</b>;dora@practice.example;operatore;;',
  'Capo;capo@practice.example;amministratore;',
  'Senza;;;',
].join('\r\n');
const asFile = (text: string) => ({ name: 'people.csv', mimeType: 'text/csv', buffer: Buffer.from(text, 'latin1') });
const listed = async () => ((await web.stage.api('GET', '/users?limit=100')) as { items: Row[] }).items;

describe('the people who print', () => {
  test('who is alone is told how others come here', async () => {
    await using window = await web.open({ as: ADMINISTRATOR });
    await window.go('/users');
    await window.page.getByText('Only you so far').waitFor();
    await window.assertGood('users-alone-en');
  });

  test('a file of people is looked at before anybody is added, with what cannot be taken and why', async () => {
    await using window = await web.open({ as: ADMINISTRATOR });
    await window.go('/users');
    const { page } = window;
    await page.getByRole('button', { name: 'Import…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Import people from a file' });
    await window.assertGood('users-import-en');
    await dialog.getByLabel('Choose a file…').setInputFiles(asFile('no list at all'));
    await dialog.getByText('This file is no list of people').waitFor();
    await dialog.getByLabel('Choose a file…').setInputFiles(asFile(FILE));
    await dialog.getByText('2 lines cannot be imported.').waitFor();
    const shown = dialog.getByRole('region', { name: 'People in the file' }).getByRole('listitem');
    assert.match(
      (await shown.nth(0).textContent()) ?? '',
      /Capo capo@practice\.example.*Line 4.*Administrators are made one by one/s,
    );
    assert.match((await shown.nth(1).textContent()) ?? '', /Line 5.*No e-mail address/s);
    assert.match((await shown.nth(2).textContent()) ?? '', /Nicolò Bianchi.*n\.bianchi@practice\.example.*New/s);
    assert.match((await shown.nth(3).textContent()) ?? '', /Dora <b>Verdi<\/b>.*Operator.*New/s);
    await window.assertGood('users-import-preview-en');
    assert.equal((await listed()).length, 1);
    await dialog.getByRole('button', { name: 'Import 2 people' }).click();
    await dialog.getByText('2 people were added.').waitFor();
    await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
    await page.getByText('Nicolò Bianchi').waitFor();
    assert.equal(await page.getByText('From a file').count(), 2);
    assert.equal((await listed()).length, 3);
    await window.assertGood('users-en');
  });

  test('in Italian, on a phone, the same file brings nobody new', async () => {
    await using window = await web.open({ as: ADMINISTRATOR, language: 'it', width: 390 });
    await window.go('/users');
    const { page } = window;
    await page.getByRole('button', { name: 'Importa…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Importa persone da un file' });
    await dialog.getByLabel('Scegli un file…').setInputFiles(asFile(FILE));
    await dialog.getByText('Nessuno in questo file è nuovo.').waitFor();
    await dialog.getByText('2 persone ci sono già e restano come sono.').waitFor();
    assert.equal(await dialog.getByRole('button', { name: /^Importa \d/ }).count(), 0);
    await window.assertGood('users-import-it-phone');
  });

  test('people are shown with their group, and those of one group alone', async () => {
    await using window = await web.open({ as: ADMINISTRATOR });
    await window.go('/users');
    const { page } = window;
    await page.getByRole('button', { name: /Actions for Dora/ }).click();
    await page.getByRole('menuitem', { name: 'Edit' }).click();
    const dialog = page.getByRole('dialog', { name: /Dora/ });
    await dialog.getByLabel('Group (optional)').fill('Hospital');
    await window.assertGood('users-group-form-en');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('row').filter({ hasText: 'dora@' }).getByText('Hospital').waitFor();
    await page.getByRole('combobox', { name: 'Group' }).click();
    await page.getByRole('option', { name: 'Scuola' }).click();
    await page.waitForURL(/\/users\?group=Scuola$/);
    await page.getByText('dora@practice.example').waitFor({ state: 'detached' });
    await page.getByText('nicolo@practice.example').waitFor();
    await window.assertGood('users-of-group-en');
    const groups = (await web.stage.api('GET', '/groups')).items;
    assert.deepEqual(groups, [
      { name: 'Hospital', people: 1 },
      { name: 'Scuola', people: 1 },
    ]);
  });

  test('an administrator is made with the own password alone', async () => {
    await using window = await web.open({ as: ADMINISTRATOR });
    await window.go('/users');
    const { page } = window;
    await page.getByRole('button', { name: 'Actions for Nicolò Bianchi' }).click();
    await page.getByRole('menuitem', { name: 'Edit' }).click();
    const dialog = page.getByRole('dialog', { name: 'Nicolò Bianchi' });
    const own = dialog.getByLabel('Your own password', { exact: true });
    assert.equal(await own.count(), 0);
    await dialog.getByLabel('Administrator').check();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByText('Enter your password').waitFor();
    await own.fill('not the right one');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByRole('heading', { name: 'The current password is wrong' }).waitFor();
    await window.assertAccessible();
    await own.fill(ADMINISTRATOR.password);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    assert.equal((await listed()).find(({ email }) => email === 'nicolo@practice.example')?.role, 'administrator');
  });

  test('the Escape key closes a dialog, and asks first when something that was entered would be lost', async () => {
    await using window = await web.open({ as: ADMINISTRATOR });
    const { page } = window;
    await window.go('/users?open=add');
    const dialog = page.getByRole('dialog', { name: 'Add a person' });
    await dialog.getByLabel('Name').waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await window.go('/users?open=add');
    await dialog.getByLabel('Name').fill('Half a person');
    await page.keyboard.press('Escape');
    const question = dialog.getByRole('alertdialog', { name: 'Close, and lose what you entered?' });
    await question.waitFor();
    await window.assertGood('dialog-lose-en');
    await question.getByRole('button', { name: 'Stay here' }).click();
    await question.waitFor({ state: 'detached' });
    for (const state of ['visible', 'detached'] as const) {
      await page.keyboard.press('Escape');
      await question.waitFor({ state });
    }
    assert.equal(await dialog.getByLabel('Name').inputValue(), 'Half a person');
    await page.keyboard.press('Escape');
    await question.getByRole('button', { name: 'Close and lose it' }).click();
    await dialog.waitFor({ state: 'detached' });
    window.assertQuiet();
  });

  test('who is removed takes the open jobs along, and the printed ones stay without the name', async () => {
    const dora = (await listed()).find(({ email }) => email === 'dora@practice.example');
    const queue = await web.stage.api('POST', '/queues', { name: 'Follow-me', mode: 'hold', printerIds: [] });
    const addJob = (title: string, state: string) =>
      web.stage.sql(
        `INSERT INTO jobs (id, owner_id, owner_name, queue_id, title, search, state, options, document_format, document_bytes, ended_at)
         VALUES (gen_random_uuid(), '${dora?.id}', 'Dora Verdi', '${queue.id}', '${title}', '${title}${'\\n'}dora verdi', '${state}',
           '{}', 'application/pdf', 1, ${state === 'completed' ? 'now()' : 'NULL'})`,
      );
    await addJob('old plan.pdf', 'completed');
    await addJob('waiting.pdf', 'pending-held');
    await using window = await web.open({ as: ADMINISTRATOR });
    await window.go('/users');
    const { page } = window;
    await page
      .getByRole('row')
      .filter({ hasText: 'dora@practice.example' })
      .getByText('ago')
      .or(page.getByText('now'))
      .first()
      .waitFor();
    await page.getByRole('button', { name: /Actions for Dora/ }).click();
    await page.getByRole('menuitem', { name: 'Remove' }).click();
    const dialog = page.getByRole('dialog', { name: /Remove Dora/ });
    await dialog.getByText('1 job that is not finished is canceled.').waitFor();
    await window.assertGood('users-remove-en');
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByText('dora@practice.example').waitFor({ state: 'detached' });
    await window.go('/jobs');
    await page.getByText('old plan.pdf').waitFor();
    assert.equal((await page.getByText('Follow-me').count()) > 1, true, 'where it was stands in its row');
    await page.getByRole('row').filter({ hasText: 'waiting.pdf' }).getByText('Canceled').waitFor();
    const isForgotten = async () => {
      const { items } = (await web.stage.api('GET', '/jobs?limit=10')) as { items: Row[] };
      return items.every(({ ownerName }) => ownerName === '');
    };
    while (!(await isForgotten())) await new Promise((resolve) => setTimeout(resolve, 500));
    await window.go('/jobs?since=today');
    await page.getByText('Removed person').first().waitFor();
    await window.assertGood('jobs-removed-person-en');
  });
});
