/**
 * Power cuts: data directory, database and spool lie on a disk of their own; at a random moment the disk is taken as it
 * is, everything that was not flushed is gone, and Platen starts on what is left. The mailbox and the printer live on,
 * so that whatever was promised to them has to be there, and what was printed must not be printed again.
 *
 * Where file systems cannot be mounted, server and database are killed at the same instant instead: then the page cache
 * of the system survives, and only what a process held back itself is lost.
 */
import { chooseSeed, startDice } from '../harness/dice.ts';
import { CuttableDisk, familyOf, mayMount, signal } from '../harness/disk.ts';
import { checkInvariants, settle, type Tally } from '../harness/invariants.ts';
import { findEmbeddedServer, isAlive, openStage, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';
import { POINTS, reachPoint } from './points.ts';

export type PowerCutOptions = {
  readonly cuts: number;
  readonly seed?: number;
  readonly say?: (line: string) => void;
};

export type PowerCutReport = Tally & {
  readonly seed: number;
  readonly cuts: number;
  readonly manner: 'image of the disk' | 'processes killed at once';
  readonly seconds: number;
};

const PATIENCE_MS = 2_000;
const CHECK_EVERY_CUTS = 5;

/** Cuts the power and checks the invariants after each restart; throws with seed and story when one breaks. */
export async function runPowerCuts(options: PowerCutOptions): Promise<PowerCutReport> {
  const dice = startDice(options.seed ?? chooseSeed());
  const say = options.say ?? (() => undefined);
  const startedAt = performance.now();
  await using undo = new AsyncDisposableStack();
  const disk = mayMount() ? undo.use(new CuttableDisk()) : undefined;
  await disk?.make();
  const manner = disk === undefined ? 'processes killed at once' : 'image of the disk';
  say(`power cuts by ${manner}: seed ${dice.seed}`);
  const stage = undo.use(await openStage(disk === undefined ? {} : { directory: disk.place }));
  let cuts = 0;
  try {
    for (; cuts < options.cuts; ) {
      const isByChance = dice.roll() < 0.5;
      const reached = isByChance
        ? new Promise((resolve) => setTimeout(resolve, dice.upTo(500)))
        : reachPoint(stage, dice.pick(POINTS), AbortSignal.timeout(PATIENCE_MS));
      await stage.deliver(1 + dice.upTo(3), { documents: 1 + dice.upTo(2), bytesEach: dice.pick([2_000, 300_000]) });
      await reached;
      await cutPower(stage, disk);
      cuts += 1;
      await stage.node.start();
      await settle(stage);
      const tally = await checkInvariants(stage);
      if (cuts % CHECK_EVERY_CUTS === 0) say(`${cuts} power cuts: ${JSON.stringify(tally)}`);
    }
    const tally = await checkInvariants(stage);
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    return { seed: dice.seed, cuts, manner, ...tally, seconds };
  } catch (error) {
    const run = `seed ${dice.seed}, after ${cuts} power cuts`;
    throw new Error(`${run}\n${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** Everything that runs on the node ends at one instant, and its disk is what had been flushed by then. */
export async function cutPower(stage: Stage, disk: CuttableDisk | undefined): Promise<void> {
  const { node } = stage;
  const database = findEmbeddedServer(node.dataDir);
  const writers = [node.process.pid, ...(database === undefined ? [] : familyOf(database))];
  const copy = await disk?.take(writers);
  for (const pid of writers) signal(pid, 'SIGKILL');
  await node.process.ended;
  await eventually(() => writers.every((pid) => !isAlive(pid)), { what: 'everything is dark' });
  if (disk !== undefined && copy !== undefined) await disk.replace(copy);
}
