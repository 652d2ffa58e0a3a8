import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Browser, openBrowser, type Window } from '../harness/browser.ts';
import { PRINT_ROOM } from '../harness/mail.ts';
import { ADMINISTRATOR, openStage, type Row, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';

const OPERATOR = { email: 'desk@practice.example', password: 'four green garden gates' };

const WORDS = {
  en: {
    unused: 'Connected, not used yet',
    forSending: 'Use it for sending',
    forMailbox: 'Use it for a mailbox',
    used: 'Sending · 1 mailbox',
    about: /^permission: about [A-Z][a-z]{2} \d/,
    again: 'Confirm again',
    newCode: 'Get a new code',
    watched: /is now: Watched$/,
    add: '+ Add',
    acts: 'Actions for Town hall',
    menu: ['Check', 'Confirm again', 'Sign in by link', 'Hand over to the owner', 'Edit', 'Remove'],
    code: 'Confirm the code',
    works: 'Works for',
    lastMessage: /last message/,
    lastLook: /last look/,
    network: 'Network',
    notAsked: 'permission not asked for',
    askFor: 'Ask for it',
    room: 'Sending room',
    minute: /^\d of 25 used$/,
    day: '1 of 10,000 used',
    confirmed: `Confirmed by ${PRINT_ROOM}`,
    journal: 'Everything about it in the journal',
    waits: /waits, since/,
    checkNow: 'Check now',
    well: /No fault found, \d+ tests/,
    notChosen: 'the connection is not for this use',
    stillUsed: 'It is still used. Choose another connection here first, then remove this one:',
    outgoing: 'Outgoing SMTP server',
    checkAgain: 'Check again',
    before: 'before: passed',
    stop: 'Stop',
    stopped: 'The check was stopped',
    picture: /line of time/,
    marks: [/^Signed in on /, /^Today, /, /^May end about /, /^Without any further use, at the latest on /],
    noAlarm: 'No second way is set up: nobody is told when mail stops.',
    untested: 'Alarm by webhook: not tested yet',
    tested: 'Alarm by webhook: tested',
  },
  it: {
    unused: 'Connesso, non ancora in uso',
    forSending: 'Usalo per inviare',
    forMailbox: 'Usalo per una casella',
    used: 'Invio · 1 casella',
    about: /^fine prevista dell’accesso: \d/,
    again: 'Conferma di nuovo',
    newCode: 'Richiedi un nuovo codice',
    watched: /ora è: Sorvegliata$/,
    add: '+ Aggiungi',
    acts: 'Azioni per Town hall',
    menu: ['Verifica', 'Conferma di nuovo', 'Accedi con un link', 'Affida al titolare', 'Modifica', 'Rimuovi'],
    code: 'Conferma il codice',
    works: 'Funziona per',
    lastMessage: /ultimo messaggio:/,
    lastLook: /ultima lettura:/,
    network: 'Rete',
    notAsked: 'autorizzazione non richiesta',
    askFor: 'Richiedila',
    room: 'Spazio per l’invio',
    minute: /^\d su 25 usati$/,
    day: '1 su 10.000 usati',
    confirmed: `Confermato da ${PRINT_ROOM}`,
    journal: 'Tutto nel registro eventi',
    waits: /in attesa, inizio:/,
    checkNow: 'Verifica ora',
    well: /Nessun problema trovato, \d+ prove/,
    notChosen: 'la connessione non è per questo uso',
    stillUsed: 'È ancora in uso. Prima scegli qui un’altra connessione, poi rimuovi questa:',
    outgoing: 'Server SMTP in uscita',
    checkAgain: 'Verifica di nuovo',
    before: 'prima: riuscita',
    stop: 'Interrompi',
    stopped: 'La verifica è stata interrotta',
    picture: /linea del tempo/,
    marks: [/^Accesso: /, /^Oggi: /, /^Scadenza probabile: /, /^Senza altro uso, al più tardi: /],
    noAlarm: 'Non c’è una seconda via: nessuno viene avvertito quando la posta si ferma.',
    untested: 'Allarme via webhook: non ancora provato',
    tested: 'Allarme via webhook: provato',
  },
} as const;
const LANGUAGES = ['en', 'it'] as const;
/** Of the picture's width. */
const PLACES_OF_MARKS = `(() => {
  const picture = document.querySelector('.time-line > svg');
  const { left, width } = picture.getBoundingClientRect();
  return [...picture.querySelectorAll(':scope > svg > *')].map((mark) => {
    const box = mark.getBoundingClientRect();
    return (box.left + box.width / 2 - left) / width;
  });
})()`;
type Language = (typeof LANGUAGES)[number];
const widthOf = (language: Language) => (language === 'en' ? 1280 : 390);

/** Where the last line of the text of a label ends. */
const END_OF_LABEL = `(() => {
  const range = document.createRange();
  range.selectNodeContents(document.querySelector('.mantine-Checkbox-label'));
  return range.getBoundingClientRect().bottom;
})()`;

let stage: Stage;
let browser: Browser;
let id: string;

const open = (language: Language, as = ADMINISTRATOR) =>
  browser.open(stage, { language, width: widthOf(language), as });
const rowOf = ({ page }: Window) => page.getByRole('row', { name: /Town hall/ });
const stateOf = async () => await stage.connectionState(id);

/** The second factor of this tenant has been too old after thirty days, once before. */
async function plantHistory(): Promise<void> {
  await stage.sql(
    `INSERT INTO connection_permissions (id, connection_id, account_tid, account_oid, method, signed_in_at, ended_at, end_aadsts)
      SELECT gen_random_uuid(), id, account_tid, account_oid, 'device-code', now() - interval '40 days',
        now() - interval '10 days', 50078 FROM connections WHERE id = $1`,
    [id],
  );
}

async function setState(state: string): Promise<void> {
  const problem = state === 'connected' ? null : JSON.stringify(await problemOf());
  await stage.sql('UPDATE connections SET state = $1, problem = $2 WHERE id = $3', [state, problem, id]);
}

async function problemOf() {
  return {
    code: 'connection-needs-confirmation',
    detail: 'the password was changed',
    remote: 'AADSTS50173: The provided grant has expired.',
    facts: { aadsts: 50173 },
    values: { title: 'Town hall', reasonText: 'aadsts.50173.meaning', actionText: 'aadsts.50173.action' },
    at: new Date().toISOString(),
  };
}

describe('the external systems', () => {
  before(async () => {
    stage = await openStage({ database: 'external', until: 'administrator' });
    id = await stage.addConnection({ title: 'Town hall', expectedAccount: PRINT_ROOM, uses: ['imap', 'smtp'] });
    await stage.confirm(id);
    await stage.api('POST', '/users', { ...OPERATOR, name: 'Help desk', role: 'operator' });
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
  });

  for (const language of LANGUAGES) {
    test(`a connection that nothing uses says so and where it can be chosen, in ${language}`, async () => {
      const words = WORDS[language];
      await using window = await open(language);
      await window.go('/settings/connections');
      await rowOf(window).getByText(words.unused).waitFor();
      const link = (name: string) => rowOf(window).getByRole('link', { name }).getAttribute('href');
      assert.equal(await link(words.forSending), '/settings/network');
      assert.equal(await link(words.forMailbox), '/settings/jobs/mailboxes');
      await window.assertGood(`connections-unused-${language}`);
    });
  }

  test('what uses it is set up', async () => {
    await stage.addPrinter();
    await stage.watchMailbox(id);
    await stage.api('PUT', '/settings/network', { outgoingServer: { connectionId: id }, senderEmail: PRINT_ROOM });
    await plantHistory();
    await stage.api('POST', '/settings/network/test-message', { to: 'anna@practice.example' });
    const uses = async () => ((await stateOf()).lastUses as Row[]).map(({ use }) => use);
    await eventually(async () => (await uses()).join() === 'imap,smtp', { timeoutMs: 60_000 });
  });

  for (const language of LANGUAGES) {
    test(`the list tells the real uses, when the permission may end, and what can be done, in ${language}`, async () => {
      const words = WORDS[language];
      await using window = await open(language);
      const { page } = window;
      await window.go('/settings/connections');
      await rowOf(window).getByText(words.used).waitFor();
      await rowOf(window).getByText(words.about).waitFor();
      await page.getByRole('button', { name: words.acts }).click();
      await page.getByRole('menuitem').first().waitFor();
      assert.deepEqual(await page.getByRole('menuitem').allTextContents(), [...words.menu]);
      await window.picture(`connections-menu-${language}`);
      await page.keyboard.press('Escape');
      await window.assertGood(`connections-used-${language}`);
      // The journal has the words of the pages for states.
      await window.go('/journal?kind=mailbox');
      await page.getByRole('table').getByText(words.watched).first().waitFor();
    });

    test(`one that nobody has confirmed yet has the next act in its row, unless a code runs, in ${language}`, async () => {
      const words = WORDS[language];
      const title = `School ${language}`;
      const school = await stage.addConnection({ title, expectedAccount: PRINT_ROOM });
      await using window = await open(language);
      const { page } = window;
      await window.go('/settings/connections');
      const row = page.getByRole('row', { name: new RegExp(title) });
      const ask = row.getByRole('button', { name: words.newCode });
      await ask.waitFor();
      // The one filled button of the page.
      assert.equal(await ask.getAttribute('data-variant'), 'filled');
      const add = page.getByRole('button', { name: words.add });
      assert.equal(await add.getAttribute('data-variant'), 'default');
      await window.assertGood(`connections-unconfirmed-${language}`);
      await ask.click();
      await page.getByRole('dialog', { name: words.code }).waitFor();
      await window.go('/settings/connections');
      await row.getByRole('link', { name: /code|codice/ }).waitFor();
      assert.equal(await ask.count(), 0);
      assert.equal(await add.getAttribute('data-variant'), 'filled');

      // Nothing on the way by link is wider than a small phone, and no hint lies over its own label.
      await page.setViewportSize({ width: 360, height: 800 });
      await window.go(`/settings/connections/${school}/sign-in-link`);
      const steps = page.locator('.codesteps > li');
      await steps.last().waitFor();
      for (const step of await steps.all()) {
        const box = await step.boundingBox();
        assert.ok((box?.x ?? 0) + (box?.width ?? 999) <= 360, JSON.stringify(box));
      }
      await window.go(`/settings/connections/${school}/check`);
      const hint = page.locator('.mantine-Checkbox-description').first();
      await hint.waitFor();
      const end = (await page.evaluate(END_OF_LABEL)) as number;
      assert.ok(end <= ((await hint.boundingBox())?.y ?? 0), `the label ends at ${end}`);
      await window.picture(`connections-check-${language}-360`);
      await stage.api('DELETE', `/connections/${school}`);
    });

    test(`what is still used is not removed, and where it is used is told, in ${language}`, async () => {
      const words = WORDS[language];
      await using window = await open(language);
      const { page } = window;
      await window.go('/settings/connections');
      await page.getByRole('button', { name: words.acts }).click();
      await page.getByRole('menuitem', { name: words.menu[5] }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByText(words.stillUsed).waitFor();
      await window.assertGood(`connections-still-used-${language}`);
      assert.equal(await dialog.getByRole('textbox').count(), 0);
      await dialog.getByRole('link', { name: words.outgoing }).click();
      await page.waitForURL(/\/settings\/network$/);
    });

    test(`the page tells each use with its last success, the sending room and the history, in ${language}`, async () => {
      const words = WORDS[language];
      await using window = await open(language);
      const { page } = window;
      await window.go(`/settings/connections/${id}`);
      const uses = page.getByRole('table', { name: words.works });
      await uses.getByText(words.lastMessage).waitFor();
      await uses.getByText(words.lastLook).waitFor();
      await uses.getByText(words.notAsked).waitFor();
      assert.equal(await uses.getByRole('link', { name: words.network }).getAttribute('href'), '/settings/network');
      const mailbox = await uses.getByRole('link', { name: 'Print by e-mail' }).getAttribute('href');
      assert.match(mailbox ?? '', /^\/settings\/jobs\/mailboxes\/[0-9a-f-]{36}$/);
      const room = page.locator('section', { has: page.getByRole('heading', { name: words.room }) });
      await room.getByText(words.minute).waitFor();
      await room.getByText(words.day).waitFor();
      await page.getByText(words.confirmed).waitFor();
      await window.assertGood(`connection-page-${language}`);
      await page.getByRole('link', { name: words.journal }).click();
      await page.waitForURL((url) => url.pathname === '/journal' && url.searchParams.get('subject') === id);
    });

    test(`how long the permission lasts is drawn and told, with the second way for alarms, in ${language}`, async () => {
      const words = WORDS[language];
      await using window = await open(language);
      const { page } = window;
      await window.go(`/settings/connections/${id}`);
      await page.getByRole('img', { name: words.picture }).waitFor();
      const marks = page.locator('.time-line li');
      for (const [at, mark] of words.marks.entries()) await marks.nth(at).getByText(mark).waitFor();
      assert.equal(await marks.count(), words.marks.length);
      // From left to right in the order of time, and inside of what is drawn.
      const places = (await page.evaluate(PLACES_OF_MARKS)) as number[];
      assert.deepEqual(
        places,
        [...places].sort((left, right) => left - right),
      );
      assert.ok(places.length === 4 && places.every((place) => place > 0 && place < 1), places.join());
      await page.getByText(words.noAlarm).waitFor();
      await stage.api('PUT', '/notices/alarm', { webhook: { url: 'https://alarm.example/hook' } });
      await page.getByText(words.untested).waitFor();
      await window.assertGood(`connection-lasts-${language}`);
      await page.getByText(words.untested).scrollIntoViewIfNeeded();
      await window.picture(`connection-lasts-below-${language}`);
      await page.route('**/api/v1/notices/alarm', async (route) => {
        const response = await route.fetch();
        const alarm = await response.json();
        const webhook = { ...alarm.webhook, provedAt: new Date().toISOString() };
        await route.fulfill({ response, json: { ...alarm, webhook } });
      });
      await page.reload();
      await page.getByText(words.tested, { exact: true }).waitFor();
      await stage.api('PUT', '/notices/alarm', { webhook: null });
      window.assertQuiet();
    });

    test(`an operator checks the connection and changes nothing, in ${language}`, async () => {
      const words = WORDS[language];
      await using window = await open(language, OPERATOR);
      const { page } = window;
      await window.go('/settings/connections');
      await page.getByRole('button', { name: words.acts }).click();
      await page.getByRole('menuitem', { name: words.menu[0] }).waitFor();
      assert.equal(await page.getByRole('menuitem').count(), 1);
      await page.getByRole('menuitem', { name: words.menu[0] }).click();
      await page
        .getByRole('button', { name: words.checkNow })
        .or(page.getByRole('button', { name: /again|nuovo/ }))
        .click();
      await page.getByText(words.well).waitFor();
      await page.getByText(words.notChosen).first().waitFor();
      await window.assertGood(`check-operator-${language}`);
      await window.go(`/settings/connections/${id}`);
      await page.getByRole('table', { name: words.works }).waitFor();
      assert.equal(await page.getByRole('button', { name: words.askFor }).count(), 0);
    });

    test(`while a check runs again, what the last one found stays, and it can be stopped, in ${language}`, async () => {
      const words = WORDS[language];
      await using window = await open(language, OPERATOR);
      const { page } = window;
      await stage.control('/smtp/switch', { mailboxAuth: { [PRINT_ROOM]: 'off' } });
      try {
        await stage.api('POST', `/connections/${id}/check?wait=true`, {});
        await window.go(`/settings/connections/${id}/check`);
        const finding = page.locator('.finding');
        await finding.first().waitFor();
        // The first question of a check is not answered soon.
        await stage.control('/faults', {
          ...{ endpoint: 'openid-configuration', kind: 'slow', delayMs: 1000, chunkBytes: 100, times: 'always' },
        });
        await page.getByRole('button', { name: words.checkAgain }).first().click();
        await page.getByText(words.before).first().waitFor();
        assert.equal(await finding.count(), 1);
        await window.assertGood(`check-again-${language}`);
        await page.getByRole('button', { name: words.stop }).click();
        await page.getByText(words.stopped).waitFor();
      } finally {
        await stage.control('/faults/clear', {});
        await stage.control('/smtp/switch', { mailboxAuth: { [PRINT_ROOM]: 'inherit' } });
      }
    });

    test(`where it must be confirmed again, its row and its page say so and offer it, in ${language}`, async () => {
      const words = WORDS[language];
      await setState('needs-confirmation');
      try {
        await using window = await open(language);
        const { page } = window;
        await window.go(`/settings/connections/${id}`);
        await page.getByRole('table', { name: words.works }).getByText(words.waits).first().waitFor();
        await window.assertGood(`connection-again-${language}`);
        await window.go('/settings/connections');
        await window.assertGood(`connections-again-${language}`);
        const again = rowOf(window).getByRole('button', { name: words.again });
        assert.equal(await again.getAttribute('data-variant'), 'filled');
        assert.equal(await page.locator('main [data-variant=filled]').count(), 1);
        await again.click();
        await page.getByRole('dialog', { name: words.code }).getByTestId('user-code').waitFor();
        await stage.api('DELETE', `/connections/${id}/device-code`);
      } finally {
        await setState('connected');
      }
    });

    test(`a use whose permission was not asked for is asked for at a click, in ${language}`, async () => {
      const words = WORDS[language];
      await using window = await open(language);
      const { page } = window;
      await window.go(`/settings/connections/${id}`);
      await page.getByRole('button', { name: words.askFor }).click();
      await page.getByRole('dialog', { name: words.code }).getByTestId('user-code').waitFor();
      assert.deepEqual((await stateOf()).uses, ['smtp', 'imap', 'pop3']);
      // what was confirmed before still works
      assert.equal((await stateOf()).state, 'connected');
      await stage.api('DELETE', `/connections/${id}/device-code`);
      await stage.api('PATCH', `/connections/${id}`, { uses: ['imap', 'smtp'] });
    });
  }
});
