import { type Kysely, sql } from 'kysely';

/** How many pages of a document are drawn, while they are, for a printer that takes no PDF. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE jobs ADD COLUMN pages_drawn int`.execute(db);
}
