import { type Kysely, sql } from 'kysely';

/** Mailboxes that are read over POP3. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS: readonly string[] = [
  // POP3 names a message by a text; here each gets a number, which then stands where the UID of IMAP stands.
  `CREATE TABLE pop3_numbers (
    mailbox_id uuid NOT NULL REFERENCES mailboxes ON DELETE CASCADE,
    uidl text NOT NULL,
    uid bigint GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (mailbox_id, uidl)
  )`,
];
