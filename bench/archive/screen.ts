/**
 * (i) What a person waits for in the browser when the database holds a million jobs: the first load with nothing kept, the
 * list of jobs until its first row is there, and each further page of it while it is scrolled; a code after OK, and a change
 * that somebody else makes.
 */
import { type Browser, openBrowser, type Window } from '../../test/harness/browser.ts';
import { ADMINISTRATOR } from '../../test/harness/stage.ts';
import { eventually } from '../../test/harness/time.ts';
import { medianOf } from '../figures.ts';
import { say, type World } from '../world.ts';

const LOADS = 10;
const SCROLLED_PAGES = 20;
const CODES = 5;
const CHANGES = 10;
const ROW = 'tr[data-row]';

export type ScreenFigures = {
  /** As it travels, with nothing in the cache of the browser. */
  readonly firstLoadKiB: number;
  readonly interactiveMs: number;
  /** From the call of the address to the first row. */
  readonly listMs: number;
  /** From the end of the rows that are there to the rows of the next hundred jobs. */
  readonly nextPageMs: number;
  /** From OK in the form of a connection to the code that Microsoft gave. */
  readonly codeMs: number;
  /** From the change of a device by somebody else to its new state in the list that is open. */
  readonly changeMs: number;
  /** Rows that the browser holds after `SCROLLED_PAGES` pages. */
  readonly drawnRows: number;
};

export async function measureScreen(world: World): Promise<ScreenFigures> {
  await using browser = await openBrowser();
  const first = await measureFirstLoad(world, browser);
  await using window = await browser.open(world.stage, { as: ADMINISTRATOR });
  const loads: number[] = [];
  for (let count = 0; count < LOADS; count += 1) {
    const startedAt = performance.now();
    await window.go('/jobs');
    await window.page.locator(ROW).first().waitFor();
    loads.push(performance.now() - startedAt);
  }
  const scrolled = await scroll(window);
  const codeMs = await measureCode(world, window);
  const changeMs = await measureChange(world, window);
  const figures = { ...first, listMs: medianOf(loads), ...scrolled, codeMs, changeMs };
  window.assertQuiet();
  say(`(i) on the screen: ${JSON.stringify(figures)}`);
  return figures;
}

async function measureFirstLoad(world: World, browser: Browser) {
  await using window = await browser.open(world.stage, { as: ADMINISTRATOR });
  const sizes: Promise<number>[] = [];
  window.page.on('requestfinished', (request) => {
    sizes.push(request.sizes().then(({ responseBodySize }) => responseBodySize));
  });
  await window.go('/');
  await window.page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  await window.page.waitForLoadState('networkidle').catch(() => undefined);
  const bytes = (await Promise.all(sizes)).reduce((sum, one) => sum + one, 0);
  const interactiveMs = await window.page.evaluate("performance.getEntriesByType('navigation')[0].domInteractive");
  return { firstLoadKiB: bytes / 1024, interactiveMs: Number(interactiveMs) };
}

/** Goes to the end of the list again and again; each time a further page is asked for. */
async function scroll({ page }: Window) {
  const times: number[] = [];
  for (let count = 0; count < SCROLLED_PAGES; count += 1) {
    const startedAt = performance.now();
    const answered = page.waitForResponse((response) => /\/api\/v1\/jobs\?.*cursor=/.test(response.url()));
    const before = await heightOf(page);
    await page.evaluate('window.scrollTo(0, document.body.scrollHeight)');
    await answered;
    await eventually(async () => (await heightOf(page)) > before, { what: 'the next page is drawn' });
    times.push(performance.now() - startedAt);
  }
  return { nextPageMs: medianOf(times), drawnRows: await page.locator(ROW).count() };
}

async function measureCode({ stage }: World, window: Window): Promise<number> {
  const { page } = window;
  const { tid, clientId } = stage.peers.practice;
  const times: number[] = [];
  for (let count = 0; count < CODES; count += 1) {
    await window.go('/settings/connections/new');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Title', { exact: true }).fill(`Timed ${count}`);
    await dialog.getByLabel('Client ID').fill(clientId);
    await dialog.getByRole('button', { name: 'Advanced' }).click();
    await dialog.getByRole('combobox', { name: 'Microsoft cloud' }).click();
    await page.getByRole('option', { name: 'practice' }).click();
    await dialog.getByLabel('Tenant ID').fill(tid);
    await dialog.getByText(`${tid}, practice`).waitFor();
    const startedAt = performance.now();
    await dialog.getByRole('button', { name: 'OK', exact: true }).click();
    await page.getByTestId('user-code').waitFor();
    times.push(performance.now() - startedAt);
  }
  return medianOf(times);
}

async function measureChange({ stage }: World, window: Window): Promise<number> {
  const { id } = await stage.api('POST', '/devices', { name: 'Timed copier', addresses: ['192.0.2.9'] });
  await window.go('/devices');
  const row = window.page.locator(ROW).filter({ hasText: 'Timed copier' });
  await row.getByText('May send').waitFor();
  const times: number[] = [];
  for (let count = 0; count < CHANGES; count += 1) {
    const enabled = count % 2 === 1;
    const startedAt = performance.now();
    await stage.api('PATCH', `/devices/${String(id)}`, { enabled });
    await row.getByText(enabled ? 'May send' : 'Switched off').waitFor();
    times.push(performance.now() - startedAt);
  }
  await stage.api('DELETE', `/devices/${String(id)}`);
  return medianOf(times);
}

async function heightOf(page: Window['page']): Promise<number> {
  return Number(await page.evaluate('document.body.scrollHeight'));
}
