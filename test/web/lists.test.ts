import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { type Browser, openBrowser } from '../harness/browser.ts';
import { KNOWN_SENDERS, PRINT_ROOM } from '../harness/mail.ts';
import { ADMINISTRATOR, openStage, type Row, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';

const PASSWORD = 'nine patient copper kettles';
const OWNER = { email: KNOWN_SENDERS[0], password: PASSWORD };

let stage: Stage;
let browser: Browser;

/** Of the row with the focus: its place among all of them, and where it stands in the window. */
const FOCUSED = `(() => {
  const row = document.activeElement?.closest('tr[data-row]');
  return row == null ? null : { index: Number(row.dataset.index), top: Math.round(row.getBoundingClientRect().top) };
})()`;
const focused = async (page: Page) => (await page.evaluate(FOCUSED)) as { index: number; top: number } | null;
const reach = (page: Page, index: number) =>
  eventually(async () => (await focused(page))?.index === index, { what: `row ${index} has the focus` });

/** One job that is held, and more than three pages of others. */
async function fill(): Promise<void> {
  await stage.deliver(1, { sender: KNOWN_SENDERS[0] });
  const [job] = await eventually(async () => {
    const { items } = (await stage.api('GET', '/jobs?state=pending-held')) as { items: Row[] };
    return items.length === 1 && items[0]?.preparation === 'done' ? items : undefined;
  });
  await stage.api('PATCH', `/users/${job?.ownerId}`, { password: PASSWORD });
  await stage.sql(
    `INSERT INTO jobs OVERRIDING SYSTEM VALUE
     SELECT (jsonb_populate_record(job, jsonb_build_object(
       'id', gen_random_uuid(), 'number', 5000 + n, 'title', 'sheet ' || n, 'state', 'completed', 'held_until', null,
       'reasons', '{}'::text[], 'ended_at', now()))).*
     FROM jobs job, generate_series(1, 350) n`,
  );
}

describe('long lists', () => {
  before(async () => {
    stage = await openStage({ database: 'external' });
    browser = await openBrowser();
    await stage.api('PATCH', `/queues/${stage.queueId}`, { mode: 'hold' });
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
  });

  test('where there is no job yet, the list says where to mail a document to', async () => {
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    await window.go('/jobs');
    await page.getByText('No job yet').waitFor();
    await page.getByRole('region', { name: 'Mail documents to' }).getByText(PRINT_ROOM, { exact: true }).waitFor();
    await window.assertGood('list-empty');
    await fill();
  });

  test('arrows lead from row to row, Home and End to the ends, Space ticks and Enter opens', async () => {
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    await window.go('/jobs');
    await page.locator('tr[data-row]').first().waitFor();
    await page.locator('tr[data-row]').first().focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await reach(page, 2);
    await page.keyboard.press('ArrowUp');
    await reach(page, 1);
    await page.keyboard.press('End');
    await reach(page, 99);
    // What comes next was asked for meanwhile.
    await eventually(async () => {
      await page.keyboard.press('End');
      return ((await focused(page))?.index ?? 0) > 199;
    });
    await page.keyboard.press('Home');
    await reach(page, 0);
    await window.assertGood('list-row');
    // Tab goes on into the row, and arrows lead on from there.
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowDown');
    await reach(page, 1);
    // A field keeps its keys.
    await page.getByRole('textbox', { name: 'Find', exact: true }).press('End');
    assert.equal(await focused(page), null);
    await stage.sql(
      `UPDATE jobs SET state = 'pending-held', held_until = now() + interval '1 day' WHERE number < 5000`,
    );
    await window.go('/jobs?state=pending-held');
    await page.locator('tr[data-row]').first().focus();
    await page.keyboard.press('Space');
    await page.getByRole('region', { name: 'Chosen jobs' }).getByText('1 job chosen').waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: /^Job \d+$/ }).waitFor();
    window.assertQuiet();
  });

  test('the way back leads to the same row at the same place, from a click and from the keyboard', async () => {
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    await window.go('/jobs');
    await page.locator('tr[data-row]').first().focus();
    for (const [name, least, open] of [
      ['Enter', 60, () => page.keyboard.press('Enter')],
      ['a click', 120, () => page.locator('tr[data-row]:focus').getByRole('link').first().click()],
    ] as const) {
      // A row that is not drawn yet takes the focus a moment later.
      while (((await focused(page))?.index ?? 0) < least) await page.keyboard.press('ArrowDown');
      const before = await focused(page);
      assert.ok(before !== null);
      await open();
      await page.getByRole('heading', { level: 1, name: /^Job \d+$/ }).waitFor();
      await page.goBack();
      await reach(page, before.index);
      await eventually(async () => Math.abs(((await focused(page))?.top ?? 0) - before.top) <= 2, {
        what: `it is where it was, after ${name}`,
      });
    }
    // Whoever opens the list anew begins at its head.
    const navigation = page.getByRole('navigation', { name: 'Pages' });
    await navigation.getByRole('link', { name: 'Overview' }).click();
    await navigation.getByRole('link', { name: 'Jobs', exact: true }).first().click();
    await page.locator('tr[data-row]').first().waitFor();
    assert.equal(await focused(page), null);
    assert.equal(await page.evaluate('scrollY'), 0);
    window.assertQuiet();
  });

  test('long names of documents and people make no list wider than its page', async () => {
    const [job] = (await stage.api('GET', '/jobs?state=pending-held')).items as Row[];
    const owner = await stage.api('GET', `/users/${job?.ownerId}`);
    await stage.api('PATCH', `/users/${job?.ownerId}`, { name: 'Maria Antonietta Bergamaschi Colombo' });
    const title = `referto_${'radiologia_'.repeat(9)}firmato.pdf`;
    await stage.sql('UPDATE jobs SET title = $1, pages = 14 WHERE id = $2', [title, job?.id]);
    for (const [width, language] of [
      [1440, 'en'],
      [1280, 'it'],
      [1024, 'en'],
    ] as const) {
      await using window = await browser.open(stage, { as: ADMINISTRATOR, language, width });
      const { page } = window;
      await window.go('/jobs?state=pending-held');
      await page.getByRole('link', { name: title }).waitFor();
      assert.ok(((await page.evaluate('document.documentElement.scrollWidth')) as number) <= width, `${width} px`);
      const pages = page.getByRole('cell', { name: language === 'en' ? '14 pages' : '14 pagine' });
      const { height = 0 } = (await pages.locator('xpath=..').boundingBox()) ?? {};
      assert.ok(height < 120, `a row is ${height} px high`);
      await window.picture(`list-long-names-${width}`);
    }
    await stage.api('PATCH', `/users/${job?.ownerId}`, { name: owner.name });
  });

  test('on a phone a job has two lines, and compact rows are lower', async () => {
    for (const [language, as] of [
      ['en', ADMINISTRATOR],
      ['it', OWNER],
    ] as const) {
      await using window = await browser.open(stage, { as, language, width: 390, height: 844 });
      const { page } = window;
      await window.go('/jobs');
      const row = page.locator('tr[data-row]').filter({ hasText: 'sheet' }).first();
      await row.waitFor();
      const { height = 0 } = (await row.boundingBox()) ?? {};
      assert.ok(height > 60 && height < 96, `${height} px`);
      await page.getByRole('button', { name: language === 'en' ? 'Filters' : 'Filtri' }).click();
      // What a finger presses is 44 px high.
      for (const one of [
        row.getByRole('link'),
        page.getByRole('textbox').first(),
        page.getByRole('combobox').first(),
      ]) {
        const box = await one.boundingBox();
        assert.ok((box?.height ?? 0) >= 44, `${box?.height} px`);
      }
      await window.assertGood(`list-two-lines-${language}`);
    }
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    const heightOf = async (density: string) => {
      const { url } = stage.node.process;
      const data = { density };
      const answer = await window.context.request.patch(`${url}/api/v1/me/preferences`, {
        data,
        headers: { origin: url },
      });
      assert.equal(answer.status(), 200);
      await window.go('/jobs?state=completed');
      const row = page.locator('tr[data-row]').first();
      await row.waitFor();
      await eventually(() => page.evaluate(`document.documentElement.dataset.density === '${density}'`));
      return (await row.boundingBox())?.height ?? 0;
    };
    const [compact, comfortable] = [await heightOf('compact'), await heightOf('comfortable')];
    assert.ok(compact >= 34 && compact < comfortable, `${compact} and ${comfortable} px`);
  });
});
