import { type Kysely, sql } from 'kysely';

/** How a person wants to see Platen, on every device; and the journal found by time. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS: readonly string[] = [
  `ALTER TABLE users
    ADD COLUMN appearance text NOT NULL DEFAULT 'system' CHECK (appearance IN ('system', 'light', 'dark')),
    ADD COLUMN density text NOT NULL DEFAULT 'comfortable' CHECK (density IN ('comfortable', 'compact')),
    ADD COLUMN portal_language text CHECK (portal_language IN ('en', 'it'))`,
  // Rows lie nearly in the order of their time, so a summary of each range of blocks is enough and costs writers nothing.
  `CREATE INDEX journal_at ON journal USING brin (at)`,
];
