import { type Kysely, sql } from 'kysely';

/** Toner, ink and containers of waste, as each printer last told of them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE printers ADD COLUMN supplies jsonb NOT NULL DEFAULT '[]'`.execute(db);
}
