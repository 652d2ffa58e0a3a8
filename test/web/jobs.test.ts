import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import PdfDocument from 'pdfkit';
import { type RunningPrinter, startPrinter } from '../../simulator/printer/server.ts';
import { assertFits, type Browser, openBrowser } from '../harness/browser.ts';
import { PRINT_ROOM, sha256Of, wrapDocuments } from '../harness/mail.ts';
import { ADMINISTRATOR, openStage, type Row, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';

const PASSWORD = 'nine patient copper kettles';
const HOSTILE = '<img src=x onerror=alert(1)> \u202Egnp.exe {{number}}';
/** As it is shown: the mark that turns the direction of writing can be seen, and turns nothing. */
const SHOWN = HOSTILE.replace('\u202E', '\uFFFD');

const TECHNICAL = {
  en: { title: 'Technical details', copied: 'Copied' },
  it: { title: 'Dettagli tecnici', copied: 'Copiato' },
} as const;

let stage: Stage;
let browser: Browser;
let stuckPrinter: RunningPrinter;
let stuckId: string;
const outputDir = mkdtempSync(join(tmpdir(), 'web-jobs-'));
let owner: { readonly email: string; readonly password: string };

/** Of the queue that mail goes to: the one that is stuck all the while has its own. */
async function newestJob(): Promise<Row> {
  const { items } = (await stage.api('GET', `/jobs?limit=1&queue=${stage.queueId}`)) as { items: Row[] };
  assert.ok(items[0]);
  return items[0];
}

describe('the pages of jobs', () => {
  before(async () => {
    stage = await openStage({ database: 'external' });
    browser = await openBrowser();
    await stage.api('PATCH', `/queues/${stage.queueId}`, { mode: 'hold' });
    const [mail] = await stage.deliver(1);
    await eventually(async () => ((await stage.api('GET', '/jobs')) as { items: Row[] }).items.length === 1);
    const users = ((await stage.api('GET', '/users?limit=100')) as { items: Row[] }).items;
    const { ownerId } = await newestJob();
    const user = users.find(({ id }) => id === ownerId);
    assert.ok(mail && user);
    owner = { email: String(user.email), password: PASSWORD };
    await stage.api('PATCH', `/users/${ownerId}`, { password: PASSWORD });
    await stage.api('POST', '/users', {
      email: 'other@practice.example',
      name: 'Other',
      role: 'user',
      password: PASSWORD,
    });
    await stage.sql(`UPDATE jobs SET title = $1, options = $2, ignored_options = '{page-ranges,media}'`, [
      HOSTILE,
      { copies: 2, sides: 'two-sided-long-edge', pageRanges: [{ from: 1, to: 3 }], finishings: ['staple'] },
    ]);
    await stage.sql(`UPDATE journal SET data = data || $1 WHERE type = 'job-created'`, [
      { ignoredWords: [{ word: 'quickly', reason: 'unknown' }] },
    ]);
    // A printer without a reason is waited for a minute before anything is said: that passes while the others are tested.
    stuckPrinter = await startPrinter({ name: 'Cellar', outputDir });
    await stuckPrinter.control.setFault({ kind: 'stops-taking' });
    const { id } = await stage.api('POST', '/printers', { name: 'Cellar', uri: stuckPrinter.uri });
    await stage.api('POST', '/queues', { name: 'Cellar', mode: 'direct', printerIds: [id] });
    const asked = await fetch(`${stage.node.process.url}/api/v1/printers/${id}/test-page`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${stage.token}`,
        'content-type': 'application/json',
        'idempotency-key': 'the-page-that-is-stuck',
      },
      body: JSON.stringify({ ownerId: users.find(({ email }) => email === ADMINISTRATOR.email)?.id }),
    });
    assert.equal(asked.status, 201);
    stuckId = String(((await asked.json()) as Row).id);
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
    await stuckPrinter?.close();
    rmSync(outputDir, { recursive: true, force: true });
  });

  test('an operator finds a job by its title, sees its first page and its story, and lets it go', async () => {
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    page.on('dialog', () => assert.fail('a title was run as code'));
    await window.go('/jobs');
    await page.getByRole('link', { name: SHOWN }).waitFor();
    await window.assertGood('jobs');
    await page.getByRole('textbox', { name: 'Find' }).fill('no such title');
    await page.getByText('No job like that').waitFor();
    const { id, number } = await newestJob();
    await page.getByRole('textbox', { name: 'Find' }).fill(String(number));
    await page.getByRole('link', { name: SHOWN }).click();
    await page.getByRole('heading', { level: 1, name: `Job ${number}` }).waitFor();
    const preview = page.getByAltText(/^Page 1 of \d+ of /);
    await preview.waitFor();
    await eventually(() =>
      preview.evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth > 0),
    );
    await page.getByText('The document was prepared for printing').waitFor();
    await page.getByText('2 copies, two-sided, pages 1–3, stapled').waitFor();
    await page.getByText('quickly').waitFor();
    await page.getByText('selection of pages, paper size').waitFor();
    await window.assertGood('job-held');
    await page.getByRole('button', { name: 'Print…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Where shall it print?' });
    await dialog.getByRole('radio', { name: /^Hall/ }).waitFor();
    await dialog.getByRole('button', { name: 'Print now' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('definition').getByText('Printed').waitFor();
    assert.equal((await stage.api('GET', `/jobs/${id}`)).state, 'completed');
    assert.equal(await page.getByRole('button', { name: 'Cancel the job' }).count(), 0);
    window.assertQuiet();
  });

  for (const language of ['en', 'it'] as const) {
    test(`technical details are folded away, open by keyboard and can be copied, in ${language}`, async () => {
      const words = TECHNICAL[language];
      const width = language === 'en' ? 1280 : 390;
      await using window = await browser.open(stage, { language, width, as: ADMINISTRATOR });
      const { page } = window;
      const { id } = await newestJob();
      await window.go(`/jobs/${id}`);
      const summary = page.getByText(words.title, { exact: true });
      await summary.waitFor();
      assert.equal(await page.getByText(String(id)).count(), 0);
      await summary.focus();
      await page.keyboard.press('Enter');
      await page.getByText(String(id)).waitFor();
      await page.getByText('Message-ID', { exact: true }).waitFor();
      const [row] = await stage.sql('SELECT printer_job_name, printer_job_id FROM print_attempts WHERE job_id = $1', [
        id,
      ]);
      await page.getByText(`job-name ${String(row?.printer_job_name).replace('\u202E', '\uFFFD')}`).waitFor();
      await page.getByText(`job-id ${row?.printer_job_id}`).waitFor();
      await page.getByText(/^INBOX, UID \d+, UIDVALIDITY \d+$/).waitFor();
      await window.assertGood(`job-technical-${language}`);
      await assertFits(page, `job-technical-${language}`);
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: words.copied }).waitFor();
      const copied = String(await page.evaluate('navigator.clipboard.readText()'));
      assert.match(copied, new RegExp(`^Id: ${id}\njob-state: completed\n`));
      assert.match(copied, /\nMessage-ID: <.+>\n/);
      await summary.focus();
      await page.keyboard.press('Enter');
      await page.getByText(String(id)).waitFor({ state: 'hidden' });
      window.assertQuiet();
    });
  }

  test('technical details of a job are for those who may see the job', async () => {
    const { id } = await newestJob();
    const ask = async (as: { readonly email: string; readonly password: string }) => {
      await using window = await browser.open(stage, { as });
      return (await window.context.request.get(`${stage.node.process.url}/api/v1/jobs/${id}/attempts`)).status();
    };
    assert.equal(await ask(owner), 200);
    assert.equal(await ask({ email: 'other@practice.example', password: PASSWORD }), 404);
  });

  test('jobs are found by owner, queue, printer and time, and the address keeps it', async () => {
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    await window.go('/jobs');
    const row = page.getByRole('link', { name: SHOWN });
    await row.waitFor();
    const { ownerId, ownerName } = await newestJob();
    await page.getByRole('button', { name: `Only jobs of ${ownerName}` }).click();
    await page.waitForURL(`**/jobs?owner=${ownerId}`);
    await page.getByLabel('Printer').selectOption(stage.printerId);
    await row.waitFor();
    await page.getByLabel('State').selectOption('Held');
    await page.getByText('No job like that').waitFor();
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await row.waitFor();
    await page.getByLabel('Queue').selectOption(stage.queueId);
    await page.getByLabel('Came since').selectOption('Today');
    await page.waitForURL(`**/jobs?queue=${stage.queueId}&since=today`);
    await row.waitFor();
    await window.assertGood('jobs-filtered');
    await page.reload();
    await row.waitFor();
    assert.equal(await page.getByLabel('Came since').inputValue(), 'today');
    await stage.sql(`UPDATE jobs SET created_at = created_at - interval '2 days'`);
    await page.reload();
    await page.getByText('No job like that').waitFor();
    await page.getByLabel('Came since').selectOption('The last 7 days');
    await row.waitFor();
    // A link elsewhere, such as “Show all” of the search, changes what the field holds.
    await window.go('/jobs?q=no%20such%20title');
    await page.getByText('No job like that').waitFor();
    assert.equal(await page.getByRole('textbox', { name: 'Find', exact: true }).inputValue(), 'no such title');
    window.assertQuiet();
  });

  test('who prints sees their jobs on the start page, on a phone and in Italian, and cancels one', async () => {
    await stage.deliver(2);
    await eventually(
      async () => ((await stage.api('GET', '/jobs?state=pending-held')) as { items: Row[] }).items.length > 0,
    );
    await using window = await browser.open(stage, { as: owner, language: 'it', width: 390, height: 844 });
    const { page } = window;
    await window.go('/');
    await page.getByRole('heading', { level: 1, name: 'I miei lavori' }).waitFor();
    await page.getByRole('table').getByText('Stampato').waitFor();
    await window.assertGood('my-jobs-it-phone');
    const held = ((await stage.api('GET', '/jobs?state=pending-held')) as { items: Row[] }).items;
    const users = ((await stage.api('GET', '/users?limit=100')) as { items: Row[] }).items;
    const mine = held.find(({ ownerId }) => users.find(({ id }) => id === ownerId)?.email === owner.email);
    assert.ok(mine, 'one of the new jobs is theirs');
    await window.go(`/jobs/${mine.id}`);
    await page.getByRole('button', { name: 'Annulla il lavoro' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Non viene stampato').waitFor();
    // Two buttons that say “Annulla” would be a riddle.
    await dialog.getByRole('button', { name: 'Mantieni il lavoro', exact: true }).waitFor();
    await dialog.getByRole('button', { name: 'Annulla il lavoro' }).click();
    await page.getByRole('definition').getByText('Annullato').waitFor();
    assert.equal((await stage.api('GET', `/jobs/${mine.id}`)).state, 'canceled');
    await window.assertGood('job-canceled-it-phone');
  });

  test('a job whose printer stays busy without paper says what it waits for, in both languages, and goes on by itself', async () => {
    const printer = stage.peers.practice.printers[0];
    assert.ok(printer);
    const printed = printer.printed().length;
    // Nothing listens there: a notice that is written stays in the outbox.
    const outgoingServer = { host: '127.0.0.1', port: 9, security: 'none' };
    await stage.api('PUT', '/settings/network', { outgoingServer, senderEmail: PRINT_ROOM, senderName: null });
    await printer.control.setFault({ kind: 'out-of-paper', staysBusy: true });
    await stage.deliver(1);
    const held = await eventually(
      async () => ((await stage.api('GET', '/jobs?state=pending-held')) as { items: Row[] }).items[0],
    );
    await stage.api('PATCH', `/users/${held.ownerId}`, { password: PASSWORD });
    const users = ((await stage.api('GET', '/users?limit=100')) as { items: Row[] }).items;
    const sender = { email: String(users.find(({ id }) => id === held.ownerId)?.email), password: PASSWORD };
    await stage.api('POST', `/jobs/${held.id}/release`, {});
    const waiting = await eventually(async () => {
      await stage.api('POST', `/printers/${stage.printerId}/check`);
      const job = await stage.api('GET', `/jobs/${held.id}`);
      return (job.waitsFor as string[]).length > 0 ? job : undefined;
    });
    assert.deepEqual([waiting.state, waiting.waitsFor], ['processing', ['paper']]);
    const asked = await stage.api('GET', `/printers/${stage.printerId}`);
    assert.deepEqual([asked.state, asked.waitsFor], ['processing', ['paper']]);
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    for (const [path, picture] of [
      ['/jobs', 'jobs-waiting'],
      ['/printers', 'printers-waiting'],
      [`/jobs/${held.id}`, 'job-waiting'],
    ] as const) {
      await window.go(path);
      await window.page.getByText('Waits for paper at the printer').first().waitFor();
      await window.assertGood(picture);
    }
    await window.page.getByRole('listitem').getByText('Waits for paper at the printer').waitFor();
    await using phone = await browser.open(stage, { as: sender, language: 'it', width: 390, height: 844 });
    await phone.go(`/jobs/${held.id}`);
    await phone.page.getByRole('heading', { name: /aspetta che qualcuno intervenga$/ }).waitFor();
    await phone.page.getByRole('definition').getByText('Aspetta la carta nella stampante').waitFor();
    await phone.page.getByRole('listitem').getByText('Aspetta la carta nella stampante').waitFor();
    await phone.assertGood('job-waiting-it-phone');
    const notices = await eventually(async () => {
      const rows = await stage.sql(
        `SELECT recipient, count(*)::int FROM notices_sent WHERE event = 'printer-needs-attention' GROUP BY recipient`,
      );
      return rows.length > 0 ? rows : undefined;
    });
    assert.deepEqual(notices, [{ recipient: ADMINISTRATOR.email, count: 1 }]);
    await printer.control.clearFault();
    await window.page.getByRole('definition').getByText('Printed', { exact: true }).waitFor();
    await phone.page.getByRole('definition').getByText('Stampato', { exact: true }).waitFor();
    assert.equal(await window.page.getByRole('heading', { name: /waits for somebody/ }).count(), 0);
    assert.equal(printer.printed().length, printed + 1);
    window.assertQuiet();
    phone.assertQuiet();
  });

  test('nobody sees the jobs of others, not even by their address', async () => {
    const { id } = await newestJob();
    const stranger = { email: 'other@practice.example', password: PASSWORD };
    await using window = await browser.open(stage, { as: stranger });
    const { page } = window;
    await window.go('/');
    await page.getByText('No job in the last 30 days').waitFor();
    await window.go(`/jobs/${id}`);
    await page.getByText('What to do').waitFor();
    assert.equal(await page.getByText('onerror').count(), 0);
    const picture = await window.context.request.get(`${stage.node.process.url}/api/v1/jobs/${id}/preview/1`);
    assert.equal(picture.status(), 404);
  });

  test('a job whose printer stops taking the document says why in its story, in both languages, and goes on by itself', async () => {
    await eventually(async () => (await stage.api('GET', `/jobs/${stuckId}`)).problem !== null, { timeoutMs: 120_000 });
    for (const [language, width, told, title] of [
      ['en', 1280, 'The printer takes no more of the document', 'Cellar has stopped taking the document'],
      ['it', 360, 'La stampante non riceve più il documento', 'Cellar ha smesso di ricevere il documento'],
    ] as const) {
      await using window = await browser.open(stage, { as: ADMINISTRATOR, language, width });
      const { page } = window;
      await window.go(`/jobs/${stuckId}`);
      await page.getByRole('heading', { name: title }).waitFor();
      // The id under which the log and the journal tell of it.
      assert.ok((await page.locator('.finding-id').textContent())?.includes(String(stuckId)));
      await page.getByRole('listitem').getByText(told, { exact: true }).waitFor();
      await page.getByRole('definition').getByText(told).waitFor();
      await window.assertGood(`job-takes-nothing-${language}-${width}`);
      if (language === 'en') continue;
      await stuckPrinter.control.clearFault();
      await page.getByRole('definition').getByText('Stampato', { exact: true }).waitFor();
    }
  });

  test('an operator releases and cancels several jobs at once', async () => {
    await stage.deliver(2, { documents: 2 });
    const list = async () =>
      ((await stage.api('GET', `/jobs?state=pending-held&queue=${stage.queueId}`)) as { items: Row[] }).items;
    const before = (await list()).length;
    const held = await eventually(async () => {
      const items = await list();
      return items.length >= Math.max(4, before) ? items.slice(0, 4) : undefined;
    });
    await using window = await browser.open(stage, { as: ADMINISTRATOR, width: 390, height: 844 });
    const { page } = window;
    await window.go('/jobs?state=pending-held');
    const box = (job: Row | undefined) =>
      page.getByRole('checkbox', { name: `Choose job ${job?.number}`, exact: true });
    const [first, second, third, fourth] = held;
    for (const job of [first, second]) await box(job).check();
    const bar = page.getByRole('region', { name: 'Chosen jobs' });
    await bar.getByText('2 jobs chosen').waitFor();
    await window.assertGood('jobs-bulk');
    await bar.getByRole('button', { name: 'Release 2' }).click();
    for (const job of [first, second]) {
      await eventually(async () => (await stage.api('GET', `/jobs/${job?.id}`)).state === 'completed');
    }
    await bar.waitFor({ state: 'detached' });
    for (const job of [third, fourth]) await box(job).check();
    await bar.getByRole('button', { name: 'Cancel 2 jobs' }).click();
    await page.getByRole('dialog').getByText('It is not printed').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel 2 jobs' }).click();
    for (const job of [third, fourth]) {
      await eventually(async () => (await stage.api('GET', `/jobs/${job?.id}`)).state === 'canceled');
    }
    await bar.waitFor({ state: 'detached' });
  });

  test('each page of a document is looked at, made when it is asked for', async () => {
    const pdf = new PdfDocument({ size: 'A5' });
    pdf.text('the first').addPage().text('the second');
    pdf.end();
    const bytes = await buffer(pdf);
    await stage.deliverMail(wrapDocuments('pages', [{ name: 'pages.pdf', bytes, sha256: sha256Of(bytes) }]));
    await eventually(async () => (await newestJob()).title === 'pages.pdf', { what: 'its job is there' });
    await using window = await browser.open(stage, { as: ADMINISTRATOR, language: 'it' });
    const { page } = window;
    await window.go('/jobs');
    await page.getByRole('link', { name: 'pages.pdf' }).click();
    await page.getByText('Pagina 1 di 2', { exact: true }).waitFor();
    assert.ok(await page.getByRole('button', { name: 'Pagina precedente', disabled: true }).isVisible());
    await page.getByRole('button', { name: 'Pagina successiva' }).click();
    const picture = page.getByAltText('Pagina 2 di 2');
    await eventually(() =>
      picture.evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth > 0),
    );
    assert.ok(await page.getByRole('button', { name: 'Pagina successiva', disabled: true }).isVisible());
    await window.assertGood('job-pages');
  });
});
