import { type Kysely, sql } from 'kysely';

/**
 * Over which session a message was tried, so that "connected, signed in" can be told as a step of its own; and when a
 * mailbox was looked at last, which is no event of the journal.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS: readonly string[] = [
  `ALTER TABLE outbox_attempts ADD COLUMN session jsonb`,
  `ALTER TABLE mailboxes ADD COLUMN looked_at timestamptz`,
];
