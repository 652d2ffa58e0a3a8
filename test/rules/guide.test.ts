import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import en from '../../locales/en.json' with { type: 'json' };
import it from '../../locales/it.json' with { type: 'json' };
import { LANGUAGES } from '../../locales/locales.ts';
import { anchorOf } from '../../server/http/pages/markdown.ts';
import { DOCS, FOLDERS, fileOf, type GuidePage, PICTURES, picturesOf, readGuide } from '../web/guide/pages.ts';
import { readSources } from './sources.ts';

const MAX_BYTES = 3 * 1024 * 1024;
const guide = { en: readGuide('en'), it: readGuide('it') };

/** What a page is made of, without its words. */
const shapeOf = ({ file, headings, blocks }: GuidePage) => ({
  file,
  headings: headings.length,
  blocks: blocks.map(({ isStep, pictures }) => [isStep ? 'step' : 'text', ...pictures.map(({ name }) => name)]),
});

test('each page of the guide is there in both languages, with the same steps and pictures', () => {
  assert.ok(guide.en.length > 10);
  assert.deepEqual(guide.it.map(shapeOf), guide.en.map(shapeOf));
});

test('each picture that the guide names is there, in its language, says in words what it shows, and none is left over', () => {
  const named = LANGUAGES.flatMap((language) =>
    picturesOf(guide[language]).map(({ name, target, alt }) => {
      const place = resolve(DOCS, FOLDERS[language], target);
      assert.equal(place, join(PICTURES, fileOf(name, language)), target);
      assert.ok(existsSync(place), `${target}: take it with npm run docs:pictures`);
      assert.ok(alt.split(' ').length > 1, `${target} has no words`);
      return fileOf(name, language);
    }),
  );
  const files = readdirSync(PICTURES);
  assert.deepEqual(files.sort(), [...new Set(named)].sort());
  const bytes = files.reduce((sum, file) => sum + statSync(join(PICTURES, file)).size, 0);
  assert.ok(bytes <= MAX_BYTES, `${bytes} bytes of pictures`);
});

test('each picture of the guide is taken by the walk that npm test makes', async () => {
  const walk = (await readSources('test/web/guide/*.ts')).map(({ text }) => text).join('\n');
  const taken = [...walk.matchAll(/camera\.take\([\w.]+, '([\w-]+)'/g)].map((match) => match[1]);
  const named = new Set(picturesOf(guide.en).map(({ name }) => name));
  assert.deepEqual(taken.sort(), [...named].sort());
});

test('each label that the guide prints in bold is a text of that language', () => {
  const texts = { en: new Set(textsOf(en)), it: new Set(textsOf(it)) };
  const wrong = LANGUAGES.flatMap((language) =>
    guide[language].flatMap(({ file, blocks }) =>
      blocks
        .flatMap(({ labels }) => labels)
        .filter((label) => !texts[language].has(label))
        .map((label) => `${FOLDERS[language]}/${file}: ${label}`),
    ),
  );
  assert.deepEqual(wrong, []);
});

test('each link inside the guide leads to a file that is there, and to a heading of it', () => {
  const wrong = LANGUAGES.flatMap((language) =>
    guide[language].flatMap(({ file, text }) => {
      const folder = join(DOCS, FOLDERS[language]);
      const links = [...text.matchAll(/(?<!!)\[[^\]]+\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '');
      return links
        .filter((link) => !/^https?:/.test(link) && !leads(folder, link))
        .map((link) => `${FOLDERS[language]}/${file}: ${link}`);
    }),
  );
  assert.deepEqual(wrong, []);
});

test('each page of the guide is linked from its first page', () => {
  for (const language of LANGUAGES) {
    const first = guide[language].find(({ file }) => file === 'README.md')?.text ?? '';
    const missing = guide[language].filter(({ file }) => file !== 'README.md' && !first.includes(`(${file})`));
    assert.deepEqual(
      missing.map(({ file }) => file),
      [],
    );
  }
});

function leads(folder: string, link: string): boolean {
  const [path = '', heading] = link.split('#');
  const place = resolve(folder, path);
  if (!existsSync(place)) return false;
  if (heading === undefined) return true;
  const headings = [...readFileSync(place, 'utf8').matchAll(/^#+ (.+)$/gm)].map((match) => match[1] ?? '');
  return headings.some((words) => anchorOf(words) === heading);
}

function textsOf(texts: object): string[] {
  return Object.values(texts).flatMap((value) => (typeof value === 'string' ? [value] : textsOf(value as object)));
}
