import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { readSources } from './sources.ts';

const MAX_FILE_LINES = 400;
const MAX_FUNCTION_LINES = 60;
const MAX_FOLDER_FILES = 12;

/** A folder may be larger only for a reason that stands here. */
const LARGER_FOLDERS: Readonly<Record<string, string>> = {
  cli: 'one file per command',
  'server/store/migrations': 'one file per migration',
};

/** A file may be longer only for a reason that stands here. */
const LONGER_FILES: Readonly<Record<string, string>> = {
  'server/store/schema.ts': 'every table on one page',
};

/** A file may be of any length because nobody writes it. */
const GENERATED = new Set(['web/api/schema.ts']);

const sources = (await readSources('{server,cli,simulator,locales,setup,web}/**/*.{ts,tsx}'))
  .filter((source) => !source.isTest && !source.path.startsWith('web/dist'))
  .filter((source) => !GENERATED.has(source.path));

test('no file is longer than 400 lines', () => {
  const long = sources.map((source) => ({ path: source.path, lines: source.text.trimEnd().split('\n').length }));
  assert.deepEqual(
    long.filter(({ path, lines }) => lines > MAX_FILE_LINES && LONGER_FILES[path] === undefined),
    [],
  );
});

test('no function is longer than 60 lines', () => {
  const long = sources.flatMap((source) =>
    findFunctions(source.text)
      .filter(({ lines }) => lines > MAX_FUNCTION_LINES)
      .map(({ name, lines }) => `${source.path} ${name}: ${lines} lines`),
  );
  assert.deepEqual(long, []);
});

test('no folder holds more than 12 files', () => {
  const counts = new Map<string, number>();
  for (const { path } of sources) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
  const large = [...counts].filter(
    ([folder, count]) => count > MAX_FOLDER_FILES && LARGER_FOLDERS[folder] === undefined,
  );
  assert.deepEqual(large, []);
});

/** Named functions and methods by the formatter's indentation: the closing brace stands under the first letter. */
function findFunctions(text: string): { name: string; lines: number }[] {
  const lines = text.split('\n');
  const found: { name: string; lines: number }[] = [];
  const start =
    /^(\s*)(?:export )?(?:default )?(?:async )?(?:function\*? (\w+)|(?:static |get |set |async )*(#?\w+)\([^)]*\)?.*\{$)/;
  for (const [at, line] of lines.entries()) {
    const match = start.exec(line);
    const name = match?.[2] ?? match?.[3];
    if (match === null || name === undefined || /^(if|for|while|switch|catch|return|await)$/.test(name)) continue;
    const end = lines.findIndex((other, index) => index > at && other.startsWith(`${match[1]}}`));
    if (end > at) found.push({ name, lines: end - at + 1 });
  }
  return found;
}
