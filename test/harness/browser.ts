/**
 * Debian's Chromium with a fresh profile, driven by Playwright: windows in a language, a color scheme and a size. A
 * window collects what must not happen: errors on the console, uncaught errors, violations of the content policy.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { type BrowserContext, chromium, type Page, type Browser as PlaywrightBrowser } from 'playwright-core';
import type { Stage } from './stage.ts';

const PROGRAMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const OPTIONS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** For whatever is waited for on a page: generous, because machines that test are busy. */
export const PATIENCE_MS = 30_000;

export type WindowOptions = {
  readonly language?: 'en' | 'it';
  readonly scheme?: 'light' | 'dark';
  readonly width?: number;
  readonly height?: number;
  /** Who is signed in; nobody when absent. */
  readonly as?: { readonly email: string; readonly password: string };
};

export type Window = AsyncDisposable & {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Opens an address of the server. */
  go(path: string): Promise<void>;
  /** Fails with what went wrong in the window so far. */
  assertQuiet(): void;
  /** Fails with what axe finds on the page as it is now. */
  assertAccessible(): Promise<void>;
  /** Quiet, and accessible in light and in dark; keeps a picture of each. */
  assertGood(name: string): Promise<void>;
  /** Keeps a picture when `PLATEN_PICTURES` names a folder for them. */
  picture(name: string): Promise<void>;
};

export class Browser implements AsyncDisposable {
  readonly #browser: PlaywrightBrowser;
  constructor(browser: PlaywrightBrowser) {
    this.#browser = browser;
  }

  async open(stage: Stage, options: WindowOptions = {}): Promise<Window> {
    const { language = 'en', scheme = 'light', width = 1280, height = 900 } = options;
    const { url } = stage.node.process;
    const context = await this.#browser.newContext({
      locale: language === 'it' ? 'it-IT' : 'en-US',
      timezoneId: 'Europe/Rome',
      colorScheme: scheme,
      viewport: { width, height },
      reducedMotion: 'reduce',
      // The practice tenant signs its certificates itself.
      ignoreHTTPSErrors: true,
    });
    context.setDefaultTimeout(PATIENCE_MS);
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: url });
    if (options.as !== undefined) await signIn(context, url, options.as);
    const page = await context.newPage();
    const faults = watch(page);
    return {
      page,
      context,
      async go(path) {
        await page.goto(new URL(path, url).href);
      },
      assertQuiet: () => assert.deepEqual(faults, []),
      assertAccessible: () => assertAccessible(page),
      async assertGood(name) {
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme });
          await page.locator(`html[data-mantine-color-scheme="${colorScheme}"]`).waitFor();
          await assertAccessible(page);
          await keepPicture(page, `${name}-${colorScheme}`);
        }
        assert.deepEqual(faults, []);
      },
      picture: (name) => keepPicture(page, name),
      async [Symbol.asyncDispose]() {
        // A question that a test answers itself may be on its way while its window is closed.
        for (const open of context.pages()) await open.unrouteAll({ behavior: 'ignoreErrors' });
        await context.close();
      },
    };
  }

  /** A page of its own, of no server. */
  async openBlank(html: string): Promise<AsyncDisposable & { readonly page: Page }> {
    const context = await this.#browser.newContext();
    const page = await context.newPage();
    await page.setContent(html);
    return { page, [Symbol.asyncDispose]: () => context.close() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}

export async function openBrowser(): Promise<Browser> {
  const executablePath = PROGRAMS.find((program) => existsSync(program));
  if (executablePath === undefined) throw new Error(`no browser: ${PROGRAMS.join(', ')}`);
  return new Browser(await chromium.launch({ executablePath, args: OPTIONS, headless: true, chromiumSandbox: false }));
}

async function signIn(context: BrowserContext, url: string, data: NonNullable<WindowOptions['as']>): Promise<void> {
  const answer = await context.request.post(`${url}/api/v1/sessions`, { data, headers: { origin: url } });
  if (!answer.ok()) throw new Error(`signing in was answered with ${answer.status()}: ${await answer.text()}`);
}

function watch(page: Page): string[] {
  const faults: string[] = [];
  page.on('console', (message) => {
    // What the server refuses is the page's business, and shown there.
    const isRefusal = /^Failed to load resource: the server responded with a status of 4\d\d/.test(message.text());
    if (message.type() === 'error' && !isRefusal) faults.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`uncaught: ${error.stack ?? error.message}`));
  return faults;
}

async function assertAccessible(page: Page): Promise<void> {
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const { violations } = await new AxeBuilder({ page }).withTags(tags).setLegacyMode(true).analyze();
  const found = violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${help}\n  ${html.slice(0, 300)}\n  ${failureSummary ?? ''}`),
  );
  assert.deepEqual(found, [], page.url());
}

/** The narrowest that WCAG 1.4.10 asks for, which is also 1280 at a zoom of 400 %. */
const NARROWEST = 320;

/** No text is cut there and nothing goes on beside the window; the window is as wide as before afterwards. */
export async function assertFits(page: Page, name: string): Promise<void> {
  const size = page.viewportSize() ?? { width: NARROWEST, height: 900 };
  await page.setViewportSize({ ...size, width: NARROWEST });
  const look = async () => (await page.evaluate(WHAT_IS_CUT)) as string[];
  const deadline = Date.now() + PATIENCE_MS / 6;
  let found = await look();
  // What changes with the width is drawn a moment later.
  while (found.length > 0 && Date.now() < deadline) {
    await page.evaluate('new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))');
    found = await look();
  }
  await keepPicture(page, `${name}-${NARROWEST}`);
  await page.setViewportSize(size);
  assert.deepEqual(found, [], `${page.url()} at ${NARROWEST} px`);
}

/**
 * A box is cut when it hides what does not fit into it. What is for screen readers alone is as small as a dot. Names that
 * strangers gave, as those of files, are as long as they like: they are cut on purpose, and their page shows them whole.
 */
const WHAT_IS_CUT = `(() => {
  const found = [];
  const root = document.documentElement;
  if (root.scrollWidth > innerWidth) found.push('the page is ' + root.scrollWidth + ' wide');
  for (const box of document.body.querySelectorAll('*')) {
    if (box.clientWidth < 2 || box.scrollWidth <= box.clientWidth + 1 || box.closest('svg, [aria-hidden="true"], .cut')) continue;
    const { overflowX, visibility } = getComputedStyle(box);
    if (visibility === 'hidden' || overflowX === 'visible' || box.innerText.trim() === '') continue;
    const inside = box.scrollWidth + ' in ' + box.clientWidth;
    found.push(box.tagName + '.' + box.className + ' ' + overflowX + ' (' + inside + '): ' + box.innerText.slice(0, 80));
  }
  return found;
})()`;

async function keepPicture(page: Page, name: string): Promise<void> {
  const folder = process.env.PLATEN_PICTURES;
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
