import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runAnswering } from '../campaign/answering.ts';

test('two Platens and four machines that answer mail come to rest by themselves, with few replies', async (t) => {
  // One more would be too many, if answers to replies counted with these.
  const limits = { jobRepliesPerPersonAndDay: 7 };
  const report = await runAnswering({ forMs: 0, limits, isUnpaced: true });
  t.diagnostic(JSON.stringify(report));
  assert.equal(report.documents, 6);
  assert.ok(report.suppressed >= 3, 'the limits have ended what machines would have gone on with');
});
