/** Attack 24 of the threat model: a device that hands in mail without end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runFlood } from '../campaign/flood.ts';

const isLinux = process.platform === 'linux';

test('a device in a loop fills neither disk nor memory beyond its day, and another one is served all the while', {
  skip: !isLinux,
}, async (t) => {
  const report = await runFlood({ messages: 500, messagesPerDay: 200 });
  t.diagnostic(JSON.stringify(report));
  assert.ok(report.others > 0);
  assert.ok(report.memoryGrowthMiB < 100 && report.databaseGrowthMiB < 50, JSON.stringify(report));
});
