/**
 * The locked box in which every program runs that touches a document of a stranger.
 *
 * Level A: an unprivileged user, name spaces of its own (no network, no other files, no other processes), limits.
 * Level C, where the system forbids name spaces: the unprivileged user and the limits alone. A box is a folder with the
 * document and an empty folder for what is made; both are gone when it is disposed.
 */
import { chmod, chown, copyFile, lstat, mkdir, mkdtemp, opendir, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Clock, doubtOf } from '../../base/clock.ts';
import { conversionLimits, LEFTOVER_AGE_MS } from '../limits.ts';
import { PROGRAM_PACKAGES } from './programs.ts';
import { type Ended, nicerBy, Started } from './run.ts';

export type Level = 'A' | 'C';

/** The user `nobody` of Debian. */
const NOBODY = 65_534;
const PREFIX = 'platen-conversion-';
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const INSIDE = fileURLToPath(new URL('../inside', import.meta.url));

export type Box = AsyncDisposable & {
  /** Where the results are, seen from outside. What lies there was made by a stranger's document. */
  readonly outputDir: string;
  run(work: Work, signal: AbortSignal): Promise<Ended>;
};

export type Work = {
  /** For `sh`; finds the document in `$IN` and writes into `$OUT`. Never holds a word of the document or its name. */
  readonly script: string;
  /** Node is needed in the box. */
  readonly needsNode?: boolean;
  readonly variables?: Readonly<Record<string, string>>;
  readonly wallMs?: number;
  /** Nobody waits for it: the processor is for the rest. */
  readonly canWait?: boolean;
};

/** A folder for one document and one for what is made of it, and perhaps a shell that stands behind its walls already. */
export type Room = {
  readonly dir: string;
  readonly outputDir: string;
  shell?: Started | undefined;
};

export async function makeRoom(): Promise<Room> {
  const dir = await mkdtemp(join(tmpdir(), PREFIX));
  const room = { dir, outputDir: join(dir, 'out') };
  try {
    await chmod(dir, 0o711);
    await mkdir(inputDirOf(room), { mode: 0o711 });
    await mkdir(room.outputDir, { mode: 0o700 });
    if (isRoot()) await chown(room.outputDir, NOBODY, NOBODY);
    return room;
  } catch (error) {
    await leaveRoom(room);
    throw error;
  }
}

export async function leaveRoom({ dir, shell }: Room): Promise<void> {
  await shell?.end();
  await rm(dir, { recursive: true, force: true });
}

const inputDirOf = ({ dir }: Pick<Room, 'dir'>): string => join(dir, 'in');

/** Puts up the walls; the shell behind them waits for its work. */
export function startShell(level: Level, room: Room, needsNode = false): Started {
  return new Started(commandFor(level, { room, needsNode }));
}

/** Opens a box with a copy of the document, named by us. */
export async function openBox(clock: Clock, level: Level, input: Input, made?: Room): Promise<Box> {
  const room = made ?? (await makeRoom());
  const name = `document.${input.ending}`;
  try {
    const document = join(inputDirOf(room), name);
    await copyFile(input.path, document);
    await chmod(document, 0o400);
    if (isRoot()) await chown(document, NOBODY, NOBODY);
  } catch (error) {
    await leaveRoom(room);
    throw error;
  }
  return {
    outputDir: room.outputDir,
    run: async (work, signal) => {
      const shell = takeShell(room, work) ?? startShell(level, room, work.needsNode);
      const input = scriptFor(level, { room, name, work });
      const isFull = () => isOverfull(room.outputDir);
      return await shell.run(clock, { input, wallMs: work.wallMs, isOverfull: isFull }, signal);
    },
    [Symbol.asyncDispose]: () => leaveRoom(room),
  };
}

export type Input = { readonly path: string; readonly ending: string };

/** Its limits are those of a program that is not Node. */
function takeShell(room: Room, { needsNode = false }: Work): Started | undefined {
  const { shell } = room;
  if (needsNode || shell?.isWaiting !== true) return undefined;
  room.shell = undefined;
  return shell;
}

/** Twice as far behind the server as what somebody waits for. */
const GIVES_WAY_BY = 10;

/** The shell reads the lines up to the brace before it runs any, and what they start finds nothing more to read. */
function scriptFor(level: Level, { room, name, work }: { room: Room; name: string; work: Work }): string {
  const directory = level === 'A' ? '/in' : inputDirOf(room);
  const variables = Object.entries({ IN: `${directory}/${name}`, ...work.variables });
  const lines = variables.map(([key, value]) => `export ${key}='${value.replaceAll("'", "'\\''")}'`);
  if (work.canWait === true) lines.push(`renice -n ${nicerBy(GIVES_WAY_BY)} -p $$ >/dev/null 2>&1`);
  return [...lines, `{ ${work.script}`, '} </dev/null', 'exit $?', ''].join('\n');
}

