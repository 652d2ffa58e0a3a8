import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Browser, openBrowser, type Window } from '../harness/browser.ts';
import { findFreePort } from '../harness/processes.ts';
import { ADMINISTRATOR, openStage, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';

const WORDS = {
  en: {
    again: /^Platen does not answer\. Trying again in \d+\s.$/,
    add: '+ Add',
    name: 'Name',
    save: 'Save',
    cancel: 'Cancel',
    why: 'Platen does not answer',
    retry: 'Try again',
    live: 'Live',
    signIn: 'Sign in again',
    password: 'Password',
    enter: 'Sign in',
    ending: 'The session is about to end',
    stay: 'Stay signed in',
    users: 'Users',
    devices: 'Devices',
    stays: 'This page stays as it is until then.',
  },
  it: {
    again: /^Platen non risponde\. Nuovo tentativo tra \d+\s.$/,
    add: '+ Aggiungi',
    name: 'Nome',
    save: 'Salva',
    cancel: 'Annulla',
    why: 'Platen non risponde',
    retry: 'Riprova',
    live: 'In diretta',
    signIn: 'Accedi di nuovo',
    password: 'Password',
    enter: 'Accedi',
    ending: 'La sessione sta per terminare',
    stay: 'Mantieni la sessione',
    users: 'Utenti',
    devices: 'Dispositivi',
    stays: 'Fino ad allora questa pagina resta com’è.',
  },
} as const;

let stage: Stage;
let browser: Browser;

/** A form with something in it. */
async function fillForm({ page, go }: Window, language: 'en' | 'it', name: string) {
  const words = WORDS[language];
  await go('/queues');
  await page.getByText(words.live, { exact: true }).waitFor();
  await page.getByRole('button', { name: words.add }).click();
  const dialog = page.getByRole('dialog');
  const field = dialog.getByLabel(words.name, { exact: true });
  await field.fill(name);
  return { dialog, field, save: dialog.getByRole('button', { name: words.save }) };
}

async function isQueue(name: string): Promise<boolean> {
  const { items } = await stage.api('GET', '/queues');
  return (items as { name: string }[]).some((queue) => queue.name === name);
}

describe('a page while Platen does not answer, and when its session ends', () => {
  before(async () => {
    const PLATEN_PORT = String(await findFreePort());
    stage = await openStage({ database: 'external', until: 'administrator', env: { PLATEN_PORT } });
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
  });

  for (const language of ['en', 'it'] as const) {
    test(`what is typed stays, buttons say why they are off, and all goes on afterwards, in ${language}`, async () => {
      const words = WORDS[language];
      const width = language === 'en' ? 1280 : 390;
      await using window = await browser.open(stage, { language, width, as: ADMINISTRATOR });
      const { page } = window;
      const { dialog, field, save } = await fillForm(window, language, 'Half a na');
      await stage.node.kill();
      await page.getByText(words.again).waitFor();
      await page.locator(`button[aria-disabled="true"]:has-text("${words.save}")`).waitFor();
      await field.fill(`Whole name ${language}`);
      const why = await save.evaluate((button) => {
        const id = button.getAttribute('aria-describedby') ?? '';
        return [button.title, button.ownerDocument.getElementById(id)?.textContent];
      });
      assert.deepEqual(why, [words.why, words.why]);
      await save.click({ force: true });
      await field.press('Enter');
      assert.equal(await dialog.getByText(words.retry).count(), 0);
      // What only closes something works, and so does what tries again.
      assert.equal(await dialog.getByRole('button', { name: words.cancel }).getAttribute('aria-disabled'), null);
      await window.assertAccessible();
      await window.picture(`lost-${language}-${width}`);
      await stage.node.start();
      const retry = page.getByRole('button', { name: words.retry });
      // By hand, unless the page was faster by itself.
      await Promise.race([retry.click(), retry.waitFor({ state: 'detached' })]);
      await page.getByText(words.again).waitFor({ state: 'detached' });
      assert.equal(await field.inputValue(), `Whole name ${language}`);
      assert.equal(await save.getAttribute('aria-disabled'), null);
      await save.click();
      await dialog.waitFor({ state: 'detached' });
      assert.equal(await isQueue(`Whole name ${language}`), true);
    });
  }

  for (const language of ['en', 'it'] as const) {
    test(`neither a link nor a key nor the way back leaves the page and what is typed in it, in ${language}`, async () => {
      const words = WORDS[language];
      await using window = await browser.open(stage, { language, as: ADMINISTRATOR });
      const { page } = window;
      await window.go('/');
      await page.locator('.livestate[data-on="true"]').waitFor();
      await page.getByRole('navigation').getByRole('link', { name: words.users, exact: true }).click();
      const find = page.getByRole('main').getByRole('textbox').first();
      await find.waitFor();
      await stage.node.kill();
      await page.getByText(words.again).waitFor();
      await find.fill('half a na');
      // Its page was never loaded: nothing could be shown there.
      const link = page.getByRole('navigation').getByRole('link', { name: words.devices });
      await page.locator('nav a[aria-disabled="true"]').first().waitFor();
      assert.equal(await link.getAttribute('title'), words.why);
      await link.click({ force: true });
      await page.locator('.lostbar').getByText(words.stays).waitFor();
      await link.press('Enter');
      await page.goBack();
      await page.waitForURL(({ pathname }) => pathname === '/users');
      assert.equal(await find.inputValue(), 'half a na');
      await window.assertAccessible();
      await window.picture(`lost-links-${language}`);
      await stage.node.start();
      const retry = page.locator('.lostbar').getByRole('button', { name: words.retry });
      await Promise.race([retry.click(), retry.waitFor({ state: 'detached' })]);
      await page.locator('.lostbar').waitFor({ state: 'detached' });
      assert.equal(await find.inputValue(), 'half a na');
      assert.equal(await link.getAttribute('aria-disabled'), null);
      assert.equal(await link.getAttribute('title'), null);
      await link.click();
      await page.waitForURL('**/devices');
      await page.getByRole('heading', { level: 1, name: words.devices }).waitFor();
    });
  }

  for (const [language, path, width] of [
    ['en', '/users', 1280],
    ['it', '/users', 390],
    ['en', '/find?q=adm', 1280],
    ['it', '/find?q=adm', 390],
  ] as const) {
    test(`what a search has found stays while more is typed into it, at ${path} in ${language}`, async () => {
      const words = WORDS[language];
      await using window = await browser.open(stage, { language, width, as: ADMINISTRATOR });
      const { page } = window;
      await window.go(path);
      await page.locator('.livestate[data-on="true"]').waitFor();
      const row = page.getByRole('main').locator('tr[data-row]').filter({ hasText: ADMINISTRATOR.email });
      await row.waitFor();
      await stage.node.kill();
      await page.getByText(words.again).waitFor();
      const field = page.getByRole('main').getByRole('textbox').first();
      // As often as it is asked before it counts as unanswered.
      let tries = 0;
      page.on('requestfailed', (request) => {
        if (/\/api\/v1\/users\?.*q=admz/.test(request.url())) tries += 1;
      });
      await field.fill('admz');
      await eventually(() => tries >= 3);
      await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
      await row.waitFor();
      assert.equal(await page.getByRole('main').getByText(words.why).count(), 0);
      await window.assertAccessible();
      await window.picture(`lost-search-${language}-${width}`);
      await stage.node.start();
      const retry = page.locator('.lostbar').getByRole('button', { name: words.retry });
      await Promise.race([retry.click(), retry.waitFor({ state: 'detached' })]);
      await page.locator('.lostbar').waitFor({ state: 'detached' });
      // Then it is answered for what was typed.
      await row.waitFor({ state: 'detached' });
      assert.equal(await field.inputValue(), 'admz');
    });
  }

  test('a form that was half filled when the session ended is still there after signing in over it', async () => {
    const words = WORDS.en;
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    const { save } = await fillForm(window, 'en', 'Kept name');
    await window.context.clearCookies();
    await save.click();
    const over = page.getByRole('dialog', { name: words.signIn });
    await over.getByLabel(words.password, { exact: true }).fill(ADMINISTRATOR.password);
    await over.getByRole('button', { name: words.enter }).click();
    await over.waitFor({ state: 'detached' });
    assert.equal(await page.getByRole('dialog').getByLabel(words.name, { exact: true }).inputValue(), 'Kept name');
    await save.click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal(await isQueue('Kept name'), true);
    window.assertQuiet();
  });

  for (const language of ['en', 'it'] as const) {
    test(`two minutes before a session ends one button keeps it, and a form under it, in ${language}`, async () => {
      const words = WORDS[language];
      await using window = await browser.open(stage, { language, as: ADMINISTRATOR });
      const { page } = window;
      await page.clock.install();
      // As the server says it, with twelve hours made short.
      const ends = { endsInSeconds: 3600, idleSeconds: 300 };
      let asked = 0;
      await page.route('**/api/v1/sessions/current', async (route) => {
        const answer = await route.fetch();
        asked += 1;
        await route.fulfill({ response: answer, json: { ...(await answer.json()), session: ends } });
      });
      const { field } = await fillForm(window, language, 'Kept name');
      const warning = page.getByRole('dialog', { name: words.ending });
      await page.clock.fastForward(170_000);
      assert.equal(await warning.count(), 0);
      await page.clock.fastForward(20_000);
      await warning.waitFor();
      await window.assertAccessible();
      await window.picture(`session-ending-${language}`);
      const before = asked;
      await page.keyboard.press('Enter');
      await warning.waitFor({ state: 'detached' });
      assert.ok(asked > before);
      assert.equal(await field.inputValue(), 'Kept name');
      // The longest a session lasts is another matter: a new one begins over the page.
      ends.endsInSeconds = 100;
      await page.clock.fastForward(200_000);
      await warning.waitFor();
      await page.getByRole('button', { name: words.stay }).click();
      const form = warning.getByLabel(words.password, { exact: true });
      await form.waitFor();
      await window.assertAccessible();
      ends.endsInSeconds = 3600;
      await form.fill(ADMINISTRATOR.password);
      await warning.getByRole('button', { name: words.enter }).click();
      await warning.waitFor({ state: 'detached' });
      // By then in the language of the person.
      assert.equal(await page.locator('[name="name"]').inputValue(), 'Kept name');
      window.assertQuiet();
    });
  }
});
