import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { link, lstat, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually, MovableClock } from '../../../test/harness/time.ts';
import { systemClock } from '../../base/clock.ts';
import { openResult } from '../converter.ts';
import { reasonOf } from '../reasons.ts';
import { type Box, openBox } from './box.ts';
import type { Ended } from './run.ts';

/** What a program could do that a document has taken over, each said as a script of the box. */
const never = new AbortController().signal;
let dir: string;

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'platen-box-test-'));
  await writeFile(join(dir, 'document'), 'a document');
});
after(() => rm(dir, { recursive: true, force: true }));

const open = (clock = systemClock) => openBox(clock, 'A', { path: join(dir, 'document'), ending: 'txt' });

async function run(script: string, more: { wallMs?: number } = {}): Promise<{ ended: Ended; files: string[] }> {
  await using box = await open();
  const ended = await box.run({ script, ...more }, never);
  return { ended, files: (await readdir(box.outputDir)).sort() };
}

/** Processes with this word on their command line, anywhere on the machine. */
function countProcesses(word: string): number {
  const all = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).split('\n');
  return all.filter((line) => line.includes(word) && !line.includes('ps -eo')).length;
}

test('a program that hangs ends with its time, and nothing that it started stays behind', async () => {
  const clock = new MovableClock();
  await using box = await open(clock);
  const running = box.run({ script: 'sleep 7401 & setsid sleep 7402 & sleep 7403' }, never);
  await eventually(() => countProcesses('sleep 740') >= 3, { what: 'it hangs' });
  clock.advance(59_999);
  assert.ok(countProcesses('sleep 740') >= 3, 'it may take a minute');
  clock.advance(1);
  const ended = await running;
  assert.equal(ended.kind, 'late');
  assert.equal(reasonOf(ended)?.reason, 'conversion-timeout');
  await eventually(() => countProcesses('sleep 740') === 0, { what: 'nothing is left' });
});

test('a program that is no longer wanted ends at once', async () => {
  await using box = await open();
  const stop = new AbortController();
  const running = box.run({ script: 'sleep 7501' }, stop.signal);
  await eventually(() => countProcesses('sleep 7501') > 0, { what: 'it runs' });
  stop.abort();
  assert.equal((await running).kind, 'stopped');
  await eventually(() => countProcesses('sleep 7501') === 0, { what: 'nothing is left' });
});

test('a fork bomb is stopped, and a document beside it is opened meanwhile', async () => {
  await using box = await open();
  const bomb = 'b() { b | b & }; b; sleep 7601';
  const stop = new AbortController();
  const bombing = box.run({ script: bomb, wallMs: 5_000 }, stop.signal);
  await eventually(() => countProcesses('sleep 7601') > 0, { what: 'the bomb has gone off' });
  const { ended } = await run('cat "$IN" | cat | cat');
  assert.deepEqual(ended, { kind: 'ended', status: 0, words: 'a document' });
  stop.abort();
  await bombing;
  await eventually(() => countProcesses('sleep 7601') === 0, { what: 'nothing is left of the bomb' });
});

test('what opens documents gives way to the server, and what nobody waits for gives way to that', async () => {
  await using box = await open();
  const niceness = async (canWait: boolean) => {
    const ended = await box.run({ script: 'nice', canWait }, never);
    return ended.kind === 'ended' ? Number(ended.words) - getPriority() : ended;
  };
  assert.deepEqual([await niceness(false), await niceness(true)], [5, 10]);
});

test('a file may have 200 MB, and a larger one ends the program', async () => {
  const most = await run('head -c 209715200 /dev/zero > "$OUT/most"');
  assert.deepEqual([most.ended.kind, most.ended.kind === 'ended' && most.ended.status], ['ended', 0]);
  const more = await run('head -c 209715201 /dev/zero > "$OUT/more"; exit $?');
  assert.equal(reasonOf(more.ended)?.reason, 'conversion-too-large');
});

