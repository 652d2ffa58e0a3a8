import { type Kysely, sql } from 'kysely';

/** Where people belong to, as whoever looks after them calls it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE users ADD COLUMN group_name text CHECK (group_name <> '')`.execute(db);
  await sql`CREATE INDEX users_group ON users (group_name, id) WHERE group_name IS NOT NULL`.execute(db);
}
