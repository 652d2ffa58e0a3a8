import { type Kysely, sql } from 'kysely';

/** How long each permission of Microsoft has lasted and what ended it: what a forecast is made from. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS: readonly string[] = [
  `CREATE TABLE connection_permissions (
    id uuid PRIMARY KEY,
    connection_id uuid NOT NULL REFERENCES connections ON DELETE CASCADE,
    account_tid text NOT NULL,
    account_oid text NOT NULL,
    method text NOT NULL,
    signed_in_at timestamptz NOT NULL,
    ended_at timestamptz,
    end_aadsts integer,
    told_days smallint
  )`,
  'CREATE UNIQUE INDEX ON connection_permissions (connection_id) WHERE ended_at IS NULL',
  'CREATE INDEX ON connection_permissions (account_tid, signed_in_at)',
  `INSERT INTO connection_permissions (id, connection_id, account_tid, account_oid, method, signed_in_at)
    SELECT gen_random_uuid(), id, account_tid, account_oid,
      coalesce((SELECT kind FROM connection_logins
        WHERE connection_id = connections.id AND state = 'granted' ORDER BY created_at DESC LIMIT 1), 'device-code'),
      confirmed_at
    FROM connections
    WHERE confirmed_at IS NOT NULL AND account_tid IS NOT NULL AND account_oid IS NOT NULL
      AND state IN ('connected', 'degraded')`,
];
