import assert from 'node:assert/strict';
import { test } from 'node:test';
import { languageOf } from './language.ts';

const of = (content?: string, accept?: string) =>
  languageOf({
    fields: new Map([
      ...(content === undefined ? [] : [['content-language', [content]] as const]),
      ...(accept === undefined ? [] : [['accept-language', [accept]] as const]),
    ]),
  } as never);

test('the language of a sender is what the mail program says', () => {
  assert.equal(of('it-IT'), 'it');
  assert.equal(of('en-US, it-IT'), 'en');
  assert.equal(of('de-DE', 'de-DE, it-IT;q=0.5, en-US;q=0.8'), 'en', 'what is read best of what Platen speaks');
  assert.equal(of(undefined, 'it-IT, en-US'), 'it', 'as Outlook writes it');
  assert.equal(of('IT'), 'it');
});

test('what is no language, or none of Platen, says nothing', () => {
  for (const words of ['', 'de-DE', 'italian', 'it_IT', 'it;q=0', 'en"><b>', 'x'.repeat(100_000), ', ,', 'i t']) {
    assert.equal(of(words), undefined, words.slice(0, 40));
  }
  assert.equal(of(`${'de,'.repeat(40)}it`), undefined, 'beyond what is read');
});
