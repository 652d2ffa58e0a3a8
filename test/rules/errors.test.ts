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
  const valuesOf = (text: string) => [...text.matchAll(/\{\{\s*([^}]*?)\s*\}\}/g)].map((match) => match[1]).sort();
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

test('each text outside the web interface, whose texts have a test of their own, is named somewhere', async () => {
  const sources = (await readSources('{server,cli,setup,locales}/**/*.ts')).filter(({ isTest }) => !isTest);
  const named = new Set(sources.flatMap(({ text }) => text.replaceAll('_', '').match(/[\w-]+/g) ?? []));
  // Commands are named by their words and reasons by printers; both have tests beside the command line.
  const byOthers = /^(?:web|cli\.(?:commands|reason))\.|^cli\.usage\.missing-/;
  const unused = [...flatten(en).keys()].filter((key) => {
    const last =
      key
        .replace(/_(?:one|other)$/, '')
        .split('.')
        .at(-1) ?? '';
    return !byOthers.test(key) && !named.has(last);
  });
  assert.ok(named.size > 2_000 && !named.has('nobody-names-this'), 'the pattern finds words');
  assert.deepEqual(unused, []);
});

test('the Italian texts avoid the words that the glossary warns of, outside the web interface too', () => {
  const italian = [...flatten(it)].map(([key, text]) => [
    key,
    text.replaceAll(/\{\{[^}]*\}\}|https?:\S+|\S*@\S*/g, ''),
  ]);
  const warned =
    /Offerte di lavoro|Impieghi|\bRisparmi|\bID (?:cliente|inquilino)|Tipi di conto|Permessi API|posta uscente|\bmailbox\b|\bSettaggi|\b[Ll]ogin\b|\bLog ?out\b|\b[Ff]allit[oaie]\b|\babortit|\bespirat|auto-rinnova|\b[Ee]mails?\b|\be-mails\b|\bRitent|\bUploada|\bDownloada|\bperiferic|perchè|poichè|finchè|\bE’ /;
  assert.match('Offerte di lavoro', warned);
  assert.deepEqual(
    italian.filter(([, text]) => warned.test(text ?? '')).map(([key, text]) => `${key}: ${text}`),
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
