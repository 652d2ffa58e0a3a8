import { type Kysely, sql } from 'kysely';

/** How long a document may be, by its mailbox; and jobs wait for their senders as long as their messages do. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE jobs ADD COLUMN max_pages int CHECK (max_pages > 0)`.execute(db);
  await sql`UPDATE jobs SET held_until = m.received_at + interval '7 days' FROM incoming_messages AS m
    WHERE m.id = jobs.message_id AND m.outcome = 'held' AND jobs.state = 'pending-held'
      AND 'sender-unconfirmed' = ANY (jobs.reasons)`.execute(db);
}
