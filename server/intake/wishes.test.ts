import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LANGUAGES, textFor } from '../../locales/locales.ts';
import type { JobOptions } from '../jobs/jobs.ts';
import { intakeLimits } from './limits.ts';
import { joinWishes, readSubAddress, readSubject } from './wishes.ts';

const long = { sides: 'two-sided-long-edge' } as const;
const short = { sides: 'two-sided-short-edge' } as const;
const one = { sides: 'one-sided' } as const;
const mono = { color: 'monochrome' } as const;
const color = { color: 'color' } as const;
const a3 = { media: 'iso_a3_297x420mm' } as const;
const pages = (...ranges: (readonly [number, number])[]): JobOptions => ({
  pageRanges: ranges.map(([from, to]) => ({ from, to })),
});
const END = intakeLimits.maxPageNumber;

/** The words in the brackets, what they mean, and which of them are not understood. */
const TABLE: readonly (readonly [string, JobOptions, ...string[]])[] = [
  ['2 copies', { copies: 2 }],
  ['2 copie', { copies: 2 }],
  ['1 copy', { copies: 1 }],
  ['1 copia', { copies: 1 }],
  ['3x', { copies: 3 }],
  ['x3', { copies: 3 }],
  ['copies: 4', { copies: 4 }],
  ['copie=4', { copies: 4 }],
  ['0 copies', {}, '0 copies'],
  ['duplex', long],
  ['two-sided', long],
  ['Double sided', long],
  ['fronte-retro', long],
  ['fronte retro', long],
  ['FRONTE/RETRO', {}, 'FRONTE/RETRO'],
  ['f/r', long],
  ['lato lungo', long],
  ['short edge', short],
  ['fronte-retro lato corto', short],
  ['single-sided', one],
  ['solo fronte', one],
  ['b/w', mono],
  ['B&W', mono],
  ['black and white', mono],
  ['greyscale', mono],
  ['bianco e nero', mono],
  ['b/n', mono],
  ['scala di grigi', mono],
  ['colour', color],
  ['a colori', color],
  ['A3', a3],
  ['carta A3', a3],
  ['formato a3', a3],
  ['paper size A3', a3],
  ['a4', { media: 'iso_a4_210x297mm' }],
  ['letter', { media: 'na_letter_8.5x11in' }],
  ['legal', { media: 'na_legal_8.5x14in' }],
  ['A9', {}, 'A9'],
  ['pages 1-3', pages([1, 3])],
  ['pagine 1-3', pages([1, 3])],
  ['pag. 4', pages([4, 4])],
  ['p. 4', pages([4, 4])],
  ['page 4', pages([4, 4])],
  ['pages 1–3', pages([1, 3])],
  ['pages 1 to 3', pages([1, 3])],
  ['pagine da 1 a 3', pages([1, 3])],
  ['pages 2-', pages([2, END])],
  ['pages 1-3, 5, 7-9', pages([1, 3], [5, 5], [7, 9])],
  ['pages 1-3, 5, duplex', { ...pages([1, 3], [5, 5]), ...long }],
  ['pages 1-3, duplex, 5', { ...pages([1, 3]), ...long }, '5'],
  ['pages 1 and 3', pages([1, 1], [3, 3])],
  ['pagine 1 e 3', pages([1, 1], [3, 3])],
  ['pages 3-1', {}, 'pages 3-1'],
  ['pages 0-1', {}, 'pages 0-1'],
  ['pages 1-x', {}, 'pages 1-x'],
  ['staple', { finishings: ['staple'] }],
  ['punti metallici', { finishings: ['staple'] }],
  ['pinzato, forato', { finishings: ['staple', 'punch'] }],
  ['staple, staple', { finishings: ['staple'] }],
  ['no staples', { finishings: [] }],
  ['color, b/w', mono],
  ['2 copies; duplex', { copies: 2, ...long }],
  [
    '2 copies, duplex, b/w, pages 1-3, A3, staple',
    { copies: 2, ...long, ...mono, ...pages([1, 3]), ...a3, finishings: ['staple'] },
  ],
  [
    '2 copie, fronte-retro, bianco e nero, pagine 1-3, A3, punti metallici',
    { copies: 2, ...long, ...mono, ...pages([1, 3]), ...a3, finishings: ['staple'] },
  ],
  ['duplexx', {}, 'duplexx'],
  ['duplex, please, 2 copys', long, 'please', '2 copys'],
  ['constructor', {}, 'constructor'],
  ['', {}],
  [' , ;', {}],
];

test('words in brackets of the subject are understood in both languages, and others are told back', () => {
  for (const [words, options, ...unknown] of TABLE) {
    const wishes = readSubject(`the plan [${words}] of today`);
    assert.deepEqual(wishes.options, options, words);
    assert.deepEqual(
      wishes.ignored.map(({ word }) => word),
      unknown,
      words,
    );
  }
});

test('words outside of brackets and the tags of servers and lists are no wishes', () => {
  for (const subject of [
    '2 copies, duplex',
    '(duplex)',
    '[EXTERNAL] plan',
    '[Esterno]: plan',
    '[SPAM]',
    '[PRJ-12] x',
    '[#4]',
  ]) {
    assert.deepEqual(readSubject(subject), { options: {}, ignored: [] }, subject);
  }
  assert.deepEqual(readSubject('[EXTERNAL] Re: plan [2 copies] [A3]').options, { copies: 2, ...a3 });
  assert.deepEqual(readSubject('[duplex without an end'), { options: {}, ignored: [] });
});