test('many files together may not fill the disk', async () => {
  await using box = await open();
  const script = 'for n in 1 2 3 4 5 6 7 8; do fallocate -l 200M "$OUT/$n"; done; sleep 7701';
  const bytes = await box.run({ script }, never);
  assert.equal(reasonOf(bytes)?.reason, 'conversion-too-large');
  const names = await run(
    'mkdir "$OUT/d"; i=0; while [ $i -lt 6000 ]; do : > "$OUT/d/$i"; i=$((i+1)); done; sleep 7702',
  );
  assert.equal(reasonOf(names.ended)?.reason, 'conversion-too-large');
});

test('memory beyond the limit is not given', async () => {
  const script = `python3 -c 'bytearray(4 * 1024 * 1024 * 1024)'`;
  const { ended } = await run(script);
  assert.equal(reasonOf(ended)?.reason, 'conversion-failed');
  assert.match(ended.kind === 'ended' ? ended.words : '', /MemoryError/);
});

test('what it says is kept up to a limit, and read to the end', async () => {
  const { ended } = await run('head -c 5000000 /dev/zero | tr "\\0" x; echo; exit 0');
  assert.equal(ended.kind, 'ended');
  assert.equal(ended.kind === 'ended' && ended.words.length, 64 * 1024);
});

test('it sees its document and the programs, and nothing else of the machine', async () => {
  const { ended } = await run('ls -A / /in /home /root /var /etc 2>&1; id -u; ls /proc | grep -c "^[0-9]"; env');
  assert.equal(ended.kind, 'ended');
  const words = ended.kind === 'ended' ? ended.words : '';
  assert.match(words, /document\.txt/);
  assert.doesNotMatch(words, /passwd|shadow|PLATEN|DATABASE/);
  assert.match(words, /cannot access '\/home'/);
  assert.match(words, /^65534$/m);
});

test('it reaches no address, not even its own machine', async () => {
  const script = `python3 -c '
import socket
for place in (("127.0.0.1", 1), ("169.254.169.254", 80), ("192.0.2.1", 80)):
  try:
    socket.create_connection(place, 1)
    print("reached")
  except OSError as error:
    print(error.errno)'`;
  const { ended } = await run(script);
  // ECONNREFUSED on a loopback of its own; ENETUNREACH for the rest of the world.
  assert.deepEqual(ended, { kind: 'ended', status: 0, words: '111\n101\n101\n' });
});

const TRICKS: readonly (readonly [string, string])[] = [
  ['no file', 'exit 0'],
  ['an empty file', ': > "$OUT/document.pdf"'],
  ['a folder', 'mkdir "$OUT/document.pdf"'],
  ['a link to a file of the machine', 'ln -s /etc/hostname "$OUT/document.pdf"'],
  ['a pipe that nobody writes into', 'mkfifo "$OUT/document.pdf"'],
  ['a file that promises more than it holds', 'truncate -s 1G "$OUT/document.pdf"'],
];

for (const [what, script] of TRICKS) {
  test(`${what} under the name of the result is no result`, async () => {
    await using box = await open();
    await box.run({ script }, never);
    assert.equal(await openResult(box, 'document.pdf'), undefined);
  });
}

test('a second name of another file is no result', async () => {
  await using box = await open();
  await link(join(dir, 'document'), join(box.outputDir, 'document.pdf')).catch((error: unknown) => {
    assert.equal((error as { code?: string }).code, 'EXDEV');
  });
  assert.equal(await openResult(box, 'document.pdf'), undefined);
});

test('when it is closed nothing of it is left on the disk', async () => {
  let outside: Box;
  {
    await using box = await open();
    await box.run({ script: 'mkdir -p "$OUT/a/b"; chmod 0 "$OUT/a/b"; echo x > "$OUT/a/c"' }, never);
    outside = box;
  }
  await assert.rejects(lstat(outside.outputDir), /ENOENT/);
});
