import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  attributesOf,
  boolean,
  collection,
  enumeration,
  integer,
  keyword,
  noValue,
  range,
  resolution,
  text,
} from './values.ts';
import { delimiter } from './vocabulary.ts';
import { type Message, readMessage, writeMessage } from './wire.ts';

const message: Message = {
  major: 2,
  minor: 0,
  code: 0x000b,
  requestId: 1,
  groups: [
    {
      tag: delimiter.operation,
      attributes: attributesOf({
        integers: integer(1, -1),
        state: enumeration(3),
        accepting: boolean(true),
        copies: range(1, 99),
        dpi: resolution(600),
        nothing: noValue(),
        words: keyword('a', 'b'),
        greeting: text('grüße'),
        media: collection({ size: collection({ x: integer(21000) }), source: keyword('main') }),
      }),
    },
    { tag: delimiter.job, attributes: [] },
  ],
};

test('a message is read as it was written, and what follows it is left alone', () => {
  const bytes = writeMessage(message);
  const reading = readMessage(Buffer.concat([bytes, Buffer.from('%PDF-')]));
  assert.deepEqual(reading, { kind: 'complete', message, length: bytes.length });
});

test('an integer is written as RFC 8010 section 3.1.4 draws it', () => {
  const groups = [{ tag: delimiter.operation, attributes: attributesOf({ id: integer(258) }) }];
  const bytes = writeMessage({ major: 1, minor: 1, code: 2, requestId: 3, groups });
  assert.equal(bytes.toString('hex'), '0101000200000003' + '01' + '210002' + '6964' + '0004' + '00000102' + '03');
});

test('every truncation of a message is incomplete', () => {
  const bytes = writeMessage(message);
  for (let length = 0; length < bytes.length; length += 1) {
    assert.equal(readMessage(bytes.subarray(0, length)).kind, 'incomplete', `at ${length} bytes`);
  }
});

test('ten thousand damaged messages end in an answer, never in an exception', () => {
  const seed = 20261122;
  let state = seed;
  const random = (limit: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const good = writeMessage(message);
  for (let round = 0; round < 10_000; round += 1) {
    const bytes = Buffer.from(good);
    for (let change = 0; change <= random(4); change += 1) bytes[random(bytes.length)] = random(256);
    assert.ok(
      ['complete', 'incomplete', 'malformed'].includes(readMessage(bytes).kind),
      `seed ${seed}, round ${round}`,
    );
  }
});

function nested(depth: number): Buffer {
  let value = integer(1);
  for (let level = 0; level < depth; level += 1) value = collection({ inner: value });
  const groups = [{ tag: delimiter.operation, attributes: attributesOf({ outer: value }) }];
  return writeMessage({ ...message, groups });
}

function wide(attributeCount: number, valueCount: number): Buffer {
  const one = { name: 'a', values: integer(1) };
  const many = { name: 'a', values: integer(...Array.from({ length: valueCount - attributeCount + 1 }, () => 1)) };
  const attributes = [...Array.from({ length: attributeCount - 1 }, () => one), many];
  return writeMessage({ ...message, groups: [{ tag: delimiter.operation, attributes }] });
}

test('each limit of a request is kept: at it the request is read, one past it it is malformed', () => {
  const kinds = [nested(8), nested(9), wide(2_000, 2_000), wide(2_001, 2_001), wide(1, 20_000), wide(1, 20_001)];
  assert.deepEqual(
    kinds.map((bytes) => readMessage(bytes).kind),
    ['complete', 'malformed', 'complete', 'malformed', 'complete', 'malformed'],
  );
});
