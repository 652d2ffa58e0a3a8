/**
 * Replies that are alike: to messages of one sender whose subjects differ in their figures at most, and which tell the
 * same. A person sends a few of
 * them a day; a machine that does not say that it is one sends them day and night, and nobody reads what it is answered.
 */
import { createHash } from 'node:crypto';
import { DAY_MS } from '../../base/clock.ts';
import type { Context } from '../../store/database.ts';
import type { Reply } from './reply.ts';

/** In 24 hours. Without a PIN what is held cannot be fetched; what is printed or refused again is no news any more. */
export const MOST_ALIKE = { withKeys: 40, withoutKeys: 10 } as const;

export type Alike = {
  /** Of the row that stands beside a reply. */
  readonly event: string;
  readonly recipient: string;
};

/** What a reply tells is a part of it: a document that is refused is news after ten that were printed. */
export function alikeOf(
  { subject, told }: { readonly subject: string; readonly told: Reply },
  recipient: string,
): Alike {
  const plain = subject.normalize('NFKC').toLowerCase().replace(/\d+/g, '0').replace(/\s+/g, ' ').trim();
  const ends = told.jobs.map(({ outcome, problem }) => `${outcome} ${problem?.code ?? ''}`);
  const refusals = told.refused.map(({ reason }) => `refused ${reason}`);
  const words = told.ignoredWords.map(({ reason }) => `ignored ${reason}`);
  const said = [...new Set([...ends, ...refusals, ...words])].sort();
  const digest = createHash('sha256')
    .update([plain, ...said].join('\n'))
    .digest('hex')
    .slice(0, 32);
  return { event: `message-alike/${digest}`, recipient };
}

/** How many were written in the last 24 hours. */
export async function countAlike(context: Context, { event, recipient }: Alike): Promise<number> {
  const row = await context.db
    .selectFrom('notices_sent')
    .select((builder) => builder.fn.countAll<number>().as('count'))
    .where('recipient', '=', recipient)
    .where('event', '=', event)
    .where('at', '>', new Date(context.clock.now().getTime() - DAY_MS))
    .executeTakeFirstOrThrow();
  return row.count;
}

/** Notes that one more is written. The row counts nowhere else: it has no message of its own. */
export async function noteAlike(context: Context, messageId: string, { event, recipient }: Alike): Promise<void> {
  await context.db
    .insertInto('notices_sent')
    .values({
      ...{ subject_id: messageId, event, recipient, is_reply: false },
      ...{ outbox_message_id: null, at: context.clock.now() },
    })
    .onConflict((conflict) => conflict.columns(['subject_id', 'event', 'recipient']).doNothing())
    .execute();
}
