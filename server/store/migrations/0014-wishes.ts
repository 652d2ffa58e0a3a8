import { type Kysely, sql } from 'kysely';

/** How the sender of a message wants it printed, and what of that was not understood. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE incoming_messages ADD COLUMN wishes jsonb`.execute(db);
}
