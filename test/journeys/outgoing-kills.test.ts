import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runMailKills } from '../campaign/mail-kills.ts';

const worlds = [
  { world: 'embedded', kills: 6, title: 'a server with its embedded database' },
  { world: 'external', kills: 30, title: 'a server on an external database' },
  { world: 'two-nodes', kills: 16, title: 'either of two nodes on an external database' },
] as const;

for (const { world, kills, title } of worlds) {
  test(`${title} is killed ${kills} times while devices hand in mail: what was answered with 250 is sent`, async (t) => {
    const report = await runMailKills({ world, kills, say: (line) => t.diagnostic(line) });
    t.diagnostic(JSON.stringify(report));
    assert.ok(report.kills >= kills);
    assert.equal(report.missing, 0);
    assert.ok(report.roundsWithAll > 0);
    assert.ok(report.promised > 0 && report.kept >= report.promised);
  });
}
