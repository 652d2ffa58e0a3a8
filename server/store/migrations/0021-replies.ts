import { type Kysely, sql } from 'kysely';

/** Until when the sender of a message is told at the latest what became of its documents; none when nothing is open. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS: readonly string[] = [
  `ALTER TABLE incoming_messages ADD COLUMN finish_by timestamptz`,
  `CREATE INDEX incoming_messages_unfinished ON incoming_messages (id) WHERE finish_by IS NOT NULL`,
];
