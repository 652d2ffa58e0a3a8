import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOwnStamp, makeStamp } from '../../base/hop-stamp.ts';
import { decodeHeaderText } from '../../protocols/mime/encoded-words.ts';
import { findHeaderEnd, quoteNames, readHeader, writeDate, writePhrase } from './fields.ts';
import { isMessageId, type Rewrite, rewriteHeader, valuesOf } from './rewrite.ts';

const plan: Rewrite = {
  sender: 'print@contoso.example',
  displayName: 'Copier',
  ownAddress: 'scanner@copier.local',
  ownAddressPlace: 'reply-to',
  messageId: '<one@contoso.example>',
  date: undefined,
  received: 'from copier',
  stamp: 'a stamp',
};

function rewritten(header: string, change: Partial<Rewrite> = {}): string[] {
  return rewriteHeader(readHeader(header), { ...plan, ...change })
    .replace(/\r\n /g, ' ')
    .split('\r\n');
}

const WHOLE = [
  'Date: Sun, 22 Nov 2026 10:00:00 +0100',
  'Message-ID: <one@contoso.example>',
  'To: ada@contoso.example',
  '',
].join('\r\n');

test('the sender of the server takes the place of From, and the own address goes where the device is told', () => {
  const message = `From: "Old" <old@copier.local>\r\n${WHOLE}`;
  const from = 'From: "Copier" <print@contoso.example>';
  assert.deepEqual(
    rewritten(message).filter((line) => /^(From|Reply-To):/.test(line)),
    [from, 'Reply-To: <scanner@copier.local>'],
  );
  assert.deepEqual(
    rewritten(message, { ownAddressPlace: 'display-name' }).filter((line) => /^(From|Reply-To):/.test(line)),
    ['From: "scanner@copier.local" <print@contoso.example>'],
  );
  assert.deepEqual(
    rewritten(message, { ownAddressPlace: 'nowhere', displayName: '' }).filter((line) =>
      /^(From|Reply-To):/.test(line),
    ),
    ['From: <print@contoso.example>'],
  );
});

test('a Reply-To that the device chose stays', () => {
  const lines = rewritten(`Reply-To: ada@contoso.example\r\n${WHOLE}`);
  assert.deepEqual(
    lines.filter((line) => line.startsWith('Reply-To')),
    ['Reply-To: ada@contoso.example'],
  );
});

test('fields that only one message may have once are there once', () => {
  const lines = rewritten(`From: a@b.example\r\nFROM: c@d.example\r\nmessage-id: <x@y>\r\n${WHOLE}`);
  for (const name of ['from', 'message-id', 'date', 'to']) {
    assert.equal(lines.filter((line) => line.toLowerCase().startsWith(`${name}:`)).length, 1, name);
  }
});

test('a field cannot hide behind blanks before its colon', () => {
  const lines = rewritten(`From : boss@contoso.example\r\nBcc\t: eve@contoso.example\r\n${WHOLE}`);
  assert.ok(!lines.join('\n').includes('boss@'));
  assert.ok(!lines.join('\n').includes('eve@'));
});

test('what a copier forgot is added', () => {
  const lines = rewritten('Subject: Scan\r\nContent-Type: text/plain\r\n', { date: 'Sun, 22 Nov 2026 10:00:00 +0000' });
  assert.deepEqual(lines, [
    'Received: from copier',
    'X-Platen-Hop: a stamp',
    'Subject: Scan',
    'Content-Type: text/plain',
    'From: "Copier" <print@contoso.example>',
    'Reply-To: <scanner@copier.local>',
    'To: undisclosed-recipients:;',
    'Date: Sun, 22 Nov 2026 10:00:00 +0000',
    'Message-ID: <one@contoso.example>',
    'MIME-Version: 1.0',
    '',
    '',
  ]);
});

test('a message with nothing but Bcc tells nobody who else got it', () => {
  const lines = rewritten('Bcc: ada@contoso.example,\r\n eve@contoso.example\r\nTo: \r\nCc: ,\r\nSubject: Scan\r\n');
  assert.ok(!lines.join('\n').includes('contoso.example,'));
  assert.ok(!lines.join('\n').includes('eve@'));
  assert.ok(lines.includes('To: undisclosed-recipients:;'));
});

test('a display name that looks like an address is put in quotation marks, and nothing else is touched', () => {
  const cases: readonly [string, string][] = [
    [' ada@contoso.example <ada@contoso.example>', ' "ada@contoso.example" <ada@contoso.example>'],
    [' Ada <ada@a.example>, b@b.example <b@b.example>', ' Ada <ada@a.example>, "b@b.example" <b@b.example>'],
    [' "a, b@c" <d@e.example>', ' "a, b@c" <d@e.example>'],
    [' Team: ada@a.example, b@b.example;', ' Team: ada@a.example, b@b.example;'],
    [' ada@a.example', ' ada@a.example'],
    [' =?utf-8?q?a=40b?= <c@d.example>', ' =?utf-8?q?a=40b?= <c@d.example>'],
    [' a@b <c@d.example', ' a@b <c@d.example'],
  ];
  for (const [written, quoted] of cases) assert.equal(quoteNames(written), quoted);
});

