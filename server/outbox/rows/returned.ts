/**
 * Messages that came back: a server had taken them and could not deliver them to somebody. They stay sent, because
 * nothing can be sent again of what is no longer kept; who did not get them is shown with the server's words.
 */
import { sql } from 'kysely';
import { SECOND_MS } from '../../base/clock.ts';
import { record } from '../../journal/journal.ts';
import type { Context } from '../../store/database.ts';
import type { Problem } from '../../store/schema.ts';

/** What a report says of a message, whoever it comes from: it counts only for a message that was sent to that address. */
export type Returned = {
  /** One of these is the Message-ID of the message, with its brackets. */
  readonly messageIds: readonly string[];
  /** In lower case. */
  readonly recipients: readonly {
    readonly address: string;
    readonly status: string;
    readonly words: string | undefined;
  }[];
};

/**
 * Notes who did not get a message after all, in the caller's transaction if there is one; a second report about the same
 * recipient changes nothing. Returns whether it was about a message of ours.
 */
export async function recordReturned(context: Context, { messageIds, recipients }: Returned): Promise<boolean> {
  if (messageIds.length === 0 || recipients.length === 0) return false;
  const sent = await context.db
    .selectFrom('outbox_messages')
    .innerJoin('outbox_recipients', 'message_id', 'outbox_messages.id')
    .select(['outbox_messages.id', 'owner_id', 'sender', 'position', 'address', 'outbox_recipients.state as reached'])
    .where('outbox_messages.state', '=', 'sent')
    .where('message_id_header', 'in', [...messageIds])
    .where(
      sql<string>`lower(address)`,
      'in',
      recipients.map(({ address }) => address),
    )
    .forUpdate('outbox_messages')
    .execute();
  for (const { id, owner_id, position, address, reached, sender } of sent) {
    const told = recipients.find((one) => one.address === address.toLowerCase());
    if (told === undefined || reached !== 'sent') continue;
    const problem = problemOf(context, { ...told, address }, sender);
    await context.db
      .updateTable('outbox_recipients')
      .set({ state: 'failed', problem: JSON.stringify(problem) })
      .where('message_id', '=', id)
      .where('position', '=', position)
      .execute();
    await context.db
      .updateTable('outbox_messages')
      .set({ problem: JSON.stringify(problem), ...(told.words === undefined ? {} : { remote_answer: told.words }) })
      .where('id', '=', id)
      .execute();
    await record(context, 'outbox-message-returned', {
      subjectId: id,
      ...(owner_id === null ? {} : { ownerId: owner_id }),
      data: { recipient: address, status: told.status, problem: problem.code },
    });
  }
  return sent.length > 0;
}

const VERDICT_PATIENCE_MS = 10 * SECOND_MS;
const LOOK_EVERY_MS = 100;

/**
 * Waits, at most ten seconds for all of them, while messages that are reported are still being sent: a server in the same
 * house may report sooner than its own answer is written down. One that has no verdict after that is sent once more, and
 * reported once more.
 */
export async function awaitVerdicts(
  context: Context,
  messageIds: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  const untilMs = context.clock.monotonicMs() + VERDICT_PATIENCE_MS;
  while (messageIds.length > 0 && signal?.aborted !== true && context.clock.monotonicMs() < untilMs) {
    const active = await context.db
      .selectFrom('outbox_messages')
      .select('id')
      .where('state', '=', 'active')
      .where('message_id_header', 'in', [...messageIds])
      .limit(1)
      .executeTakeFirst();
    if (active === undefined) return;
    await context.clock.sleep(LOOK_EVERY_MS, signal);
  }
}

/** What Exchange Online says by a report alone, about limits and blocked senders, has its own advice. */
const CODES: Readonly<Record<string, string>> = {
  '5.1.90': 'daily-limit',
  '5.1.8': 'sender-blocked',
  '5.7.232': 'tenant-recipient-limit',
  '5.7.233': 'tenant-recipient-limit',
};

function problemOf(
  context: Context,
  { address, status, words }: Returned['recipients'][number],
  sender: string,
): Problem {
  return {
    code: CODES[status] ?? 'message-returned',
    detail: `the message to ${address} came back with ${status}`,
    ...(words === undefined ? {} : { remote: words }),
    values: { address, status, mailbox: sender, sender },
    at: context.clock.now().toISOString(),
  };
}
