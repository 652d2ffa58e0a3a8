import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PlatenError } from '../base/errors.ts';
import { checkTransition, isEnded, mayFollow, TRANSITIONS } from './states.ts';

test('an ended job stays as it is', () => {
  for (const state of ['canceled', 'aborted', 'completed'] as const) {
    assert.ok(isEnded(state));
    for (const next of Object.keys(TRANSITIONS) as (keyof typeof TRANSITIONS)[]) {
      assert.equal(mayFollow(state, next), state === next, `${state} → ${next}`);
    }
  }
});

test('a held job must become pending before it is processed', () => {
  assert.ok(!mayFollow('pending-held', 'processing'));
  assert.throws(
    () => checkTransition('pending-held', 'processing'),
    (error) => error instanceof PlatenError && error.code === 'job-state-conflict',
  );
});

test('every state can be reached and every state that is not an end can be left by canceling', () => {
  const reached = new Set(Object.values(TRANSITIONS).flat());
  for (const state of Object.keys(TRANSITIONS) as (keyof typeof TRANSITIONS)[]) {
    if (state !== 'pending-held') assert.ok(reached.has(state), state);
    if (!isEnded(state)) assert.ok(TRANSITIONS[state].includes('canceled'), state);
  }
});
