import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeTransfer, type TransferEncoding, transferDecoder, transferEncodingOf } from './transfer-encoding.ts';

const decode = (text: string, encoding: TransferEncoding): string =>
  decodeTransfer(Buffer.from(text, 'latin1'), encoding).toString('latin1');

test('an unknown encoding leaves the bytes as they are', () => {
  assert.equal(transferEncodingOf('x-uuencode'), 'identity');
  assert.equal(transferEncodingOf(false), 'identity');
});

const base64: readonly (readonly [string, string, string])[] = [
  ['with line ends', 'QUJD\r\nREVG\r\n', 'ABCDEF'],
  ['with junk', 'Q!U J*D', 'ABC'],
  ['without padding', 'QUI', 'AB'],
  ['padded in the middle', 'QQ==Qg==\r\nQw==', 'ABC'],
  ['padded too much', 'QQ====\r\n\r\n', 'A'],
  ['empty', '', ''],
  ['only padding', '====', ''],
  ['with the characters of another alphabet', 'QU-J_D', 'ABC'],
];

for (const [title, text, expected] of base64) {
  test(`base64 ${title} is decoded`, () => assert.equal(decode(text, 'base64'), expected));
}

const quotedPrintable: readonly (readonly [string, string, string])[] = [
  ['escapes in both cases', '=41=c3=A9', 'A\xc3\xa9'],
  ['soft line breaks', 'a=\r\nb=\nc', 'abc'],
  ['soft line breaks with transport padding', 'a= \t\r\nb', 'ab'],
  ['blanks at the end of a line', 'a  \r\nb\t\n c', 'a\r\nb\n c'],
  ['an escaped blank at the end of a line', 'a=20\r\nb', 'a \r\nb'],
  ['a blank before a soft line break', 'a =\r\n\r\nb', 'a \r\nb'],
  ['an equals sign that escapes nothing', 'a=zz=4', 'a=zz=4'],
  ['an equals sign at the very end', 'a=', 'a'],
];

for (const [title, text, expected] of quotedPrintable) {
  test(`quoted-printable with ${title} is decoded`, () => assert.equal(decode(text, 'quoted-printable'), expected));
}

test('a body cut anywhere decodes to the same bytes as the whole', () => {
  const bodies: readonly (readonly [TransferEncoding, string])[] = [
    ...base64.map(([, text]) => ['base64', text] as const),
    ...quotedPrintable.map(([, text]) => ['quoted-printable', text] as const),
  ];
  for (const [encoding, text] of bodies) {
    const raw = Buffer.from(text, 'latin1');
    for (let cut = 0; cut <= raw.length; cut++) {
      for (let second = cut; second <= raw.length; second++) {
        const decoder = transferDecoder(encoding);
        const pieces = [raw.subarray(0, cut), raw.subarray(cut, second), raw.subarray(second)];
        const decoded = Buffer.concat([...pieces.map((piece) => decoder.write(piece)), decoder.end()]);
        assert.deepEqual(decoded, decodeTransfer(raw, encoding), `${JSON.stringify(text)} cut at ${cut} and ${second}`);
      }
    }
  }
});

test('a quoted-printable line without end is decoded piece by piece and not kept', () => {
  const decoder = transferDecoder('quoted-printable');
  let length = 0;
  for (let i = 0; i < 64; i++) length += decoder.write(Buffer.alloc(64 * 1024 + 1, '=41')).length;
  assert.ok(length > 60 * 20 * 1024, `only ${length} bytes came out`);
});

test('blanks without end are not kept either', () => {
  const decoder = transferDecoder('quoted-printable');
  let length = 0;
  for (let i = 0; i < 64; i++) length += decoder.write(Buffer.alloc(64 * 1024, ' ')).length;
  assert.ok(length > 60 * 64 * 1024, `only ${length} bytes came out`);
});
