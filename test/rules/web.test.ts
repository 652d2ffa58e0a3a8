import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import en from '../../locales/en.json' with { type: 'json' };
import { describeApi } from '../../setup/web/describe.ts';
import { FIRST_TEXTS } from '../../web/app/first-texts.ts';
import { ROOT, readSources, readText } from './sources.ts';

const sources = (await readSources('web/**/*.{ts,tsx}')).filter(({ path }) => !path.startsWith('web/dist'));
const screens = sources.filter(({ path }) => path !== 'web/api/schema.ts' && path !== 'web/vite.config.ts');

test('the web interface has right types', () => {
  const { status, stdout } = spawnSync(join(ROOT, 'node_modules', '.bin', 'tsc'), ['-p', 'web'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stdout);
});

test('web/ imports only web/, locales/ and packages', () => {
  const wrong = screens.flatMap(({ path, imports }) =>
    imports
      .filter((target) => /^(server|cli|simulator|setup|test|bench)\//.test(target))
      .map((target) => `${path} ${target}`),
  );
  assert.deepEqual(wrong, []);
});

test('web/api/schema.ts is what the server describes; `npm run docs` writes it', async () => {
  const plain = (text: string) => text.replace(/[\s;,'"()|]+/g, '');
  assert.ok(plain(readText('web/api/schema.ts')) === plain(await describeApi()), 'run `npm run docs`');
});

test('no text of the web interface stands outside locales/', () => {
  const inMarkup = />\s*([^<>{}]*\p{L}{2,}[^<>{}]*?)\s*<\//gu;
  const inAttribute = /\b(?:label|title|placeholder|aria-label|alt|description)="([^"]*\p{L}{2,}[^"]*)"/gu;
  const found = screens
    .filter(({ path }) => path.endsWith('.tsx'))
    .flatMap(({ path, text }) => {
      const markup = text.replaceAll(/=>|\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      return [...markup.matchAll(inMarkup), ...markup.matchAll(inAttribute)]
        .map((match) => (match[1] ?? '').trim())
        .filter((words) => !/[;=()]/.test(words))
        .map((words) => `${path}: ${words}`);
    });
  assert.deepEqual(found, []);
});

test('each text that the web interface names is there, and each that is there is named', () => {
  const keys = [...flatten(en.web)].map((key) => key.replace(/_(?:one|other)$/, ''));
  const all = screens.map(({ text }) => text).join('\n');
  const named = [...all.matchAll(/['"`]([a-z]\w*(?:\.[\w-]+)+)['"`]/g)].map((match) => match[1] ?? '');
  // `state.${word}` stands for every text below `state`.
  const beginnings = [...all.matchAll(/`([a-z]\w*(?:\.[\w-]+)*\.)\$\{/g)].map((match) => match[1] ?? '');
  const called = [...all.matchAll(/\bt\(\s*'([\w.-]+)'/g)].map((match) => match[1] ?? '');
  assert.ok(called.length > 20, 'the pattern finds calls');
  assert.deepEqual(
    called.filter((key) => !keys.includes(key)),
    [],
    'missing',
  );
  assert.deepEqual(
    keys.filter((key) => !named.includes(key) && !beginnings.some((beginning) => key.startsWith(beginning))),
    [],
    'unused',
  );
});

test('the first page speaks only with the texts that come with it', () => {
  const first = screens.filter(
    ({ path }) => /^web\/(?:app|frame|ui|overview)\//.test(path) && path !== 'web/app/screens.ts',
  );
  const sections = first.flatMap(({ path, text }) =>
    [...text.matchAll(/['"`]([a-z]\w*)\.[\w$]/g)]
      .map((match) => match[1] ?? '')
      .filter((section) => section in en.web && !FIRST_TEXTS.includes(section))
      .map((section) => `${path} ${section}`),
  );
  assert.ok(first.length > 20, 'the pattern finds the files');
  assert.deepEqual(sections, []);
  assert.deepEqual(
    FIRST_TEXTS.filter((section) => !(section in en.web)),
    [],
  );
});

test('the Italian texts of the web interface avoid the words that the glossary warns of', () => {
  // The texts alone: a key may be a state of IPP.
  const text = valuesOf(JSON.parse(readText('locales/it.json')).web).join('\n');
  const warned = /Offerte di lavoro|Risparmi|\bID cliente|inquilino|posta uscente|\bSettaggi|\bpending\b|perchè|\bE'|'/;
  assert.doesNotMatch(text, warned);
});

test('an apostrophe in a text is the one of print, not the one of a typewriter', () => {
  const texts = ['en', 'it'].flatMap((language) => valuesOf(JSON.parse(readText(`locales/${language}.json`))));
  assert.deepEqual(
    texts.filter((text) => /\p{L}'[\p{L}{]/u.test(text)),
    [],
  );
});

function valuesOf(texts: object): string[] {
  return Object.values(texts).flatMap((value) => (typeof value === 'string' ? [value] : valuesOf(value as object)));
}

function* flatten(texts: object, prefix = ''): Generator<string> {
  for (const [key, value] of Object.entries(texts)) {
    if (typeof value === 'string') yield prefix + key;
    else yield* flatten(value as object, `${prefix}${key}.`);
  }
}