test('copies by mail end at their limit, and more of them are not printed', () => {
  const most = intakeLimits.maxMailedCopies;
  assert.deepEqual(readSubject(`[${most} copies]`), { options: { copies: most }, ignored: [] });
  const word = `${most + 1} copies`;
  assert.deepEqual(readSubject(`[${word}]`), { options: {}, ignored: [{ word, reason: 'too-many-copies' }] });
});

test('pages, words, and the length of a subject have limits', () => {
  const list = (count: number) => Array.from({ length: count }, (_, index) => String(2 * index + 1)).join(' ');
  assert.equal(
    readSubject(`[pages ${list(intakeLimits.maxPageRanges)}]`).options.pageRanges?.length,
    intakeLimits.maxPageRanges,
  );
  assert.equal(readSubject(`[pages ${list(intakeLimits.maxPageRanges + 1)}]`).ignored[0]?.reason, 'bad-pages');
  assert.deepEqual(readSubject(`[page ${END}]`).options, pages([END, END]));
  assert.equal(readSubject(`[page ${END + 1}]`).ignored[0]?.reason, 'bad-pages');
  const duplexes = (count: number) => `[${Array.from({ length: count }, () => 'duplex').join(',')}]`;
  assert.deepEqual(readSubject(duplexes(intakeLimits.maxWishWords)).ignored, []);
  assert.deepEqual(readSubject(duplexes(intakeLimits.maxWishWords + 1)).ignored, [
    { word: 'duplex', reason: 'too-many-words' },
  ]);
  const filler = (length: number) => 'x'.repeat(length - '[A3]'.length);
  assert.deepEqual(readSubject(`${filler(intakeLimits.maxWishChars)}[A3]`).options, a3);
  assert.deepEqual(readSubject(`${filler(intakeLimits.maxWishChars + 1)}[A3]`).options, {});
  const [told] = readSubject(`[${'y'.repeat(200)}]`).ignored;
  assert.equal(told?.word.length, intakeLimits.maxShownWishChars);
});

test('pages of later ranges count against the limit together', () => {
  const more = Array.from({ length: 15 }, (_, index) => String(2 * index + 1)).join(', ');
  const { options, ignored } = readSubject(`[pages 1 3 5 7 9 11, ${more}]`);
  assert.equal(options.pageRanges?.length, intakeLimits.maxPageRanges);
  assert.deepEqual(ignored, [{ word: '29', reason: 'bad-pages' }]);
});

test('a subject made to be slow is read at once', () => {
  for (const subject of [
    `[${'1-'.repeat(5000)}]`,
    '['.repeat(10_000),
    `[${'a '.repeat(5000)}]`,
    `[pages ${'1 '.repeat(5000)}]`,
  ]) {
    const startedAt = performance.now();
    readSubject(subject);
    assert.ok(performance.now() - startedAt < 500, subject.slice(0, 10));
  }
});

const MAILBOX = 'Print@contoso.example';
const address = (...values: string[]) => readSubAddress(new Map([['to', values]]), MAILBOX);

test('words behind the plus of the address are understood as those of the subject', () => {
  assert.deepEqual(address('print+duplex@contoso.example').options, long);
  assert.deepEqual(address('"The printer" <Print+2copies.Duplex.bw@Contoso.example>, a@b.example').options, {
    copies: 2,
    ...long,
    ...mono,
  });
  assert.deepEqual(address('print+fronte-retro+a3@contoso.example').options, { ...long, ...a3 });
  assert.deepEqual(address('print+colori.pagine1-3@contoso.example').options, { ...color, ...pages([1, 3]) });
  assert.deepEqual(address('print+duplexx@contoso.example').ignored, [{ word: 'duplexx', reason: 'unknown' }]);
});

test('an address of somebody else says nothing about how to print', () => {
  for (const value of [
    'print@contoso.example',
    'blueprint+duplex@contoso.example',
    'print+duplex@contoso.example.org',
    'print+duplex@evil.example',
    'print+@contoso.example',
    `print+${'x'.repeat(65)}@contoso.example`,
  ]) {
    const wishes = address(value);
    assert.deepEqual(wishes.options, {}, value);
    assert.deepEqual(wishes.ignored, [], value);
  }
});

test('what the subject says wins over what the address says', () => {
  const both = joinWishes(address('print+duplex.5copies.foo@contoso.example'), readSubject('[2 copies, bar]'));
  assert.deepEqual(both.options, { ...long, copies: 2 });
  assert.deepEqual(
    both.ignored.map(({ word }) => word),
    ['foo', 'bar'],
  );
});

test('the words that the interface tells people to write are understood, and mean what it says', () => {
  const meant: Readonly<Record<string, JobOptions>> = {
    example: { copies: 2, ...long },
    'words.copies': { copies: 2 },
    'words.sides': long,
    'words.gray': mono,
    'words.pages': pages([1, 3]),
    'words.paper': a3,
    'words.staple': { finishings: ['staple'] },
  };
  for (const language of LANGUAGES) {
    for (const [key, options] of Object.entries(meant)) {
      const words = textFor(language, `web.mailTo.${key}`);
      assert.deepEqual(readSubject(`Plan ${words}`), { options, ignored: [] }, `${language}: ${words}`);
    }
  }
});
