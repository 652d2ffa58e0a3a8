/**
 * Random kills: mails arrive, print or are held, and are answered while a server is killed again and again, at random
 * moments, inside system calls, and right at the steps of the way from FETCH to the reply. In the end nothing is lost,
 * nothing is printed twice, and every sender has one reply, whose PIN is the one that holds.
 */
import { chooseSeed, type Dice, startDice } from '../harness/dice.ts';
import { checkInvariants, settle, type Tally } from '../harness/invariants.ts';
import { UNKNOWN_SENDER } from '../harness/mail.ts';
import {
  answerSenders,
  checkReplies,
  deliverHeld,
  type ReplyTally,
  releaseHeld,
  settleReplies,
} from '../harness/replies.ts';
import { endDatabase, openStage, type Stage, type StageNode } from '../harness/stage.ts';
import { armCallFault, mayTrace } from '../harness/strace.ts';
import { buildGates, isGated, REPLY_GATES } from './gates.ts';
import { isAfterPaper, STEPS, type Step, strikeAt } from './points.ts';

export type KillOptions = {
  readonly kills: number;
  /** One node with the embedded database, or two nodes over one external database. */
  readonly world: 'embedded' | 'two-nodes';
  readonly seed?: number;
  readonly say?: (line: string) => void;
};

export type KillReport = Tally &
  ReplyTally & {
    readonly seed: number;
    readonly kills: number;
    readonly byKind: Readonly<Record<string, number>>;
    /** Those of them at a step between the last sheet of paper and the last word of the outgoing server. */
    readonly afterPaper: number;
    readonly seconds: number;
  };

type Blow =
  | { readonly kind: 'at a random moment'; readonly afterMs: number }
  | { readonly kind: 'inside a sync'; readonly when: number }
  | { readonly kind: 'inside a write'; readonly when: number }
  | { readonly kind: 'at a step'; readonly step: Step };

const CHECK_EVERY_KILLS = 10;
// Whatever was armed and did not happen by then is replaced by a plain kill.
const PATIENCE_MS = 2_000;
// A reply is written when all is printed, by whoever holds the leases for that; the other node asks for them every 5 s.
// On a busy machine that takes long, and a step that was not reached has tried nothing.
const REPLY_PATIENCE_MS = 20_000;

