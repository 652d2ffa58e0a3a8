import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mimeLimits } from '../limits.ts';
import { decodeHeaderText } from './encoded-words.ts';
import { displayFileName } from './file-name.ts';
import { readDate } from './header-text.ts';
import { readMessage } from './split.ts';

const words: readonly (readonly [string, string])[] = [
  ['=?utf-8?Q?caff=C3=A8?=', 'caffè'],
  ['=?utf-8?B?Y2FmZsOo?= =?utf-8?B?IHBlcmNow6k=?=', 'caffè perché'],
  ['=?utf-8?B?w?= =?utf-8?B?6g=?=', 'è'],
  ['=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=', '日本'],
  ['=?koi8-r?B?8NLJ18XU?=', 'Привет'],
  ['=?no-such-charset?Q?abc?=', 'abc'],
  ['=?utf-8?Q?a=0D=0ABcc:=20x?=', 'a Bcc: x'],
  ['\u202egnp.exe', 'gnp.exe'],
];

for (const [value, expected] of words) {
  test(`${JSON.stringify(value)} reads ${expected}`, () => assert.equal(decodeHeaderText(value), expected));
}

test('a text is cut at its limit without half a character', () => {
  const text = decodeHeaderText('😀'.repeat(5000));
  assert.equal(Array.from(text).length, mimeLimits.maxHeaderTextCharacters);
  assert.ok(text.isWellFormed());
});

const dates: readonly (readonly [string, string | undefined])[] = [
  ['Sun, 22 Nov 2026 10:00:00 +0100', '2026-11-22T09:00:00.000Z'],
  ['22 Nov 2026 10:00 -0530', '2026-11-22T15:30:00.000Z'],
  ['Sun, 22 Nov 26 10:00:00 GMT (a comment)', '2026-11-22T10:00:00.000Z'],
  ['Fri, 1 Jan 99 00:00:00 EST', '1999-01-01T05:00:00.000Z'],
  ['today', undefined],
  ['', undefined],
  ['Sun, 42 Nov 2026 10:00:00 +0000', undefined],
  ['Sun, 22 Foo 2026 10:00:00 +0000', undefined],
];

for (const [value, expected] of dates) {
  test(`the date ${JSON.stringify(value)} is ${expected ?? 'unknown'}`, () => {
    assert.equal(readDate(value)?.toISOString(), expected);
  });
}

test('a message with two ids has none', async () => {
  const { head } = await readMessage(Buffer.from('Message-ID: <a@b>\r\nMessage-ID: <c@d>\r\n\r\n'));
  assert.equal(head.messageId, undefined);
});

test('folded fields are unfolded and every value of a name is kept in order', async () => {
  const { head } = await readMessage(
    Buffer.from('Received: one\r\n\ttwo\r\nSubject: a\r\n b\r\nReceived: three\r\n\r\n'),
  );
  assert.equal(head.subject, 'a b');
  assert.deepEqual(head.fields.get('received'), ['one\ttwo', 'three']);
});

const names: readonly (readonly [string, string | undefined])[] = [
  ['../../etc/passwd', 'passwd'],
  ['..\\..\\boot.ini', 'boot.ini'],
  ['C:\\Users\\anna\\a.pdf', 'a.pdf'],
  ['a\u0000b\nc.pdf', 'abc.pdf'],
  ['invoice\u202efdp.exe', 'invoicefdp.exe'],
  ['CON', '_CON'],
  ['nul.pdf', '_nul.pdf'],
  ['con...', '_con'],
  ['...', undefined],
  ['', undefined],
  ['a<b>:c?.pdf', 'a_b__c_.pdf'],
  ['caffè (1).pdf', 'caffè (1).pdf'],
];

for (const [written, expected] of names) {
  test(`the file name ${JSON.stringify(written)} is shown as ${expected ?? 'nothing'}`, () => {
    assert.equal(displayFileName(written), expected);
  });
}

test('a long file name keeps its extension', () => {
  const name = displayFileName(`${'é'.repeat(300)}.pdf`);
  assert.equal(Array.from(name ?? '').length, mimeLimits.maxFileNameCharacters);
  assert.match(name ?? '', /é\.pdf$/);
});
