import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SETTINGS } from '../../server/base/settings.ts';
import { readSources, readText } from './sources.ts';

test('docs/settings.md documents each setting and no other', () => {
  const documented = [...readText('docs/settings.md').matchAll(/^\| `([A-Z_]+)` \|/gm)].map((match) => match[1]);
  assert.deepEqual([...documented].sort(), Object.keys(SETTINGS).sort());
});

// The launcher hands the environment over whole.
const ALLOWED = new Set(['server/base/settings.ts', 'cli/platen.mjs']);

test('the server and the command line look at the environment in base/settings.ts only', async () => {
  const sources = await readSources('{server,cli}/**/*.{ts,mjs}');
  const wrong = sources
    .filter((source) => !source.isTest && !ALLOWED.has(source.path) && /process\.env\b/.test(source.text))
    .map((source) => source.path);
  assert.deepEqual(wrong, []);
});
