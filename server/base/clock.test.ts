import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MovableClock } from '../../test/harness/time.ts';
import { ClockDoubt, DAY_MS, HOUR_MS, MINUTE_MS } from './clock.ts';

const leap = (clock: MovableClock, ms: number) => clock.setWallClock(new Date(clock.now().getTime() + ms));

test('a clock that leaps ahead is doubted for an hour, and one that goes on as it should is not', () => {
  const clock = new MovableClock();
  const doubt = new ClockDoubt(clock);
  clock.advance(400 * DAY_MS);
  assert.equal(doubt.isDoubtful(), false);
  leap(clock, 400 * DAY_MS);
  assert.equal(doubt.isDoubtful(), true);
  clock.advance(HOUR_MS - 1);
  assert.equal(doubt.isDoubtful(), true);
  clock.advance(1);
  assert.equal(doubt.isDoubtful(), false);
});

test('a clock that is set right again ends the doubt, and a small correction begins none', () => {
  const clock = new MovableClock();
  const doubt = new ClockDoubt(clock);
  leap(clock, 15 * MINUTE_MS);
  assert.equal(doubt.isDoubtful(), false);
  leap(clock, 15 * MINUTE_MS + 1);
  assert.equal(doubt.isDoubtful(), true);
  leap(clock, -16 * MINUTE_MS);
  assert.equal(doubt.isDoubtful(), false);
  leap(clock, -HOUR_MS);
  assert.equal(doubt.isDoubtful(), false);
});
