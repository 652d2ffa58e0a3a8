import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually, MovableClock } from '../../../test/harness/time.ts';
import { doubtOf, HOUR_MS, MINUTE_MS } from '../../base/clock.ts';
import { LEFTOVER_AGE_MS } from '../limits.ts';
import { type Box, sweepBoxes } from './box.ts';
import { SpareRoom } from './spare.ts';

const never = new AbortController().signal;
let dir: string;

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'platen-spare-test-'));
  await writeFile(join(dir, 'document'), 'a document');
});
after(() => rm(dir, { recursive: true, force: true }));

const openIn = (rooms: SpareRoom) => rooms.open('A', { path: join(dir, 'document'), ending: 'txt' });

async function words(box: Box, script: string): Promise<string> {
  const ended = await box.run({ script }, never);
  assert.deepEqual([ended.kind, ended.kind === 'ended' && ended.status], ['ended', 0]);
  return ended.kind === 'ended' ? ended.words : '';
}

/** The shells that wait behind walls for this process. */
function waitingShells(): number[] {
  const lines = execFileSync('ps', ['-eo', 'pid,ppid,args'], { encoding: 'utf8' }).trim().split('\n');
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, program]) => parent === String(process.pid) && program?.endsWith('bwrap'))
    .map(([id]) => Number(id));
}

test('a room stands ready, serves one document alone, and the next one is made ready when it has gone', async () => {
  const rooms = new SpareRoom(new MovableClock());
  rooms.keepReady('A');
  const [shell] = await eventually(() => (waitingShells().length === 1 ? waitingShells() : undefined));
  {
    await using box = await openIn(rooms);
    assert.deepEqual(waitingShells(), [shell], 'its walls stand already');
    assert.equal(await words(box, 'cat "$IN"; echo kept > "$OUT/kept"; echo kept > /tmp/kept'), 'a document');
  }
  await eventually(() => waitingShells().length === 1 && waitingShells()[0] !== shell);
  {
    await using box = await openIn(rooms);
    assert.equal(await words(box, 'ls "$OUT" /tmp'), '/out:\n\n/tmp:\n');
  }
  await eventually(() => waitingShells().length === 1);
  await rooms.stop();
  assert.deepEqual(waitingShells(), []);
});

test('a room that somebody has tidied away is replaced, and a document that is gone is said to be', async () => {
  const rooms = new SpareRoom(new MovableClock());
  rooms.keepReady('A');
  const shell = await eventually(() => waitingShells()[0]);
  const [, room] = /(\/[^\0]*\/platen-conversion-[^/\0]+)/.exec(readFileSync(`/proc/${shell}/cmdline`, 'utf8')) ?? [];
  assert.ok(room !== undefined && existsSync(room));
  await rm(room, { recursive: true });
  {
    await using box = await openIn(rooms);
    assert.equal(await words(box, 'cat "$IN"'), 'a document');
  }
  await assert.rejects(rooms.open('A', { path: join(dir, 'gone'), ending: 'txt' }), { code: 'ENOENT' });
  await rooms.stop();
});

test('a second try of the same document has walls of its own', async () => {
  const rooms = new SpareRoom(new MovableClock());
  rooms.keepReady('A');
  await using box = await openIn(rooms);
  assert.equal(await words(box, 'echo once > /tmp/mark; ls /tmp'), 'mark\n');
  assert.equal(await words(box, 'ls /tmp'), '');
  await rooms.stop();
});

test('a room whose shell has died or that has stood for long is not relied on', async () => {
  const clock = new MovableClock();
  const rooms = new SpareRoom(clock);
  rooms.keepReady('A');
  const [shell = 0] = await eventually(() => (waitingShells().length === 1 ? waitingShells() : undefined));
  process.kill(shell, 'SIGKILL');
  await eventually(() => waitingShells().length === 0);
  {
    await using box = await openIn(rooms);
    assert.equal(await words(box, 'cat "$IN"'), 'a document');
  }
  const [old] = await eventually(() => (waitingShells().length === 1 ? waitingShells() : undefined));
  clock.advance(31 * MINUTE_MS);
  {
    await using box = await openIn(rooms);
    await eventually(() => !waitingShells().includes(old ?? 0), { what: 'the old one is gone' });
    assert.equal(await words(box, 'cat "$IN"'), 'a document');
    assert.ok(existsSync(dirname(box.outputDir)));
  }
  await rooms.stop();
});

test('what a dead process left is swept by its age, but not by a clock that has just leapt', async () => {
  const left = await mkdtemp(join(tmpdir(), 'platen-conversion-'));
  const now = new Date();
  await utimes(left, now, new Date(now.getTime() - LEFTOVER_AGE_MS - MINUTE_MS));
  const clock = new MovableClock(now);
  assert.equal(doubtOf(clock).isDoubtful(), false);
  clock.leap(HOUR_MS);
  await sweepBoxes(clock);
  assert.ok(existsSync(left));
  clock.leap(-HOUR_MS);
  await sweepBoxes(clock);
  assert.ok(!existsSync(left));
});
