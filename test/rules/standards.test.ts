import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSources, readText } from './sources.ts';

test('each RFC that the code cites has its row in docs/standards.md', async () => {
  const sources = await readSources('{server,cli}/**/*.ts');
  const cited = new Set(
    sources.flatMap((source) => [...source.text.matchAll(/\bRFC (\d{3,5})\b/g)].map((match) => match[1] ?? '')),
  );
  const rows = new Set([...readText('docs/standards.md').matchAll(/^\| RFC (\d+) \|/gm)].map((match) => match[1]));
  assert.ok(cited.size > 5, 'the pattern finds citations');
  assert.deepEqual([...cited].filter((number) => !rows.has(number)).sort(), []);
});
