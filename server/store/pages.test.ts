import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeCursor,
  decodeIdCursor,
  encodeCursor,
  findNewest,
  limitOf,
  MAX_PAGE,
  pageOf,
  patternOf,
} from './pages.ts';

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

test('the index is asked for the part of a text that few others have', () => {
  assert.equal(patternOf('ab'), undefined);
  assert.equal(patternOf('abc'), '%abc%');
  assert.equal(patternOf('anna.rossi@example.org'), '%anna.rossi%');
  assert.equal(patternOf('anna.maria.rossi@example.org'), '%.maria.rossi%');
  assert.equal(patternOf('a@example.org'), '%a@example.or%');
  assert.equal(patternOf('invoice-milano-500234.pdf'), '%ilano-500234%');
  assert.equal(patternOf('100%_\\'), '%100\\%\\_\\\\%');
});

test('a text that is found often is read for, a rare one is asked of the index, a short one neither far nor there', async () => {
  const asked: string[] = [];
  const search = (found: number) => ({
    among: async (rows: number) => {
      asked.push(String(rows));
      return Array.from({ length: found }, (_, at) => at);
    },
    byIndex: async (pattern: string) => {
      asked.push(pattern);
      return [];
    },
  });
  await findNewest('invoice', 50, search(50));
  await findNewest('invoice', 50, search(20));
  await findNewest('invoice', 50, search(0));
  await findNewest('in', 50, search(0));
  assert.deepEqual(await findNewest('a\0b', 50, search(50)), []);
  assert.deepEqual(asked, ['2000', '2000', '50000', '%invoice%', '2000', '%invoice%', '2000', '20000']);
});
