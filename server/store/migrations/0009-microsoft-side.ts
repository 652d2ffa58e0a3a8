import { type Kysely, sql } from 'kysely';

/** Sign-in by link, and what is remembered of earlier permissions. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS: readonly string[] = [
  `ALTER TABLE connection_logins
    ALTER COLUMN user_code DROP NOT NULL,
    ALTER COLUMN verification_uri DROP NOT NULL,
    ADD COLUMN sealed_link bytea`,
];
