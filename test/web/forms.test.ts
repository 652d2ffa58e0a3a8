import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from '../harness/time.ts';
import { openWeb } from '../harness/web.ts';

const WORDS = {
  en: {
    send: 'Continue',
    three: '3 fields have to be corrected',
    two: '2 fields have to be corrected',
    name: 'Your name: Enter your name',
    heard: 'Error: Enter your name',
    domain: 'Mail domain of the company: practice.example (from your address)',
    change: 'Change',
    field: 'Mail domain of the company',
    email: 'E-mail: Enter an e-mail address such as admin@example.org',
  },
  it: {
    send: 'Continua',
    three: '3 campi da correggere',
    two: '2 campi da correggere',
    name: 'Il tuo nome: Inserisci il tuo nome',
    heard: 'Errore: Inserisci il tuo nome',
    domain: 'Dominio di posta dell’ente: practice.example (dal tuo indirizzo)',
    change: 'Modifica',
    field: 'Dominio di posta dell’ente',
    email: 'E-mail: Inserisci un indirizzo e-mail, per esempio admin@example.org',
  },
} as const;

const web = openWeb({ until: 'started' });

describe('a form of which several fields are refused', () => {
  for (const language of ['en', 'it'] as const) {
    test(`says so above it, with the focus and a way to each, in ${language}`, async () => {
      const words = WORDS[language];
      const width = language === 'en' ? 1280 : 390;
      await using window = await web.open({ language, width });
      const { page } = window;
      await window.go(`/first-run#${web.stage.node.process.setupToken}`);
      const send = page.getByRole('button', { name: words.send });
      const focused = () =>
        page.evaluate('document.activeElement.getAttribute("name") ?? document.activeElement.className');
      await send.click();
      await page.getByText(words.three).waitFor();
      await eventually(async () => (await focused()) === 'errors');
      await window.assertGood(`form-errors-${language}-${width}`);
      // For the ear each begins with what it is.
      const name = page.locator('input[name="name"]');
      const described = await name.getAttribute('aria-describedby');
      const said = described?.split(' ').map((id) => page.locator(`[id="${id}"]`).textContent()) ?? [];
      assert.ok((await Promise.all(said)).includes(words.heard), words.heard);
      await page.getByRole('link', { name: words.email }).click();
      assert.equal(await focused(), 'email');
      await page.keyboard.type('ada@practice.example');
      await page.keyboard.press('Enter');
      await page.getByText(words.two).waitFor();
      await eventually(async () => (await focused()) === 'errors');
      assert.equal(await page.getByRole('link', { name: words.email }).count(), 0);
      await page.getByRole('link', { name: words.name }).click();
      await page.keyboard.type('Ada');
      await page.keyboard.press('Enter');
      // Of one alone nothing more is said than at the field itself.
      await page.getByText(words.two).waitFor({ state: 'detached' });
      await eventually(async () => (await focused()) === 'password');
      // The domain is read from the address, and can be another one.
      await page.getByText(words.domain).waitFor();
      await window.picture(`first-run-domain-${language}`);
      await page.getByRole('button', { name: words.change }).click();
      assert.equal(await page.getByLabel(words.field).inputValue(), 'practice.example');
      await window.assertAccessible();
      window.assertQuiet();
    });
  }
});
