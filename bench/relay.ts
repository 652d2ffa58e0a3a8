/**
 * (f) How fast the relay takes mail durably, beside Postfix that takes the same into its hold queue on the same disk:
 * `smtp-source` with 20 sessions and a connection for each message, at the one and at the other in turns.
 *
 * No outgoing server is set, so that nothing leaves and only the taking is measured; Postfix delivers nothing either.
 */
import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { PRINT_ROOM } from '../test/harness/mail.ts';
import { type Postfix, startPostfix, withoutRoot } from '../test/harness/postfix.ts';
import { getProgram } from '../test/harness/processes.ts';
import { medianOf } from './figures.ts';
import { type Database, openDatabase, say, type World } from './world.ts';

const SESSIONS = 20;
const ROUND_TIMEOUT_MS = 300_000;
const COUNT_KEPT = 'SELECT count(*) FROM outbox_messages';
const SIZES = [
  { name: '10 KB', bytes: 10_000, share: 1 },
  // As many bytes as anybody wants to wait for.
  { name: '2 MB', bytes: 2_000_000, share: 0.05 },
] as const;

export type RelayFigures = {
  readonly name: string;
  readonly messages: number;
  readonly platenPerSecond: number;
  readonly postfixPerSecond: number;
  readonly ratio: number;
  readonly rounds: readonly { readonly platenSeconds: number; readonly postfixSeconds: number }[];
};

type Door = { readonly port: number; readonly recipient: string };

/** Undefined where Postfix cannot be run. */
export async function measureRelay(
  world: World,
  plan: { readonly messages: number; readonly rounds: number },
): Promise<RelayFigures[] | undefined> {
  if (withoutRoot) {
    say(`(f) left out: ${withoutRoot}`);
    return undefined;
  }
  const postfix = await startPostfix({ holds: true, parent: world.stage.directory });
  try {
    await using database = await openDatabase(world);
    const relay = await openRelay(world);
    const figures: RelayFigures[] = [];
    for (const { name, bytes, share } of SIZES) {
      const messages = Math.max(SESSIONS, Math.round(plan.messages * share));
      const rounds: RelayFigures['rounds'][number][] = [];
      // The first is to warm both up.
      for (let count = 0; count <= plan.rounds; count += 1) {
        const round = await playRound({ relay, postfix, database }, { messages, bytes });
        if (count === 0) continue;
        rounds.push(round);
        const words = `Platen ${round.platenSeconds.toFixed(2)} s, Postfix ${round.postfixSeconds.toFixed(2)} s`;
        say(`(f) ${messages} messages of ${name}: ${words}`);
      }
      figures.push(figuresOf(name, messages, rounds));
    }
    return figures;
  } finally {
    await postfix.close();
  }
}

function figuresOf(name: string, messages: number, rounds: RelayFigures['rounds']): RelayFigures {
  return {
    name,
    messages,
    platenPerSecond: messages / medianOf(rounds.map(({ platenSeconds }) => platenSeconds)),
    postfixPerSecond: messages / medianOf(rounds.map(({ postfixSeconds }) => postfixSeconds)),
    ratio: medianOf(rounds.map(({ platenSeconds, postfixSeconds }) => postfixSeconds / platenSeconds)),
    rounds,
  };
}

/** Lets this machine relay as much as it can, with a sender but no way out. */
export async function openRelay({ stage }: World): Promise<Door> {
  await stage.api('PUT', '/settings/network', { senderEmail: PRINT_ROOM });
  const limits = { messagesPerMinute: 100_000, messagesPerDay: 10_000_000, maxSessions: 100 };
  const { items } = await stage.api('GET', '/devices');
  const isKnown = (items as readonly unknown[]).length > 0;
  if (!isKnown)
    await stage.api('POST', '/devices', { name: 'Benchmark', addresses: ['127.0.0.1'], allowedDomains: ['*'], limits });
  const { address } = await stage.api('GET', '/relay');
  return { port: (address as { readonly port: number }).port, recipient: 'archive@contoso.example' };
}

type Doors = { readonly relay: Door; readonly postfix: Postfix; readonly database: Database };

async function playRound({ relay, postfix, database }: Doors, load: Load) {
  const keptBefore = await database.number(COUNT_KEPT);
  const heldBefore = postfix.countHeld();
  const platenSeconds = await handIn(relay, load);
  const postfixSeconds = await handIn({ port: postfix.port, recipient: 'archive@practice.example' }, load);
  // Nothing lost, nothing doubled: otherwise the figure is worth nothing.
  const kept = (await database.number(COUNT_KEPT)) - keptBefore;
  const held = postfix.countHeld() - heldBefore;
  if (kept !== load.messages || held !== load.messages) {
    throw new Error(`of ${load.messages} messages Platen kept ${kept} and Postfix ${held}`);
  }
  return { platenSeconds, postfixSeconds };
}

type Load = { readonly messages: number; readonly bytes: number };

/** Hands messages to a server and answers how many seconds it took. */
export async function handIn({ port, recipient }: Door, { messages, bytes }: Load): Promise<number> {
  // What was left to be written would otherwise be written during this.
  execFileSync('sync');
  const startedAt = performance.now();
  const who = ['-f', 'scanner@copier.local', '-t', recipient];
  const load = ['-s', String(SESSIONS), '-m', String(messages), '-l', String(bytes)];
  await promisify(execFile)(getProgram('smtp-source', 'postfix'), [...load, ...who, `127.0.0.1:${port}`], {
    timeout: ROUND_TIMEOUT_MS,
  });
  return (performance.now() - startedAt) / 1000;
}
