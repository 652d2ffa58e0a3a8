import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decodeMessage } from '../protocols/ipp/decode.ts';
import {
  attributesOf,
  boolean,
  type IppAttributes,
  type IppValue,
  integer,
  ippTags,
  keyword,
  mimeMediaType,
  range,
  text,
  uri,
} from '../protocols/ipp/message.ts';
import { chooseVersion, readCapabilities, readState } from './capabilities.ts';

const recorded = (file: string): IppAttributes => {
  const bytes = readFileSync(new URL(`../../test/corpus/ipp/${file}.ipp`, import.meta.url));
  return attributesOf(decodeMessage(bytes), ippTags.printerAttributes);
};
const enumeration = (number: number): IppValue => ({ tag: ippTags.enum, value: number });
const attributes = (entries: Record<string, IppValue[]>): IppAttributes => new Map(Object.entries(entries));

test('a real printer is read as what it is', () => {
  const capabilities = readCapabilities(recorded('stopping-printer-all'), '2.0');
  assert.deepEqual(capabilities.formats, ['application/octet-stream', 'application/pdf', 'image/jpeg']);
  assert.deepEqual(capabilities.sides, ['one-sided', 'two-sided-long-edge', 'two-sided-short-edge']);
  assert.ok(capabilities.operations.includes(5) && capabilities.operations.includes(6));
  assert.ok(capabilities.media.supported.includes('iso_a4_210x297mm'));
  assert.equal(readCapabilities(recorded('duplex-printer-all'), '2.0').model, 'Example Office Color');
  assert.equal(chooseVersion(recorded('plain-printer-all')), '2.0');
});

test('a printer without paper is read with its reason', () => {
  const state = readState(recorded('stopping-printer-stopped'));
  assert.deepEqual(state?.reasons, ['media-empty-warning']);
});

test('values of the wrong type, range or length read as absent, and none of them reaches a screen as it is', () => {
  const capabilities = readCapabilities(
    attributes({
      'printer-make-and-model': [text(`Evil\u001b[2J\u202emodel${'x'.repeat(5000)}`)],
      'printer-location': [integer(4)],
      'operations-supported': [enumeration(-5), enumeration(0x0002), keyword('Print-Job'), enumeration(2 ** 31 - 1)],
      'document-format-supported': [mimeMediaType('not a type'), mimeMediaType('Application/PDF'), keyword('a/b')],
      'copies-supported': [range(-3, 2_000_000_000)],
      'sides-supported': [keyword('one-sided; rm -rf /'), keyword('one-sided'), uri('two-sided-long-edge')],
      'color-supported': [integer(1)],
      'page-ranges-supported': [{ tag: ippTags.boolean, bad: true, raw: Buffer.of(9) }],
    }),
    '2.0',
  );
  assert.match(capabilities.model ?? '', /^Evil \[2J modelx+$/);
  assert.equal(capabilities.model?.length, 1023);
  assert.equal(capabilities.location, null);
  assert.deepEqual(capabilities.operations, [2]);
  assert.deepEqual(capabilities.formats, ['application/pdf']);
  assert.equal(capabilities.copies, null);
  assert.deepEqual(capabilities.sides, ['one-sided']);
  assert.equal(capabilities.isColor, null);
  assert.equal(capabilities.takesPageRanges, false);
});

test('lists of a printer are kept only up to their limits', () => {
  const many = Array.from({ length: 3000 }, (_, index) => keyword(`reason-${index}`));
  const state = readState(attributes({ 'printer-state': [enumeration(5)], 'printer-state-reasons': many }));
  assert.equal(state?.reasons.length, 50);
  const media = readCapabilities(attributes({ 'media-supported': many }), '2.0').media.supported;
  assert.equal(media.length, 400);
});

test('a state that RFC 8011 does not know is no state', () => {
  for (const value of [enumeration(2), enumeration(6), enumeration(-3), boolean(true), keyword('idle')]) {
    assert.equal(readState(attributes({ 'printer-state': [value] })), undefined);
  }
});

test('a printer that knows only the old version is spoken to in it', () => {
  assert.equal(chooseVersion(attributes({ 'ipp-versions-supported': [keyword('1.0'), keyword('1.1')] })), '1.1');
  assert.equal(chooseVersion(attributes({})), '2.0');
});
