import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runPageKills } from '../campaign/page-kills.ts';

const KILLS = 10;

test(`two nodes whose printer takes one picture for each job are killed ${KILLS} times: each page comes out once`, async (t) => {
  const report = await runPageKills({ kills: KILLS, say: (line) => t.diagnostic(line) });
  t.diagnostic(JSON.stringify(report));
  assert.ok(report.kills >= KILLS);
  assert.deepEqual([report.lost, report.printedTwice, report.unknown], [0, 0, 0]);
});
