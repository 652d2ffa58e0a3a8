import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS: readonly string[] = [
  // How long a document may be, by the mailbox that it came by.
  `ALTER TABLE jobs ADD COLUMN max_pages int CHECK (max_pages > 0)`,
  // Jobs wait for their senders as long as their messages do.
  `UPDATE jobs SET held_until = m.received_at + interval '7 days' FROM incoming_messages AS m
    WHERE m.id = jobs.message_id AND m.outcome = 'held' AND jobs.state = 'pending-held'
      AND 'sender-unconfirmed' = ANY (jobs.reasons)`,
  // What was read under a name that another message may have.
  `ALTER TABLE pop3_numbers ADD COLUMN content bytea`,
];
