/** What Platen takes of the machine: memory (d), processor time, and time to start (e). */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { findEmbeddedServer } from '../test/harness/stage.ts';
import { medianOf } from './figures.ts';
import { say, sleep, type World } from './world.ts';

const MIB = 1024 * 1024;
const SETTLE_MS = 10_000;
const SAMPLE_EVERY_MS = 100;
const STARTS = 7;
// USER_HZ: what /proc counts in, the same on every Linux that Node runs on.
const TICKS_PER_SECOND = 100;

/** MiB of the server process and of all processes of its database. */
export type Memory = {
  /** The proportional set size as the kernel divides it: the program of Node is shared with this benchmark. */
  readonly platen: number;
  /** The same with that program in full, as on a machine where nothing else runs this Node. */
  readonly platenAlone: number;
  readonly postgres: number;
};

export function memoryOf(world: World): Memory {
  const postgres = databaseProcesses(world).reduce((sum, pid) => sum + readPss(`/proc/${pid}/smaps_rollup`), 0);
  return { ...readServer(world.pid()), postgres };
}

function readPss(path: string): number {
  return sumOf(readProc(path), 'Pss') / MIB;
}

function readServer(pid: number): Pick<Memory, 'platen' | 'platenAlone'> {
  const program = readlinkSync(`/proc/${pid}/exe`);
  let [bytes, sharedBytes] = [0, 0];
  // One paragraph per mapping; its first line ends with the file.
  for (const mapping of readProc(`/proc/${pid}/smaps`).split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)) {
    const pss = sumOf(mapping, 'Pss');
    bytes += pss;
    const isProgram = mapping.slice(0, mapping.indexOf('\n')).endsWith(program);
    if (isProgram) sharedBytes += sumOf(mapping, 'Rss') - pss;
  }
  return { platen: bytes / MIB, platenAlone: (bytes + sharedBytes) / MIB };
}

function sumOf(text: string, field: 'Pss' | 'Rss'): number {
  return Number(new RegExp(`^${field}: +(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0) * 1024;
}

function readProc(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // the process has ended since it was listed
  }
}

/** The database server and its children. */
function databaseProcesses(world: World): number[] {
  const server = findEmbeddedServer(world.node.dataDir);
  if (server === undefined) throw new Error('the embedded database does not run');
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => Number(statOf(Number(name))[1]) === server);
  return [server, ...children.map(Number)];
}

/** The fields of /proc/<pid>/stat after the name: state, parent, … */
function statOf(pid: number): string[] {
  return readProc(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, '')
    .split(' ');
}

export type ProcessorSeconds = { readonly platen: number; readonly postgres: number };

/** Processor time so far. Children of the database that have ended are counted with their parent. */
export function processorSecondsOf(world: World): ProcessorSeconds {
  // Fields 14 to 17 of proc(5): own time in user and kernel mode, then that of children that were waited for.
  const seconds = (pid: number, fields: number) =>
    statOf(pid)
      .slice(11, 11 + fields)
      .reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND;
  const [server = 0, ...children] = databaseProcesses(world);
  const postgres = children.reduce((sum, pid) => sum + seconds(pid, 2), seconds(server, 4));
  return { platen: seconds(world.pid(), 2), postgres };
}

/** Memory after a while in which nothing happened but what Platen does by itself. */
export async function measureIdle(world: World): Promise<Memory> {
  say('(d) memory: waiting until Platen is idle …');
  await sleep(SETTLE_MS);
  const samples: Memory[] = [];
  for (let count = 0; count < 5; count += 1) {
    samples.push(memoryOf(world));
    await sleep(500);
  }
  const middle = (field: keyof Memory) => medianOf(samples.map((sample) => sample[field]));
  return { platen: middle('platen'), platenAlone: middle('platenAlone'), postgres: middle('postgres') };
}

/** Looks at the memory until it is disposed of; the peak is the highest that it saw. */
export function watchMemory(world: World): Disposable & { readonly peak: () => Memory } {
  let peak: Memory = { platen: 0, platenAlone: 0, postgres: 0 };
  const look = () => {
    const now = memoryOf(world);
    const higher = (field: keyof Memory) => Math.max(peak[field], now[field]);
    peak = { platen: higher('platen'), platenAlone: higher('platenAlone'), postgres: higher('postgres') };
  };
  const timer = setInterval(look, SAMPLE_EVERY_MS);
  return { peak: () => peak, [Symbol.dispose]: () => clearInterval(timer) };
}

export type StartFigures = { readonly seconds: number; readonly stopSeconds: number; readonly each: readonly number[] };

/** Stops and starts the server on its data directory, from the spawn of the process to the line that says it is ready. */
export async function measureStarts(world: World): Promise<StartFigures> {
  const each: number[] = [];
  const stops: number[] = [];
  for (let count = 0; count < STARTS; count += 1) {
    const stoppingAt = performance.now();
    const status = await world.node.process.stop();
    if (status !== 0) throw new Error(`the server ended with ${status}:\n${world.node.output().slice(-2000)}`);
    stops.push((performance.now() - stoppingAt) / 1000);
    await sleep(500);
    const startingAt = performance.now();
    await world.node.start();
    each.push((performance.now() - startingAt) / 1000);
    say(`(e) start ${count + 1}: ready after ${each.at(-1)?.toFixed(2)} s`);
    await sleep(1_000);
  }
  return { seconds: medianOf(each), stopSeconds: medianOf(stops), each };
}