/** The limit of the system is for one file; this one is for all of them together, however deep they lie. */
async function isOverfull(dir: string): Promise<boolean> {
  let bytes = 0;
  let files = 0;
  for await (const entry of await opendir(dir, { recursive: true })) {
    files += 1;
    if (files > conversionLimits.outputFiles) return true;
    const found = await lstat(join(entry.parentPath, entry.name)).catch(() => undefined);
    bytes += (found?.blocks ?? 0) * 512;
    if (bytes > conversionLimits.outputTotalBytes) return true;
  }
  return false;
}

/** Removes work folders that a killed process left behind; by a clock that may be wrong it would take those of others. */
export async function sweepBoxes(clock: Clock): Promise<void> {
  if (doubtOf(clock).isDoubtful()) return;
  const parent = tmpdir();
  for (const name of await readdir(parent)) {
    if (!name.startsWith(PREFIX)) continue;
    const path = join(parent, name);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined || clock.now().getTime() - found.mtimeMs < LEFTOVER_AGE_MS) continue;
    await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

const isRoot = (): boolean => process.getuid?.() === 0;

type Place = { readonly room: Room; readonly needsNode: boolean };

function commandFor(level: Level, place: Place): string[] {
  const { setpriv } = PROGRAM_PACKAGES;
  const user = isRoot() ? [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] : [];
  const lower = [setpriv.path, ...user, '--no-new-privs', '--'];
  const rest = [...limitsFor(place), '/bin/sh'];
  return level === 'A' ? [...lower, ...lock(place), ...rest] : [...lower, ...open(place), ...rest];
}

function limitsFor({ needsNode }: Place): string[] {
  const limits = conversionLimits;
  return [
    PROGRAM_PACKAGES.prlimit.path,
    `--as=${needsNode ? limits.nodeMemoryBytes : limits.memoryBytes}`,
    `--cpu=${limits.cpuSeconds}`,
    `--fsize=${limits.outputBytes}`,
    `--nofile=${limits.openFiles}`,
    `--nproc=${limits.processes}`,
    '--core=0',
  ];
}

/** Level A: what is not named here does not exist in the box. */
function lock({ room, needsNode }: Place): string[] {
  const readable = ['/usr', '/etc/fonts', '/etc/libreoffice', '/etc/alternatives', '/etc/ld.so.cache'];
  return [
    PROGRAM_PACKAGES.bwrap.path,
    '--unshare-all',
    '--die-with-parent',
    '--new-session',
    '--cap-drop',
    'ALL',
    ...readable.flatMap((path) => ['--ro-bind-try', path, path]),
    ...['--ro-bind-try', '/var/cache/fontconfig', '/var/cache/fontconfig'],
    ...['bin', 'lib', 'lib64', 'sbin'].flatMap((name) => ['--symlink', `usr/${name}`, `/${name}`]),
    ...['--proc', '/proc', '--dev', '/dev'],
    ...['--size', String(conversionLimits.temporaryBytes), '--tmpfs', '/tmp'],
    ...['--ro-bind', inputDirOf(room), '/in', '--bind', room.outputDir, '/out', '--ro-bind', INSIDE, '/inside'],
    ...(needsNode ? bindNode() : []),
    ...['--chdir', '/tmp', '--clearenv'],
    ...Object.entries(variablesFor({ OUT: '/out', HOME: '/tmp', INSIDE: '/inside', NODE: '/node' })).flatMap(
      ([name, value]) => ['--setenv', name, value],
    ),
    '--',
  ];
}

/** The folder of modules stands beside the programs of the box, where Node looks for it. */
function bindNode(): string[] {
  return ['--ro-bind', process.execPath, '/node', '--ro-bind', join(ROOT, 'node_modules'), '/node_modules'];
}

/** Level C: the same names, without walls. */
function open({ room }: Place): string[] {
  const names = { OUT: room.outputDir, HOME: room.outputDir, INSIDE, NODE: process.execPath };
  const variables = Object.entries(variablesFor(names)).map(([name, value]) => `${name}=${value}`);
  return ['/usr/bin/env', '-i', `--chdir=${room.dir}`, ...variables];
}

function variablesFor(places: Readonly<Record<string, string>>): Record<string, string> {
  return { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', ...places };
}
