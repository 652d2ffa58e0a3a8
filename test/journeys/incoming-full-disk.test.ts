/** A disk that fills up while mail comes in: what cannot be kept stays in the mailbox. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { mayMount } from '../harness/disk.ts';
import { SmallDisk } from '../harness/small-disk.ts';
import { openStage, type Row, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';

const skip = mayMount() ? false : 'file systems cannot be mounted here';
/** Below the tenth at which nothing is taken any more, and enough for what waits already. */
const SCARCE = 0.07;
/** A full disk is looked at again every 20 s. */
const BACK_MS = 60_000;

const mailbox = async (stage: Stage) => ((await stage.api('GET', '/mailboxes')) as { items: Row[] }).items[0] ?? {};
const jobs = async (stage: Stage) => ((await stage.api('GET', '/jobs?limit=100')) as { items: Row[] }).items;

test('mail stays in the mailbox while the disk is full, the page says why, and it is printed once there is room', {
  skip,
}, async () => {
  await using undo = new AsyncDisposableStack();
  const directory = mkdtempSync(join(tmpdir(), 'platen-full-'));
  undo.defer(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  chmodSync(directory, 0o755);
  const disk = undo.use(new SmallDisk(join(directory, 'spool'), { mib: 60, mode: '0700' }));
  mkdirSync(join(directory, 'spool'), { recursive: true, mode: 0o700 });
  const stage = undo.use(await openStage({ directory, database: 'external' }));
  await stage.deliver(1);
  await eventually(async () => (await jobs(stage)).some(({ state }) => state === 'completed'), {
    what: 'the first mail is printed',
    timeoutMs: BACK_MS,
  });

  disk.fill(SCARCE);
  await stage.deliver(2, { bytesEach: 400_000 });
  await eventually(async () => (await mailbox(stage)).state === 'failing', {
    what: 'the mailbox says that it takes nothing',
    timeoutMs: BACK_MS,
  });
  const { problem } = (await mailbox(stage)) as { problem: Row };
  assert.equal(problem.code, 'mailbox-disk-full');
  assert.match(String(problem.advice), /stays in the mailbox/);
  const before = await stage.sql('SELECT count(*)::int AS messages FROM incoming_messages');
  assert.deepEqual(before, [{ messages: 1 }], 'nothing more was taken');
  assert.equal((await jobs(stage)).length, 1);
  assert.ok(disk.freeShare > SCARCE / 2, 'the rest of the room is left alone');

  disk.empty();
  await eventually(async () => (await jobs(stage)).filter(({ state }) => state === 'completed').length === 3, {
    what: 'what waited in the mailbox is printed',
    timeoutMs: 2 * BACK_MS,
  });
  assert.equal((await mailbox(stage)).state, 'connected');
  assert.equal((await jobs(stage)).length, 3);
});
