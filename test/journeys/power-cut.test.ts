import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runPowerCuts } from '../campaign/power-cuts.ts';
import { mayMount } from '../harness/disk.ts';

test('after a power cut everything that was promised is there, and nothing is printed twice', async (t) => {
  if (!mayMount()) t.diagnostic('file systems cannot be mounted here: server and database are killed at once instead');
  const report = await runPowerCuts({ cuts: 4, say: (line) => t.diagnostic(line) });
  t.diagnostic(JSON.stringify(report));
  assert.deepEqual([report.cuts, report.lost, report.printedTwice], [4, 0, 0]);
  assert.equal(report.manner, mayMount() ? 'image of the disk' : 'processes killed at once');
});
