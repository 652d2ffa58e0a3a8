/**
 * (g) How fast a full outbox leaves through a server without pacing, beside a bare pooled Nodemailer with as many
 * connections that sends messages of the same size from memory. Both hand them to Postfix' `smtp-sink`.
 *
 * They take turns of less than a second: while the one sends, the other stands still. What else runs on the machine so
 * meets both alike.
 */
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { createTransport } from 'nodemailer';
import { PRINT_ROOM } from '../test/harness/mail.ts';
import { endProcess, findFreePort, getProgram, keepLastWords } from '../test/harness/processes.ts';
import { eventually } from '../test/harness/time.ts';
import { medianOf } from './figures.ts';
import { processorSecondsOf } from './footprint.ts';
import { handIn, openRelay } from './relay.ts';
import { type Database, openDatabase, say, sleep, type World } from './world.ts';

const MESSAGE_BYTES = 10_000;
/** As many as Platen opens to a classic server. */
const CONNECTIONS = 10;
const ROUND_TIMEOUT_MS = 300_000;
const LOOK_EVERY_MS = 100;
/** Short beside what comes and goes on a machine, long beside a message. */
const TURN_MS = 700;
const STATISTICS_MS = 1_500;
// By the index of states: a look at every row would be a good part of what is measured.
const COUNT_UNSENT = `SELECT count(*) FROM outbox_messages
  WHERE state IN ('queued', 'active', 'deferred', 'held', 'failed', 'uncertain')`;
// Of the whole server: what is counted here by looking is a few hundredths of it.
const COUNT_COMMITS = `SELECT sum(xact_commit) FROM pg_stat_database WHERE datname = current_database()`;
const COUNT_SYNCS = `SELECT COALESCE(sum(fsyncs), 0) FROM pg_stat_io WHERE object = 'wal'`;
const COUNT_TWICE = 'SELECT count(*) FROM outbox_messages WHERE possibly_twice';

/** What one message costs: milliseconds of processor, commits and syncs of the log of the database. */
export type Cost = {
  readonly platenMs: number;
  readonly postgresMs: number;
  readonly bareMs: number;
  readonly commits: number;
  readonly syncs: number;
};

export type SendingFigures = {
  readonly messages: number;
  readonly platenPerSecond: number;
  readonly barePerSecond: number;
  readonly ratio: number;
  readonly cost: Cost;
  readonly rounds: readonly ({ readonly platenPerSecond: number; readonly barePerSecond: number } & Cost)[];
};

export async function measureSending(
  world: World,
  { messages, rounds }: { readonly messages: number; readonly rounds: number },
): Promise<SendingFigures> {
  await using sink = await startSink();
  await using database = await openDatabase(world);
  const relay = await openRelay(world);
  const scene = { world, database, port: sink.port };
  // What an earlier part has left, and the first round for warming up.
  await leave(scene);
  const played: SendingFigures['rounds'][number][] = [];
  for (let count = 0; count <= rounds; count += 1) {
    await world.stage.api('PUT', '/settings/network', { outgoingServer: null });
    await handIn(relay, { messages, bytes: MESSAGE_BYTES });
    const round = await playRound(scene, messages);
    if (count === 0) continue;
    played.push(round);
    const { platenPerSecond, barePerSecond, ...cost } = round;
    const costs = Object.entries(cost).map(([name, value]) => `${name} ${value.toFixed(3)}`);
    say(`(g) ${messages} messages: Platen ${platenPerSecond.toFixed(0)}/s, Nodemailer ${barePerSecond.toFixed(0)}/s`);
    say(`(g) for each message: ${costs.join(', ')}`);
  }
  const twice = await database.number(COUNT_TWICE);
  if (twice !== 0) throw new Error(`${twice} messages were perhaps sent twice`);
  await world.stage.api('PUT', '/settings/network', { outgoingServer: null });
  return {
    messages,
    platenPerSecond: medianOf(played.map((round) => round.platenPerSecond)),
    barePerSecond: medianOf(played.map((round) => round.barePerSecond)),
    ratio: medianOf(played.map((round) => round.platenPerSecond / round.barePerSecond)),
    cost: {
      platenMs: medianOf(played.map(({ platenMs }) => platenMs)),
      postgresMs: medianOf(played.map(({ postgresMs }) => postgresMs)),
      bareMs: medianOf(played.map(({ bareMs }) => bareMs)),
      commits: medianOf(played.map(({ commits }) => commits)),
      syncs: medianOf(played.map(({ syncs }) => syncs)),
    },
    rounds: played,
  };
}

async function readCosts(world: World, database: Database) {
  // The database tells what it has counted a moment later.
  await sleep(STATISTICS_MS);
  const [commits, syncs] = [await database.number(COUNT_COMMITS), await database.number(COUNT_SYNCS)];
  return { ...processorSecondsOf(world), commits, syncs };
}

