import { type Kysely, sql } from 'kysely';

/** Recipients of a device by the day, for a limit of their own. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE device_days ADD COLUMN recipients integer NOT NULL DEFAULT 0`.execute(db);
  // Whoever may hand in more messages a day than the new limit has recipients keeps room for one recipient each.
  await sql`UPDATE devices SET limits = limits || jsonb_build_object('recipientsPerDay', limits -> 'messagesPerDay')
    WHERE (limits ->> 'messagesPerDay')::numeric > 10000`.execute(db);
}
