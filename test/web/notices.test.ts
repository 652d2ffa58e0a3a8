import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type Browser, openBrowser } from '../harness/browser.ts';
import { ADMINISTRATOR, openStage, type Stage } from '../harness/stage.ts';

const WORDS = {
  en: {
    title: 'Notices',
    switch: 'Write about: A document was printed',
    to: 'A document was printed: to Operators',
    preview: 'Preview: A message was not taken',
    example: 'An example: nothing is sent.',
    limit: 'Replies to one person a day about jobs',
    range: 'A whole number from 1 to 10,000',
    save: 'Save',
    none: 'No second way is set up: nobody is told when mail stops.',
    add: 'Set up',
    remove: 'Take away',
    url: 'Address of the webhook',
    secret: 'Secret of the webhook, shown only now',
    close: 'Close',
    test: 'Send a test alarm',
    delivered: 'Delivered over webhook',
    unproved: 'Not tested yet: send a test alarm',
    proved: 'Last arrived',
    over: 'A connection must be confirmed again: over Webhook',
    printer: 'A printer needs attention: over Webhook',
    missing: 'Not set up yet',
    further: 'A document was printed: further addresses',
    list: 'Further addresses',
    wrong: 'This is no e-mail address: desk',
  },
  it: {
    title: 'Avvisi',
    switch: 'Scrivere di: Un documento è stato stampato',
    to: 'Un documento è stato stampato: a Operatori',
    preview: 'Anteprima: Un messaggio non è stato accettato',
    example: 'È un esempio: non viene inviato nulla.',
    limit: 'Risposte al giorno a una persona sui lavori',
    range: 'Un numero intero da 1 a 10.000',
    save: 'Salva',
    none: 'Non c’è una seconda via: nessuno viene avvertito quando la posta si ferma.',
    add: 'Configura',
    remove: 'Rimuovi',
    url: 'Indirizzo del webhook',
    secret: 'Segreto del webhook, mostrato solo ora',
    close: 'Chiudi',
    test: 'Invia un allarme di prova',
    delivered: 'Recapitato: webhook',
    unproved: 'Non ancora provata: invia un allarme di prova',
    proved: 'Ultimo arrivo riuscito',
    over: 'Una connessione va confermata di nuovo: Webhook',
    printer: 'Una stampante richiede attenzione: Webhook',
    missing: 'Non ancora configurata',
    further: 'Un documento è stato stampato: altri indirizzi',
    list: 'Altri indirizzi',
    wrong: 'Questo non è un indirizzo e-mail: desk',
  },
} as const;

type Rules = Record<
  string,
  { readonly enabled: boolean; readonly addresses: string[]; readonly ways: string[] | null }
>;

let stage: Stage;
let browser: Browser;

