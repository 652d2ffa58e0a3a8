import { type Kysely, sql } from 'kysely';

/**
 * Numbers of messages hold for one place only: the server or connection, and the mailbox there. Each document of a
 * message has an outcome.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

// As `placeOf` in the intake writes it.
const PLACE = `CASE WHEN mailboxes.connection_id IS NOT NULL
  THEN 'connection:' || mailboxes.connection_id || ' ' || mailboxes.address
  ELSE 'server:' || (mailboxes.server->>'host') || ':' || (mailboxes.server->>'port') || ' '
    || (mailboxes.server->>'username') || ' ' || mailboxes.address END`;

const withPlace = (table: string): string[] => [
  `ALTER TABLE ${table} ADD COLUMN place text`,
  `UPDATE ${table} SET place = COALESCE(${PLACE}, '') FROM mailboxes WHERE mailboxes.id = ${table}.mailbox_id`,
  `ALTER TABLE ${table} ALTER COLUMN place SET NOT NULL`,
];

const STATEMENTS: readonly string[] = [
  ...withPlace('incoming_messages'),
  `ALTER TABLE incoming_messages
    DROP CONSTRAINT incoming_messages_mailbox_id_folder_uidvalidity_uid_key,
    ADD CONSTRAINT incoming_messages_once UNIQUE (mailbox_id, folder, uidvalidity, uid, place)`,
  ...withPlace('unreadable_messages'),
  `ALTER TABLE unreadable_messages ADD COLUMN folder text`,
  `UPDATE unreadable_messages SET folder = mailboxes.folder FROM mailboxes WHERE mailboxes.id = mailbox_id`,
  `ALTER TABLE unreadable_messages
    ALTER COLUMN folder SET NOT NULL,
    DROP CONSTRAINT unreadable_messages_pkey,
    ADD PRIMARY KEY (mailbox_id, folder, uidvalidity, uid, place)`,
  ...withPlace('pop3_numbers'),
  `ALTER TABLE pop3_numbers DROP CONSTRAINT pop3_numbers_pkey, ADD PRIMARY KEY (mailbox_id, uidl, place)`,

  // Every document of a message with what became of it, those that make no job too.
  `ALTER TABLE incoming_documents ADD COLUMN outcome text NOT NULL DEFAULT 'accepted'
    CHECK (outcome IN ('accepted', 'refused', 'left-out'))`,
  `UPDATE incoming_documents SET outcome = 'refused' WHERE reason IS NOT NULL`,
];
