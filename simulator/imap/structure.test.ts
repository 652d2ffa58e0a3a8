import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeFolderName, encodeFolderName, formatSet, parseSet, quote, resolveSet, tokenize } from './grammar.ts';
import { bodyStructure, envelope, findPart, parseMessage } from './structure.ts';

function mail(...lines: string[]): Buffer {
  return Buffer.from(lines.join('\r\n'), 'latin1');
}

function envelopeOf(...lines: string[]): string {
  return envelope(parseMessage(mail(...lines, '', '')));
}

test('an envelope names names, groups of addresses and the sender that is not given', () => {
  assert.equal(
    envelopeOf('From: "Doe, \\"J\\"" <j@a.example>', 'To: b@c.example (Bob), Carl <carl>', 'Subject: a "b"'),
    '(NIL "a \\"b\\"" (("Doe, \\"J\\"" NIL "j" "a.example")) (("Doe, \\"J\\"" NIL "j" "a.example")) ' +
      '(("Doe, \\"J\\"" NIL "j" "a.example")) (("Bob" NIL "b" "c.example")("Carl" NIL "carl" NIL)) NIL NIL NIL NIL)',
  );
});

test('an envelope without any header is all NIL', () => {
  assert.equal(envelopeOf(''), '(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)');
});

test('a folded header is one line, and bytes above ASCII become a literal', () => {
  assert.match(envelopeOf('Subject: long', '\tand folded'), /^\(NIL "long\tand folded"/);
  assert.match(envelopeOf('Subject: Gr\xf6\xdfe'), /^\(NIL \{5\}\r\nGr\xf6\xdfe /);
});

test('a message in a message has its own envelope, structure and parts', () => {
  const bytes = mail(
    'Content-Type: multipart/mixed; boundary=a',
    '',
    '--a',
    '',
    'text',
    '--a',
    'Content-Type: message/rfc822',
    '',
    'Subject: inner',
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    'Content-Type: application/pdf',
    '',
    '%PDF',
    '--b--',
    '--a--',
    '',
  );
  const root = parseMessage(bytes);
  const text = (...numbers: number[]): string | undefined => {
    const part = findPart(root, numbers);
    return part && bytes.toString('latin1', part.bodyStart, part.end);
  };
  assert.equal(text(1), 'text');
  assert.equal(text(2, 1), '%PDF');
  assert.equal(text(3), undefined);
  assert.equal(text(1, 1), undefined);
  assert.match(
    bodyStructure(bytes, root, 'BODY'),
    /^\(\("TEXT" "PLAIN" NIL NIL NIL "7BIT" 4 0\)\("MESSAGE" "RFC822" NIL NIL NIL "7BIT" \d+ \(NIL "inner" .*\) \(\("APPLICATION" "PDF" NIL NIL NIL "7BIT" 4\) "MIXED"\) \d+\) "MIXED"\)$/,
  );
});

test('broken structures are taken as far as they go', () => {
  const unclosed = mail('Content-Type: multipart/mixed; boundary=a', '', '--a', '', 'one', '--ab', '--a', '', 'two');
  assert.equal(parseMessage(unclosed).children.length, 2);
  assert.equal(parseMessage(mail('Content-Type: multipart/mixed', '', 'x')).children.length, 0);
  assert.equal(parseMessage(mail('Content-Type: nonsense', '', 'x')).subtype, 'plain');
  assert.equal(parseMessage(Buffer.alloc(0)).end, 0);
});

test('ten thousand parts and a hundred levels are read in bounded time', () => {
  const many = mail(
    'Content-Type: multipart/mixed; boundary=a',
    '',
    ...Array.from({ length: 10_000 }, () => '--a\r\n\r\nx'),
  );
  assert.ok(parseMessage(many).children.length <= 1000);
  const level = (index: number): string => `Content-Type: multipart/mixed; boundary=b${index}\r\n\r\n--b${index}`;
  const deep = mail(...Array.from({ length: 100 }, (_, index) => level(index)), '', 'x');
  assert.ok(bodyStructure(deep, parseMessage(deep), 'BODYSTRUCTURE').length > 0);
});

test('a command is cut into atoms, strings, lists and literals', () => {
  const tokens = tokenize([
    { text: 'FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (TO "C C")]<0.9>) "a \\"b\\"" ', literal: Buffer.from('x y') },
    { text: ' ()' },
  ]);
  assert.deepEqual(tokens, [
    { kind: 'atom', text: 'FETCH' },
    { kind: 'atom', text: '1:*' },
    {
      kind: 'list',
      items: [
        { kind: 'atom', text: 'FLAGS' },
        { kind: 'atom', text: 'BODY.PEEK[HEADER.FIELDS (TO "C C")]<0.9>' },
      ],
    },
    { kind: 'string', bytes: Buffer.from('a "b"') },
    { kind: 'string', bytes: Buffer.from('x y') },
    { kind: 'list', items: [] },
  ]);
  for (const wrong of ['(', ')', '"a', 'a[b', '('.repeat(30)]) assert.throws(() => tokenize([{ text: wrong }]), wrong);
});

test('sets are read, resolved and written', () => {
  assert.deepEqual(resolveSet(parseSet('3:1,7,*,9:*'), 5), [
    { from: 1, to: 3 },
    { from: 7, to: 7 },
    { from: 5, to: 5 },
    { from: 5, to: 9 },
  ]);
  assert.equal(formatSet([1, 2, 3, 5, 7, 8]), '1:3,5,7:8');
  assert.equal(formatSet([]), '');
  for (const wrong of ['', '0', '1:', '1,,2', 'a', '99999999999', '4294967296'])
    assert.throws(() => parseSet(wrong), wrong);
});

test('folder names travel in modified UTF-7', () => {
  for (const [name, wire] of [
    ['Entwürfe & mehr', 'Entw&APw-rfe &- mehr'],
    ['日本/x', '&ZeVnLA-/x'],
    ['😀', '&2D3eAA-'],
  ] as const) {
    assert.equal(encodeFolderName(name), wire);
    assert.equal(decodeFolderName(wire), name);
  }
});

test('a string that cannot be quoted is sent as a literal', () => {
  assert.equal(quote('a"b\\'), '"a\\"b\\\\"');
  assert.equal(quote('a\r\nb'), '{4}\r\na\r\nb');
});
