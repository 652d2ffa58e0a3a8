/**
 * Random kills on the way out: devices hand in scans while a server is killed again and again, from MAIL at the relay to
 * the last word of the outgoing server. In the end everything that a device heard 250 for has been accepted there.
 */
import { chooseSeed, type Dice, startDice } from '../harness/dice.ts';
import { addOutgoing, fillPace, SCAN_STEPS, Scanners, type ScanStep } from '../harness/scans.ts';
import { checkMail, type MailTally, settleMail } from '../harness/sent-mail.ts';
import { endDatabase, openStage, type Stage, type StageNode } from '../harness/stage.ts';
import { armCallFault, mayTrace } from '../harness/strace.ts';
import { growth, type Watch, watchTable } from './points.ts';

export type MailKillOptions = {
  readonly kills: number;
  /** One node with the embedded database, or two nodes over one external database. */
  readonly world: 'embedded' | 'two-nodes';
  readonly seed?: number;
  readonly say?: (line: string) => void;
};

export type MailKillReport = MailTally & {
  readonly seed: number;
  readonly kills: number;
  readonly byKind: Readonly<Record<string, number>>;
  readonly seconds: number;
};

/** Moments behind the relay, seen from outside the server. */
const OUTBOX_STEPS = [
  'a message was committed',
  'an attempt was written',
  'the tenant was told the sender',
  'the tenant was told the recipient',
  'the tenant was offered the message',
  'the tenant has accepted and not answered',
  'the message is called sent',
] as const;
type OutboxStep = (typeof OUTBOX_STEPS)[number];

type Blow =
  | { readonly kind: 'at a random moment'; readonly afterMs: number }
  | { readonly kind: 'inside a sync'; readonly when: number }
  | { readonly kind: 'inside a write'; readonly when: number }
  | { readonly kind: 'at a step of the device'; readonly step: ScanStep }
  | { readonly kind: 'at a step of the outbox'; readonly step: OutboxStep };

const CHECK_EVERY_KILLS = 10;
// Whatever was armed and did not happen by then is replaced by a plain kill.
const PATIENCE_MS = 800;
// Within it the kill falls between the acceptance and its answer.
const SLOW_ANSWER_MS = 150;
// A body up to 64 KB stands in its row, a larger one is a file that has to be synced.
const SIZES = [1_500, 20_000, 150_000] as const;

