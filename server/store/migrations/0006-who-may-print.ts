import { type Kysely, sql } from 'kysely';

/** One-time links, and who may print by e-mail. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS: readonly string[] = [
  `CREATE TABLE links (
    id uuid PRIMARY KEY,
    digest bytea NOT NULL UNIQUE,
    purpose text NOT NULL,
    subject_ids text[] NOT NULL,
    user_id uuid REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
  )`,
  `CREATE INDEX links_expires ON links (expires_at)`,
];
