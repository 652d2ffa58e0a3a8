import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MovableClock } from '../../test/harness/time.ts';
import { ClockDoubt, DAY_MS, doubtOf, HOUR_MS, MINUTE_MS } from './clock.ts';

test('a clock that leaps ahead is doubted for an hour, and one that goes on as it should is not', () => {
  const clock = new MovableClock();
  const doubt = new ClockDoubt(clock);
  clock.advance(400 * DAY_MS);
  assert.equal(doubt.isDoubtful(), false);
  clock.leap(400 * DAY_MS);
  assert.equal(doubt.isDoubtful(), true);
  clock.advance(HOUR_MS - 1);
  assert.equal(doubt.isDoubtful(), true);
  clock.advance(1);
  assert.equal(doubt.isDoubtful(), false);
});

test('a clock that is set right again ends the doubt, and a small correction begins none', () => {
  const clock = new MovableClock();
  const doubt = new ClockDoubt(clock);
  clock.leap(15 * MINUTE_MS);
  assert.equal(doubt.isDoubtful(), false);
  clock.leap(15 * MINUTE_MS + 1);
  assert.equal(doubt.isDoubtful(), true);
  clock.leap(-16 * MINUTE_MS);
  assert.equal(doubt.isDoubtful(), false);
  clock.leap(-HOUR_MS);
  assert.equal(doubt.isDoubtful(), false);
});

test('all who ask about a clock share the doubt, also one that was begun before it could be seen to leap', () => {
  const clock = new MovableClock();
  assert.equal(doubtOf(clock).isDoubtful(), false);
  assert.equal(doubtOf(new MovableClock()).isDoubtful(), false);
  clock.leap(DAY_MS);
  assert.equal(doubtOf(clock).isDoubtful(), true);
  assert.equal(doubtOf(clock).isDoubtful(), true);
  clock.advance(HOUR_MS);
  assert.equal(doubtOf(clock).isDoubtful(), false);
  const trouble = { kind: 'ahead', writtenAt: new Date(clock.now().getTime() - 31 * DAY_MS) } as const;
  doubtOf(clock).begin(trouble);
  assert.equal(doubtOf(clock).isDoubtful(), true);
  assert.equal(doubtOf(clock).findTrouble(), trouble);
  clock.advance(HOUR_MS);
  assert.equal(doubtOf(clock).isDoubtful(), false);
  assert.equal(doubtOf(clock).findTrouble(), undefined);
});

test('a clock that is behind what was written is in trouble until it is put right', () => {
  const clock = new MovableClock();
  const trouble = { kind: 'behind', writtenAt: new Date(clock.now().getTime() + 2 * DAY_MS) } as const;
  doubtOf(clock).begin(trouble);
  clock.advance(2 * HOUR_MS);
  assert.equal(doubtOf(clock).findTrouble(), trouble);
  clock.leap(2 * DAY_MS);
  assert.equal(doubtOf(clock).findTrouble(), undefined);
});