/** Kills until the number is reached and checks on the way; throws with seed and story when something does not hold. */
export async function runMailKills(options: MailKillOptions): Promise<MailKillReport> {
  const dice = startDice(options.seed ?? chooseSeed());
  const say = options.say ?? (() => undefined);
  const startedAt = performance.now();
  say(`random kills on the way out, ${options.world}: seed ${dice.seed}`);
  if (!mayTrace()) say('system calls cannot be traced here: no kill is inside one');
  const isEmbedded = options.world === 'embedded';
  const until = 'administrator';
  await using stage = await openStage(isEmbedded ? { until } : { until, database: 'external', nodes: 2 });
  const scanners = await prepare(stage);
  const byKind: Record<string, number> = {};
  let kills = 0;
  const count = (kind: string) => {
    kills += 1;
    byKind[kind] = (byKind[kind] ?? 0) + 1;
  };
  const starts = new Starts(stage, () => count('while starting'));
  try {
    for (let checked = 0; kills < options.kills; ) {
      const node = await starts.getNode(dice);
      const { kind, killed } = await strike(scanners, node, { blow: chooseBlow(dice), dice });
      for (const one of killed) {
        count(kind);
        if (isEmbedded && dice.roll() < 0.2) await endDatabase(one.dataDir, 'SIGKILL');
        starts.begin(one, dice);
      }
      if (kills - checked < CHECK_EVERY_KILLS && kills < options.kills) continue;
      checked = kills;
      await starts.finish();
      await settleMail(scanners);
      say(`${kills} kills: ${JSON.stringify(await checkMail(scanners))}`);
    }
    const tally = await checkMail(scanners);
    return { seed: dice.seed, kills, byKind, ...tally, seconds: Math.round((performance.now() - startedAt) / 1000) };
  } catch (error) {
    const run = `seed ${dice.seed}, after ${kills} kills (${options.world})`;
    throw new Error(`${run}\n${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

async function prepare(stage: Stage): Promise<Scanners> {
  await addOutgoing(stage, 'confirmed');
  await fillPace(stage);
  // Nobody looks there, and each copy stays in memory.
  stage.peers.practice.smtp.setSwitches({ sentItems: 'off', recipientsPerDay: 1_000_000 });
  return new Scanners(stage);
}

function chooseBlow(dice: Dice): Blow {
  const share = dice.roll();
  if (share < 0.25 || (share < 0.45 && !mayTrace())) return { kind: 'at a random moment', afterMs: dice.upTo(300) };
  if (share < 0.35) return { kind: 'inside a sync', when: 1 };
  if (share < 0.45) return { kind: 'inside a write', when: 1 + dice.upTo(60) };
  if (share < 0.65) return { kind: 'at a step of the device', step: dice.pick(SCAN_STEPS) };
  return { kind: 'at a step of the outbox', step: dice.pick(OUTBOX_STEPS) };
}

type Strike = { readonly blow: Blow; readonly dice: Dice };

type Struck = { readonly kind: string; readonly killed: readonly StageNode[] };

/**
 * Lets devices hand in scans, kills the node in the middle, and answers how it came about. What is seen at the outgoing
 * server does not tell which node has sent it: then all nodes are killed at once.
 */
async function strike(scanners: Scanners, node: StageNode, { blow, dice }: Strike): Promise<Struck> {
  const { process: server } = node;
  const isForAll = blow.kind === 'at a step of the outbox';
  const devices = 2 + dice.upTo(3);
  const sizes = Array.from({ length: devices }, () => dice.pick(SIZES));
  const startAll = (reached?: (step: ScanStep) => void) =>
    sizes.map((bytes) => handInTwice(scanners, node, reached === undefined ? { bytes } : { bytes, reached }));
  let devicesEnd: Promise<void>[] = [];
  let kind: string = blow.kind;
  switch (blow.kind) {
    case 'at a random moment':
      devicesEnd = startAll();
      await pause(blow.afterMs);
      break;
    case 'at a step of the device': {
      // The blow falls in the same turn of the program in which the device sees the step.
      devicesEnd = startAll((step) => {
        if (step === blow.step) server.signal('SIGKILL');
      });
      const isReached = await within(server.ended);
      kind = isReached ? `the device: ${blow.step}` : 'at a random moment';
      break;
    }
    case 'at a step of the outbox': {
      const watch = await watchStep(scanners.stage, blow.step);
      const reached = growth(watch, AbortSignal.timeout(PATIENCE_MS));
      devicesEnd = startAll();
      kind = (await reached) ? `the outbox: ${blow.step}` : 'at a random moment';
      break;
    }
    default: {
      const calls = blow.kind === 'inside a sync' ? ['fsync', 'fdatasync'] : ['write', 'writev'];
      await using _armed = await armCallFault(server.pid, { calls, when: blow.when, effect: 'kill' });
      devicesEnd = startAll();
      // Only a large message is synced by the server itself.
      devicesEnd.push(handInTwice(scanners, node, { bytes: 150_000 }));
      kind = (await within(server.ended)) ? blow.kind : 'at a random moment';
    }
  }
  const killed = isForAll ? scanners.stage.nodes.filter((one) => one.isRunning) : [node];
  await Promise.all(killed.map((one) => one.kill()));
  await Promise.all(devicesEnd);
  return { kind, killed };
}

type Handing = { readonly bytes: number; readonly reached?: (step: ScanStep) => void };

/** One device: a scan, and another one if the first was taken. */
async function handInTwice(scanners: Scanners, node: StageNode, handing: Handing): Promise<void> {
  const first = await scanners.scan({ node, ...handing });
  if (first.id !== undefined) await scanners.scan({ node, ...handing });
}

async function watchStep(stage: Stage, step: OutboxStep): Promise<Watch> {
  const { smtp } = stage.peers.practice;
  const command = (name: string): Watch => ({ look: () => smtp.counters.commands[name] ?? 0 });
  const rows = (from: string) => watchTable(stage, `SELECT count(*)::int AS count FROM ${from}`);
  switch (step) {
    case 'a message was committed':
      return await rows('outbox_messages');
    case 'an attempt was written':
      return await rows('outbox_attempts');
    case 'the message is called sent':
      return await rows(`outbox_messages WHERE state = 'sent'`);
    case 'the tenant was told the sender':
      return command('MAIL');
    case 'the tenant was told the recipient':
      return command('RCPT');
    case 'the tenant was offered the message':
      return command('DATA');
    case 'the tenant has accepted and not answered':
      smtp.faults.clear();
      smtp.addFault({ phase: 'end-of-data', when: 'after', delayMs: SLOW_ANSWER_MS, times: 1 });
      return { look: () => smtp.counters.accepted };
  }
}

/** Killed nodes start again while the next blow falls on another one; now and then one is killed while it starts. */
class Starts {
  readonly #stage: Stage;
  readonly #killedAgain: () => void;
  readonly #running = new Map<StageNode, Promise<void>>();

  constructor(stage: Stage, killedAgain: () => void) {
    this.#stage = stage;
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
    if (this.#stage.nodes.length > 1) await this.#stage.ageLeases();
    for (const afterMs of deathsAfterMs) {
      // One that was ready first is killed all the same.
      if (await node.start({ killSignal: AbortSignal.timeout(afterMs) })) await node.process.ended;
      this.#killedAgain();
    }
    await node.start();
  }
}

async function within(ended: Promise<unknown>): Promise<boolean> {
  const patience = new AbortController();
  const isEnded = await Promise.race([ended.then(() => true), pause(PATIENCE_MS, patience.signal).then(() => false)]);
  patience.abort();
  return isEnded;
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