/** What stands at the other end of a webhook. */
async function openReceiver() {
  const got: IncomingMessage['headers'][] = [];
  const server = createServer((request, response) => {
    got.push(request.headers);
    request.resume().on('end', () => response.writeHead(204).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    got,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/alarm`,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
}

describe('the notices on the screen', () => {
  before(async () => {
    stage = await openStage({ database: 'external', until: 'administrator' });
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
  });

  for (const language of ['en', 'it'] as const) {
    test(`who is written to about what is set, and an alarm is tried over a second way, in ${language}`, async () => {
      const words = WORDS[language];
      const width = language === 'en' ? 1280 : 390;
      await using receiver = await openReceiver();
      await using window = await browser.open(stage, { language, width, as: ADMINISTRATOR });
      const { page } = window;
      await window.go('/settings/notices');
      await page.getByRole('heading', { level: 1, name: words.title }).waitFor();
      const before = (await stage.api('GET', '/notices')).rules as Rules;
      const was = before['job-printed']?.enabled === true;
      const toggle = page.getByRole('switch', { name: words.switch });
      await toggle.press('Space');
      await page.getByRole('checkbox', { name: words.to, disabled: was }).waitFor();
      const after = (await stage.api('GET', '/notices')).rules as Rules;
      assert.equal(after['job-printed']?.enabled, !was);
      if (was) await toggle.press('Space');
      await page.getByRole('button', { name: words.further, disabled: false }).click();
      const further = page.getByRole('dialog');
      await further.getByLabel(words.list).fill('desk');
      await further.getByRole('button', { name: words.save }).click();
      await further.getByText(words.wrong).waitFor();
      const desk = `desk-${language}@practice.example`;
      await further.getByLabel(words.list).fill(`${desk}\nTickets@practice.example`);
      await window.assertAccessible();
      await further.getByRole('button', { name: words.save }).click();
      await page.getByText(`${desk} · tickets@practice.example`).waitFor();
      const way = page.getByRole('checkbox', { name: words.over });
      assert.equal(await way.isChecked(), true);
      await way.click();
      await page.getByRole('checkbox', { name: words.over, checked: false }).waitFor();
      const rules = (await stage.api('GET', '/notices')).rules as Rules;
      assert.deepEqual(rules['connection-needs-confirmation']?.ways, ['server']);
      assert.deepEqual(rules['job-printed']?.addresses, [desk, 'tickets@practice.example']);
      await way.click();
      await page.getByRole('checkbox', { name: words.over, checked: true }).waitFor();
      // Any event that is an alarm for somebody takes the second way, as soon as its rule says so.
      const printer = page.getByRole('row').filter({ has: page.getByRole('checkbox', { name: words.printer }) });
      await page.getByRole('checkbox', { name: words.printer, checked: false }).click();
      await printer.getByText(words.missing).waitFor();
      const chosen = (await stage.api('GET', '/notices')).rules as Rules;
      assert.deepEqual(chosen['printer-needs-attention']?.ways, ['webhook']);
      await page.getByRole('checkbox', { name: words.printer, checked: true }).click();
      await printer.getByText(words.missing).waitFor({ state: 'detached' });
      // Wherever the last click has scrolled to, a row may lie half under the bar at the top.
      await page.evaluate('scrollTo(0, 0)');
      await window.assertGood(`notices-${language}-${width}`);
      await page.getByRole('button', { name: words.preview }).click();
      await page.getByText(words.example).waitFor();
      const [own, other] =
        language === 'en' ? (['invoice.pdf', 'fattura.pdf'] as const) : (['fattura.pdf', 'invoice.pdf'] as const);
      await page.getByText(own).waitFor();
      await window.assertGood(`notices-preview-${language}-${width}`);
      await page.getByRole('radio', { name: language === 'en' ? 'Italiano' : 'English' }).check();
      await page.getByText(other).waitFor();
      await page.keyboard.press('Escape');
      await page.getByText(words.example).waitFor({ state: 'detached' });
      await page.getByLabel(words.limit).fill('0');
      await page.getByRole('button', { name: words.save }).click();
      await page.getByText(words.range).waitFor();
      await page.getByLabel(words.limit).fill(language === 'en' ? '70' : '80');
      await page.getByRole('button', { name: words.save }).click();
      await page.getByText(words.range).waitFor({ state: 'detached' });
      await page.getByText(words.none).waitFor();
      await page.getByRole('button', { name: words.add }).first().click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel(words.url).fill(receiver.url);
      await dialog.getByRole('button', { name: words.save }).click();
      await dialog.getByText(words.secret).waitFor();
      await page.evaluate('scrollTo(0, 0)');
      await window.assertGood(`notices-secret-${language}-${width}`);
      await dialog.getByRole('button', { name: words.close }).last().click();
      await page.getByText(words.unproved).waitFor();
      await window.picture(`notices-way-${language}-${width}`);
      await page.getByRole('button', { name: words.test }).click();
      await page.getByText(words.delivered).waitFor();
      await page.getByText(words.proved).waitFor();
      await page.getByText(words.unproved).waitFor({ state: 'detached' });
      assert.equal(receiver.got.length, 1);
      const limits = (await stage.api('GET', '/notices')).limits as Record<string, number>;
      assert.equal(limits.jobRepliesPerPersonAndDay, language === 'en' ? 70 : 80);
      await page.getByRole('button', { name: words.remove }).click();
      await page.getByText(words.none).waitFor();
      window.assertQuiet();
    });
  }
});
