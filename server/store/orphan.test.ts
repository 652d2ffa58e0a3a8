import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isAlive } from '../../test/harness/stage.ts';
import { eventually } from '../../test/harness/time.ts';
import { systemClock } from '../base/clock.ts';
import { openLog } from '../base/log.ts';
import { startEmbedded } from './embedded.ts';
import { findSystemUser } from './system-user.ts';

const isLinux = process.platform === 'linux';

test('a database server that was killed and is not buried yet is waited for', { skip: !isLinux }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'platen-orphan-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  chmodSync(directory, 0o711);
  const around = { clock: systemClock, log: openLog('silent') };
  await (await startEmbedded(directory, around))[Symbol.asyncDispose]();

  // The child of a parent that never asks for it stays a zombie for as long as that parent lives.
  const identity = process.getuid?.() === 0 ? await findSystemUser() : {};
  const parent = spawn('/bin/sh', ['-c', 'true & exec sleep 2'], { stdio: 'ignore', ...identity });
  const pid = await eventually(() => findZombieOf(parent.pid ?? 0), { what: 'the child has ended' });
  writeFileSync(join(directory, 'postgresql', 'postmaster.pid'), `${pid}\n`);

  await using server = await startEmbedded(directory, around);
  assert.notEqual(server.pid(), pid);
});

/** Starts the database from a process that is killed then, as Platen may be; answers what is left behind. */
async function leaveBehind(directory: string): Promise<{ readonly server: number; readonly session: number }> {
  const module = JSON.stringify(new URL('./embedded.ts', import.meta.url).href);
  const base = JSON.stringify(new URL('../base/', import.meta.url).href);
  const program = `
    const { startEmbedded } = await import(${module});
    const { systemClock } = await import(${base} + 'clock.ts');
    const { openLog } = await import(${base} + 'log.ts');
    const { default: pg } = await import('pg');
    const directory = ${JSON.stringify(directory)};
    const server = await startEmbedded(directory, { clock: systemClock, log: openLog('silent') });
    const { directory: host, ...target } = server.target;
    const client = new pg.Client({ host, ...target });
    await client.connect();
    const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
    console.log(server.pid(), rows[0].pid);
    // In the middle of a statement a session does not notice that its client is gone.
    await client.query('SELECT pg_sleep(600)');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    cwd: new URL('../..', import.meta.url),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk) => (said += String(chunk)));
  await eventually(() => said.endsWith('\n'), { what: 'the database runs', timeoutMs: 120_000 });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  const [server = 0, session = 0] = said.trim().split(' ').map(Number);
  return { server, session };
}

for (const [frozen, title] of [
  ['session', 'one of whose sessions hangs'],
  ['server', 'that hears no signal any more'],
] as const) {
  test(`a database server ${title} is made to end, and the next one recovers`, { skip: !isLinux }, async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'platen-orphan-'));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    chmodSync(directory, 0o711);
    const left = await leaveBehind(directory);
    process.kill(left[frozen], 'SIGSTOP');
    // What takes tens of seconds is over in a few: the clock for it runs thirty times as fast.
    const clock = { ...systemClock, monotonicMs: () => 30 * systemClock.monotonicMs() };
    await using server = await startEmbedded(directory, { clock, log: openLog('silent') });
    assert.notEqual(server.pid(), left.server);
    assert.deepEqual([left.server, left.session].filter(isAlive), []);
  });
}

function findZombieOf(parent: number): number | undefined {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const found = pids.find((pid) => {
    try {
      return new RegExp(`^\\d+ \\(.*\\) Z ${parent} `, 's').test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    } catch {
      return false; // it has ended meanwhile
    }
  });
  return found === undefined ? undefined : Number(found);
}
