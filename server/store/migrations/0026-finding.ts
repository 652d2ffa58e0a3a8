import { type Kysely, sql } from 'kysely';

/** So that lists by printer and queue, and messages by what stands in their header, are found among very many. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS: readonly string[] = [
  `CREATE INDEX jobs_printer ON jobs (printer_id, id)`,
  `CREATE INDEX jobs_queue ON jobs (queue_id, id)`,
  `CREATE INDEX incoming_messages_sender ON incoming_messages (sender_user_id, id)`,
  `CREATE INDEX incoming_messages_outcome ON incoming_messages (outcome, id)`,
  // As for the jobs: without the extension messages are found all the same, in longer time.
  `DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm') THEN
      CREATE INDEX incoming_messages_search ON incoming_messages
        USING gin (lower(sender || ' ' || subject || ' ' || coalesce(message_id, '')) gin_trgm_ops);
    END IF;
  END $$`,
];