/** Kills until the number is reached and checks the invariants on the way; throws with seed and story when one breaks. */
export async function runKills(options: KillOptions): Promise<KillReport> {
  const dice = startDice(options.seed ?? chooseSeed());
  const say = options.say ?? (() => undefined);
  const startedAt = performance.now();
  say(`random kills, ${options.world}: seed ${dice.seed}`);
  if (!mayTrace()) say('system calls cannot be traced here: no kill is inside one');
  const isEmbedded = options.world === 'embedded';
  await using stage = await openStage(isEmbedded ? {} : { database: 'external', nodes: 2 });
  await answerSenders(stage);
  await buildGates(stage);
  const steps = new Deck(dice);
  const byKind: Record<string, number> = {};
  let kills = 0;
  const count = (kind: string) => {
    kills += 1;
    byKind[kind] = (byKind[kind] ?? 0) + 1;
  };
  try {
    for (let checked = 0; kills < options.kills; ) {
      await deliverSome(stage, dice);
      if (dice.roll() < 0.5) await deliverHeld(stage, { documents: 1 + dice.upTo(2) });
      const node = dice.pick(stage.nodes);
      const blow = chooseBlow(dice, steps);
      const { kind, killed } = await strike(stage, node, blow);
      if (blow.kind === 'at a step' && kind !== stepKind(blow.step)) steps.putBack(blow.step);
      count(kind);
      say(`${Math.round((performance.now() - startedAt) / 1000)} s, kill ${kills}: ${kind}`);
      if (isEmbedded && dice.roll() < 0.2) await endDatabase(node.dataDir, 'SIGKILL');
      for (const one of killed) while (!(await restart(stage, one, dice))) count('while starting');
      if (kills - checked < CHECK_EVERY_KILLS && kills < options.kills) continue;
      checked = kills;
      say(`${kills} kills: ${JSON.stringify(await checkEverything(stage))}`);
    }
    const tally = await checkEverything(stage);
    const afterPaper = STEPS.filter(isAfterPaper).reduce((sum, step) => sum + (byKind[stepKind(step)] ?? 0), 0);
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    return { seed: dice.seed, kills, byKind, afterPaper, ...tally, seconds };
  } catch (error) {
    const run = `seed ${dice.seed}, after ${kills} kills (${options.world})`;
    throw new Error(`${run}\n${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** Waits until all is printed and told, prints with the PINs of the replies what is held, and checks all of it. */
async function checkEverything(stage: Stage): Promise<Tally & ReplyTally> {
  await settle(stage);
  await settleReplies(stage);
  await releaseHeld(stage);
  await settle(stage);
  // A printer that a busy machine kept waiting needs attention: that notice leaves too.
  await settleReplies(stage);
  return { ...(await checkInvariants(stage)), ...(await checkReplies(stage)) };
}

async function deliverSome(stage: Stage, dice: Dice): Promise<void> {
  const documents = 1 + dice.upTo(2);
  const bytesEach = dice.pick([2_000, 60_000, 700_000]);
  await stage.deliver(1 + dice.upTo(2), { documents, bytesEach });
  if (dice.roll() < 0.1) await stage.deliver(1, { sender: UNKNOWN_SENDER });
}

/**
 * Deals the steps so that each comes once before one comes again. The first are those that are never met by chance, so
 * that a short run has all of them.
 */
class Deck {
  readonly #dice: Dice;
  #left: Step[] = [...REPLY_GATES];

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  draw(): Step {
    if (this.#left.length === 0) this.#left = [...STEPS];
    const [step] = this.#left.splice(this.#dice.upTo(this.#left.length), 1);
    if (step === undefined) throw new Error('there are no steps');
    return step;
  }

  /** A step that was not reached has tried nothing: it comes again. */
  putBack(step: Step): void {
    this.#left.push(step);
  }
}

function chooseBlow(dice: Dice, steps: Deck): Blow {
  const share = dice.roll();
  if (share < 0.15 || (share < 0.35 && !mayTrace())) return { kind: 'at a random moment', afterMs: dice.upTo(400) };
  if (share < 0.25) return { kind: 'inside a sync', when: 1 + dice.upTo(2) };
  if (share < 0.35) return { kind: 'inside a write', when: 1 + dice.upTo(120) };
  return { kind: 'at a step', step: steps.draw() };
}

const stepKind = (step: Step) => `at a step: ${step}`;

type Struck = { readonly kind: string; readonly killed: readonly StageNode[] };

/** Kills the node, or at the steps of a reply that are seen from outside all nodes, and answers how it came about. */
async function strike(stage: Stage, node: StageNode, blow: Blow): Promise<Struck> {
  const { process: server } = node;
  switch (blow.kind) {
    case 'at a random moment':
      await pause(blow.afterMs);
      await server.kill();
      return { kind: blow.kind, killed: [node] };
    case 'at a step': {
      const { step } = blow;
      const signal = AbortSignal.timeout(isAfterPaper(step) ? REPLY_PATIENCE_MS : PATIENCE_MS);
      // Which of two nodes writes and sends the replies cannot be told from outside: then both die. Where one of them stands
      // still, one dies and the session that stands there is ended: it is the dead one's, or the living one loses it.
      const killed = isAfterPaper(step) && !isGated(step) ? stage.nodes : [node];
      const kill = async () => void (await Promise.all(killed.map((one) => one.kill())));
      const isReached = await strikeAt(stage, step, { signal, blow: kill });
      return { kind: isReached ? stepKind(step) : 'at a random moment', killed };
    }
    default: {
      const calls = blow.kind === 'inside a sync' ? ['fsync', 'fdatasync'] : ['write', 'writev'];
      await using _armed = await armCallFault(server.pid, { calls, when: blow.when, effect: 'kill' });
      // Something has to be under way while it is armed.
      await stage.deliver(1);
      const isHit = await Promise.race([server.ended.then(() => true), pause(PATIENCE_MS).then(() => false)]);
      await server.kill();
      return { kind: isHit ? blow.kind : 'at a random moment', killed: [node] };
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
