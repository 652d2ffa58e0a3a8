/**
 * The connection to PostgreSQL, and the context that every face takes.
 *
 * A pool of at most ten connections. `COMMIT` of an aborted transaction answers `ROLLBACK`; Kysely makes that an error
 * (a test holds it), so that nothing is acknowledged that was not kept.
 */
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Secrets } from '../base/secrets.ts';
import type { Settings } from '../base/settings.ts';
import type { Schema } from './schema.ts';

export type Db = Kysely<Schema>;

/** What every face takes first. A sixth member needs a decision record. */
export type Context = {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: Settings;
  readonly secrets: Secrets;
};

/** How to reach a database: an address, or the socket folder of the embedded one. */
export type DatabaseTarget =
  | { readonly kind: 'url'; readonly url: string }
  | {
      readonly kind: 'socket';
      readonly directory: string;
      readonly database: string;
      readonly user: string;
      readonly password: string;
    };

const POOL_SIZE = 10;
const CONNECT_TIMEOUT_MS = 10_000;
// A node that freezes inside a transaction would keep its row locks, and with them its leases, for as long as it sleeps.
const IDLE_IN_TRANSACTION_MS = 15_000;

// bigint columns hold sizes and counters, far below 2^53.
const INT8_OID = 20;

export function openPool(target: DatabaseTarget, log: Log): pg.Pool {
  const pool = new pg.Pool({
    ...connectionOptions(target),
    max: POOL_SIZE,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    application_name: 'platen',
    types: typeParsers,
  });
  // A connection that the server ends would end this process without a listener: the pool's own hears it only while the
  // connection is idle. Whoever uses it at that moment gets the error from the query.
  const noteLoss = (error: Error) => log.warn({ error: { message: error.message } }, 'a database connection was lost');
  pool.on('error', noteLoss);
  pool.on('connect', (client) => {
    client.on('error', noteLoss);
    planOnce(client);
  });
  return pool;
}

export function connectionOptions(target: DatabaseTarget): pg.ClientConfig {
  if (target.kind === 'url') return { connectionString: target.url };
  return { host: target.directory, database: target.database, user: target.user, password: target.password };
}

export function openDatabase(pool: pg.Pool): Db {
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
}

/**
 * A statement that begins with this comment becomes a named one of the wire protocol, which a connection plans only once:
 * for those that run for every few messages, whose planning costs more than what they do. Its text must never differ, so its
 * values are parameters and its lists arrays.
 */
const MARK = /^\/\* planned once: ([a-z-]{1,60}) \*\//;

type Query = (text: unknown, values?: unknown, ...rest: unknown[]) => unknown;

/** Makes a connection heed such comments: `planned once: ` and a name of small letters, at the very beginning. */
function planOnce(client: Pick<pg.Client, 'query'>): void {
  const query = client.query.bind(client) as Query;
  const heeding: Query = (text, values, ...rest) => {
    const name = typeof text === 'string' ? MARK.exec(text)?.[1] : undefined;
    return name === undefined ? query(text, values, ...rest) : query({ name, text, values }, ...rest);
  };
  client.query = heeding as typeof client.query;
}

/** As pg reads values, but with bigint as number. */
const typeParsers = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === INT8_OID) return readBigint;
    return pg.types.getTypeParser(oid, format as 'text');
  },
};

function readBigint(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new RangeError('a bigint of the database is beyond 2^53');
  return number;
}
