import { type Kysely, sql } from 'kysely';

/** When each use of a connection worked last. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`CREATE TABLE connection_uses (
    connection_id uuid NOT NULL REFERENCES connections ON DELETE CASCADE,
    use text NOT NULL CHECK (use IN ('imap', 'pop3', 'smtp')),
    used_at timestamptz NOT NULL,
    PRIMARY KEY (connection_id, use)
  )`.execute(db);
}
