import { type Kysely, sql } from 'kysely';

/** How often a document was begun and not brought to an end: apart from the fence, which also grows when nothing went wrong. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE jobs ADD COLUMN prepare_tries int NOT NULL DEFAULT 0`.execute(db);
}
