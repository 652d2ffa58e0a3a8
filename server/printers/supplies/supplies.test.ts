import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type IppAttributes, type IppValue, integer, ippTags, keyword, name } from '../../protocols/ipp/message.ts';
import { readSupplies } from './supplies.ts';

const attributes = (entries: Record<string, IppValue[]>): IppAttributes => new Map(Object.entries(entries));
const octets = (words: string): IppValue => ({ tag: ippTags.octetString, value: Buffer.from(words, 'latin1') });
const text = (words: string): IppValue => ({ tag: ippTags.text, value: words });

test('markers are read place by place, with levels in percent and in words', () => {
  const supplies = readSupplies(
    attributes({
      'marker-names': ['Black', 'Cyan', 'Tri-color', 'Drum', 'Waste'].map(name),
      'marker-types': ['toner', 'toner', 'ink-cartridge', 'opc', 'waste-toner'].map(keyword),
      'marker-colors': ['#000000', '#00ffff', '#00FFFF#FF00FF#FFFF00', 'none', 'none'].map(name),
      'marker-levels': [10, 11, -2, -3, 95].map(integer),
      'marker-low-levels': [10, 10, 10, 10, 0].map(integer),
      'marker-high-levels': [100, 100, 100, 100, 95].map(integer),
    }),
  );
  assert.deepEqual(
    supplies.map(({ name, level, measure, isWaste, isDue }) => [name, level, measure, isWaste, isDue]),
    [
      ['Black', 10, 'percent', false, true],
      ['Cyan', 11, 'percent', false, false],
      ['Tri-color', null, 'unknown', false, false],
      ['Drum', null, 'some-left', false, false],
      ['Waste', 95, 'percent', true, true],
    ],
  );
  assert.deepEqual(supplies[2]?.colors, ['#00FFFF', '#FF00FF', '#FFFF00']);
  assert.deepEqual(supplies[3]?.colors, []);
});

test('what a printer leaves out or says wrongly in one list does not move the others', () => {
  const supplies = readSupplies(
    attributes({
      'marker-names': [integer(7), name('Second\u202e\u0007'), name('x'.repeat(500))],
      'marker-types': [keyword('<b>'), keyword('toner')],
      'marker-colors': [name('red; background:url(https://example.org)'), name('#123456789abc')],
      'marker-levels': [integer(101), integer(100), integer(-1), integer(-4)],
    }),
  );
  assert.deepEqual(
    supplies.map(({ name, type, level, measure }) => [name.slice(0, 61), type, level, measure]),
    [
      ['1', null, null, 'unknown'],
      ['Second', 'toner', 100, 'percent'],
      ['x'.repeat(60), null, null, 'unavailable'],
      ['4', null, null, 'unknown'],
    ],
  );
  assert.deepEqual(
    supplies.map(({ colors }) => colors),
    [[], ['#123456'], [], []],
  );
});

test('of many supplies 24 are kept, and of many colors four', () => {
  const many = (count: number) =>
    readSupplies(
      attributes({
        'marker-levels': Array.from({ length: count }, () => integer(50)),
        'marker-colors': [name('#111111'.repeat(8))],
      }),
    );
  assert.equal(many(24).length, 24);
  assert.equal(many(25).length, 24);
  assert.equal(many(1)[0]?.colors.length, 4);
});

test('printer-supply is read where there are no markers, in any unit', () => {
  const supplies = readSupplies(
    attributes({
      'printer-supply': [
        octets('index=1;class=receptacleThatIsFilled;type=wasteToner;unit=percent;maxcapacity=100;level=67;'),
        octets('index=2;class=supplyThatIsConsumed;type=toner;unit=tenThousandthsOfInches;maxcapacity=4000;level=200'),
        octets('index=3;class=supplyThatIsConsumed;type=toner;maxcapacity=-2;level=-3;colorantname=cyan;'),
        octets('level=99999999999999999999;=;;;type'),
        { tag: ippTags.octetString, bad: true, raw: Buffer.of(1) },
      ],
      'printer-supply-description': [text('Waste box'), text('Black Toner')],
    }),
  );
  assert.deepEqual(
    supplies.map(({ name, type, level, measure, isWaste, isDue }) => [name, type, level, measure, isWaste, isDue]),
    [
      ['Waste box', 'waste-toner', 67, 'percent', true, false],
      ['Black Toner', 'toner', 5, 'percent', false, true],
      ['toner', 'toner', null, 'some-left', false, false],
      ['4', null, null, 'unknown', false, false],
      ['5', null, null, 'unknown', false, false],
    ],
  );
  assert.deepEqual(supplies[2]?.colors, ['#00FFFF']);
});

test('a printer that tells nothing has no supplies', () => {
  assert.deepEqual(readSupplies(attributes({})), []);
});
