/**
 * `npm test`: types, style, then every test file, with one PostgreSQL server for all of them.
 *
 * A file in which something failed is run once more, alone: what passes only then is named at the end as unsteady, which
 * is a fault to be mended, not one of the change that is being tested.
 *
 * `npm test -- server/jobs` runs only files whose path contains the given text.
 */
import { spawn } from 'node:child_process';
import { glob, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startTestServer } from './harness/database.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const bin = (name: string) => join(ROOT, 'node_modules', '.bin', name);
const REPORTER = fileURLToPath(new URL('./harness/failures.ts', import.meta.url));
const FILE_TIMEOUT_MS = 10 * 60_000;

const wanted = process.argv.slice(2).filter((option) => !option.startsWith('--'));
const status = await main();
// The harness has hooks of the test runner, which would print an empty result of its own.
process.exit(status);

async function main(): Promise<number> {
  if (wanted.length === 0) {
    console.log('Checking types …');
    if ((await run(bin('tsc'), ['--noEmit'])) !== 0) return 1;
    console.log('Checking style …');
    if ((await run(bin('biome'), ['check', '--error-on-warnings', '.'])) !== 0) return 1;
  }
  const files = await findTests();
  if (files.length === 0) {
    console.error(`no test file matches ${wanted.join(' ')}`);
    return 1;
  }
  console.log(`Running ${files.length} test files …`);
  await using server = await startTestServer();
  const env = { PLATEN_TEST_SERVER: JSON.stringify(server.target) };
  const failed = await runFiles(files, { env, atOnce: 2 });
  if (failed.length === 0) return 0;
  console.log(`\nOnce more, one after the other: ${failed.join(', ')}`);
  const again = await runFiles(failed, { env, atOnce: 1 });
  const unsteady = failed.filter((file) => !again.includes(file));
  if (unsteady.length > 0) console.log(`\nUnsteady, passed only when run again: ${unsteady.join(', ')}`);
  return again.length === 0 ? 0 : 1;
}

/** Runs test files and answers those in which something failed. */
async function runFiles(
  files: readonly string[],
  { env, atOnce }: { readonly env: Record<string, string>; readonly atOnce: number },
): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'platen-failures-'));
  const list = join(folder, 'failed');
  try {
    const limits = [`--test-concurrency=${atOnce}`, `--test-timeout=${FILE_TIMEOUT_MS}`];
    const spec = ['--test-reporter=spec', '--test-reporter-destination=stdout'];
    const failures = [`--test-reporter=${REPORTER}`, `--test-reporter-destination=${list}`];
    const status = await run(process.execPath, ['--test', ...limits, ...spec, ...failures, ...files], env);
    if (status === 0) return [];
    const named = (await readFile(list, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
    const known = files.filter((file) => named.some((name) => name.endsWith(file)));
    // A run that failed without naming a file of ours failed altogether.
    return known.length > 0 ? known : [...files];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function findTests(): Promise<string[]> {
  const files: string[] = [];
  for await (const file of glob('{server,cli,simulator,locales,setup,test,bench}/**/*.test.ts', { cwd: ROOT }))
    files.push(file);
  return files.filter((file) => wanted.length === 0 || wanted.some((text) => file.includes(text))).sort();
}

async function run(program: string, options: readonly string[], env: Record<string, string> = {}): Promise<number> {
  const child = spawn(program, options, { cwd: ROOT, stdio: 'inherit', env: { ...process.env, ...env } });
  return await new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
}
