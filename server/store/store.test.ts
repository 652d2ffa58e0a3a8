import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { sql } from 'kysely';
import pg from 'pg';
import { clientOptions, openTestContext, openTestDatabase, withDatabase } from '../../test/harness/database.ts';
import { systemClock } from '../base/clock.ts';
import { PlatenError } from '../base/errors.ts';
import { openLog } from '../base/log.ts';
import { secretsFromKey } from '../base/secrets.ts';
import { holdDataDirectory } from './data-directory.ts';
import { openDatabase, openPool } from './database.ts';
import { startEmbedded } from './embedded.ts';
import { checkKey } from './key-check.ts';
import { migrate } from './migrate.ts';
import { openStore } from './store.ts';

const log = openLog('silent');
const hasCode = (code: string) => (error: unknown) => error instanceof PlatenError && error.code === code;

async function temporaryDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'platen-store-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

test('nodes that start together on an empty database migrate it once', async () => {
  await using database = await openTestDatabase();
  const target = withDatabase(
    database.target,
    `${database.target.kind === 'socket' ? database.target.database : 'x'}_new`,
  );
  const administrator = new pg.Client(clientOptions(database.target));
  await administrator.connect();
  const name = target.kind === 'socket' ? target.database : '';
  await administrator.query(`CREATE DATABASE ${name}`);
  const handles = Array.from({ length: 4 }, () => openDatabase(openPool(target, log)));
  try {
    await Promise.all(handles.map((db) => migrate(db)));
    const done = await sql<{ n: number }>`SELECT count(*)::int AS n FROM kysely_migration`.execute(handles[0] as never);
    assert.ok((done.rows[0]?.n ?? 0) >= 1);
  } finally {
    await Promise.all(handles.map((db) => db.destroy()));
    await administrator.query(`DROP DATABASE ${name} WITH (FORCE)`);
    await administrator.end();
  }
});

test('a database that has every migration waits for no lock', async () => {
  await using test = await openTestContext();
  const other = new pg.Client(clientOptions(test.target));
  await other.connect();
  try {
    // What the migrator takes before it looks what is to be done.
    await other.query('SELECT pg_advisory_lock(3853314791062309107)');
    await migrate(test.context.db);
  } finally {
    await other.end();
  }
});

test('a database of a newer Platen is not touched', async () => {
  await using test = await openTestContext();
  await sql`INSERT INTO kysely_migration (name, timestamp) VALUES ('9999-of-tomorrow', 'x')`.execute(test.context.db);
  await assert.rejects(migrate(test.context.db), hasCode('database-too-new'));
});

test('a database is started with the key that it was sealed with, and with no other', async () => {
  await using test = await openTestContext();
  await checkKey(test.context);
  await checkKey(test.context);
  const other = { ...test.context, secrets: secretsFromKey(Buffer.alloc(32, 7)) };
  await assert.rejects(checkKey(other), hasCode('key-file-wrong'));
});

test('a data directory is held by one at a time, and is free again afterwards', async () => {
  await using directory = await temporaryDirectory();
  {
    await using _held = await holdDataDirectory(directory.path);
    await assert.rejects(holdDataDirectory(directory.path), hasCode('data-directory-in-use'));
  }
  await using _again = await holdDataDirectory(directory.path);
});

test('the embedded database keeps what was committed over a stop and a start', async () => {
  await using directory = await temporaryDirectory();
  const options = { settings: { databaseUrl: undefined, dataDir: directory.path }, clock: systemClock, log };
  {
    await using store = await openStore(options);
    await sql`INSERT INTO login_attempts VALUES ('kept', now())`.execute(store.db);
    const fsync = await sql<{ fsync: string }>`SHOW fsync`.execute(store.db);
    assert.equal(fsync.rows[0]?.fsync, 'on');
    const listening = await sql<{ a: string }>`SELECT current_setting('listen_addresses') AS a`.execute(store.db);
    assert.equal(listening.rows[0]?.a, '', 'it listens on no network address');
  }
  assert.ok(!existsSync(join(directory.path, 'postgresql', 'postmaster.pid')), 'it was stopped cleanly');
  await using store = await openStore(options);
  const rows = await sql<{ bucket: string }>`SELECT bucket FROM login_attempts`.execute(store.db);
  assert.deepEqual(rows.rows, [{ bucket: 'kept' }]);
});

test('what may be done while the embedded server starts is done, and does no harm when it fails', async () => {
  await using directory = await temporaryDirectory();
  let begun = 0;
  const meanwhile = async () => {
    begun += 1;
    throw new PlatenError('internal-error', 'told elsewhere');
  };
  const settings = { databaseUrl: undefined, dataDir: directory.path };
  await using store = await openStore({ settings, clock: systemClock, log, meanwhile });
  assert.equal(begun, 1);
  await sql`SELECT 1`.execute(store.db);
});

test('an embedded server that ends by itself is started again', async () => {
  await using directory = await temporaryDirectory();
  await using embedded = await startEmbedded(directory.path, { clock: systemClock, log });
  const first = embedded.pid() ?? 0;
  process.kill(first, 'SIGKILL');
  let answered = false;
  for (const deadline = performance.now() + 30_000; !answered && performance.now() < deadline; ) {
    const client = new pg.Client(clientOptions(embedded.target));
    answered = await client.connect().then(
      () => embedded.pid() !== first,
      () => false,
    );
    await client.end().catch(() => undefined);
    if (!answered) await systemClock.sleep(50);
  }
  assert.ok(answered);
});

test('an external database that cannot be reached is named with the words of the driver', async () => {
  await using directory = await temporaryDirectory();
  const settings = { databaseUrl: 'postgresql://nobody@127.0.0.1:9/none', dataDir: directory.path };
  await assert.rejects(
    openStore({ settings, clock: systemClock, log }),
    (error) =>
      error instanceof PlatenError && error.code === 'database-unavailable' && /ECONNREFUSED/.test(error.remote ?? ''),
  );
});
