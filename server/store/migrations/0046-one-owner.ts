import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  `DELETE FROM device_messages USING (
    SELECT device_id, message_id_header, sha256,
      row_number() OVER (PARTITION BY device_id, message_id_header ORDER BY at, sha256) AS place
    FROM device_messages
  ) AS ranked
  WHERE ranked.place > 1 AND device_messages.device_id = ranked.device_id
    AND device_messages.message_id_header = ranked.message_id_header AND device_messages.sha256 = ranked.sha256`,
  `ALTER TABLE device_messages DROP CONSTRAINT device_messages_pkey, ADD PRIMARY KEY (device_id, message_id_header)`,
];

/** Of each Message-ID of a device only the content that owns it is remembered, and found by the index of that key alone. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