type Leaving = { readonly world: World; readonly database: Database; readonly port: number };

/** One full outbox, in turns with the bare client until it is empty. */
async function playRound(scene: Leaving, messages: number): Promise<SendingFigures['rounds'][number]> {
  const { world, database, port } = scene;
  const bare = new BareClient(port);
  const before = await readCosts(world, database);
  const sums = { platenMs: 0, platenMessages: 0 };
  try {
    await openWayOut(scene);
    await eventually(async () => (await database.number(COUNT_UNSENT)) < messages, { timeoutMs: ROUND_TIMEOUT_MS });
    for (const deadline = performance.now() + ROUND_TIMEOUT_MS; ; ) {
      const turn = await letPlatenSend(scene);
      sums.platenMs += turn.ms;
      sums.platenMessages += turn.messages;
      // Each of them has a turn, however quick the other one was.
      if (turn.left === 0 && bare.messages > 0) break;
      if (performance.now() > deadline) throw new Error(`${turn.left} of ${messages} messages did not leave`);
      world.node.process.signal('SIGSTOP');
      await bare.sendFor(TURN_MS);
    }
  } finally {
    world.node.process.signal('SIGCONT');
    bare.close();
  }
  const after = await readCosts(world, database);
  const each = (of: keyof typeof before): number => (after[of] - before[of]) / messages;
  return {
    platenPerSecond: sums.platenMessages / (sums.platenMs / 1000),
    barePerSecond: bare.messages / (bare.ms / 1000),
    platenMs: 1000 * each('platen'),
    postgresMs: 1000 * each('postgres'),
    bareMs: bare.processorMs / bare.messages,
    commits: each('commits'),
    syncs: each('syncs'),
  };
}

/** Wakes the server for one turn; how many left is asked of the database, which does not stand still. */
async function letPlatenSend({ world, database }: Leaving) {
  const before = await database.number(COUNT_UNSENT);
  const startedAt = performance.now();
  world.node.process.signal('SIGCONT');
  if (before === 0) return { ms: 0, messages: 0, left: 0 };
  let left = before;
  while (left > 0 && performance.now() - startedAt < TURN_MS) {
    await sleep(LOOK_EVERY_MS);
    left = await database.number(COUNT_UNSENT);
  }
  return { ms: performance.now() - startedAt, messages: before - left, left };
}

async function openWayOut({ world, port }: Leaving): Promise<void> {
  const server = { host: '127.0.0.1', port, security: 'none', username: null };
  await world.stage.api('PUT', '/settings/network', { outgoingServer: server });
}

/** Opens the way out and returns when nothing is left. */
async function leave(scene: Leaving): Promise<void> {
  await openWayOut(scene);
  await eventually(async () => (await scene.database.number(COUNT_UNSENT)) === 0, { timeoutMs: ROUND_TIMEOUT_MS });
}

/** Nodemailer with its pool, and nothing else. */
class BareClient {
  ms = 0;
  messages = 0;
  processorMs = 0;
  readonly #pool;
  readonly #message;

  constructor(port: number) {
    this.#pool = createTransport({
      pool: true,
      maxConnections: CONNECTIONS,
      maxMessages: Number.POSITIVE_INFINITY,
      host: '127.0.0.1',
      port,
      ignoreTLS: true,
    });
    const line = `${'x'.repeat(76)}\r\n`;
    const body = line.repeat(MESSAGE_BYTES / line.length);
    const raw = Buffer.from(`From: ${PRINT_ROOM}\r\nSubject: scan\r\n\r\n${body}`);
    this.#message = { envelope: { from: PRINT_ROOM, to: ['archive@contoso.example'] }, raw };
  }

  /** Keeps every connection busy for a while. */
  async sendFor(ms: number): Promise<void> {
    const startedAt = performance.now();
    const processor = process.cpuUsage();
    const keepOn = async (): Promise<void> => {
      while (performance.now() - startedAt < ms) {
        await this.#pool.sendMail(this.#message);
        this.messages += 1;
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, keepOn));
    const { user, system } = process.cpuUsage(processor);
    this.ms += performance.now() - startedAt;
    this.processorMs += (user + system) / 1000;
  }

  close(): void {
    this.#pool.close();
  }
}

async function startSink(): Promise<AsyncDisposable & { readonly port: number }> {
  const port = await findFreePort();
  const options = [...(process.getuid?.() === 0 ? ['-u', 'nobody'] : []), `127.0.0.1:${port}`, '100'];
  const child = spawn(getProgram('smtp-sink', 'postfix'), options, { stdio: ['ignore', 'pipe', 'pipe'] });
  const words = keepLastWords(child);
  try {
    await eventually(() => answers(port), { what: 'smtp-sink answers' });
  } catch (error) {
    await endProcess(child);
    throw new Error(`smtp-sink does not start: ${words()}`, { cause: error });
  }
  return { port, [Symbol.asyncDispose]: () => endProcess(child) };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
