import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { type Browser, openBrowser } from '../harness/browser.ts';
import { PRINT_ROOM } from '../harness/mail.ts';
import { answerCode } from '../harness/peers.ts';
import { ADMINISTRATOR, openStage, type Row, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';

const BRUNO = 'bruno@practice.example';
const WORDS = {
  en: {
    right: 'This account is right',
    newCode: 'Get a new code',
    copied: 'Copied',
    as: `Sign in as ${BRUNO}`,
    confirmed: `Confirmed by ${BRUNO}`,
  },
  it: {
    right: 'Questo account è giusto',
    newCode: 'Richiedi un nuovo codice',
    copied: 'Copiato',
    as: `Accedi come ${BRUNO}`,
    confirmed: `Confermato da ${BRUNO}`,
  },
} as const;

let stage: Stage;
let browser: Browser;

async function readCode(page: Page): Promise<string> {
  return (await page.getByTestId('user-code').textContent()) ?? '';
}

describe('the dialog of a code', () => {
  before(async () => {
    stage = await openStage({ database: 'external', until: 'administrator' });
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
  });

  for (const language of ['en', 'it'] as const) {
    const words = WORDS[language];
    const width = language === 'en' ? 1280 : 390;

    test(`the account that confirmed can be made the right one, in ${language}`, async () => {
      const id = await stage.addConnection({ title: `Right ${language}`, expectedAccount: PRINT_ROOM });
      await using window = await browser.open(stage, { language, width, as: ADMINISTRATOR });
      const { page } = window;
      await window.go(`/settings/connections/${id}/device-code`);
      const first = await readCode(page);
      await answerCode(stage.peers.practice, { userCode: first, account: BRUNO });
      const right = page.getByRole('button', { name: words.right });
      await right.waitFor();
      assert.equal(await right.getAttribute('data-variant'), 'default');
      await window.assertGood(`code-right-account-${language}`);
      await right.click();
      await page.getByText(words.as).waitFor();
      const second = await readCode(page);
      assert.notEqual(second, first);
      await answerCode(stage.peers.practice, { userCode: second, account: BRUNO });
      await page.getByText(words.confirmed).waitFor();
      const { account, expectedAccount } = await stage.connectionState(id);
      assert.deepEqual([(account as Row).username, expectedAccount], [BRUNO, BRUNO]);
    });
  }

  test('it is not offered where a sender e-mail is set, nor for a connection that works with its own account', async () => {
    const id = await stage.addConnection({ title: 'Sender', expectedAccount: PRINT_ROOM });
    await stage.api('PUT', '/settings/network', { senderEmail: PRINT_ROOM });
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    const ends = async () => {
      await window.go(`/settings/connections/${id}/device-code`);
      await answerCode(stage.peers.practice, { userCode: await readCode(page), account: BRUNO });
      await eventually(async () => ((await stage.connectionState(id)).login as Row).state === 'wrong-account');
      await page.getByRole('dialog').getByRole('button', { name: WORDS.en.newCode }).waitFor();
      await page.waitForLoadState('networkidle');
      assert.equal(await page.getByRole('button', { name: WORDS.en.right }).count(), 0);
    };
    await ends();
    await stage.api('PUT', '/settings/network', { senderEmail: null });
    await stage.confirm(id);
    await stage.api('POST', `/connections/${id}/device-code`);
    await ends();
    assert.equal((await stage.connectionState(id)).state, 'connected');
  });

  test('the key c copies the code, but not for who has switched letters off', async () => {
    const id = await stage.addConnection({ title: 'Keys', expectedAccount: PRINT_ROOM });
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    await window.go(`/settings/connections/${id}/device-code`);
    const code = await readCode(page);
    const copied = async () => String(await page.evaluate('navigator.clipboard.readText()'));
    await page.evaluate(`navigator.clipboard.writeText('before')`);
    await page.keyboard.press('Control+c');
    assert.equal(await copied(), 'before');
    await page.keyboard.press('c');
    await page.getByRole('button', { name: WORDS.en.copied }).waitFor();
    assert.equal(await copied(), code);
    await page.evaluate(`localStorage.setItem('platen-shortcuts', 'off')`);
    await page.evaluate(`navigator.clipboard.writeText('before')`);
    await page.getByRole('button', { name: WORDS.en.copied }).waitFor({ state: 'detached' });
    await page.keyboard.press('c');
    assert.equal(await page.getByRole('button', { name: WORDS.en.copied }).count(), 0);
    assert.equal(await copied(), 'before');
  });
});
