import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LANGUAGES } from '../../locales/locales.ts';
import {
  averageOf,
  isTooHard,
  isTooLong,
  MOST_SIGNS,
  READING,
  textsToRead,
  withMeasures,
} from '../../setup/texts/measures.ts';
import { type Role, textsWithRoles } from '../../setup/texts/roles.ts';
import { readText } from './sources.ts';

test('no title, detail, advice or button is longer than its place, in both languages', () => {
  for (const language of LANGUAGES) {
    const texts = textsWithRoles(language);
    const count = (role: Role) => texts.filter((one) => one.role === role).length;
    // The patterns still find what they are for.
    assert.ok(count('title') > 150 && count('detail') > 200 && count('advice') > 300 && count('button') > 80);
    const long = texts.filter((one) => isTooLong(language, one));
    assert.deepEqual(
      long.map(({ key, shown }) => `${key} (${shown.length}): ${shown}`),
      [],
      language,
    );
  }
});

test('a text of exactly its most signs fits, and one of a sign more does not', () => {
  for (const language of LANGUAGES) {
    for (const [role, most] of Object.entries(MOST_SIGNS[language]) as [Role, number][]) {
      assert.equal(isTooLong(language, { role, shown: 'è'.repeat(most) }), false);
      assert.equal(isTooLong(language, { role, shown: 'è'.repeat(most + 1) }), true);
    }
  }
});

test('details and advice are easy to read, on average and each of them, in both languages', () => {
  for (const language of LANGUAGES) {
    const { of, isHarder, average } = READING[language];
    assert.equal(isHarder(averageOf(language), average), false, `${language}: ${averageOf(language)}`);
    const hard = textsToRead(language).filter(({ text }) => isTooHard(language, text));
    assert.deepEqual(
      hard.map(({ key, text }) => `${key} (${of(text).toFixed(1)}): ${text}`),
      [],
      language,
    );
  }
});

test('a text as officials write it is found to be too hard', () => {
  assert.equal(
    isTooHard(
      'en',
      'Authentication of the aforementioned application necessitates administrative authorization in accordance with organizational security regulations.',
    ),
    true,
  );
  assert.equal(
    isTooHard(
      'it',
      'L’autenticazione dell’applicazione summenzionata presuppone necessariamente l’autorizzazione amministrativa conformemente alle disposizioni organizzative.',
    ),
    true,
  );
});

test('the table of measures is as the texts and the way of a newcomer are; `npm run docs` writes it', () => {
  const page = readText('docs/performance.md');
  assert.match(page, /^\| 7 \|.*\n\| 8 \|/m);
  assert.ok(withMeasures(page) === page, 'run `npm run docs`');
  const way = '| set-up link to “connected” | 4 | 5 |\n| set-up link to “first page printed” | 9 | 10 |\n';
  const rows = withMeasures(`${way}| 1 | fields | 5 | ? | x |\n| 2 | clicks | 6 | ? | y |\n`);
  assert.equal(rows, `${way}| 1 | fields | 5 | 5 | x |\n| 2 | clicks | 6 | 4; 9 | y |\n`);
});
