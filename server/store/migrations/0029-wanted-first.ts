import { type Kysely, sql } from 'kysely';

/** So that documents which are to be printed now are found at once among very many that are only held. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`CREATE INDEX jobs_prepare_wanted ON jobs (prepare_lane, id)
    WHERE prepare_due_at IS NOT NULL AND state <> 'pending-held'`.execute(db);
}
