import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columnsOf, cut, plain, plainJson } from './plain.ts';

test('nothing that a terminal would obey is left in a line', () => {
  const hostile = 'a\u001b[2Jb\u009b31mc\u0007d\u202ee\u2066f\u200fg\r\nh\ti\u2028j\0k\u007fl';
  const harmless = plain(hostile);
  assert.equal(harmless, 'a\\u001b[2Jb\\u009b31mc\\u0007d\\u202ee\\u2066f\\u200fg h i j\\u0000k\\u007fl');
  assert.doesNotMatch(harmless, /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
});

test('ordinary text of any language stays as it is', () => {
  const text = 'Perché no? “Ünïcode” 日本語 עברית 🖨️ — x';
  assert.equal(plain(text), text);
});

test('JSON holds every unsafe character escaped and reads back as it was', () => {
  const value = { subject: 'a\u001b]0;x\u0007\u009b1m\u202e\u2028\n', list: [1, { deep: '\u007f' }] };
  for (const indent of [undefined, 2]) {
    const text = plainJson(value, indent);
    assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\u2028\u202a-\u202e]/u);
    assert.deepEqual(JSON.parse(text), value);
  }
});

test('wide characters take two columns, marks on a letter none', () => {
  assert.equal(columnsOf('abc'), 3);
  assert.equal(columnsOf('日本'), 4);
  assert.equal(columnsOf('e\u0301'), 1);
  assert.equal(columnsOf('🖨️🚀'), 3 + (columnsOf('🖨️') - 1));
});

test('a line is cut to its columns, never in the middle of a character', () => {
  assert.equal(cut('abcdef', 6), 'abcdef');
  assert.equal(cut('abcdefg', 6), 'abcde…');
  assert.equal(cut('日本語日本語', 6), '日本…');
  assert.ok(columnsOf(cut('日本語日本語', 6)) <= 6);
});
