import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ippLimits } from '../limits.ts';
import { decodeMessage } from './decode.ts';
import { encodeMessage } from './encode.ts';
import {
  attributesOf,
  collection,
  type IppAttributes,
  IppFormatError,
  type IppMessage,
  type IppValue,
  integer,
  ippTags,
  keyword,
  range,
  text,
} from './message.ts';

const corpus = new URL('../../../test/corpus/ipp/', import.meta.url);
const recorded = readdirSync(corpus)
  .filter((file) => file.endsWith('.ipp'))
  .map((file) => ({ file, bytes: readFileSync(new URL(file, corpus)) }));

const short = (number: number): Buffer => Buffer.of((number >> 8) & 0xff, number & 0xff);
const field = (tag: number, name: string, body: Buffer, lengths: { name?: number; body?: number } = {}): Buffer =>
  Buffer.concat([
    Buffer.of(tag),
    short(lengths.name ?? Buffer.byteLength(name)),
    Buffer.from(name),
    short(lengths.body ?? body.length),
    body,
  ]);
const HEAD = Buffer.from([2, 0, 0, 0, 0, 0, 0, 1]);
const END = Buffer.of(ippTags.endOfAttributes);
const answerWith = (...fields: Buffer[]): Buffer =>
  Buffer.concat([HEAD, Buffer.of(ippTags.printerAttributes), ...fields, END]);
const printerOf = (bytes: Buffer): IppAttributes => attributesOf(decodeMessage(bytes), ippTags.printerAttributes);
const messageWith = (attributes: IppAttributes): IppMessage => ({
  version: { major: 2, minor: 0 },
  code: 0,
  requestId: 1,
  groups: [{ tag: ippTags.printerAttributes, attributes }],
  data: new Uint8Array(0),
  duplicates: [],
});
const refusedAt = (bytes: Buffer, offset: number, words: RegExp): void => {
  assert.throws(
    () => decodeMessage(bytes),
    (error) => error instanceof IppFormatError && error.offset === offset && words.test(error.message),
  );
};

test('every recorded answer is read without loss and written again with the same bytes', () => {
  assert.ok(recorded.length >= 15, `${recorded.length} answers`);
  for (const { file, bytes } of recorded) {
    const message = decodeMessage(bytes);
    assert.deepEqual(encodeMessage(message), bytes, file);
    assert.deepEqual(message.duplicates, [], file);
    for (const group of message.groups) {
      for (const [name, values] of group.attributes) {
        assert.ok(
          values.every((value) => !value.bad),
          `${file}: ${name}`,
        );
      }
    }
  }
});

test('an answer cut at any byte is an error', (t) => {
  const { stackTraceLimit } = Error;
  // A hundred thousand errors are thrown, and nobody reads where.
  Error.stackTraceLimit = 0;
  t.after(() => {
    Error.stackTraceLimit = stackTraceLimit;
  });
  for (const { file, bytes } of recorded) {
    for (let length = 0; length < bytes.length; length += 1) {
      assert.throws(() => decodeMessage(bytes.subarray(0, length)), IppFormatError, `${file} at ${length}`);
    }
  }
});

test('lengths with the sign bit set are an early end and never move backwards', () => {
  for (const length of [0x7fff, 0x8000, 0xfff0, 0xfffa, 0xffff]) {
    refusedAt(answerWith(field(ippTags.text, 'a', Buffer.from('x'), { body: length })), 15, /ends early/);
    refusedAt(answerWith(field(ippTags.text, 'a', Buffer.from('x'), { name: length })), 12, /ends early/);
  }
});

