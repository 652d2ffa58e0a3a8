import { type Kysely, sql } from 'kysely';

/**
 * The journal by who did it, and one view of everything that has a name and can stand in the journal. Alarms for a
 * permission that is about to end, and which ways of alarms have been proved. The mail domain of the company.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS: readonly string[] = [
  // Most events are Platen's own and stand in neither.
  `CREATE INDEX journal_actor ON journal (actor, tx, id) WHERE actor IS NOT NULL`,
  `CREATE INDEX journal_people ON journal (tx, id) WHERE actor IS NOT NULL`,
  // Asked by id it is one look into the primary key of each table.
  `CREATE VIEW named_things (kind, id, name) AS
    SELECT 'user', id, name FROM users WHERE removed_at IS NULL
    UNION ALL SELECT 'api-token', id, name FROM api_tokens
    UNION ALL SELECT 'connection', id, title FROM connections
    UNION ALL SELECT 'mailbox', id, title FROM mailboxes
    UNION ALL SELECT 'queue', id, name FROM queues
    UNION ALL SELECT 'printer', id, name FROM printers
    UNION ALL SELECT 'device', id, name FROM devices
    UNION ALL SELECT 'job', id, title FROM jobs
    UNION ALL SELECT 'message', id, subject FROM incoming_messages
    UNION ALL SELECT 'outbox-message', id, subject FROM outbox_messages`,
  `ALTER TABLE alarms DROP CONSTRAINT alarms_kind_check`,
  `ALTER TABLE alarms ADD CONSTRAINT alarms_kind_check CHECK (kind IN ('connection', 'outbox', 'expiry'))`,
  `ALTER TABLE notice_settings ADD COLUMN ways_proved jsonb NOT NULL DEFAULT '{}'`,
  `ALTER TABLE installation ADD COLUMN mail_domain text`,
];
