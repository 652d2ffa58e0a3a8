import { type Kysely, sql } from 'kysely';

/** A document that a person has uploaded becomes one job, however often the browser sends it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`CREATE TABLE job_uploads (
    owner_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    key text NOT NULL,
    job_id uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
    sha256 bytea NOT NULL,
    PRIMARY KEY (owner_id, key)
  )`.execute(db);
  await sql`CREATE INDEX job_uploads_job ON job_uploads (job_id)`.execute(db);
}
