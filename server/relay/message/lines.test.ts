import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LineGuard, LineRepair } from './lines.ts';
import { Refusal } from './refusal.ts';

function judge(chunks: readonly Buffer[], maxLineBytes = 20): string {
  const guard = new LineGuard(maxLineBytes);
  try {
    for (const chunk of chunks) guard.check(chunk);
    guard.finish();
    return 'good';
  } catch (error) {
    assert.ok(error instanceof Refusal);
    return error.reason;
  }
}

function cutEverywhere(text: string): Buffer[][] {
  const bytes = Buffer.from(text, 'latin1');
  const pairs = bytes.keys().map((at) => [bytes.subarray(0, at), bytes.subarray(at)]);
  return [[bytes], [...bytes].map((byte) => Buffer.of(byte)), ...pairs];
}

const CASES: readonly [string, string][] = [
  ['a\r\nb\r\n\r\n', 'good'],
  ['', 'good'],
  ['a\nb\r\n', 'bare-line-end'],
  ['\n', 'bare-line-end'],
  ['a\rb\r\n', 'bare-line-end'],
  ['a\r\r\n', 'bare-line-end'],
  ['a\r\n\n', 'bare-line-end'],
  ['a\r', 'bare-line-end'],
  ['a\0b\r\n', 'bare-line-end'],
  [`${'x'.repeat(18)}\r\n`, 'good'],
  [`${'x'.repeat(19)}\r\n`, 'line-too-long'],
  [`a\r\n${'x'.repeat(40)}`, 'line-too-long'],
];

for (const [text, reason] of CASES) {
  test(`a message of ${JSON.stringify(text)} is ${reason}, wherever it is cut`, () => {
    for (const chunks of cutEverywhere(text)) assert.equal(judge(chunks), reason, JSON.stringify(chunks.map(String)));
  });
}

test('what is repaired passes the guard and keeps everything but its line ends', () => {
  const piece = fc.constantFrom('\r', '\n', '\r\n', 'a', 'b', ' ');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), fc.nat(30), (parts, cut) => {
      const text = parts.join('');
      const repair = new LineRepair();
      const repaired = [
        repair.feed(Buffer.from(text.slice(0, cut), 'latin1')),
        repair.feed(Buffer.from(text.slice(cut), 'latin1')),
        repair.finish(),
      ];
      assert.equal(judge(repaired, 1000), 'good');
      assert.equal(Buffer.concat(repaired).toString('latin1'), text.replace(/\r\n|\r|\n/g, '\r\n'));
    }),
  );
});

test('every byte at every place of a word is judged as the rule says', () => {
  const storage = Buffer.alloc(64);
  for (let offset = 0; offset < 4; offset++) {
    for (let at = 0; at < 12; at++) {
      for (let byte = 0; byte < 256; byte++) {
        const chunk = storage.subarray(offset, offset + 14).fill(0xff);
        chunk[at] = byte;
        const expected = byte === 0 || byte === 10 || byte === 13 ? 'bare-line-end' : 'good';
        assert.equal(judge([chunk]), expected, `${byte} at ${at}, offset ${offset}`);
      }
    }
  }
});
