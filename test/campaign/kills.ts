/**
 * Random kills: mails arrive and print while a server is killed again and again, at random moments, inside system calls,
 * and right at the steps of the way from the mailbox to paper. In the end nothing is lost and nothing is printed twice.
 */
import { chooseSeed, type Dice, startDice } from '../harness/dice.ts';
import { checkInvariants, settle, type Tally } from '../harness/invariants.ts';
import { UNKNOWN_SENDER } from '../harness/mail.ts';
import { endDatabase, openStage, type Stage, type StageNode } from '../harness/stage.ts';
import { armCallFault, mayTrace } from '../harness/strace.ts';
import { POINTS, type Point, reachPoint } from './points.ts';

export type KillOptions = {
  readonly kills: number;
  /** One node with the embedded database, or two nodes over one external database. */
  readonly world: 'embedded' | 'two-nodes';
  readonly seed?: number;
  readonly say?: (line: string) => void;
};

export type KillReport = Tally & {
  readonly seed: number;
  readonly kills: number;
  readonly byKind: Readonly<Record<string, number>>;
  readonly seconds: number;
};

type Blow =
  | { readonly kind: 'at a random moment'; readonly afterMs: number }
  | { readonly kind: 'inside a sync'; readonly when: number }
  | { readonly kind: 'inside a write'; readonly when: number }
  | { readonly kind: 'at a step'; readonly point: Point };

const CHECK_EVERY_KILLS = 10;
// Whatever was armed and did not happen by then is replaced by a plain kill.
const PATIENCE_MS = 2_000;

/** Kills until the number is reached and checks the invariants on the way; throws with seed and story when one breaks. */
export async function runKills(options: KillOptions): Promise<KillReport> {
  const dice = startDice(options.seed ?? chooseSeed());
  const say = options.say ?? (() => undefined);
  const startedAt = performance.now();
  say(`random kills, ${options.world}: seed ${dice.seed}`);
  if (!mayTrace()) say('system calls cannot be traced here: no kill is inside one');
  const isEmbedded = options.world === 'embedded';
  await using stage = await openStage(isEmbedded ? {} : { database: 'external', nodes: 2 });
  const byKind: Record<string, number> = {};
  let kills = 0;
  const count = (kind: string) => {
    kills += 1;
    byKind[kind] = (byKind[kind] ?? 0) + 1;
  };
  try {
    for (let checked = 0; kills < options.kills; ) {
      await deliverSome(stage, dice);
      const node = dice.pick(stage.nodes);
      count(await strike(stage, node, chooseBlow(dice)));
      if (isEmbedded && dice.roll() < 0.2) await endDatabase(node.dataDir, 'SIGKILL');
      while (!(await restart(stage, node, dice))) count('while starting');
      if (kills - checked < CHECK_EVERY_KILLS && kills < options.kills) continue;
      checked = kills;
      await settle(stage);
      const tally = await checkInvariants(stage);
      say(`${kills} kills: ${JSON.stringify(tally)}`);
    }
    const tally = await checkInvariants(stage);
    return { seed: dice.seed, kills, byKind, ...tally, seconds: Math.round((performance.now() - startedAt) / 1000) };
  } catch (error) {
    const run = `seed ${dice.seed}, after ${kills} kills (${options.world})`;
    throw new Error(`${run}\n${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

async function deliverSome(stage: Stage, dice: Dice): Promise<void> {
  const documents = 1 + dice.upTo(2);
  const bytesEach = dice.pick([2_000, 60_000, 700_000]);
  await stage.deliver(1 + dice.upTo(2), { documents, bytesEach });
  if (dice.roll() < 0.1) await stage.deliver(1, { sender: UNKNOWN_SENDER });
}

function chooseBlow(dice: Dice): Blow {
  const share = dice.roll();
  if (share < 0.3 || (share < 0.6 && !mayTrace())) return { kind: 'at a random moment', afterMs: dice.upTo(400) };
  if (share < 0.45) return { kind: 'inside a sync', when: 1 + dice.upTo(2) };
  if (share < 0.6) return { kind: 'inside a write', when: 1 + dice.upTo(120) };
  return { kind: 'at a step', point: dice.pick(POINTS) };
}

/** Kills the node and answers how it came about. */
async function strike(stage: Stage, node: StageNode, blow: Blow): Promise<string> {
  const { process: server } = node;
  switch (blow.kind) {
    case 'at a random moment':
      await pause(blow.afterMs);
      await server.kill();
      return blow.kind;
    case 'at a step': {
      const isReached = await reachPoint(stage, blow.point, AbortSignal.timeout(PATIENCE_MS));
      await server.kill();
      return isReached ? `at a step: ${blow.point}` : 'at a random moment';
    }
    default: {
      const calls = blow.kind === 'inside a sync' ? ['fsync', 'fdatasync'] : ['write', 'writev'];
      await using _armed = await armCallFault(server.pid, { calls, when: blow.when, effect: 'kill' });
      // Something has to be under way while it is armed.
      await stage.deliver(1);
      const isHit = await Promise.race([server.ended.then(() => true), pause(PATIENCE_MS).then(() => false)]);
      await server.kill();
      return isHit ? blow.kind : 'at a random moment';
    }
  }
}

/** Starts the node again; now and then it is killed while it starts, and then the answer is false. */
async function restart(stage: Stage, node: StageNode, dice: Dice): Promise<boolean> {
  const isOneOfSeveral = stage.nodes.length > 1;
  // Nobody waits for the end of a dead node's leases here; the journey of two nodes does.
  if (isOneOfSeveral) await stage.ageLeases();
  const isKilledAgain = dice.roll() < 0.12;
  if (!isKilledAgain) return await node.start();
  const killSignal = AbortSignal.any([AbortSignal.timeout(50 + dice.upTo(1_200))]);
  if (!(await node.start({ killSignal }))) return false;
  // It was ready first. The kill comes all the same.
  await node.process.ended;
  return false;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