test('a value whose length does not fit its tag is bad, keeps its octets and leaves its neighbours alone', () => {
  const misfits: [number, Buffer][] = [
    [ippTags.integer, Buffer.alloc(3)],
    [ippTags.enum, Buffer.alloc(5)],
    [ippTags.boolean, Buffer.of(2)],
    [ippTags.boolean, Buffer.alloc(0)],
    [ippTags.dateTime, Buffer.alloc(10)],
    [ippTags.dateTime, Buffer.from([7, 232, 13, 1, 0, 0, 0, 0, 0x2b, 0, 0])],
    [ippTags.resolution, Buffer.alloc(8)],
    [ippTags.rangeOfInteger, Buffer.alloc(7)],
    [ippTags.rangeOfInteger, Buffer.from([0, 0, 0, 9, 0, 0, 0, 1])],
    [ippTags.textWithLanguage, Buffer.from([0, 2, 0x65, 0x6e])],
    [ippTags.textWithLanguage, Buffer.from([0, 2, 0x65, 0x6e, 0xff, 0xff, 0x61])],
    [ippTags.nameWithLanguage, Buffer.from('no lengths')],
  ];
  for (const [tag, body] of misfits) {
    const bytes = answerWith(field(tag, 'odd', body), field(ippTags.keyword, 'next', Buffer.from('fine')));
    const attributes = printerOf(bytes);
    assert.deepEqual(attributes.get('odd'), [{ tag, bad: true, raw: body }], `tag ${tag}`);
    assert.deepEqual(attributes.get('next'), [keyword('fine')]);
    assert.deepEqual(encodeMessage(decodeMessage(bytes)), bytes);
  }
});

test('an unknown tag comes out as octets and an out-of-band value as null, with or without a body', () => {
  const bytes = answerWith(
    ...[0x2f, 0x43, 0x5e, 0x7f].map((tag) => field(tag, `tag-${tag}`, Buffer.from('anything'))),
    field(ippTags.noValue, 'none', Buffer.alloc(0)),
    field(ippTags.unknown, 'odd', Buffer.from('body')),
  );
  const attributes = printerOf(bytes);
  assert.deepEqual(attributes.get('tag-67'), [{ tag: 0x43, value: Buffer.from('anything') }]);
  assert.deepEqual(attributes.get('none'), [{ tag: ippTags.noValue, value: null }]);
  assert.deepEqual(attributes.get('odd'), [{ tag: ippTags.unknown, value: null, raw: Buffer.from('body') }]);
  assert.deepEqual(encodeMessage(decodeMessage(bytes)), bytes);
});

test('text that is not UTF-8 is read as Latin-1 and keeps its octets', () => {
  const bytes = answerWith(field(ippTags.text, 'info', Buffer.from([0x42, 0xfc, 0x72, 0x6f])));
  assert.deepEqual(printerOf(bytes).get('info'), [
    { tag: ippTags.text, value: 'Büro', raw: Buffer.from([0x42, 0xfc, 0x72, 0x6f]) },
  ]);
  assert.deepEqual(encodeMessage(decodeMessage(bytes)), bytes);
});

test('a date keeps its deciseconds and the sign of its zone', () => {
  const body = Buffer.from([0x07, 0xea, 11, 22, 13, 5, 7, 9, 0x2d, 5, 30]);
  const date = { year: 2026, month: 11, day: 22, hour: 13, minute: 5, second: 7, decisecond: 9 };
  const zone = { utcSign: '-', utcHours: 5, utcMinutes: 30 };
  assert.deepEqual(printerOf(answerWith(field(ippTags.dateTime, 'now', body))).get('now'), [
    { tag: ippTags.dateTime, value: { kind: 'dateTime', ...date, ...zone } },
  ]);
});

test('the first of two attributes with one name counts, and the second is reported', () => {
  const bytes = answerWith(
    field(ippTags.keyword, 'sides', Buffer.from('one-sided')),
    field(ippTags.keyword, 'sides', Buffer.from('evil')),
    field(ippTags.keyword, '', Buffer.from('more')),
    field(ippTags.keyword, '__proto__', Buffer.from('kept')),
  );
  const message = decodeMessage(bytes);
  assert.deepEqual(message.duplicates, ['sides']);
  assert.deepEqual(attributesOf(message, ippTags.printerAttributes).get('sides'), [keyword('one-sided')]);
  assert.deepEqual(attributesOf(message, ippTags.printerAttributes).get('__proto__'), [keyword('kept')]);
});

