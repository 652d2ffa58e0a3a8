import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runKills } from '../campaign/kills.ts';

const worlds = [
  { world: 'embedded', kills: 16, title: 'a server with its embedded database' },
  { world: 'two-nodes', kills: 34, title: 'either of two nodes on an external database' },
] as const;

for (const { world, kills, title } of worlds) {
  test(`${title} is killed ${kills} times at random: nothing is lost and nothing is printed twice`, async (t) => {
    const report = await runKills({ world, kills, say: (line) => t.diagnostic(line) });
    t.diagnostic(JSON.stringify(report));
    assert.ok(report.kills >= kills);
    assert.deepEqual([report.lost, report.printedTwice, report.unknown], [0, 0, 0]);
  });
}
