import { type Kysely, sql } from 'kysely';

/**
 * The limit of the tenant for recipients outside the company: until when their mail waits, and why. Notices of single
 * events over the second way.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE pace_buckets ADD COLUMN outside_until timestamptz, ADD COLUMN outside_problem jsonb`.execute(
    db,
  );
  await sql`ALTER TABLE alarms DROP CONSTRAINT alarms_kind_check`.execute(db);
  await sql`ALTER TABLE alarms ADD CONSTRAINT alarms_kind_check
    CHECK (kind IN ('connection', 'outbox', 'expiry', 'notice'))`.execute(db);
}
