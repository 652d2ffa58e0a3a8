/**
 * Zombies: one of two nodes is frozen in the middle of its work until its leases are over and the other node has done
 * everything; then it wakes up. It must change nothing, and nothing is printed twice.
 */
import assert from 'node:assert/strict';
import { chooseSeed, startDice } from '../harness/dice.ts';
import { checkInvariants, settle, type Tally } from '../harness/invariants.ts';
import { UNTOLD } from '../harness/replies.ts';
import { openStage, type Row, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';
import { POINTS, reachPoint } from './points.ts';

export type ZombieOptions = {
  readonly rounds: number;
  readonly seed?: number;
  readonly say?: (line: string) => void;
};

export type ZombieReport = Tally & { readonly seed: number; readonly rounds: number; readonly seconds: number };

const PATIENCE_MS = 3_000;
const CHECK_EVERY_ROUNDS = 5;
// As long as the zombie is watched after it has answered: what it had begun goes on at once.
const AWAKE_MS = 500;

/** Freezes and wakes nodes; throws with seed and story when an invariant breaks. */
export async function runZombies(options: ZombieOptions): Promise<ZombieReport> {
  const dice = startDice(options.seed ?? chooseSeed());
  const say = options.say ?? (() => undefined);
  const startedAt = performance.now();
  say(`zombies: seed ${dice.seed}`);
  await using stage = await openStage({ database: 'external', nodes: 2 });
  let round = 0;
  try {
    for (; round < options.rounds; ) {
      round += 1;
      const { process: zombie } = dice.pick(stage.nodes);
      const point = dice.pick(POINTS);
      const reached = reachPoint(stage, point, AbortSignal.timeout(PATIENCE_MS));
      await stage.deliver(1 + dice.upTo(2), { documents: 1 + dice.upTo(2), bytesEach: dice.pick([2_000, 700_000]) });
      await reached;
      zombie.signal('SIGSTOP');
      await stage.ageLeases();
      // The other node has to do all of it alone, also what the frozen one had begun.
      await settle(stage);
      await eventually(async () => (await countUndone(stage)) === 0, {
        what: 'every document was looked at and every sender told',
        timeoutMs: 60_000,
      });
      const before = await readEverything(stage);
      zombie.signal('SIGCONT');
      await zombie.call('GET', '/connections', { token: stage.token });
      await new Promise((resolve) => setTimeout(resolve, AWAKE_MS));
      assert.deepEqual(await readEverything(stage), before, 'the zombie has changed something');
      await stage.deliver(1);
      await settle(stage);
      if (round % CHECK_EVERY_ROUNDS === 0) say(`${round} zombies: ${JSON.stringify(await checkInvariants(stage))}`);
    }
    const tally = await checkInvariants(stage);
    return { seed: dice.seed, rounds: round, ...tally, seconds: Math.round((performance.now() - startedAt) / 1000) };
  } catch (error) {
    for (const node of stage.nodes) if (node.isRunning) node.process.signal('SIGCONT');
    const run = `seed ${dice.seed}, round ${round} of zombies`;
    throw new Error(`${run}\n${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** What the other node still does after the last sheet of paper. */
async function countUndone(stage: Stage): Promise<number> {
  const undone = ['SELECT FROM jobs WHERE prepare_due_at IS NOT NULL', ...UNTOLD];
  const rows = await Promise.all(undone.map((query) => stage.sql(query)));
  return rows.flat().length;
}

/** All that is known of mails and jobs, and the number of events about them. */
async function readEverything(stage: Stage): Promise<Row[][]> {
  const tables = ['incoming_messages', 'jobs', 'print_attempts'].map((table) => `SELECT * FROM ${table} ORDER BY id`);
  const events = `SELECT count(*)::int AS events FROM journal WHERE type LIKE 'job-%' OR type LIKE 'message-%'`;
  return await Promise.all([...tables, events].map((query) => stage.sql(query)));
}
