/** A fault on a screen, and whether it says all that it should. */
import assert from 'node:assert/strict';
import type { Locator, Page } from 'playwright-core';
import en from '../../locales/en.json' with { type: 'json' };
import it from '../../locales/it.json' with { type: 'json' };

export type ScreenLanguage = 'en' | 'it';
type Texts = { readonly [key: string]: string | Texts };

const TEXTS: Readonly<Record<ScreenLanguage, Texts>> = { en, it };

/** The text of a key such as `errors.too-busy.title`, as it stands in the file of the language. */
export function textOf(language: ScreenLanguage, key: string): string {
  let found: string | Texts | undefined = TEXTS[language];
  for (const name of key.split('.')) found = typeof found === 'object' ? found[name] : undefined;
  assert.equal(typeof found, 'string', `${language} has no text ${key}`);
  return found as string;
}

/** A text with whatever stands in its places. */
export function patternOf(language: ScreenLanguage, key: string): RegExp {
  const parts = textOf(language, key)
    .split(/\{\{[^}]*\}\}/)
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.+')}$`);
}

/** The faults on a page that have this title, the reference of which may be asked for too. */
export function findingOf(page: Page | Locator, title: RegExp | string, reference = ''): Locator {
  const exact = typeof title === 'string';
  return page
    .locator('.finding')
    .filter({ has: page.getByRole('heading', { name: title, ...(exact ? { exact } : {}) }) })
    .filter({ hasText: reference });
}

/**
 * What happened; since when; what to do; the other side's exact words; an id. In this order, and none is missing; the
 * words appear when they are asked for.
 */
export async function assertFiveParts(found: Locator, language: ScreenLanguage): Promise<void> {
  await found.waitFor();
  const [begun, whatToDo, said] = ['begun', 'whatToDo', 'otherSideSaid'].map((one) =>
    textOf(language, `web.label.${one}`),
  );
  const text = String(await found.textContent());
  const title = String(await found.getByRole('heading').first().textContent());
  const ids = await found.locator('.finding-id').allTextContents();
  assert.equal(ids.length, 1, `an id is missing: ${text}`);
  const parts = [title, begun, whatToDo, said, ids[0]].map((part) => String(part));
  assert.ok(parts.every((part) => part.trim() !== ''));
  const places = parts.map((part) => text.indexOf(part));
  assert.ok(
    places.every((place, at) => place >= 0 && place >= (places[at - 1] ?? 0)),
    `${places.join()}: ${text}`,
  );
  const words = found.locator('code.words');
  const before = await words.count();
  const opener = found.getByRole('button', { name: String(said), exact: true });
  await opener.click();
  assert.equal(await words.count(), before + 1, text);
  assert.notEqual(String(await words.last().textContent()).trim(), '');
  await opener.click();
}
