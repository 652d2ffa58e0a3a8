/**
 * Random kills on the way out: devices hand in scans while a server is killed again and again, from MAIL at the relay to
 * the last word of the outgoing server. In the end everything that a device heard 250 for has been accepted there.
 *
 * In most rounds a message stands at every step when the blow falls; in the others mail flows, and the blow falls wherever
 * it falls. Where the messages were is counted and told, and a run in which no round had all steps has failed.
 */
import { chooseSeed, type Dice, startDice } from '../harness/dice.ts';
import { addOutgoing, fillPace, Scanners } from '../harness/scans.ts';
import { checkMail, type MailTally, settleMail } from '../harness/sent-mail.ts';
import { endDatabase, openStage, type Stage, type StageNode } from '../harness/stage.ts';
import { armCallFault, mayTrace } from '../harness/strace.ts';
import { eventually } from '../harness/time.ts';
import {
  bringIntoPlace,
  type Census,
  Devices,
  Gate,
  isComplete,
  letGo,
  MOMENTS,
  type Moment,
  SIZES,
  takeCensus,
} from './mail-moments.ts';

/** One node with the embedded database, one over an external database, or two over one. */
export const MAIL_WORLDS = ['embedded', 'external', 'two-nodes'] as const;
export type MailWorld = (typeof MAIL_WORLDS)[number];

export type MailKillOptions = {
  readonly kills: number;
  readonly world: MailWorld;
  readonly seed?: number;
  readonly say?: (line: string) => void;
};

export type MailKillReport = MailTally & {
  readonly seed: number;
  readonly kills: number;
  readonly byKind: Readonly<Record<string, number>>;
  /** Messages that stood at each step when a blow fell. */
  readonly byMoment: Census;
  /** Rounds, and those of them in which each of the steps had a message. */
  readonly rounds: number;
  readonly roundsWithAll: number;
  readonly seconds: number;
};

const BLOWS = [
  'accepted and not answered',
  'answered and not written down',
  'in the flow',
  'inside a sync',
  'inside a write',
] as const;
type Blow = (typeof BLOWS)[number];

type Struck = { readonly kind: string; readonly killed: readonly StageNode[]; readonly census: Census };

const CHECK_EVERY_KILLS = 10;
const CHECK_MS = 600_000;
// What was armed and did not happen by then is replaced by a plain kill.
const PATIENCE_MS = 1_500;
const FLOW_MS = 300_000;

