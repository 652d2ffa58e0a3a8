import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findHolding, findNeeds, findPrinterNeeds, STANDS_STILL_MS } from './needs.ts';

const holds = (reason: string, forMs: number, isCounted = true) => findHolding([reason], { forMs, isCounted }).length;

test('an error holds a job up at once, an unmarked reason after seconds, a warning after a minute, a report never', () => {
  assert.equal(holds('media-empty-error', 0), 1);
  for (const [reason, weight] of [
    ['media-jam', 'unmarked'],
    ['media-empty-warning', 'warning'],
  ] as const) {
    assert.equal(holds(reason, STANDS_STILL_MS[weight] - 1), 0);
    assert.equal(holds(reason, STANDS_STILL_MS[weight]), 1);
  }
  assert.equal(holds('door-open-report', Number.MAX_SAFE_INTEGER), 0);
});

test('what is not marked holds a job up together with an error, and not seconds after it', () => {
  const reasons = ['media-empty-error', 'media-needed', 'cover-open-warning'];
  assert.deepEqual(findHolding(reasons, { forMs: 0, isCounted: true }), ['media-empty-error', 'media-needed']);
});

test('a warning of a printer that counts no sheets holds nothing up, because nobody knows that the job stands still', () => {
  assert.equal(holds('media-empty-warning', STANDS_STILL_MS.warning, false), 0);
  assert.equal(holds('media-empty', STANDS_STILL_MS.unmarked, false), 1);
});

test('what is low, paused or unknown is nothing that a job waits for', () => {
  for (const reason of ['toner-low-error', 'paused', 'none', 'constructor', 'vendor-smile-error', '-error', '']) {
    assert.equal(holds(reason, Number.MAX_SAFE_INTEGER), 0, reason);
  }
});

test('each need is told once, and errors say what it waits for where there are some', () => {
  assert.deepEqual(findNeeds(['media-empty-error', 'media-needed-error', 'cover-open-error']), ['paper', 'door']);
  assert.deepEqual(findNeeds(['media-empty-warning', 'media-jam-error', 'toner-low-warning']), ['jam']);
  assert.deepEqual(findNeeds(['marker-supply-empty-warning']), ['toner']);
  assert.deepEqual(findNeeds(['media-empty-report', 'paused']), []);
});

test('a busy printer waits by its errors, a stopped one by all it says, an idle one for nothing', () => {
  const reasons = ['media-empty-warning'];
  assert.deepEqual(findPrinterNeeds({ state: 'processing', reasons }), []);
  assert.deepEqual(findPrinterNeeds({ state: 'stopped', reasons }), ['paper']);
  assert.deepEqual(findPrinterNeeds({ state: 'processing', reasons: ['media-empty'] }), ['paper']);
  assert.deepEqual(findPrinterNeeds({ state: 'idle', reasons: ['media-empty-error'] }), []);
});
