import { type Kysely, sql } from 'kysely';

/** Every document of a message with what became of it, those that make no job too. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS: readonly string[] = [
  `ALTER TABLE incoming_documents ADD COLUMN outcome text NOT NULL DEFAULT 'accepted'
    CHECK (outcome IN ('accepted', 'refused', 'left-out'))`,
  `UPDATE incoming_documents SET outcome = 'refused' WHERE reason IS NOT NULL`,
  `CREATE INDEX incoming_documents_job ON incoming_documents (job_id) WHERE job_id IS NOT NULL`,
];
