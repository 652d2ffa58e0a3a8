import { type Kysely, sql } from 'kysely';

/** A report of a server names the message that it could not deliver by its Message-ID. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`CREATE INDEX outbox_messages_sent_as ON outbox_messages (message_id_header) WHERE state = 'sent'`.execute(
    db,
  );
}
