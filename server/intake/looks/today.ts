/** What came into each mailbox today, for the list of mailboxes. */
import { sql } from 'kysely';
import type { Context } from '../../store/database.ts';

export type Today = { readonly messages: number; readonly jobs: number };

/** Counts since midnight in the time zone of the server; a mailbox without a message is not among them. */
export async function countToday(context: Context): Promise<ReadonlyMap<string, Today>> {
  const now = context.clock.now();
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  const rows = await context.db
    .selectFrom('incoming_messages')
    .select(['mailbox_id', sql<number>`count(*)::int`.as('messages'), sql<number>`sum(job_count)::int`.as('jobs')])
    .where('received_at', '>=', midnight)
    .groupBy('mailbox_id')
    .execute();
  return new Map(rows.map(({ mailbox_id: id, messages, jobs }) => [id, { messages, jobs }]));
}
