import { type Kysely, sql } from 'kysely';

/** Outgoing mail that ended long ago is found by index, and the minute rates of devices are counted by all nodes. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `CREATE INDEX outbox_messages_ended ON outbox_messages (ended_at) WHERE ended_at IS NOT NULL`,
  `CREATE TABLE device_rates (
    device_id uuid PRIMARY KEY REFERENCES devices ON DELETE CASCADE,
    tokens double precision NOT NULL,
    given int NOT NULL,
    counted_at timestamptz NOT NULL
  )`,
];
