/**
 * Takes the pictures of the guide. What differs from one run to the next (addresses of this machine, codes, moments) is
 * shown as a reader would meet it, for as long as the picture takes; and each label that the guide names beside a picture
 * must stand on the screen in that moment. Each screen must also fit on the narrowest phone, with no word cut.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import sharp from 'sharp';
import type { Language } from '../../../locales/locales.ts';
import { assertFits } from '../../harness/browser.ts';
import { fileOf, PICTURES, picturesOf, readGuide } from './pages.ts';

type Replacement = readonly [pattern: string, shown: string];

const MONTHS =
  'January|February|March|April|May|June|July|August|September|October|November|December|' +
  'gennaio|febbraio|marzo|aprile|maggio|giugno|luglio|agosto|settembre|ottobre|novembre|dicembre';

const SHOWN: Readonly<Record<Language, readonly Replacement[]>> = {
  en: [
    [`\\b(?:${MONTHS}) \\d{1,2}, \\d{4}(?: at \\d{1,2}:\\d{2}:\\d{2}\\s[AP]M)?`, 'November 23, 2026'],
    [`\\b\\d{1,2} (?:${MONTHS}) \\d{4}(?:,? \\d{1,2}:\\d{2})?`, '23 November 2026'],
    ['\\b\\d+ (?:second|minute)s? ago|^now$', '2 minutes ago'],
    ['\\b\\d+ at a time', '2 at a time'],
  ],
  it: [
    [`\\b\\d{1,2} (?:${MONTHS}) \\d{4}(?:,? (?:alle ore )?\\d{1,2}:\\d{2}(?::\\d{2})?)?`, '23 novembre 2026'],
    ['\\b\\d+ (?:secondi|secondo|minuti|minuto) fa|^ora$|^adesso$', '2 minuti fa'],
    ['\\b\\d+ alla volta', '2 alla volta'],
  ],
};

const ANYWHERE: readonly Replacement[] = [
  ['https://(?:127\\.0\\.0\\.1|localhost):\\d+/devicelogin', 'https://microsoft.com/devicelogin'],
  ['http://127\\.0\\.0\\.1:\\d+', 'https://print.example.org'],
  ['ipps?://(?:127\\.0\\.0\\.1|localhost):\\d+', 'ipp://192.0.2.10'],
  ['(?:127\\.0\\.0\\.1|localhost):\\d+', '192.0.2.10'],
  ['127\\.0\\.0\\.1', '192.0.2.10'],
  ['\\b1[45]:\\d{2}\\b', '14:30'],
  ['\\b\\d{1,2}:\\d{2}:\\d{2}(?:\\s[AP]M)?', '9:30:00'],
  ['\\b\\d{4} \\d{4}\\b', '2468 1357'],
  ['/printers/[0-9a-f-]{36}/', '/printers/2/'],
  ['/\\S*/platen-stage-\\w+', '/var/lib/platen'],
  ['\\bLinux \\d[\\w.-]+', 'Linux 6.12'],
  ['/(links|hand-over)#[\\w-]{20,}', '/$1#…'],
];

/** In the page: what is shown is changed, or brought back; both ways it answers nothing. */
const EXCHANGE = `(replacements) => {
  const rules = replacements.map(([pattern, shown]) => [new RegExp(pattern, 'g'), shown]);
  const change = (text) => rules.reduce((now, [pattern, shown]) => now.replace(pattern, shown), text);
  const undo = [];
  let shown = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const before = node.data;
    const code = node.parentElement?.closest('[data-testid="user-code"], [data-testid="device-password"]');
    const example = code?.dataset.testid === 'user-code' ? 'GJKW4PTR8' : 'quiet-harbour-42-lamp';
    const after = code === null || code === undefined ? change(before) : example.slice(shown, shown + before.length);
    if (code) shown += before.length;
    if (after === before) continue;
    undo.push(() => { node.data = before; });
    node.data = after;
  }
  for (const field of document.querySelectorAll('input, textarea')) {
    const before = field.value;
    const after = change(before);
    if (after === before) continue;
    undo.push(() => { field.value = before; });
    field.value = after;
  }
  window.showAsItIs = () => { for (const one of undo) one(); };
}`;

/** In the page: every text that can be seen or is read aloud, one after the other. */
const READ = `(() => {
  const words = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT);
  for (let at = walker.nextNode(); at !== null; at = walker.nextNode()) {
    if (at.getClientRects().length === 0) continue;
    for (const name of ['aria-label', 'placeholder', 'title', 'alt']) words.push(at.getAttribute(name) ?? '');
    if (at.children.length === 0 || [...at.childNodes].some(({ nodeType }) => nodeType === 3)) words.push(at.textContent);
  }
  return words.join('\\n').replaceAll(/[ \\u00a0\\u202f]+/g, ' ');
})()`;

export type Shot = {
  /** How much of the window is taken, from its top; a dialog is taken whole and alone. */
  readonly height?: number;
  /** A part of the page that is taken alone. */
  readonly part?: Locator;
};

const HEIGHT = 700;

export class Camera {
  readonly taken: string[] = [];
  readonly #language: Language;
  readonly #folder: string;
  readonly #labels: ReadonlyMap<string, readonly string[]>;

  constructor(language: Language, folder: string) {
    this.#language = language;
    this.#folder = folder;
    const blocks = readGuide(language).flatMap((page) => page.blocks);
    this.#labels = new Map(
      blocks.flatMap(({ labels, pictures }) => pictures.map(({ name }) => [name, labels] as const)),
    );
  }

  async take(page: Page, name: string, shot: Shot = {}): Promise<void> {
    this.taken.push(name);
    await page.locator('.mantine-Skeleton-root').first().waitFor({ state: 'detached' });
    const words = String(await page.evaluate(READ));
    for (const label of this.#labels.get(name) ?? []) {
      assert.ok(words.includes(label), `the guide names “${label}” beside ${name}, but the screen shows:\n${words}`);
    }
    const replacements = [...SHOWN[this.#language], ...ANYWHERE];
    await page.evaluate(`(${EXCHANGE})(${JSON.stringify(replacements)})`);
    const image = await this.#photograph(page, shot);
    await page.evaluate('window.showAsItIs()');
    await assertFits(page, name);
    const file = join(this.#folder, fileOf(name, this.#language));
    if (this.#folder !== PICTURES) return await writeFile(file, image);
    // Small for the repository: most of a screen is a few flat colors.
    const small = sharp(image).png({ palette: true, colors: 48, effort: 8, compressionLevel: 9 });
    await small.toFile(file);
  }

  async #photograph(page: Page, { height = HEIGHT, part }: Shot): Promise<Buffer> {
    const options = { animations: 'disabled', caret: 'hide' } as const;
    const dialog = page.getByRole('dialog');
    const alone = part ?? ((await dialog.count()) === 1 ? dialog : undefined);
    if (alone !== undefined) return await alone.screenshot(options);
    await page.evaluate('scrollTo(0, 0)');
    const { width = 0 } = page.viewportSize() ?? {};
    return await page.screenshot({ ...options, clip: { x: 0, y: 0, width, height } });
  }
}

/** The pictures that the guide names in a language, each once. */
export function namedPictures(language: Language): string[] {
  return [...new Set(picturesOf(readGuide(language)).map(({ name }) => name))].sort();
}
