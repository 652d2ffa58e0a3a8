import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startRecordedServer } from './testing.ts';

const LAUNCHER = fileURLToPath(new URL('./platen.mjs', import.meta.url));

/** The Node that npm runs on: any from 20, and not the one that is installed with Platen. */
async function findOtherNode(): Promise<string | undefined> {
  const own = await realpath(process.execPath);
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = await realpath(join(folder, 'node')).catch(() => undefined);
    if (path !== undefined && path !== own && !path.includes('node_modules')) return path;
  }
  return undefined;
}

const otherNode = await findOtherNode();
const programs = [process.execPath, ...(otherNode === undefined ? [] : [otherNode])];
const env = { PLATEN_DATA_DIR: '/nonexistent/platen' };

for (const program of programs) {
  const name = program === process.execPath ? 'the Node of Platen' : 'another Node';

  test(`started by ${name}, arguments and exit codes are handed over`, () => {
    const help = spawnSync(program, [LAUNCHER, 'jobs', '--help'], { env, encoding: 'utf8' });
    assert.equal(help.status, 0);
    assert.match(help.stdout, /jobs list/);
    assert.equal(spawnSync(program, [LAUNCHER, 'nonsense'], { env }).status, 2);
    assert.equal(
      spawnSync(program, [LAUNCHER, 'jobs', 'list'], {
        env: { ...env, PLATEN_TOKEN: 'x', PLATEN_URL: 'http://127.0.0.1:1' },
      }).status,
      1,
    );
  });

  test(`started by ${name} through a link, it finds its own folder`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'platen-bin-'));
    try {
      const link = join(folder, 'platen');
      await symlink(LAUNCHER, link);
      const help = spawnSync(program, [link, '--help'], { env, encoding: 'utf8', cwd: folder });
      assert.equal(help.status, 0, help.stderr);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}

test('a signal to the launcher stops what it started', { skip: otherNode === undefined }, async () => {
  const held = Promise.withResolvers<void>();
  await using server = await startRecordedServer({
    'GET /jobs': async () => {
      held.resolve();
      return await new Promise(() => undefined);
    },
  });
  const child = spawn(otherNode ?? '', [LAUNCHER, 'jobs', 'list'], { env: { ...env, ...server.env }, stdio: 'ignore' });
  const ended = once(child, 'exit');
  await held.promise;
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [128 + 15, null]);
});
