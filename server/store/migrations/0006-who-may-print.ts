import { type Kysely, sql } from 'kysely';

/** One-time links, and who may print by e-mail. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS: readonly string[] = [
  `CREATE TABLE links (
    id uuid PRIMARY KEY,
    digest bytea NOT NULL UNIQUE,
    purpose text NOT NULL,
    subject_ids text[] NOT NULL,
    user_id uuid REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
  )`,
  `CREATE INDEX links_expires ON links (expires_at)`,

  `ALTER TABLE mailboxes ADD COLUMN policy jsonb NOT NULL DEFAULT '{}'`,
  `ALTER TABLE incoming_messages
    DROP CONSTRAINT incoming_messages_outcome_check,
    ADD CONSTRAINT incoming_messages_outcome_check CHECK (outcome IN ('done', 'refused', 'failed', 'ignored', 'held')),
    ADD COLUMN proof jsonb,
    ADD COLUMN may_reply boolean NOT NULL DEFAULT false`,
  `CREATE INDEX incoming_messages_held ON incoming_messages (received_at) WHERE outcome = 'held'`,
  `CREATE TABLE incoming_documents (
    message_id uuid NOT NULL REFERENCES incoming_messages ON DELETE CASCADE,
    position int NOT NULL,
    name text NOT NULL,
    format text NOT NULL,
    bytes bigint NOT NULL,
    job_id uuid,
    reason text,
    spool_id uuid REFERENCES spool_files,
    PRIMARY KEY (message_id, position)
  )`,
  `CREATE INDEX incoming_documents_spool ON incoming_documents (spool_id) WHERE spool_id IS NOT NULL`,
];
