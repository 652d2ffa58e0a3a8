import { type Kysely, sql } from 'kysely';

/** How the sender of a message wants it printed, what of that was not understood, and by what words a job is found. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS: readonly string[] = [
  `ALTER TABLE incoming_messages ADD COLUMN wishes jsonb`,
  `ALTER TABLE jobs ADD COLUMN search text NOT NULL DEFAULT ''`,
  `UPDATE jobs SET search = lower(concat_ws(E'\\n', jobs.title, jobs.owner_name, m.sender, m.subject, m.message_id))
    FROM jobs AS j LEFT JOIN incoming_messages AS m ON m.id = j.message_id WHERE j.id = jobs.id`,
  // On a server without the extension, or where it may not be added, jobs are found all the same, in longer time.
  `DO $$ BEGIN CREATE EXTENSION IF NOT EXISTS pg_trgm; EXCEPTION WHEN OTHERS THEN NULL; END $$`,
  `DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm') THEN
      CREATE INDEX jobs_search ON jobs USING gin (search gin_trgm_ops);
    END IF;
  END $$`,
];
