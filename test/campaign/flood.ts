/**
 * A flood: a device that has lost its mind hands in tiny mails without end, over several connections, while another one
 * does its work. Nothing leaves meanwhile, so that everything that is taken stays on disk.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { addOutgoing, Scanners } from '../harness/scans.ts';
import { openStage, type Stage } from '../harness/stage.ts';

export type FloodOptions = {
  /** How often the device tries. */
  readonly messages: number;
  /** What it may hand in on one day. */
  readonly messagesPerDay: number;
  readonly say?: (line: string) => void;
};

export type FloodReport = {
  readonly tried: number;
  readonly messagesPerDay: number;
  readonly taken: number;
  /** Answered with 450: the device has to come again, and nothing of it was kept. */
  readonly refused: number;
  /** Of the other device; all of them were taken. */
  readonly others: number;
  readonly slowestOtherMs: number;
  readonly memoryGrowthMiB: number;
  readonly databaseGrowthMiB: number;
  readonly seconds: number;
};

const SESSIONS = 4;
const MOST_OVER = 1.2;
const TINY_BYTES = 200;
const OTHER = '127.0.0.2';
const REFUSAL = '450 4.7.1 Too many messages, try again later';
const MIB = 1024 * 1024;

/** Floods a server and answers what that did to it; throws when more was kept than may be, or the other was refused. */
export async function runFlood(options: FloodOptions): Promise<FloodReport> {
  const { messages, messagesPerDay, say = () => undefined } = options;
  const startedAt = performance.now();
  await using stage = await openStage({ until: 'administrator', database: 'external' });
  await addOutgoing(stage, 'not confirmed');
  await limitDevices(stage, messagesPerDay);
  const scanners = new Scanners(stage);
  // What a first mail has to load is not of the flood.
  await scanners.scanKept({ from: OTHER });
  const before = await readSize(stage);
  const answers: (string | undefined)[] = [];
  const others: number[] = [];
  const flood = async (): Promise<void> => {
    while (answers.length < messages) {
      const at = answers.push(undefined) - 1;
      answers[at] = (await scanners.scan({ bytes: TINY_BYTES })).answer;
      if (at % 10_000 === 9_999) say(`${at + 1} mails were tried`);
    }
  };
  let isOver = false;
  const work = async (): Promise<void> => {
    while (!isOver) {
      const askedAt = performance.now();
      await scanners.scanKept({ from: OTHER });
      others.push(performance.now() - askedAt);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const working = work();
  await Promise.all(Array.from({ length: SESSIONS }, flood));
  isOver = true;
  await working;
  const taken = answers.filter((answer) => answer?.startsWith('250')).length;
  const refused = answers.filter((answer) => answer === REFUSAL).length;
  assert.equal(taken + refused, messages, `some heard neither 250 nor 450: ${[...new Set(answers)].slice(0, 5)}`);
  // What is under way, or not written down yet, when the count of the day is read comes on top.
  assert.ok(taken >= messagesPerDay && taken <= messagesPerDay * MOST_OVER, `${taken} were taken`);
  const after = await readSize(stage);
  assert.equal(after.messages - before.messages, taken + others.length);
  assert.equal(filesIn(stage.spoolDir), 0);
  return {
    tried: messages,
    messagesPerDay,
    taken,
    refused,
    others: others.length,
    slowestOtherMs: Math.round(Math.max(...others)),
    memoryGrowthMiB: Math.round((after.memoryBytes - before.memoryBytes) / MIB),
    databaseGrowthMiB: Math.round((after.databaseBytes - before.databaseBytes) / MIB),
    seconds: Math.round((performance.now() - startedAt) / 1000),
  };
}

async function limitDevices(stage: Stage, messagesPerDay: number): Promise<void> {
  const [first] = (await stage.api('GET', '/devices')).items as readonly { readonly id: string }[];
  await stage.api('PATCH', `/devices/${first?.id}`, {
    limits: { messagesPerMinute: 100_000, messagesPerDay, maxSessions: 100 },
  });
  const limits = { messagesPerMinute: 100_000, messagesPerDay: 1_000_000 };
  await stage.api('POST', '/devices', { name: 'Other copier', addresses: [OTHER], limits });
}

async function readSize(stage: Stage) {
  const [row] = await stage.sql(
    `SELECT (SELECT count(*)::int FROM outbox_messages) AS messages,
       pg_database_size(current_database())::float8 AS bytes`,
  );
  const status = readFileSync(`/proc/${stage.node.process.pid}/status`, 'utf8');
  const memoryBytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  return { messages: Number(row?.messages), databaseBytes: Number(row?.bytes), memoryBytes };
}

function filesIn(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true }).filter((one) => one.isFile()).length;
}
