import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runMailPowerCuts } from '../campaign/mail-power-cuts.ts';
import { mayMount } from '../harness/disk.ts';

test('after a power cut everything that a device heard 250 for leaves, once or marked', async (t) => {
  if (!mayMount()) t.diagnostic('file systems cannot be mounted here: server and database are killed at once instead');
  const report = await runMailPowerCuts({ cuts: 4, say: (line) => t.diagnostic(line) });
  t.diagnostic(JSON.stringify(report));
  assert.deepEqual([report.cuts, report.missing], [4, 0]);
  assert.ok(report.cutsWithAll > 0 && report.promised > 0 && report.kept >= report.promised);
  assert.equal(report.manner, mayMount() ? 'image of the disk' : 'processes killed at once');
});
