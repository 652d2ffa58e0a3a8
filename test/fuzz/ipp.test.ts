import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { readJob } from '../../server/protocols/ipp/client.ts';
import { decodeMessage } from '../../server/protocols/ipp/decode.ts';
import { encodeMessage } from '../../server/protocols/ipp/encode.ts';
import { IppFormatError, type IppMessage, type IppValue, ippTags } from '../../server/protocols/ipp/message.ts';

const corpus = new URL('../corpus/ipp/', import.meta.url);
const recorded = readdirSync(corpus)
  .filter((file) => file.endsWith('.ipp'))
  .map((file) => readFileSync(new URL(file, corpus)));

const seed = Number(process.env.PLATEN_TEST_SEED ?? 20_261_122);
const parameters = { seed, numRuns: 10_000, verbose: 0 as const };

/** Lengths that a reader of signed shorts, or one without bounds, takes wrongly. */
const lengths = [0, 1, 4, 0xff, 0x100, 0x7fff, 0x8000, 0xfff0, 0xfffa, 0xffff];

const mutation = fc.oneof(
  fc.record({ kind: fc.constant('byte' as const), at: fc.nat(), to: fc.integer({ min: 0, max: 255 }) }),
  fc.record({ kind: fc.constant('length' as const), at: fc.nat(), to: fc.constantFrom(...lengths) }),
  fc.record({ kind: fc.constant('insert' as const), at: fc.nat(), to: fc.uint8Array({ maxLength: 12 }) }),
  fc.record({ kind: fc.constant('remove' as const), at: fc.nat(), to: fc.integer({ min: 1, max: 12 }) }),
  fc.record({ kind: fc.constant('repeat' as const), at: fc.nat(), to: fc.integer({ min: 1, max: 400 }) }),
);
type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

function mutate(bytes: Buffer, { kind, at, to }: Mutation): Buffer {
  const offset = at % Math.max(1, bytes.length - 1);
  const [before, after] = [bytes.subarray(0, offset), bytes.subarray(offset)];
  if (kind === 'insert') return Buffer.concat([before, to, after]);
  if (kind === 'remove') return Buffer.concat([before, after.subarray(to)]);
  if (kind === 'repeat') return Buffer.concat([before, after.subarray(0, to), after]);
  const changed = Buffer.from(bytes);
  if (kind === 'byte') changed[offset] = to;
  else changed.writeUInt16BE(to, offset);
  return changed;
}

/** Either a message that can be looked at, or the one error; anything else fails the property. */
function readOrRefuse(bytes: Buffer): void {
  let message: IppMessage;
  try {
    message = decodeMessage(bytes);
  } catch (error) {
    assert.ok(error instanceof IppFormatError, String(error));
    assert.ok(error.offset >= 0 && error.offset <= bytes.length);
    return;
  }
  for (const group of message.groups) readJob(group.attributes);
  if (message.duplicates.length > 0) return;
  try {
    assert.deepEqual(encodeMessage(message), bytes);
  } catch (error) {
    // A length above 32,767 may be read but must not be written; nothing else may differ.
    if (!(error instanceof IppFormatError)) throw error;
  }
}

test(`ten thousand mutated answers are read the same way again or refused (seed ${seed})`, () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...recorded),
      fc.array(mutation, { minLength: 1, maxLength: 4 }),
      (bytes, mutations) => {
        readOrRefuse(mutations.reduce(mutate, bytes));
      },
    ),
    parameters,
  );
});

test(`random octets behind a header are read the same way again or refused (seed ${seed})`, () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      readOrRefuse(Buffer.concat([Buffer.from([2, 0, 0, 0, 0, 0, 0, 1, 1]), bytes]));
    }),
    { ...parameters, numRuns: 3000 },
  );
});

const words = fc.string({ unit: 'grapheme', maxLength: 60 });
const whole = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const simple: fc.Arbitrary<IppValue> = fc.oneof(
  whole.map((value) => ({ tag: ippTags.integer, value })),
  whole.map((value) => ({ tag: ippTags.enum, value })),
  fc.boolean().map((value) => ({ tag: ippTags.boolean, value })),
  words.map((value) => ({ tag: ippTags.name, value })),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => ({ tag: ippTags.octetString, value: Buffer.from(bytes) })),
  fc
    .tuple(whole, whole)
    .map(([a, b]) => ({ kind: 'range' as const, lower: Math.min(a, b), upper: Math.max(a, b) }))
    .map((value) => ({ tag: ippTags.rangeOfInteger, value })),
  fc
    .tuple(words, words)
    .map(([language, text]) => ({ tag: ippTags.textWithLanguage, value: { kind: 'text' as const, language, text } })),
);
const attributeName = fc.stringMatching(/^[a-z][a-z-]{0,30}$/);
const value = fc.letrec<{ value: IppValue; members: IppValue }>((tie) => ({
  members: fc
    .array(fc.tuple(attributeName, fc.array(tie('value'), { minLength: 1, maxLength: 3 })), { maxLength: 4 })
    .map((members) => ({
      tag: ippTags.begCollection,
      value: { kind: 'collection' as const, members: new Map(members) },
    })),
  value: fc.oneof({ maxDepth: 6 }, simple, tie('members')),
})).value;

test(`every message that can be written is read back as it was (seed ${seed})`, () => {
  const attributes = fc.array(fc.tuple(attributeName, fc.array(value, { minLength: 1, maxLength: 4 })), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(attributes, fc.integer({ min: 1, max: 2 ** 31 - 1 }), (pairs, requestId) => {
      const groups = [{ tag: ippTags.jobAttributes, attributes: new Map(pairs) }];
      const head = { version: { major: 2, minor: 0 }, code: 2, requestId, duplicates: [] };
      const message: IppMessage = { ...head, groups, data: Buffer.from('document') };
      assert.deepEqual(decodeMessage(encodeMessage(message)), message);
    }),
    { ...parameters, numRuns: 2000 },
  );
});
