import { type Kysely, sql } from 'kysely';

/** Links for owners of mailboxes who do not sign in to Platen. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS: readonly string[] = [
  `CREATE TABLE hand_overs (
    id uuid PRIMARY KEY,
    connection_id uuid NOT NULL REFERENCES connections ON DELETE CASCADE,
    digest bytea NOT NULL UNIQUE,
    recipient text,
    language text NOT NULL,
    asked_by uuid REFERENCES users ON DELETE SET NULL,
    login_id uuid REFERENCES connection_logins ON DELETE SET NULL,
    codes integer NOT NULL DEFAULT 0,
    codes_since timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    opened_at timestamptz,
    ended_at timestamptz,
    ended_as text
  )`,
  'CREATE UNIQUE INDEX hand_overs_open ON hand_overs (connection_id) WHERE ended_at IS NULL',
];
