import assert from 'node:assert/strict';
import { test } from 'node:test';
import { medianOf, percentileOf, spreadOf, tableOf, written } from './figures.ts';

test('the median stands in the middle, whatever the order', () => {
  assert.equal(medianOf([9, 1, 5]), 5);
  assert.equal(medianOf([4, 1, 3, 2]), 2.5);
  assert.throws(() => medianOf([]), /no values/);
});

test('a percentile lies between the two nearest ranks', () => {
  const hundred = Array.from({ length: 101 }, (_, index) => index);
  assert.equal(percentileOf(hundred, 95), 95);
  assert.equal(percentileOf([10, 20], 95), 19.5);
  assert.equal(percentileOf([7], 95), 7);
});

test('the spread is a share of the median', () => {
  assert.equal(spreadOf([8, 10, 12]), 0.4);
});

test('a figure is written with three digits, and thousands are set apart', () => {
  assert.equal(written(0.5678), '0.568');
  assert.equal(written(12.345), '12.3');
  assert.equal(written(1234.5), '1,235');
  assert.equal(written(0.00123), '0.001');
  assert.equal(written(0), '0');
});

test('the columns of a table stand under each other', () => {
  const lines = tableOf(['what', 'ms'], [['delay', '12']]).split('\n');
  assert.deepEqual(lines, ['| what  | ms  |', '| ----- | --- |', '| delay | 12  |']);
});