test('a broken structure is refused at its offset', () => {
  const begin = field(ippTags.begCollection, 'media-col', Buffer.alloc(0));
  const end = field(ippTags.endCollection, '', Buffer.alloc(0));
  const member = field(ippTags.memberAttrName, '', Buffer.from('x'));
  refusedAt(answerWith(field(ippTags.keyword, '', Buffer.from('a'))), 9, /without an attribute/);
  refusedAt(answerWith(begin), 23, /no end/);
  refusedAt(answerWith(end), 9, /without an attribute/);
  refusedAt(answerWith(field(ippTags.keyword, 'a', Buffer.from('b')), end), 16, /outside of one/);
  refusedAt(answerWith(begin, field(ippTags.integer, '', Buffer.alloc(4)), end), 23, /without a name/);
  refusedAt(answerWith(begin, field(ippTags.memberAttrName, '', Buffer.alloc(0)), end), 23, /without a name/);
  refusedAt(answerWith(begin, member, field(ippTags.keyword, 'name', Buffer.from('b')), end), 29, /no end/);
  refusedAt(Buffer.concat([HEAD, Buffer.of(0), END]), 8, /group was expected/);
  refusedAt(Buffer.concat([HEAD, Buffer.of(0x44)]), 8, /group was expected/);
});

const times = (count: number, parts: readonly Buffer[]): Buffer =>
  Buffer.concat(Array.from({ length: count }, () => parts).flat());

const nested = (depth: number): Buffer =>
  answerWith(
    field(ippTags.begCollection, 'c', Buffer.alloc(0)),
    times(depth - 1, [
      field(ippTags.memberAttrName, '', Buffer.from('m')),
      field(ippTags.begCollection, '', Buffer.alloc(0)),
    ]),
    times(depth, [field(ippTags.endCollection, '', Buffer.alloc(0))]),
  );

test('collections may nest to the limit and no deeper', () => {
  const { maxCollectionDepth } = ippLimits;
  assert.deepEqual(encodeMessage(decodeMessage(nested(maxCollectionDepth))), nested(maxCollectionDepth));
  assert.throws(() => decodeMessage(nested(maxCollectionDepth + 1)), /nest too deep/);
  assert.throws(() => decodeMessage(nested(100_000)), /nest too deep/);
});

test('attributes and values may come up to their limits and no further', () => {
  const { maxAttributes, maxValues, maxAnswerBytes } = ippLimits;
  const attributes = (count: number) =>
    answerWith(
      Buffer.concat(Array.from({ length: count }, (_, index) => field(ippTags.noValue, `a${index}`, Buffer.alloc(0)))),
    );
  assert.equal(printerOf(attributes(maxAttributes)).size, maxAttributes);
  assert.throws(() => decodeMessage(attributes(maxAttributes + 1)), /too many attributes/);
  const more = field(ippTags.noValue, '', Buffer.alloc(0));
  const values = (count: number) => answerWith(field(ippTags.noValue, 'a', Buffer.alloc(0)), times(count - 1, [more]));
  assert.equal(printerOf(values(maxValues)).get('a')?.length, maxValues);
  assert.throws(() => decodeMessage(values(maxValues + 1)), /too many values/);
  const padded = (size: number) => Buffer.concat([answerWith(), Buffer.alloc(size - answerWith().length)]);
  assert.equal(decodeMessage(padded(maxAnswerBytes)).data.length, maxAnswerBytes - 10);
  assert.throws(() => decodeMessage(padded(maxAnswerBytes + 1)), /larger than the limit/);
});

test('what the format cannot carry is not written', () => {
  const write = (name: string, ...values: IppValue[]) => encodeMessage(messageWith(new Map([[name, values]])));
  assert.ok(write('a', text('x'.repeat(32_767))));
  assert.throws(() => write('a', text('x'.repeat(32_768))), IppFormatError);
  assert.ok(write('n'.repeat(255), integer(1)));
  assert.throws(() => write('n'.repeat(256), integer(1)), IppFormatError);
  assert.throws(() => write('', integer(1)), IppFormatError);
  assert.throws(() => write('a'), /has no value/);
  assert.ok(write('a', integer(2 ** 31 - 1), integer(-(2 ** 31))));
  for (const number of [2 ** 31, -(2 ** 31) - 1, 1.5, Number.NaN]) {
    assert.throws(() => write('a', integer(number)), /cannot be written/);
  }
  assert.throws(() => write('a', range(2, 1)), /cannot be written/);
  assert.throws(() => write('a', { tag: ippTags.integer, value: 'four' }), /cannot be written/);
  assert.throws(() => write('a', { tag: ippTags.keyword, value: null }), /cannot be written/);
  assert.throws(() => write('a', { tag: 0x03, value: Buffer.from('x') }), /not a value tag/);
  assert.throws(() => write('a', collection(new Map([['m', []]]))), /has no value/);
});
