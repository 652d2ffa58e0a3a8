import { type Kysely, sql } from 'kysely';

/** Pages that go to their printer as jobs of their own: which of them an attempt has come to, and how many there are. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE print_attempts
    ADD COLUMN part int NOT NULL DEFAULT 1 CHECK (part >= 1),
    ADD COLUMN parts int NOT NULL DEFAULT 1 CHECK (parts >= part)`.execute(db);
}
