import { type Kysely, sql } from 'kysely';

/**
 * How many documents of the same person were waiting to be prepared when this one came: who sends a heap waits behind who
 * sends one.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS: readonly string[] = [
  `ALTER TABLE jobs ADD COLUMN prepare_turn int NOT NULL DEFAULT 0`,
  `DROP INDEX jobs_prepare`,
  `DROP INDEX jobs_prepare_wanted`,
  `CREATE INDEX jobs_prepare ON jobs (prepare_lane, prepare_turn, id) WHERE prepare_due_at IS NOT NULL`,
  `CREATE INDEX jobs_prepare_wanted ON jobs (prepare_lane, prepare_turn, id)
    WHERE prepare_due_at IS NOT NULL AND state <> 'pending-held'`,
  `CREATE INDEX jobs_prepare_owner ON jobs (owner_id) WHERE prepare_due_at IS NOT NULL`,
];
