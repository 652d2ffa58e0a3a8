import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeCursor, decodeIdCursor, encodeCursor, limitOf, MAX_PAGE, pageOf } from './pages.ts';

const ID = '01890000-0000-7000-8000-000000000000';

test('a cursor gives back the values that it was made from', () => {
  assert.deepEqual(decodeCursor(encodeCursor(['zoë', 7])), ['zoë', 7]);
  assert.equal(decodeIdCursor(encodeCursor([ID])), ID);
  assert.equal(decodeCursor(undefined), undefined);
  assert.equal(decodeIdCursor(''), undefined);
});

test('a cursor that no list gave is refused', () => {
  const wrong = ['nonsense', '%%%', encodeCursor([]), Buffer.from('{"a":1}').toString('base64url'), 'A'.repeat(2000)];
  const nested = Buffer.from(JSON.stringify([['x']])).toString('base64url');
  const zero = encodeCursor(['a\0b']);
  for (const text of [...wrong, nested, zero])
    assert.throws(() => decodeCursor(text), { code: 'invalid-request' }, text);
});

test('a cursor of another list is refused where an id is expected', () => {
  for (const values of [['not an id'], [ID, ID], [7]]) {
    assert.throws(() => decodeIdCursor(encodeCursor(values)), { code: 'invalid-request' });
  }
});

test('a limit stays within its bounds', () => {
  assert.deepEqual([undefined, 0, 1, MAX_PAGE, MAX_PAGE + 1].map(limitOf), [50, 1, 1, MAX_PAGE, MAX_PAGE]);
});

test('the last page has no cursor', () => {
  const cursorOf = (row: number) => encodeCursor([row]);
  assert.deepEqual(pageOf([1, 2], 2, cursorOf), { items: [1, 2], nextCursor: null });
  assert.deepEqual(pageOf([1, 2, 3], 2, cursorOf), { items: [1, 2], nextCursor: encodeCursor([2]) });
  assert.deepEqual(pageOf([], 2, cursorOf), { items: [], nextCursor: null });
});
