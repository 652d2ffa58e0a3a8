import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countsOf, gradeOf, gulpeaseOf, syllablesOf } from './reading.ts';

test('syllables are those that a person counts', () => {
  const counted: Readonly<Record<number, string>> = {
    1: 'the it code file page made changed stopped watched large else prove reached signed they key queue ones least where',
    2: 'server access printer mailbox message account itself opened needed limit sided table passes pages create client quiet being someone something address settled',
    3: 'company policy document enabled disabled connection permission addresses registered media copier idea earlier repeated',
    4: 'application security authority automatic material everywhere recipient',
    5: 'administrator university authentication',
  };
  for (const [most, words] of Object.entries(counted)) {
    for (const word of words.split(' ')) assert.equal(syllablesOf(word), Number(most), word);
  }
});

test('an abbreviation without vowels is spelled, and the parts of a compound are counted apart', () => {
  assert.equal(syllablesOf('SMTP'), 4);
  assert.equal(syllablesOf('TLS'), 3);
  assert.equal(syllablesOf('IMAP'), 2);
  assert.equal(syllablesOf('sign-in'), 2);
  assert.equal(syllablesOf('Microsoft’s'), 3);
});

test('words, letters and sentences are counted as they are read', () => {
  const text = 'Open the mailbox {{mailbox}}. Is it full? Run Set-CASMailbox -Identity {{mailbox}} -ImapEnabled $true.';
  // Milano stands for the mailbox and for the command with all that it is given.
  assert.deepEqual(countsOf(text), { sentences: 3, words: 9, letters: 37, syllables: 13 });
  assert.deepEqual(countsOf('See https://contoso.example/a.b/c at 10:30.'), {
    sentences: 1,
    words: 3,
    letters: 11,
    syllables: 4,
  });
  const { syllables: _, ...italian } = countsOf('L’e-mail non parte. Perché?');
  assert.deepEqual(italian, { sentences: 2, words: 4, letters: 20 });
});

test('the English grade is that of the formula', () => {
  // 2 sentences, 12 words, 15 syllables: 0.39 × 6 + 11.8 × 1.25 − 15.59.
  const text = 'The printer does not answer. Look at its screen and its cable.';
  assert.deepEqual(countsOf(text), { sentences: 2, words: 12, letters: 49, syllables: 15 });
  assert.equal(gradeOf(text).toFixed(2), '1.50');
  assert.equal(gradeOf('Go.'), 0);
});

test('the Italian index is that of the formula', () => {
  // 1 sentence, 10 words, 51 letters: 89 + (300 − 510) ÷ 10.
  assert.equal(gulpeaseOf('La stampante non risponde perché manca la carta nel cassetto.'), 68);
  assert.equal(gulpeaseOf('Sì.'), 100);
});
