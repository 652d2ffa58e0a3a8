import { type Kysely, sql } from 'kysely';

/**
 * How a person came here, and people who were removed while jobs of theirs stay in the records: a row without a name, until
 * and after no job names them either.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS: readonly string[] = [
  `ALTER TABLE users
    ADD COLUMN removed_at timestamptz,
    ADD COLUMN forgotten_at timestamptz,
    ADD COLUMN origin text NOT NULL DEFAULT 'administrator' CHECK (origin IN ('administrator', 'mail', 'file'))`,
  `CREATE INDEX users_leaving ON users (removed_at) WHERE removed_at IS NOT NULL AND forgotten_at IS NULL`,
  // The few that have not ended, of one owner.
  `CREATE INDEX jobs_owner_open ON jobs (owner_id) WHERE ended_at IS NULL`,
  `UPDATE users SET origin = 'mail' FROM journal WHERE type = 'sender-registered' AND subject_id = users.id::text`,
];
