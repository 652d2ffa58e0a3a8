import { type Kysely, sql } from 'kysely';

/** Documents are prepared before they are printed: what came and what is printed are two files from now on. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `ALTER TABLE jobs
    ADD COLUMN original_id uuid REFERENCES spool_files,
    ADD COLUMN original_format text,
    ADD COLUMN preparation text NOT NULL DEFAULT 'none'
      CHECK (preparation IN ('none', 'due', 'printable', 'done', 'failed')),
    ADD COLUMN prepare_lane text CHECK (prepare_lane IN ('quick', 'slow', 'look')),
    ADD COLUMN prepare_due_at timestamptz,
    ADD COLUMN prepare_fence bigint NOT NULL DEFAULT 0,
    ADD COLUMN is_color boolean,
    ADD COLUMN media text`,
  // What waits was taken in when documents were printed as they came.
  `UPDATE jobs
    SET preparation = 'due', original_id = document_id, original_format = document_format,
      prepare_lane = 'quick', prepare_due_at = now(), due_at = NULL
    WHERE state IN ('pending', 'pending-held') AND document_id IS NOT NULL`,
  `CREATE INDEX jobs_prepare ON jobs (prepare_lane, id) WHERE prepare_due_at IS NOT NULL`,
  `CREATE TABLE job_previews (
    job_id uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
    page int NOT NULL,
    file_id uuid NOT NULL REFERENCES spool_files,
    PRIMARY KEY (job_id, page)
  )`,
];
