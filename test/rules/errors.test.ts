import assert from 'node:assert/strict';
import { test } from 'node:test';
import en from '../../locales/en.json' with { type: 'json' };
import it from '../../locales/it.json' with { type: 'json' };
import { hasText, LANGUAGES } from '../../locales/locales.ts';
import { ERRORS } from '../../server/base/errors.ts';
import { readSources, readText } from './sources.ts';

const codes = Object.keys(ERRORS);

test('each error code has a title and advice in both languages', () => {
  const missing = codes.flatMap((code) =>
    LANGUAGES.flatMap((language) =>
      ['title', 'advice']
        .filter((part) => !hasText(language, `errors.${code}.${part}`))
        .map((part) => `${language} ${code}.${part}`),
    ),
  );
  assert.deepEqual(missing, []);
});

test('each error code has its anchor in docs/errors.md, and no anchor is stale', () => {
  const anchors = [...readText('docs/errors.md').matchAll(/^### `([a-z0-9-]+)`$/gm)].map((match) => match[1]);
  assert.deepEqual([...anchors].sort(), [...codes].sort());
});

test('each error code is used', async () => {
  const sources = await readSources('{server,cli}/**/*.ts');
  const text = sources
    .filter((source) => !source.isTest && source.path !== 'server/base/errors.ts')
    .map((source) => source.text)
    .join('\n');
  assert.deepEqual(
    codes.filter((code) => !text.includes(`'${code}'`)),
    [],
  );
});

test('both languages have the same texts, and each text the same values', () => {
  const [english, italian] = [flatten(en), flatten(it)];
  assert.deepEqual([...english.keys()].sort(), [...italian.keys()].sort());
  const valuesOf = (text: string) => [...text.matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map((match) => match[1]).sort();
  const different = [...english].filter(
    ([key, text]) => valuesOf(text).join() !== valuesOf(italian.get(key) ?? '').join(),
  );
  assert.deepEqual(
    different.map(([key]) => key),
    [],
  );
});

test('no text is empty or the same in both languages by oversight', () => {
  const [english, italian] = [flatten(en), flatten(it)];
  // Proper names, codes and words that both languages share.
  const same = [...english].filter(([key, text]) => text.length > 40 && italian.get(key) === text).map(([key]) => key);
  assert.deepEqual(same, []);
  assert.deepEqual(
    [...english, ...italian].filter(([, text]) => text.trim() === '').map(([key]) => key),
    [],
  );
});

function flatten(texts: object, prefix = ''): Map<string, string> {
  const flat = new Map<string, string>();
  for (const [key, value] of Object.entries(texts)) {
    if (typeof value === 'string') flat.set(prefix + key, value);
    else for (const [inner, text] of flatten(value as object, `${prefix}${key}.`)) flat.set(inner, text);
  }
  return flat;
}
