/** Reads messages of the outbox, without their bytes. */
import { type Selectable, sql } from 'kysely';
import { PlatenError } from '../../base/errors.ts';
import type { Context } from '../../store/database.ts';
import type { OutboxState, Schema } from '../../store/schema.ts';
import type { OutboxMessage, Recipient } from '../message.ts';

export type Row = Selectable<Schema['outbox_messages']>;
// Everything but the bytes: a list must not load them.
const SHOWN = [
  'id',
  'kind',
  'device_id',
  'owner_id',
  'sender',
  'subject',
  'message_id_header',
  'bytes',
  'sha256',
  'state',
  'hold_reason',
  'problem',
  'possibly_twice',
  'attempts',
  'due_at',
  'created_at',
  'sent_at',
  'ended_at',
  'remote_answer',
] as const;

export type OutboxFilter = {
  readonly state?: OutboxState | undefined;
  readonly deviceId?: string | undefined;
  /** A part of the subject, of the sender, of a recipient, or of the Message-ID; among the newest messages alone. */
  readonly text?: string | undefined;
  /** Messages older than this one. */
  readonly before?: string | undefined;
  readonly limit: number;
};

/**
 * As many are read for a text. An index over texts would cost each scan that is handed in, and messages that have left
 * are forgotten after a month.
 */
const SEARCHED_MESSAGES = 200_000;

/** Lists messages, newest first. */
export async function listMessages(context: Context, filter: OutboxFilter): Promise<OutboxMessage[]> {
  const { text, limit } = filter;
  let wanted = context.db.selectFrom('outbox_messages').select(SHOWN).orderBy('id', 'desc');
  if (filter.state !== undefined) wanted = wanted.where('state', '=', filter.state);
  if (filter.deviceId !== undefined) wanted = wanted.where('device_id', '=', filter.deviceId);
  if (filter.before !== undefined) wanted = wanted.where('id', '<', filter.before);
  if (text === undefined) return await describeMessages(context, await wanted.limit(limit).execute());
  // No message holds it, and the database refuses to be asked.
  if (text.includes('\0')) return [];
  const found = context.db
    .selectFrom(wanted.limit(SEARCHED_MESSAGES).as('outbox_messages'))
    .selectAll()
    .where((is) => {
      const holds = (column: 'sender' | 'subject' | 'message_id_header' | 'address') =>
        sql<boolean>`position(${text.toLowerCase()} in lower(${sql.ref(column)})) > 0`;
      const recipient = is
        .selectFrom('outbox_recipients')
        .select('position')
        .whereRef('message_id', '=', 'outbox_messages.id')
        .where(holds('address'));
      return is.or([holds('subject'), holds('sender'), holds('message_id_header'), is.exists(recipient)]);
    })
    .orderBy('id', 'desc')
    .limit(limit);
  return await describeMessages(context, await found.execute());
}

/** Reads one message; throws `not-found`. */
export async function getMessage(context: Context, id: string): Promise<OutboxMessage> {
  const row = await context.db.selectFrom('outbox_messages').select(SHOWN).where('id', '=', id).executeTakeFirst();
  const [message] = row === undefined ? [] : await describeMessages(context, [row]);
  if (message === undefined) throw new PlatenError('not-found', `there is no message ${id} in the outbox`);
  return message;
}

async function describeMessages(
  context: Context,
  rows: readonly Pick<Row, (typeof SHOWN)[number]>[],
): Promise<OutboxMessage[]> {
  if (rows.length === 0) return [];
  const recipients = await context.db
    .selectFrom('outbox_recipients')
    .select(['message_id', 'address', 'state', 'problem'])
    .where(
      'message_id',
      'in',
      rows.map(({ id }) => id),
    )
    .orderBy('message_id')
    .orderBy('position')
    .execute();
  const byMessage = Map.groupBy(recipients, (one) => one.message_id);
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    deviceId: row.device_id,
    ownerId: row.owner_id,
    sender: row.sender,
    subject: row.subject,
    messageIdHeader: row.message_id_header,
    bytes: row.bytes,
    sha256: row.sha256,
    state: row.state,
    holdReason: row.hold_reason,
    problem: row.problem,
    possiblyTwice: row.possibly_twice,
    attempts: row.attempts,
    dueAt: row.due_at,
    createdAt: row.created_at,
    sentAt: row.sent_at,
    endedAt: row.ended_at,
    remoteAnswer: row.remote_answer,
    recipients: (byMessage.get(row.id) ?? []).map(
      ({ address, state, problem }): Recipient => ({ address, state, problem }),
    ),
  }));
}
