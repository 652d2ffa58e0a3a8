import { type Kysely, sql } from 'kysely';

/** What goes wrong between devices and the relay, a row for each device or unknown address and reason. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS: readonly string[] = [
  `CREATE TABLE device_faults (
    id uuid PRIMARY KEY,
    subject text NOT NULL,
    device_id uuid,
    address text NOT NULL,
    reason text NOT NULL,
    words text NOT NULL,
    repairs text[] NOT NULL DEFAULT '{}',
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    count int NOT NULL,
    is_dismissed boolean NOT NULL DEFAULT false,
    UNIQUE (subject, reason)
  )`,
  `CREATE INDEX device_faults_last ON device_faults (last_at)`,
  // When a device last sent something; its days were forgotten each night, now they stay for a month.
  `ALTER TABLE device_days ADD COLUMN last_at timestamptz`,
];
