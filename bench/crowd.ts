/**
 * (h) What a crowd of devices costs in memory: 100 connections at the same time, each hands in 20 messages of 2 MB, while
 * the resident memory of the server is looked at. No outgoing server is set: what is taken stays in the outbox.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { getProgram } from '../test/harness/processes.ts';
import { openRelay } from './relay.ts';
import { openDatabase, say, sleep, type World } from './world.ts';

const DEVICES = 100;
const MESSAGES_EACH = 20;
const MESSAGE_BYTES = 2_000_000;
const LOOK_EVERY_MS = 50;
const SETTLE_MS = 5_000;
const TIMEOUT_MS = 900_000;
const COUNT_KEPT = 'SELECT count(*) FROM outbox_messages';

export type CrowdFigures = {
  readonly devices: number;
  readonly messages: number;
  readonly perSecond: number;
  /** Resident set size of the server, MiB. */
  readonly idleMiB: number;
  readonly peakMiB: number;
};

/** The most that the server may take above what it takes when it is idle. */
export const MOST_ABOVE_IDLE_MIB = 150;

export async function measureCrowd(world: World): Promise<CrowdFigures> {
  // From a fresh process, so that the figure is not what an earlier part has left.
  await world.node.process.stop();
  await world.node.start();
  await world.stage.api('PUT', '/settings/network', { outgoingServer: null });
  const { port, recipient } = await openRelay(world);
  await using database = await openDatabase(world);
  await sleep(SETTLE_MS);
  const idleMiB = residentMiB(world);
  const before = await database.number(COUNT_KEPT);
  let peakMiB = idleMiB;
  const looking = setInterval(() => {
    peakMiB = Math.max(peakMiB, residentMiB(world));
  }, LOOK_EVERY_MS);
  const messages = DEVICES * MESSAGES_EACH;
  const startedAt = performance.now();
  try {
    await handInAtOnce({ port, recipient, messages });
  } finally {
    clearInterval(looking);
  }
  const perSecond = messages / ((performance.now() - startedAt) / 1000);
  const kept = (await database.number(COUNT_KEPT)) - before;
  if (kept !== messages) throw new Error(`of ${messages} messages ${kept} were kept`);
  const figures = { devices: DEVICES, messages, perSecond, idleMiB, peakMiB };
  say(`(h) ${JSON.stringify(figures)}`);
  return figures;
}

/** Each session stays open and hands in one message after the other, as a copier with a stack of originals does. */
async function handInAtOnce(to: { readonly port: number; readonly recipient: string; readonly messages: number }) {
  const load = ['-s', String(DEVICES), '-m', String(to.messages), '-l', String(MESSAGE_BYTES), '-d'];
  const who = ['-f', 'scanner@copier.local', '-t', to.recipient];
  const program = getProgram('smtp-source', 'postfix');
  await promisify(execFile)(program, [...load, ...who, `127.0.0.1:${to.port}`], { timeout: TIMEOUT_MS });
}

function residentMiB(world: World): number {
  const status = readFileSync(`/proc/${world.pid()}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
}
