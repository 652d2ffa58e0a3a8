/**
 * A fresh database for a test, cloned from a migrated template on one server of the test run.
 *
 * `PLATEN_TEST_SERVER` names a running server (the test command starts one for all files); without it the file starts
 * its own. Both are real PostgreSQL; only `fsync` is off, because power cuts are tested with processes of their own.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { after } from 'node:test';
import pg from 'pg';
import type pino from 'pino';
import { systemClock } from '../../server/base/clock.ts';
import { openLog } from '../../server/base/log.ts';
import { openSecrets } from '../../server/base/secrets.ts';
import { readSettings, type Settings } from '../../server/base/settings.ts';
import { openSpool } from '../../server/spool/spool.ts';
import { type Context, type DatabaseTarget, openDatabase, openPool } from '../../server/store/database.ts';
import { startEmbedded } from '../../server/store/embedded.ts';
import { migrate } from '../../server/store/migrate.ts';
import { openTasks } from '../../server/store/tasks.ts';
import { MovableClock } from './time.ts';

export type TestContext = AsyncDisposable & {
  readonly context: Context;
  readonly clock: MovableClock;
  readonly directory: string;
  readonly logLines: string[];
  readonly target: DatabaseTarget;
};

export type TestContextOptions = {
  readonly settings?: Partial<Settings>;
  readonly clock?: MovableClock;
  /** A second node: the same database, spool and key as the first, but its own clock, pool and tasks. */
  readonly besides?: TestContext;
};

type TestServer = { readonly target: DatabaseTarget; readonly dispose: () => Promise<void> };

let server: Promise<TestServer> | undefined;
let databases = 0;
const TEMPLATE = 'platen_template';

// Registered while the file is loaded, and so run once after its last test.
after(async () => (await server)?.dispose());

export async function openTestContext(options: TestContextOptions = {}): Promise<TestContext> {
  await using undo = new AsyncDisposableStack();
  const directory = options.besides?.directory ?? (await mkdtemp(join(tmpdir(), 'platen-test-')));
  if (options.besides === undefined) undo.defer(() => rm(directory, { recursive: true, force: true }));
  const target = options.besides?.target ?? (await undo.use(await openTestDatabase()).target);
  const { log, logLines } = captureLog();
  const pool = openPool(target, log);
  const db = openDatabase(pool);
  undo.defer(() => db.destroy());
  const clock = options.clock ?? new MovableClock();
  const context: Context = {
    db,
    clock,
    log,
    settings: {
      ...readSettings({
        PLATEN_DATA_DIR: directory,
        PLATEN_PORT: '0',
        PLATEN_RELAY_PORT: '0',
        PLATEN_DISCOVERY: 'off',
      }),
      ...options.settings,
    },
    secrets: openSecrets(join(directory, 'key')),
  };
  undo.use(await openTasks(db, target, log));
  await openSpool(context);
  const opened = undo.move();
  return { context, clock, directory, logLines, target, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** A fresh, migrated database; disposing drops it. A server of its own is stopped after the last test of the file. */
export async function openTestDatabase(): Promise<AsyncDisposable & { readonly target: DatabaseTarget }> {
  server ??= findServer();
  databases += 1;
  const { target } = await server;
  const name = `test_${process.pid}_${databases}_${Math.random().toString(36).slice(2, 8)}`;
  await asAdministrator(target, (client) =>
    client.query(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE} STRATEGY file_copy`),
  );
  return {
    target: withDatabase(target, name),
    async [Symbol.asyncDispose]() {
      await asAdministrator(target, (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`));
    },
  };
}

async function findServer(): Promise<TestServer> {
  const shared = process.env.PLATEN_TEST_SERVER;
  if (shared !== undefined) {
    const target = JSON.parse(shared) as DatabaseTarget;
    await makeTemplate(target);
    return { target, dispose: () => Promise.resolve() };
  }
  const started = await startTestServer();
  return { target: started.target, dispose: async () => await started[Symbol.asyncDispose]() };
}

// Test files run beside each other, and some start two nodes with twenty connections each.
const MAX_CONNECTIONS = 200;

/** Starts a server for tests with a migrated template in it. */
export async function startTestServer(): Promise<AsyncDisposable & { readonly target: DatabaseTarget }> {
  const directory = await mkdtemp(join(tmpdir(), 'platen-test-server-'));
  const log = openLog('silent');
  const embedded = await startEmbedded(directory, { clock: systemClock, log, maxConnections: MAX_CONNECTIONS });
  await asAdministrator(embedded.target, async (client) => {
    await client.query('ALTER SYSTEM SET fsync = off');
    await client.query('ALTER SYSTEM SET full_page_writes = off');
    await client.query('SELECT pg_reload_conf()');
  });
  await makeTemplate(embedded.target);
  return {
    target: embedded.target,
    async [Symbol.asyncDispose]() {
      await embedded[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function makeTemplate(target: DatabaseTarget): Promise<void> {
  await asAdministrator(target, async (client) => {
    await client.query('SELECT pg_advisory_lock(7410)');
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [TEMPLATE]);
    if (found.rowCount !== 0) return;
    const draft = `${TEMPLATE}_draft`;
    await client.query(`DROP DATABASE IF EXISTS ${draft}`);
    await client.query(`CREATE DATABASE ${draft}`);
    const log = openLog('silent');
    const db = openDatabase(openPool(withDatabase(target, draft), log));
    await migrate(db);
    await (await openTasks(db, withDatabase(target, draft), log))[Symbol.asyncDispose]();
    await db.destroy();
    await client.query(`ALTER DATABASE ${draft} RENAME TO ${TEMPLATE}`);
  });
}

async function asAdministrator<T>(target: DatabaseTarget, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(clientOptions(withDatabase(target, 'postgres')));
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

export function withDatabase(target: DatabaseTarget, database: string): DatabaseTarget {
  if (target.kind === 'socket') return { ...target, database };
  const url = new URL(target.url);
  url.pathname = `/${database}`;
  return { kind: 'url', url: url.href };
}

export function clientOptions(target: DatabaseTarget): pg.ClientConfig {
  if (target.kind === 'url') return { connectionString: target.url };
  return { host: target.directory, database: target.database, user: target.user, password: target.password };
}

/** The target as DATABASE_URL, for server processes that a test starts. */
export function urlOf(target: DatabaseTarget): string {
  if (target.kind === 'url') return target.url;
  const password = encodeURIComponent(target.password);
  return `postgresql://${target.user}:${password}@/${target.database}?host=${encodeURIComponent(target.directory)}`;
}

function captureLog(): { log: Context['log']; logLines: string[] } {
  const logLines: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      logLines.push(String(chunk));
      done();
    },
  });
  return { log: openLog('debug', stream as unknown as pino.DestinationStream), logLines };
}
