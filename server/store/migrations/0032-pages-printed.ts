import { type Kysely, sql } from 'kysely';

/** How far a printer has come with a job, so that whoever stands before it sees it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE jobs ADD COLUMN pages_printed int`.execute(db);
}