test('a header ends at the first line that is no field, and that line becomes text', () => {
  const text = 'Subject: a\r\nnot a field\r\nFrom: boss@contoso.example\r\n\r\nbody\r\n';
  const { fields, bodyAt } = readHeader(text);
  assert.deepEqual(
    fields.map(({ key }) => key),
    ['subject'],
  );
  assert.equal(text.slice(bodyAt), 'not a field\r\nFrom: boss@contoso.example\r\n\r\nbody\r\n');
});

test('a header may be empty, have no body, or begin with the line of a mailbox file', () => {
  assert.deepEqual(readHeader('\r\nbody'), { fields: [], bodyAt: 2 });
  assert.deepEqual(readHeader('Subject: a\r\n').bodyAt, 12);
  assert.deepEqual(readHeader(' folded first\r\n\r\n').bodyAt, 0);
  assert.deepEqual(
    readHeader('From ada@contoso.example Sun Nov 22\r\nSubject: a\r\n\r\n').fields.map(({ key }) => key),
    ['subject'],
  );
  assert.equal(findHeaderEnd(Buffer.from('\r\nbody')), 0);
  assert.equal(findHeaderEnd(Buffer.from('a: b\r\n\r\nbody')), 6);
  assert.equal(findHeaderEnd(Buffer.from('a: b\r\n')), -1);
});

test('a continuation of blanks alone does not stay in the header', () => {
  const header = readHeader('Subject: a\r\n \t\r\n b\r\n  \r\nTo: c@d.example\r\n');
  assert.deepEqual(valuesOf(header, 'subject'), ['a b']);
  assert.ok(!rewriteHeader(header, plan).includes('\r\n \t'));
});

test('a display name of any text is one field and reads as it was', () => {
  for (const name of [
    'Kopierer "Süd"',
    'a\r\nBcc: eve@contoso.example',
    'back\\slash "',
    '複合機 '.repeat(20).trim(),
    '',
  ]) {
    const phrase = writePhrase(name);
    assert.doesNotMatch(phrase, /\r\n(?! )|[^\x20-\x7e\r\n]/);
    if (phrase.startsWith('=?')) assert.equal(decodeHeaderText(phrase.replace(/\r\n /g, ' ')), name);
    for (const word of phrase.split('\r\n ')) assert.ok(!word.startsWith('=?') || word.length <= 75);
  }
});

test('headers of the worst shapes are read in time that grows with their length', () => {
  const worst = [
    '@'.repeat(250_000),
    '<'.repeat(250_000),
    ' @'.repeat(125_000),
    'a@b <'.repeat(50_000),
    ':'.repeat(250_000),
  ];
  for (const value of [...worst, '\r\n '.repeat(80_000), '\r\n x'.repeat(60_000)]) {
    const started = performance.now();
    rewriteHeader(readHeader(`To: ${value}\r\nCc: ${value}>\r\n${value}\r\n`), plan);
    assert.ok(performance.now() - started < 1000, value.slice(0, 10));
  }
});

test('a Message-ID counts only in the form that every server compares', () => {
  for (const good of ['<a@b>', '<1.2$3@x.example>']) assert.ok(isMessageId(good), good);
  for (const bad of ['', '<>', 'a@b', '<a>', '<a b@c>', '<a@b@c>', '<a@b> x', `<${'a'.repeat(500)}@b>`, '<ä@b>']) {
    assert.ok(!isMessageId(bad), bad);
  }
});

test('a stamp is known again, and not one of somebody else', () => {
  const ours = (text: string, purpose: string) => Buffer.from(`${purpose}${text}ours`).toString('hex').padEnd(64, '0');
  const theirs = () => 'f'.repeat(64);
  const id = '01890000-0000-7000-8000-000000000000';
  const stamp = makeStamp(id, ours);
  assert.ok(isOwnStamp(stamp, ours));
  assert.ok(!isOwnStamp(makeStamp(id, theirs), ours));
  assert.ok(!isOwnStamp(stamp.replace('0', '1'), ours));
  assert.ok(!isOwnStamp('', ours));
});

test('a date is written as RFC 5322 wants it', () => {
  assert.equal(writeDate(new Date('2026-01-02T03:04:05Z')), 'Fri, 02 Jan 2026 03:04:05 +0000');
});
