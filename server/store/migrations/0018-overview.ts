import { type Kysely, sql } from 'kysely';

/** What ended in the last hours is counted often; the index holds all that is counted. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`CREATE INDEX jobs_ended ON jobs (ended_at) INCLUDE (state) WHERE ended_at IS NOT NULL`.execute(db);
}
