/**
 * `npm test`: types, style, then every test file, with one PostgreSQL server for all of them.
 *
 * `npm test -- server/jobs` runs only files whose path contains the given text.
 */
import { spawn } from 'node:child_process';
import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startTestServer } from './harness/database.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const bin = (name: string) => join(ROOT, 'node_modules', '.bin', name);
const FILE_TIMEOUT_MS = 10 * 60_000;

const wanted = process.argv.slice(2).filter((option) => !option.startsWith('--'));
process.exitCode = await main();

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
  const options = ['--test', '--test-concurrency=2', `--test-timeout=${FILE_TIMEOUT_MS}`, '--test-reporter=spec'];
  return await run(process.execPath, [...options, ...files], { PLATEN_TEST_SERVER: JSON.stringify(server.target) });
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
