/**
 * The limit of the tenant for recipients outside the company (550 5.7.233). Mail to them waits, mail inside leaves as
 * before. Nobody tells when the limit ends, so once an hour one message finds out, and the others follow it.
 *
 *   free → paused       a message was refused for the limit
 *   paused → probing    the hour is over, and the next message to somebody outside goes alone
 *   probing → free      it was taken
 *   probing → paused    it was refused as well; or nothing was heard of it, and a few minutes later another one goes
 */
import { sql } from 'kysely';
import { MINUTE_MS, SECOND_MS } from '../../base/clock.ts';
import { listCompanyDomains } from '../../connections/connections.ts';
import type { Context } from '../../store/database.ts';
import type { OutboxState, Problem } from '../../store/schema.ts';
import { TENANT_LIMIT_MS } from '../backoff.ts';
import { addBucket, EXCHANGE_LIMITS } from '../pace.ts';

/** How long the others wait for what the probe finds out. */
const PROBE_ANSWER_MS = 5 * MINUTE_MS;
const WAITING: readonly OutboxState[] = ['queued', 'deferred', 'uncertain'];
const CODE = 'tenant-recipient-limit';

/**
 * Whether a message may go by the limit of the tenant, in the transaction of `context.db`. Of one that has to wait the
 * others with it are put off as well, so that it is asked once for all of them.
 */
export async function askOutside(
  context: Context,
  mailbox: string,
  messageId: string,
): Promise<'go' | 'probe' | 'wait'> {
  const pause = await context.db
    .selectFrom('pace_buckets')
    .select(['outside_until', 'outside_problem', sql<Date>`clock_timestamp()`.as('now')])
    .where('mailbox', '=', mailbox)
    .where('outside_until', 'is not', null)
    .forUpdate()
    .executeTakeFirst();
  if (pause?.outside_until == null || pause.outside_problem === null) return 'go';
  const found = await context.db
    .selectFrom('outbox_messages')
    .select('id')
    .where('id', '=', messageId)
    .where(isOutside(await listInside(context, mailbox)))
    .executeTakeFirst();
  if (found === undefined) return 'go';
  const ms = pause.outside_until.getTime() - pause.now.getTime();
  if (ms <= 0) return 'probe';
  await deferOutside(context, mailbox, { ms, problem: pause.outside_problem });
  return 'wait';
}

/** One message finds out whether the limit has ended; the others wait for it. */
export async function beginProbe(context: Context, mailbox: string): Promise<void> {
  await setUntil(context, mailbox, PROBE_ANSWER_MS);
}

/** Puts off everything that goes to somebody outside: the limit of the tenant is reached. */
export async function pauseOutside(context: Context, mailbox: string, problem: Problem): Promise<void> {
  await deferOutside(context, mailbox, { ms: TENANT_LIMIT_MS, problem });
  await addBucket(context, mailbox, EXCHANGE_LIMITS.burst);
  await context.db
    .updateTable('pace_buckets')
    .set({ outside_problem: JSON.stringify(problem) })
    .where('mailbox', '=', mailbox)
    .execute();
  await setUntil(context, mailbox, TENANT_LIMIT_MS);
}

/** Mail to outside may leave again: what waited for it is due now. */
export async function resumeOutside(context: Context, mailbox: string): Promise<void> {
  await context.db
    .updateTable('pace_buckets')
    .set({ outside_until: null, outside_problem: null })
    .where('mailbox', '=', mailbox)
    .execute();
  await context.db
    .updateTable('outbox_messages')
    .set({
      state: sql<OutboxState>`CASE WHEN possibly_twice THEN 'uncertain' ELSE 'queued' END`,
      problem: null,
      due_at: context.clock.now(),
    })
    .where('state', 'in', [...WAITING])
    .where(sql<string>`problem ->> 'code'`, '=', CODE)
    .execute();
}

/** A person has looked at it: the next message to outside tries at once. */
export async function probeOutsideNow(context: Context, mailbox: string): Promise<void> {
  await context.db
    .updateTable('pace_buckets')
    .set({ outside_until: sql<Date>`clock_timestamp()` })
    .where('mailbox', '=', mailbox)
    .where('outside_until', 'is not', null)
    .execute();
}

export type OutsidePause = { readonly nextInMs: number; readonly problem: Problem };

/** Whether mail to outside waits for the limit of the tenant, and when one message tries again. */
export async function findOutsidePause(context: Context, mailbox: string): Promise<OutsidePause | undefined> {
  const row = await context.db
    .selectFrom('pace_buckets')
    .select(['outside_until', 'outside_problem', sql<Date>`clock_timestamp()`.as('now')])
    .where('mailbox', '=', mailbox)
    .executeTakeFirst();
  if (row?.outside_until == null || row.outside_problem === null) return undefined;
  return { nextInMs: Math.max(row.outside_until.getTime() - row.now.getTime(), 0), problem: row.outside_problem };
}

async function setUntil(context: Context, mailbox: string, ms: number): Promise<void> {
  await context.db
    .updateTable('pace_buckets')
    .set({ outside_until: sql<Date>`clock_timestamp() + make_interval(secs => ${ms / SECOND_MS})` })
    .where('mailbox', '=', mailbox)
    .execute();
}

/** What other sessions have in hand at the moment asks for itself. */
async function deferOutside(
  context: Context,
  mailbox: string,
  { ms, problem }: { readonly ms: number; readonly problem: Problem },
): Promise<void> {
  const until = new Date(context.clock.now().getTime() + ms);
  const inside = await listInside(context, mailbox);
  const waiting = context.db
    .selectFrom('outbox_messages')
    .select('id')
    .where('state', 'in', [...WAITING])
    .where('due_at', '<', until)
    .where(isOutside(inside))
    .forUpdate()
    .skipLocked();
  await context.db
    .updateTable('outbox_messages')
    .set({
      state: sql<OutboxState>`CASE state WHEN 'uncertain' THEN state ELSE 'deferred' END`,
      problem: JSON.stringify(problem),
      due_at: until,
    })
    .where('id', 'in', waiting)
    .execute();
}

/** The domains that nobody outside has: the one of the account that sends, and all others that are known as the company's. */
async function listInside(context: Context, mailbox: string): Promise<string[]> {
  return [mailbox.slice(mailbox.lastIndexOf('@') + 1).toLowerCase(), ...(await listCompanyDomains(context))];
}

/** Somebody who still waits for the message is in another domain than its sender, and in none of those inside. */
function isOutside(inside: readonly string[]) {
  return sql<boolean>`EXISTS (
    SELECT FROM outbox_recipients
    WHERE message_id = outbox_messages.id AND outbox_recipients.state IN ('queued', 'uncertain')
      AND substring(lower(address) FROM '[^@]*$') <> substring(lower(outbox_messages.sender) FROM '[^@]*$')
      AND substring(lower(address) FROM '[^@]*$') <> ALL (${inside}::text[])
  )`;
}
