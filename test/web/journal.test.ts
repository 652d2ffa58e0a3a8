import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { ADMINISTRATOR } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';
import { openWeb } from '../harness/web.ts';

const HOSTILE = '<img src=x onerror=alert(1)>\u202egnp';

const WORDS = {
  en: {
    title: 'Journal',
    isNew: /^[12] new events?$/,
    added: 'The queue <img src=x onerror=alert(1)>',
    kind: 'About',
    connections: 'External systems',
    none: 'Nothing like that happened',
    thing: 'Object',
    who: 'Who',
    people: 'People and programs',
    find: 'No such name',
    all: 'Show everything',
    filters: 'Filters',
    filtered: 'Filters (2)',
    from: 'From',
    csv: 'Export as CSV',
  },
  it: {
    title: 'Registro eventi',
    isNew: /^[12] nuov[io] event[io]$/,
    added: 'È stata aggiunta la coda <img src=x onerror=alert(1)>',
    kind: 'Argomento',
    connections: 'Sistemi esterni',
    none: 'Non è successo nulla del genere',
    thing: 'Elemento',
    who: 'Chi',
    people: 'Persone e programmi',
    find: 'Nessun nome corrisponde',
    all: 'Mostra tutto',
    filters: 'Filtri',
    filtered: 'Filtri (2)',
    from: 'Da',
    csv: 'Esporta in CSV',
  },
} as const;

const web = openWeb({ until: 'administrator' });

describe('the journal on the screen', () => {
  for (const language of ['en', 'it'] as const) {
    test(`what happened stands there in sentences, newest first and as it happens, in ${language}`, async () => {
      const words = WORDS[language];
      const width = language === 'en' ? 1280 : 390;
      await using window = await web.open({ language, width, as: ADMINISTRATOR });
      const { page } = window;
      await window.go('/journal');
      await page.getByRole('heading', { level: 1, name: words.title }).waitFor();
      const table = page.getByRole('table', { name: words.title });
      await table.locator('tbody tr').first().waitFor();
      // On a phone the list is seen at once: what narrows it stands behind one button.
      const isPhone = width < 500;
      const filters = page.getByRole('button', { name: words.filters });
      const openFilters = async () => void (isPhone && (await filters.click()));
      assert.equal(await filters.isVisible(), isPhone);
      assert.equal(await page.getByRole('combobox', { name: words.kind }).isVisible(), !isPhone);
      assert.ok(((await table.boundingBox())?.y ?? 1000) < 300);
      // It comes without a reload, and what a stranger may have written is text.
      const queue = await web.stage.api('POST', '/queues', { name: `${HOSTILE} ${language}`, mode: 'hold' });
      await table.getByText(words.added).first().waitFor();
      const newest = (await table.locator('tbody tr[data-row]').allTextContents()).slice(0, 3);
      assert.ok(
        newest.some((text) => text.includes(words.added)),
        newest.join('; '),
      );
      await window.assertGood(`journal-${language}-${width}`);

      // While somebody points at a row, or has the list at hand with the keyboard, what is new waits behind a button.
      const first = table.locator('tbody tr[data-row]').first();
      const before = await first.textContent();
      await first.hover();
      const where = await first.boundingBox();
      await web.stage.api('POST', '/queues', { name: `Later ${language}`, mode: 'hold' });
      const pill = page.getByRole('button', { name: words.isNew });
      await pill.waitFor();
      assert.equal(await first.textContent(), before);
      assert.deepEqual(await first.boundingBox(), where);
      assert.match(String(await page.getByRole('status').allTextContents()), /[12] n(?:ew|uov)/);
      await window.assertGood(`journal-new-${language}-${width}`);
      await pill.click();
      await table.getByText(`Later ${language}`).first().waitFor();
      await pill.waitFor({ state: 'detached' });
      await page.mouse.move(0, 0);
      await openFilters();
      await page.getByRole('combobox', { name: words.kind }).click();
      await page.getByRole('option', { name: words.connections }).click();
      await page.getByText(words.none).waitFor();
      assert.match(page.url(), /kind=connection/);
      await window.go(`/journal?subject=${queue.id}`);
      await table.locator('tbody tr[data-row]').first().waitFor();
      assert.equal(await table.locator('tbody tr[data-row]').count(), 1);
      await openFilters();
      // The one that is meant has its name in the field, also when it comes from a link; a program did it.
      const thing = page.getByRole('combobox', { name: words.thing, exact: true });
      const name = String(queue.name).replace('\u202e', '\ufffd');
      await eventually(async () => (await thing.inputValue()) === name || undefined);
      await table.getByText('journey').waitFor();
      await page.getByRole('button', { name: words.all }).first().click();
      await window.go('/journal');
      await openFilters();
      await thing.fill('no such thing');
      await page.getByText(words.find).waitFor();
      await thing.fill(`later ${language}`);
      await window.assertAccessible();
      await page.getByRole('option', { name: `Later ${language}` }).click();
      await page.waitForURL(/subject=[0-9a-f-]{36}/);
      await table.getByRole('link', { name: `Later ${language}` }).waitFor();
      const who = page.getByRole('combobox', { name: words.who, exact: true });
      await who.click();
      await window.picture(`journal-who-${language}-${width}`);
      await page.getByRole('option', { name: words.people }).click();
      await page.waitForURL(/by=people/);
      assert.match(page.url(), /subject=/);
      if (isPhone) {
        await window.assertGood(`journal-filters-${language}-${width}`);
        const button = page.getByRole('button', { name: words.filtered });
        await button.press('Enter');
        await who.waitFor({ state: 'hidden' });
        assert.equal(await button.getAttribute('aria-expanded'), 'false');
        await button.press('Enter');
      }
      const href = await page.getByRole('link', { name: words.csv }).getAttribute('href');
      assert.match(String(href), /subject=[0-9a-f-]{36}.*by=people/);
      await page.getByRole('button', { name: words.all }).last().click();

      // By time, in the zone of the reader; the file holds what the page shows.
      await page.getByLabel(words.from, { exact: true }).fill('2030-01-01T00:30');
      await page.getByText(words.none).waitFor();
      assert.match(decodeURIComponent(page.url()), /from="?2029-12-31T23:30:00\.000Z/);
      await window.assertAccessible();
      await page.getByLabel(words.from, { exact: true }).fill('2020-01-01T00:30');
      await table.locator('tbody tr[data-row]').first().waitFor();
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('link', { name: words.csv }).click(),
      ]);
      assert.equal(download.suggestedFilename(), 'platen-journal.csv');
      assert.match(await readFile(await download.path(), 'utf8'), /"queue-added"/);
      window.assertQuiet();
    });
  }

  test('the end of a sign-in at Microsoft is told in words of the language', async () => {
    const id = await web.stage.addConnection();
    await web.stage.api('POST', `/connections/${id}/device-code`);
    await web.stage.ask('DELETE', `/connections/${id}/device-code`);
    for (const language of ['en', 'it'] as const) {
      await using window = await web.open({ language, as: ADMINISTRATOR });
      await window.go('/journal');
      const words = language === 'en' ? 'ended: canceled' : 'è terminato: annullato';
      await window.page.getByRole('main').getByText(words).waitFor();
    }
  });
});
