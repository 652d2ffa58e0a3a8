import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import en from '../../locales/en.json' with { type: 'json' };
import it from '../../locales/it.json' with { type: 'json' };
import { type Browser, openBrowser } from '../harness/browser.ts';
import { writePdf } from '../harness/mail.ts';
import { ADMINISTRATOR, openStage, type Row, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';

const TESSA = { email: 'tessa@practice.example', password: 'nine patient copper kettles' };
const HOSTILE = '<img src=x onerror=alert(1)> \u202Efdp.exe';
const SHOWN = HOSTILE.replace('\u202E', '\uFFFD');
/** As the server keeps it: without what turns letters around. */
const KEPT = HOSTILE.replace('\u202E', '');
const FILES = 'input[type=file]';

let stage: Stage;
let browser: Browser;

const pdf = (name: string, bytes = 900) => ({ name, mimeType: 'application/pdf', buffer: writePdf(name, bytes) });

async function jobsOf(title: string): Promise<Row[]> {
  const { items } = (await stage.api('GET', '/jobs?limit=100')) as { items: Row[] };
  return items.filter((job) => job.title === title);
}

describe('printing a document from the browser', () => {
  before(async () => {
    stage = await openStage({ database: 'external' });
    browser = await openBrowser();
    await stage.api('PATCH', `/queues/${stage.queueId}`, { mode: 'direct' });
    await stage.api('POST', '/users', { ...TESSA, name: 'Tessa', role: 'user' });
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
  });

  test('several documents are sent one by one with their options, and print', async () => {
    await using window = await browser.open(stage, { as: TESSA });
    const { page } = window;
    page.on('dialog', () => assert.fail('a name was run as code'));
    await window.go('/');
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Print a document' }).click();
    await page.getByRole('heading', { level: 1, name: 'Print a document' }).waitFor();
    assert.ok(await page.getByRole('button', { name: 'Choose documents first' }).isDisabled());
    await page.locator(FILES).setInputFiles([pdf('first.pdf'), pdf(HOSTILE)]);
    await page.getByText(SHOWN).waitFor();
    await page.getByLabel('Copies').fill('2');
    await page.getByLabel('Sides').selectOption('Both sides');
    await page.getByRole('textbox', { name: 'Pages' }).fill('2-1');
    await page.getByRole('button', { name: 'Print 2 documents' }).click();
    await page.getByText('Enter pages like 1-3, 5').waitFor();
    await window.assertGood('upload-chosen');
    await page.getByRole('textbox', { name: 'Pages' }).fill('1');
    await page.getByRole('button', { name: 'Print 2 documents' }).click();
    await eventually(async () => (await page.getByText('Printed', { exact: true }).count()) === 2);
    await window.assertGood('upload-printed');
    const [job] = await jobsOf(KEPT);
    assert.deepEqual(job?.options, {
      copies: 2,
      sides: 'two-sided-long-edge',
      pageRanges: [{ from: 1, to: 1 }],
    });
    assert.deepEqual([job?.ownerName, job?.state], ['Tessa', 'completed']);
    window.assertQuiet();
  });

  test('what cannot be printed says why and stays, and the others go on', async () => {
    await using window = await browser.open(stage, { as: TESSA, language: 'it', width: 390, height: 844 });
    const { page } = window;
    await window.go('/jobs/new');
    await page.getByRole('heading', { level: 1, name: 'Stampa un documento' }).waitFor();
    const program = {
      name: 'fattura.pdf',
      mimeType: 'application/pdf',
      buffer: Buffer.from('MZ\x90\0 program', 'latin1'),
    };
    await page.locator(FILES).setInputFiles([program, pdf('buono.pdf')]);
    await page.getByRole('button', { name: 'Trattieni prima' }).click();
    await page.getByRole('heading', { name: 'Il documento è un programma' }).waitFor();
    await page.getByAltText('Pagina 1 di 1 di buono.pdf').waitFor();
    await window.assertGood('upload-refused-it-phone');
    assert.deepEqual(
      [(await jobsOf('fattura.pdf')).length, (await jobsOf('buono.pdf'))[0]?.state],
      [0, 'pending-held'],
    );
    await page.getByRole('button', { name: 'Stampa ora' }).click();
    await page.getByText('Stampato', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Rimuovi fattura.pdf' }).click();
    assert.equal(await page.getByText('fattura.pdf').count(), 0);
    window.assertQuiet();
  });

  test('a job that ended says why in the reader’s language, and keeps the exact words folded away', async () => {
    const damaged = {
      name: 'rotto.pdf',
      mimeType: 'application/pdf',
      buffer: Buffer.from(`%PDF-1.7\n${'x'.repeat(3000)}`),
    };
    await using window = await browser.open(stage, { as: TESSA, language: 'it' });
    const { page } = window;
    await window.go('/jobs/new');
    await page.locator(FILES).setInputFiles([damaged]);
    await page.getByRole('button', { name: 'Trattieni prima' }).click();
    const title = it.errors['document-corrupt'].title;
    await page.getByRole('heading', { name: title }).waitFor();
    const [job] = await jobsOf('rotto.pdf');
    const problem = job?.problem as Row;
    assert.deepEqual([problem.code, problem.title], ['document-corrupt', en.errors['document-corrupt'].title]);
    await window.go(`/jobs/${job?.id}`);
    await page.getByRole('heading', { name: title }).waitFor();
    await page.getByText(it.errors['document-corrupt'].advice).waitFor();
    const words = page.getByText(String(problem.detail), { exact: true });
    assert.equal(await words.count(), 0);
    await page.getByRole('button', { name: 'Parole esatte, in inglese' }).click();
    await words.waitFor();
    assert.equal(await words.getAttribute('lang'), 'en');
    assert.equal(await page.getByText(it.web.jobs.previewLater).count(), 0, 'no picture is promised');
    await window.assertGood('job-problem-it');
    await using english = await browser.open(stage, { as: TESSA, width: 390 });
    await english.go(`/jobs/${job?.id}`);
    await english.page.getByRole('heading', { name: en.errors['document-corrupt'].title }).waitFor();
    await english.page.getByText(String(problem.detail), { exact: true }).waitFor();
    await english.assertGood('job-problem-en-phone');
  });

  test('an answer that gets lost makes no second job, and progress is shown on a slow line', async () => {
    await using window = await browser.open(stage, { as: TESSA });
    const { page } = window;
    await window.go('/jobs/new');
    let lost = 0;
    await page.route('**/api/v1/jobs', async (route) => {
      if (lost > 0) return await route.continue();
      lost += 1;
      const answer = await route.fetch();
      assert.equal(answer.status(), 201);
      await route.abort('connectionreset');
    });
    await page.locator(FILES).setInputFiles([pdf('once.pdf')]);
    await page.getByRole('button', { name: 'Print 1 document' }).click();
    await page.getByRole('heading', { name: 'Platen does not answer' }).waitFor();
    await page.getByRole('button', { name: 'Print 1 document' }).click();
    await page.getByText('Printed', { exact: true }).waitFor();
    assert.equal((await jobsOf('once.pdf')).length, 1);
    await page.unroute('**/api/v1/jobs');
    const line = await window.context.newCDPSession(page);
    const speed = { offline: false, latency: 0, downloadThroughput: -1 };
    await line.send('Network.emulateNetworkConditions', { ...speed, uploadThroughput: 200_000 });
    await page.locator(FILES).setInputFiles([pdf('slow.pdf', 1_500_000)]);
    await page.getByRole('button', { name: 'Print 1 document' }).click();
    await page.getByRole('progressbar', { name: 'Sending slow.pdf' }).waitFor();
    await page.getByText(/^\d{1,2}%: [\d.]+ (?:kB|MB) of 1\.5 MB$/).waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('Not sent yet').waitFor();
    assert.equal((await jobsOf('slow.pdf')).length, 0);
    await line.send('Network.emulateNetworkConditions', { ...speed, uploadThroughput: -1 });
    await page.getByRole('button', { name: 'Print 1 document' }).click();
    await eventually(async () => (await jobsOf('slow.pdf'))[0]?.state === 'completed');
  });

  test('documents are dropped too, and wait in a queue that holds', async () => {
    await stage.api('PATCH', `/queues/${stage.queueId}`, { mode: 'hold' });
    await using window = await browser.open(stage, { as: ADMINISTRATOR });
    const { page } = window;
    await window.go('/jobs');
    await page.getByRole('main').getByRole('link', { name: 'Print a document' }).click();
    await page.getByText('It waits until you release it').waitFor();
    const dataTransfer = await page.evaluateHandle(`(() => {
      const data = new DataTransfer();
      data.items.add(new File(['a note to print'], 'note.txt', { type: 'text/plain' }));
      return data;
    })()`);
    const zone = page.getByRole('region', { name: 'Drop documents here, or choose them' });
    await zone.dispatchEvent('drop', { dataTransfer });
    await page.getByRole('button', { name: 'Send 1 document' }).click();
    await page.getByText('Held', { exact: true }).waitFor();
    assert.deepEqual(
      (await jobsOf('note.txt')).map(({ state }) => state),
      ['pending-held'],
    );
    window.assertQuiet();
  });
});
