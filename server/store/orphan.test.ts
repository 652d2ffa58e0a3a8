import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
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
