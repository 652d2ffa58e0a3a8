import { type Kysely, sql } from 'kysely';

/** When a sign-in ended and who ended it, so that a page that still shows its code can say so. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE connection_logins ADD COLUMN ended_at timestamptz, ADD COLUMN ended_by text`.execute(db);
}
