/** Disks that fill up under the hands of devices: the spool's, the database's, and one that both share. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { mayMount } from '../harness/disk.ts';
import { addOutgoing, fillPace, Scanners } from '../harness/scans.ts';
import { checkMail, settleMail } from '../harness/sent-mail.ts';
import { SmallDisk } from '../harness/small-disk.ts';
import { openStage, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';

const skip = mayMount() ? false : 'file systems cannot be mounted here';
/** Below the tenth at which nothing is taken any more; what is left is for what waits already. */
const SCARCE = 0.06;
/** Larger than what is held in memory and than what a full disk still takes. */
const LARGE_BYTES = 8_000_000;
/** Room is looked for once a second, and a database that ended is started again after a pause. */
const BACK_MS = 30_000;

type World = AsyncDisposable & { readonly stage: Stage; readonly scanners: Scanners; readonly disk: SmallDisk };

async function openWorld(folder: string, mib: number): Promise<World> {
  await using undo = new AsyncDisposableStack();
  const directory = mkdtempSync(join(tmpdir(), 'platen-full-'));
  undo.defer(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  // The embedded database runs as a system user of its own and must pass through.
  chmodSync(directory, 0o755);
  const isSpool = folder === 'spool';
  const disk = undo.use(new SmallDisk(join(directory, folder), { mib, mode: isSpool ? '0700' : '0755' }));
  const place = folder === 'shared' ? disk.place : directory;
  mkdirSync(join(place, 'spool'), { recursive: true, mode: 0o700 });
  const stage = undo.use(await openStage({ until: 'administrator', directory: place }));
  await addOutgoing(stage, 'confirmed');
  await fillPace(stage);
  const scanners = new Scanners(stage);
  const opened = undo.move();
  return { stage, scanners, disk, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** Waits until a device hears what it is to hear before it has sent anything of its message. */
async function untilAnswered(scanners: Scanners, words: RegExp): Promise<void> {
  await eventually(
    async () => {
      let hasSentData = false;
      const { answer } = await scanners.scan({
        reached: (step) => {
          if (step === 'DATA was answered') hasSentData = true;
        },
      });
      return words.test(answer ?? '') && (!answer?.startsWith('452') || !hasSentData);
    },
    { what: `a device hears ${words}`, timeoutMs: BACK_MS },
  );
}

const DISKS = [
  ['spool', 40, 'the disk of the spool'],
  ['node-a', 320, 'the disk of the database'],
  ['shared', 360, 'the disk of both'],
] as const;

describe('devices hand in mail while a disk fills up', { skip }, () => {
  for (const [folder, mib, title] of DISKS) {
    test(`${title}: 452 before DATA, what waits leaves all the same, and with room everything goes on by itself`, async () => {
      await using world = await openWorld(folder, mib);
      const { stage, scanners, disk } = world;
      const { smtp } = stage.peers.practice;
      await scanners.scanKept({ bytes: LARGE_BYTES });
      // Slow enough that some wait when the room becomes scarce.
      smtp.addFault({ phase: 'end-of-data', delayMs: 250, times: 6 });
      for (let at = 0; at < 6; at += 1) await scanners.scanKept({ bytes: at % 2 === 0 ? 2_000 : 100_000 });
      disk.fill(SCARCE);
      await untilAnswered(scanners, /^452 4\.3\.1 /);
      await settleMail(scanners);

      // The room ends in the middle of a message whose DATA was answered.
      disk.empty();
      await untilAnswered(scanners, /^250 /);
      const { answer } = await scanners.scan({
        bytes: LARGE_BYTES,
        reached: (step) => {
          if (step === 'half of the message was sent') disk.fill(0);
        },
      });
      // A database of its own may still have had room for the row; then it was promised, and is kept.
      assert.match(answer ?? '', folder === 'node-a' ? /^(250|451) |^$/ : /^451 4\.3\.0 /);
      // What was written of a message that was not taken is gone again, and its room is taken as well.
      disk.fill(0);
      await untilAnswered(scanners, /^45[12] 4\.3\.[01] /);
      assert.ok(stage.node.isRunning);

      disk.empty();
      await untilAnswered(scanners, /^250 /);
      await settleMail(scanners);
      const tally = await checkMail(scanners);
      assert.ok(tally.promised >= 9 && tally.kept >= tally.promised, JSON.stringify(tally));
      assert.ok(stage.node.isRunning);
    });
  }
});