/** Kills until the number is reached and checks on the way; throws with seed and story when something does not hold. */
export async function runMailKills(options: MailKillOptions): Promise<MailKillReport> {
  const dice = startDice(options.seed ?? chooseSeed());
  const say = options.say ?? (() => undefined);
  const startedAt = performance.now();
  say(`random kills on the way out, ${options.world}: seed ${dice.seed}`);
  if (!mayTrace()) say('system calls cannot be traced here: no kill is inside one');
  await using stage = await openWorld(options.world);
  const scanners = await prepareMail(stage);
  const counts = new Counts();
  const starts = new Starts(stage, options.world, () => counts.addKills('while starting', 1));
  const story = () => `seed ${dice.seed}, after ${counts.kills} kills (${options.world})`;
  try {
    for (let checked = 0; counts.kills < options.kills; ) {
      const node = await starts.getNode(dice);
      const blow = counts.kills === 0 ? 'answered and not written down' : chooseBlow(dice);
      const { kind, killed, census } = await strike(scanners, node, { blow, dice, starts });
      counts.add(kind, killed.length, census);
      for (const one of killed) {
        if (options.world === 'embedded' && dice.roll() < 0.25) await endDatabase(one.dataDir, 'SIGKILL');
        starts.begin(one, dice);
      }
      if (counts.kills - checked < CHECK_EVERY_KILLS && counts.kills < options.kills) continue;
      checked = counts.kills;
      await starts.finish();
      await settleMail(scanners, { timeoutMs: CHECK_MS });
      say(`${counts.kills} kills: ${JSON.stringify({ ...(await checkMail(scanners)), ...counts.told() })}`);
    }
    const tally = await checkMail(scanners);
    if (counts.told().roundsWithAll === 0) throw new Error('in no round a message was at each of the steps');
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    return { seed: dice.seed, kills: counts.kills, ...counts.told(), ...tally, seconds };
  } catch (error) {
    throw new Error(`${story()}\n${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

async function openWorld(world: MailWorld): Promise<Stage> {
  const until = 'administrator';
  if (world === 'embedded') return await openStage({ until });
  return await openStage({ until, database: 'external', nodes: world === 'two-nodes' ? 2 : 1 });
}

/** Mail leaves to the practice tenant from now on, as fast as it can. */
export async function prepareMail(stage: Stage): Promise<Scanners> {
  await addOutgoing(stage, 'confirmed');
  await fillPace(stage);
  // Nobody looks there, and each copy stays in memory.
  stage.peers.practice.smtp.setSwitches({ sentItems: 'off', recipientsPerDay: 1_000_000 });
  return new Scanners(stage);
}

class Counts {
  kills = 0;
  readonly #byKind: Record<string, number> = {};
  readonly #byMoment = Object.fromEntries(MOMENTS.map((moment) => [moment, 0])) as Record<Moment, number>;
  #rounds = 0;
  #roundsWithAll = 0;

  addKills(kind: string, kills: number): void {
    this.kills += kills;
    this.#byKind[kind] = (this.#byKind[kind] ?? 0) + kills;
  }

  add(kind: string, kills: number, census: Census): void {
    this.addKills(kind, kills);
    this.#rounds += 1;
    if (isComplete(census)) this.#roundsWithAll += 1;
    for (const moment of MOMENTS) this.#byMoment[moment] += census[moment];
  }

  told() {
    return {
      byKind: this.#byKind,
      byMoment: this.#byMoment,
      rounds: this.#rounds,
      roundsWithAll: this.#roundsWithAll,
    };
  }
}

function chooseBlow(dice: Dice): Blow {
  const share = dice.roll();
  if (share < 0.3) return 'accepted and not answered';
  if (share < 0.55) return 'answered and not written down';
  if (share < 0.8 || !mayTrace()) return 'in the flow';
  return share < 0.88 ? 'inside a sync' : 'inside a write';
}

type Strike = { readonly blow: Blow; readonly dice: Dice; readonly starts: Starts };

/** Lets devices hand in scans, kills in the middle, and answers how it came about and where the messages were. */
async function strike(scanners: Scanners, node: StageNode, { blow, dice, starts }: Strike): Promise<Struck> {
  switch (blow) {
    case 'in the flow':
      return await strikeFlow(scanners, node, dice);
    case 'accepted and not answered':
    case 'answered and not written down':
      // Whose session it is cannot be told from outside: all nodes die at once.
      await starts.finish();
      return await (blow === 'accepted and not answered' ? strikeAccepted : strikeAnswered)(scanners, node, dice);
    default:
      await starts.finish();
      return await strikeCall(scanners, node, { blow, dice });
  }
}

/** The tenant has accepted a message and does not say so; the blow falls while a device waits for its 250. */
async function strikeAccepted(scanners: Scanners, node: StageNode, dice: Dice): Promise<Struck> {
  const { stage } = scanners;
  const place = await bringIntoPlace(scanners, node, dice);
  // In the same turn of the program in which the device has sent its last byte.
  await place.devices.begin(dice.pick(SIZES), (step) => {
    if (step === 'the final dot was sent') for (const one of stage.nodes) one.process.signal('SIGKILL');
    return undefined;
  });
  const killed = await killAll(stage);
  letGo(stage, place);
  const census = await takeCensus(scanners, await place.devices.end());
  return { kind: nameOf('accepted and not answered', census), killed, census };
}

/** The tenant has said 250 and the verdict is about to be written, as is what a device has just sent. */
async function strikeAnswered(scanners: Scanners, node: StageNode, dice: Dice): Promise<Struck> {
  const { stage } = scanners;
  const place = await bringIntoPlace(scanners, node, dice);
  const gate = await Gate.close(stage);
  const dot = Promise.withResolvers<void>();
  void place.devices.begin(dice.pick(SIZES), (step) => {
    if (step === 'the final dot was sent') dot.resolve();
    return undefined;
  });
  await dot.promise;
  await gate.waitFor(1);
  stage.peers.practice.smtp.faults.end(place.accepted);
  await gate.waitFor(2);
  const killed = await killAll(stage);
  letGo(stage, place);
  const census = await takeCensus(scanners, await place.devices.end());
  await gate.open(dice.pick(['made', 'undone']));
  return { kind: nameOf('answered and not written down', census), killed, census };
}

/** Nothing stands still: devices hand in, messages leave, and the blow falls at any moment of it. */
async function strikeFlow(scanners: Scanners, node: StageNode, dice: Dice): Promise<Struck> {
  const { stage } = scanners;
  const devices = new Devices(scanners, node);
  const { counters } = stage.peers.practice.smtp;
  const wanted = counters.accepted + 1 + dice.upTo(8);
  const all = Array.from({ length: 3 + dice.upTo(3) }, () => devices.keepOn(dice.pick(SIZES)));
  await eventually(() => counters.accepted >= wanted, { what: 'messages leave', timeoutMs: FLOW_MS });
  await pause(dice.upTo(50));
  // Of two nodes the other one goes on, and takes over.
  await node.kill();
  const scans = await devices.end();
  await Promise.all(all);
  return { kind: 'in the flow', killed: [node], census: await takeCensus(scanners, scans) };
}

/** The server dies within a system call, while devices hand in and messages leave. */
async function strikeCall(
  scanners: Scanners,
  node: StageNode,
  { blow, dice }: { readonly blow: 'inside a sync' | 'inside a write'; readonly dice: Dice },
): Promise<Struck> {
  const { stage } = scanners;
  const place = await bringIntoPlace(scanners, node, dice);
  const { process: server } = node;
  const [calls, when] =
    blow === 'inside a sync' ? [['fsync', 'fdatasync'], 1] : [['write', 'writev'], 1 + dice.upTo(60)];
  let isHit: boolean;
  {
    await using _armed = await armCallFault(server.pid, { calls, when, effect: 'kill' });
    // Only a large message is synced by the server itself.
    for (const bytes of [150_000, dice.pick(SIZES), dice.pick(SIZES)]) void place.devices.begin(bytes);
    stage.peers.practice.smtp.faults.end(place.accepted);
    isHit = await Promise.race([server.ended.then(() => true), pause(PATIENCE_MS).then(() => false)]);
  }
  const killed = await killAll(stage);
  letGo(stage, place);
  const census = await takeCensus(scanners, await place.devices.end());
  return { kind: isHit ? blow : 'at a random moment', killed, census };
}

/** Every node at the same instant; answers which of them ran. */
async function killAll(stage: Stage): Promise<readonly StageNode[]> {
  await Promise.all(stage.nodes.map((one) => one.kill()));
  return stage.nodes;
}

/** A node that the machine leaves without processor for long loses its leases, and what was to stand still moves on. */
function nameOf(blow: Blow, census: Census): string {
  return isComplete(census) ? blow : 'at a random moment';
}

/** Killed nodes start again; now and then one is killed while it starts. */
class Starts {
  readonly #stage: Stage;
  readonly #world: MailWorld;
  readonly #killedAgain: () => void;
  readonly #running = new Map<StageNode, Promise<void>>();

  constructor(stage: Stage, world: MailWorld, killedAgain: () => void) {
    this.#stage = stage;
    this.#world = world;
    this.#killedAgain = killedAgain;
  }

  begin(node: StageNode, dice: Dice): void {
    const deaths: number[] = [];
    while (dice.roll() < 0.1) deaths.push(50 + dice.upTo(1_200));
    const start = this.#start(node, deaths);
    // Whoever needs the node hears of a failure.
    start.catch(() => undefined);
    this.#running.set(node, start);
  }

  /** A node that runs, or the first one that does again. */
  async getNode(dice: Dice): Promise<StageNode> {
    const up = this.#stage.nodes.filter((node) => !this.#running.has(node));
    const node = dice.pick(up.length > 0 ? up : this.#stage.nodes);
    await this.#running.get(node);
    this.#running.delete(node);
    return node;
  }

  async finish(): Promise<void> {
    await Promise.all(this.#running.values());
    this.#running.clear();
  }

  async #start(node: StageNode, deathsAfterMs: readonly number[]): Promise<void> {
    // Nobody waits for the end of a dead node's leases here; the journey of two nodes does.
    const ageLeases = async () => (this.#world === 'embedded' ? undefined : await this.#stage.ageLeases());
    await ageLeases();
    for (const afterMs of deathsAfterMs) {
      // One that was ready first is killed all the same.
      if (await node.start({ killSignal: AbortSignal.timeout(afterMs) })) await node.process.ended;
      this.#killedAgain();
      await ageLeases();
    }
    await node.start();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
