import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readMessage } from './split.ts';

const part = 'Content-Type: application/pdf\r\n\r\n%PDF-1.4\r\n';
const mixed = (inside: string, boundary = 'b'): string =>
  `Content-Type: multipart/mixed; boundary=${boundary}\r\n\r\n--${boundary}\r\n${inside}--${boundary}--\r\n`;

const messages: readonly (readonly [string, string, readonly string[]])[] = [
  ['an ordinary multipart', mixed(part), []],
  ['two types of one part', mixed(`Content-Type: text/plain\r\n${part}`), ['contradicting-fields']],
  ['the same type twice', mixed(`Content-Type: application/pdf\r\n${part}`), []],
  [
    'two boundaries in one field',
    `Content-Type: multipart/mixed; boundary=a; boundary=b\r\n\r\n--b\r\n${part}--b--\r\n`,
    ['contradicting-parameters'],
  ],
  [
    'a multipart that says that it is encoded',
    `Content-Transfer-Encoding: base64\r\n${mixed(part)}`,
    ['multipart-encoded'],
  ],
  ['the boundary of an outer multipart inside it', mixed(mixed(part)), ['same-boundary-twice']],
  ['an encoding that nobody knows', mixed(`Content-Transfer-Encoding: x-uuencode\r\n${part}`), ['unknown-encoding']],
];

for (const [what, raw, expected] of messages) {
  test(`${what} ${expected.length === 0 ? 'raises no doubt' : `raises ${expected.join(' and ')}`}`, async () => {
    const { leaves } = await readMessage(Buffer.from(`Subject: a\r\n${raw}`));
    assert.deepEqual([...new Set(leaves.flatMap(({ doubts }) => doubts))], expected);
  });
}

test('a doubt about what holds a forwarded message is one about what is in it', async () => {
  const inner = `Content-Type: message/rfc822\r\nContent-Type: text/plain\r\n\r\nSubject: inner\r\n${mixed(part, 'i')}`;
  const { leaves } = await readMessage(Buffer.from(mixed(inner)));
  assert.ok(leaves.length > 0);
  for (const { doubts } of leaves) assert.deepEqual(doubts, ['contradicting-fields']);
});

test('well-formed messages of the corpus raise no doubt', async () => {
  const folder = new URL('../../../test/corpus/mime/mail-parser/rfc/', import.meta.url);
  const names = readdirSync(folder).filter((name) => name.endsWith('.eml'));
  let doubtful = 0;
  for (const name of names) {
    const { leaves } = await readMessage(readFileSync(new URL(name, folder)));
    if (leaves.some(({ doubts }) => doubts.length > 0)) doubtful += 1;
  }
  assert.ok(names.length >= 10);
  assert.equal(doubtful, 0);
});
