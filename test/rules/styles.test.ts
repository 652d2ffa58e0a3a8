import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { ROOT, readSources, readText } from './sources.ts';

const MANTINE = join(ROOT, 'node_modules', '@mantine', 'core');
const IMPORTED = [...readText('web/app/styles.ts').matchAll(/'@mantine\/core\/styles\/([\w-]+)\.css'/g)].map(
  (match) => match[1] ?? '',
);
/** What every page of Mantine needs, whatever it is made of. */
const GROUND = ['baseline', 'default-css-variables', 'global'];

test('the styles of each part of Mantine that the interface uses are loaded, and no others', async () => {
  const used = await usedParts();
  assert.ok(used.length > 10, 'the pattern finds parts');
  const needed = [
    ...new Set(used.flatMap((name) => [...stylesOf(join(MANTINE, 'esm/components', name, `${name}.mjs`))])),
  ];
  assert.deepEqual([...IMPORTED].sort(), [...GROUND, ...needed].sort());
});

test('the styles of Mantine are loaded in its own order, so that the same ones overrule others', () => {
  const all = readFileSync(join(MANTINE, 'styles.css'), 'utf8');
  const places = IMPORTED.map((name) => {
    const own = readFileSync(join(MANTINE, 'styles', `${name}.css`), 'utf8');
    return all.indexOf(
      own
        .replace(/^\/\*.*\*\/\n/, '')
        .trim()
        .slice(0, 200),
    );
  });
  const inOrder = [...places].sort((left, right) => left - right);
  assert.deepEqual(places.slice(GROUND.length), inOrder.slice(GROUND.length));
});

async function usedParts(): Promise<string[]> {
  const sources = (await readSources('web/**/*.tsx')).filter(({ path }) => !path.startsWith('web/dist'));
  const imported = sources.flatMap(({ text }) => [...text.matchAll(/import \{([^}]*)\} from '@mantine\/core'/g)]);
  const names = imported.flatMap((match) => (match[1] ?? '').split(',').map((name) => name.trim()));
  const parts = new Set(readdirSync(join(MANTINE, 'esm/components')));
  return [...new Set(names)].filter((name) => parts.has(name));
}

/** The styles that a module of Mantine names, and those of all that it is made of. */
function stylesOf(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file) || !existsSync(file)) return new Set();
  seen.add(file);
  const own = file.endsWith('.module.mjs') ? [basename(file, '.module.mjs')] : [];
  const inner = [...readFileSync(file, 'utf8').matchAll(/from ["'](\.[^"']+)["']/g)].flatMap((match) => [
    ...stylesOf(join(dirname(file), match[1] ?? ''), seen),
  ]);
  return new Set([...own, ...inner]);
}
