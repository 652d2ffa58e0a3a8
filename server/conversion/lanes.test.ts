import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { MovableClock } from '../../test/harness/time.ts';
import { countRoom, Lanes, LONG_MS } from './lanes.ts';

/** Begins so much work that never ends by itself; answers how many have begun, and ends one. */
function begin(lanes: Lanes, count: number) {
  const ends: (() => void)[] = [];
  const all = Array.from({ length: count }, () =>
    lanes.run('slow', () => new Promise<void>((resolve) => void ends.push(resolve))),
  );
  return { begun: () => ends.length, endOne: () => ends.shift()?.(), all };
}

test('who waits in a lane begins when one has ended, in the order of coming', async () => {
  const lanes = new Lanes(new MovableClock());
  const order: number[] = [];
  const ends: (() => void)[] = [];
  const all = Array.from({ length: lanes.size + 2 }, (_, index) =>
    lanes.run('quick', async () => {
      order.push(index);
      await new Promise<void>((resolve) => ends.push(resolve));
    }),
  );
  await turn();
  assert.equal(order.length, lanes.size);
  for (let left = all.length; left > 0; left -= 1) {
    ends.shift()?.();
    await turn();
  }
  await Promise.all(all);
  assert.deepEqual(
    order,
    Array.from({ length: lanes.size + 2 }, (_, index) => index),
  );
});

test('what takes long gives its place away, but not without end', async () => {
  const clock = new MovableClock();
  const lanes = new Lanes(clock);
  const { begun, endOne, all } = begin(lanes, lanes.size * 5 + 3);
  await turn();
  assert.equal(begun(), lanes.size);
  clock.advance(LONG_MS - 1);
  await turn();
  assert.equal(begun(), lanes.size, 'they may take so long');
  for (let count = 0; count < 10; count += 1) {
    clock.advance(LONG_MS);
    await turn();
  }
  assert.equal(begun(), lanes.size + 3);
  for (const _ of all) {
    endOne();
    await turn();
  }
  await Promise.all(all);
});

test('the places that are free are counted without those that take long', () => {
  const long = LONG_MS;
  assert.equal(countRoom(2, []), 2);
  assert.equal(countRoom(2, [1, long - 1]), 0);
  assert.equal(countRoom(2, [1, long]), 1);
  assert.equal(countRoom(1, [long, long, long]), 1);
  assert.equal(countRoom(1, [long, long, long, long]), 0);
});
