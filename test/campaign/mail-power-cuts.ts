/**
 * Power cuts on the way out: the same as for mail that comes in, while devices hand in scans and the outbox sends. The
 * devices and the outgoing server live on, so that what was promised has to leave, and what was accepted is known.
 */
import { chooseSeed, type Dice, startDice } from '../harness/dice.ts';
import { CuttableDisk, mayMount } from '../harness/disk.ts';
import type { Scanners } from '../harness/scans.ts';
import { checkMail, type MailTally, settleMail } from '../harness/sent-mail.ts';
import { openStage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';
import { prepareMail } from './mail-kills.ts';
import {
  addUp,
  bringIntoPlace,
  type Census,
  Devices,
  isComplete,
  letGo,
  type Moment,
  momentsOf,
  readMoments,
  SIZES,
} from './mail-moments.ts';
import { cutPower, type PowerCutReport } from './power-cuts.ts';

export type MailPowerCutOptions = {
  readonly cuts: number;
  readonly seed?: number;
  readonly say?: (line: string) => void;
};

export type MailPowerCutReport = MailTally &
  Pick<PowerCutReport, 'seed' | 'cuts' | 'manner' | 'seconds'> & {
    /** Messages that stood at each step when the power went, in those cuts that waited for it. */
    readonly byMoment: Census;
    readonly cutsWithAll: number;
  };

const SETTLE_MS = 600_000;
const FLOW_MS = 300_000;
const SAY_EVERY_CUTS = 5;

/** Cuts the power and checks after each restart; throws with seed and story when something does not hold. */
export async function runMailPowerCuts(options: MailPowerCutOptions): Promise<MailPowerCutReport> {
  const dice = startDice(options.seed ?? chooseSeed());
  const say = options.say ?? (() => undefined);
  const startedAt = performance.now();
  await using undo = new AsyncDisposableStack();
  const disk = mayMount() ? undo.use(new CuttableDisk()) : undefined;
  await disk?.make();
  const manner = disk === undefined ? 'processes killed at once' : 'image of the disk';
  say(`power cuts on the way out by ${manner}: seed ${dice.seed}`);
  const place = disk === undefined ? {} : { directory: disk.place };
  const stage = undo.use(await openStage({ until: 'administrator', ...place }));
  const scanners = await prepareMail(stage);
  const moments: Moment[] = [];
  let cuts = 0;
  let cutsWithAll = 0;
  try {
    for (; cuts < options.cuts; ) {
      const cut = () => cutPower(stage, disk);
      // The first one always has all, so that also a short run has seen each step.
      if (cuts === 0 || dice.roll() < 0.6) {
        const found = await cutInPlace(scanners, dice, cut);
        moments.push(...found);
        if (isComplete(addUp(found))) cutsWithAll += 1;
      } else await cutInFlow(scanners, dice, cut);
      cuts += 1;
      await stage.node.start();
      await settleMail(scanners, { timeoutMs: SETTLE_MS });
      const tally = await checkMail(scanners);
      if (cuts % SAY_EVERY_CUTS === 0) say(`${cuts} power cuts: ${JSON.stringify(tally)}`);
    }
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    const counted = { byMoment: addUp(moments), cutsWithAll };
    return { seed: dice.seed, cuts, manner, ...counted, ...(await checkMail(scanners)), seconds };
  } catch (error) {
    const run = `seed ${dice.seed}, after ${cuts} power cuts on the way out`;
    throw new Error(`${run}\n${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** A message stands at each step, and a device has just sent its last byte. Answers where all of them were. */
async function cutInPlace(scanners: Scanners, dice: Dice, cut: () => Promise<void>): Promise<readonly Moment[]> {
  const { stage } = scanners;
  const place = await bringIntoPlace(scanners, stage.node, dice);
  const inOutbox = await readMoments(stage);
  const sent = Promise.withResolvers<void>();
  void place.devices.begin(dice.pick(SIZES), (step) => {
    if (step === 'the final dot was sent') {
      // Before it can answer: the rest follows.
      stage.node.process.signal('SIGSTOP');
      sent.resolve();
    }
    return undefined;
  });
  await sent.promise;
  await cut();
  letGo(stage, place);
  return [...inOutbox, ...momentsOf(await place.devices.end())];
}

/** Devices hand in and messages leave, and the power goes at any moment of it. */
async function cutInFlow(scanners: Scanners, dice: Dice, cut: () => Promise<void>): Promise<void> {
  const { stage } = scanners;
  const devices = new Devices(scanners, stage.node);
  const { counters } = stage.peers.practice.smtp;
  const wanted = counters.accepted + 1 + dice.upTo(5);
  const all = Array.from({ length: 2 + dice.upTo(3) }, () => devices.keepOn(dice.pick(SIZES)));
  await eventually(() => counters.accepted >= wanted, { what: 'messages leave', timeoutMs: FLOW_MS });
  await new Promise((resolve) => setTimeout(resolve, dice.upTo(50)));
  await cut();
  await devices.end();
  await Promise.all(all);
}
