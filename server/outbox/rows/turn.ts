/**
 * One turn of a sending session, as one statement: what came of its messages before is written, and the next due ones
 * are taken, each with an attempt of its own. Turns of several sessions go together, so that they share a commit.
 *
 * Everything in it stands under the fence of the session's lease, and nothing is settled whose attempt is not open.
 */
import { sql } from 'kysely';
import { newId } from '../../base/secrets.ts';
import { recordSelected } from '../../journal/journal.ts';
import type { Context } from '../../store/database.ts';
import { keptAmong, type Lease } from '../../store/leases.ts';
import type { SendingSession } from '../../store/schema.ts';
import type { Place } from '../message.ts';
import type { Pace } from '../pace.ts';
import type { Verdict } from '../verdict.ts';

/** A message that this session has, with the attempt that stands for it. */
export type Claimed = {
  readonly id: string;
  readonly attemptId: string;
  readonly ownerId: string | null;
  readonly sender: string;
  readonly body: Buffer | null;
  readonly spoolId: string | null;
  readonly bytes: number;
  readonly sha256: Buffer;
  readonly possiblyTwice: boolean;
  /** This attempt counted. */
  readonly attempts: number;
  readonly logonFailures: number;
  /** Recipients of this attempt, and their positions in the same order. */
  readonly recipients: readonly string[];
  readonly positions: readonly number[];
  /** Recipients that nothing is decided about yet, those of this attempt included. */
  readonly unsettled: number;
  readonly hasFailedRecipients: boolean;
  /** It finds out whether mail to outside may leave again. */
  readonly isProbe?: true;
};

export type Outcome = {
  readonly claimed: Claimed;
  readonly place: Place;
  readonly verdict: Verdict;
  /** The first message of its session. */
  readonly isFirst: boolean;
};

/** Taken for everybody, and nothing else is to be done: settled with the next turn. */
export type Plain = Outcome & { readonly verdict: Extract<Verdict, { kind: 'accepted' }> };

export function isPlain(outcome: Outcome): outcome is Plain {
  const { verdict, claimed, isFirst } = outcome;
  if (verdict.kind !== 'accepted' || isFirst || claimed.isProbe === true) return false;
  if (claimed.hasFailedRecipients || claimed.spoolId !== null) return false;
  const { failed, later, next } = verdict.recipients;
  return failed.length + later.length + next.length === 0 && claimed.unsettled === claimed.positions.length;
}

export type Turn = {
  readonly lease: Pick<Lease, 'name' | 'fence'>;
  readonly pace: Pace;
  /** What the messages go over. */
  readonly session: SendingSession;
  /** What came of the messages before. */
  readonly done: readonly Plain[];
  /** How many messages it would take at the most. */
  readonly wants: number;
};

export type TurnResult =
  /** As many as were due, in the order in which they are to be sent. */
  | { readonly kind: 'messages'; readonly claimed: readonly Claimed[] }
  | { readonly kind: 'none' }
  /** Another node has the lease, or has ended the attempt; nothing was written for this turn. */
  | { readonly kind: 'lost' };

/** Exchange Online takes 500 by default; whoever takes fewer says so, and is asked for half. */
export const RECIPIENTS_AT_ONCE = 500;

type Row = {
  readonly turn: number;
  readonly attempt_id: string;
  readonly id: string | null;
  readonly owner_id: string | null;
  readonly sender: string;
  readonly body: Buffer | null;
  readonly spool_id: string | null;
  readonly bytes: number;
  readonly sha256: Buffer;
  readonly possibly_twice: boolean;
  readonly attempts: number;
  readonly logon_failures: number;
  readonly addresses: readonly string[];
  readonly positions: readonly number[];
  readonly unsettled: number;
  readonly has_failed: boolean;
};

/**
 * Plays turns and returns what came of each, in their order; durable with the commit of `context.db`. With `messageId`
 * nothing else is taken.
 */
export async function playTurns(
  context: Context,
  turns: readonly Turn[],
  only: { readonly messageId?: string } = {},
): Promise<TurnResult[]> {
  const { rows } = await statementOf(context, turns, only).execute(context.db);
  const byTurn = Map.groupBy(rows, ({ turn }) => turn);
  return turns.map((_, index) => {
    const own = byTurn.get(index + 1);
    if (own === undefined) return { kind: 'lost' };
    const claimed = own.flatMap((row) => (row.id === null ? [] : [readClaim(row, row.id)]));
    return claimed.length === 0 ? { kind: 'none' } : { kind: 'messages', claimed };
  });
}

function statementOf(context: Context, turns: readonly Turn[], only: { readonly messageId?: string }) {
  const now = context.clock.now();
  const slots = slotsOf(turns);
  return sql<Row>`
    WITH turn AS (
      SELECT * FROM unnest(
        ${turns.map(({ lease }) => lease.name)}::text[],
        ${turns.map(({ lease }) => lease.fence)}::bigint[],
        ${turns.map(({ session }) => JSON.stringify(session))}::text[]
      ) WITH ORDINALITY AS t (name, fence, session, turn)
    ),
    kept AS (${keptAmong('turn')}),
    ${settlingOf(turns, now)},
    able AS (
      SELECT turn.* FROM turn JOIN kept USING (name, fence)
      WHERE NOT EXISTS (SELECT FROM done WHERE done.turn = turn.turn AND done.id NOT IN (SELECT id FROM closed))
    ),
    slot AS (
      SELECT able.*, s.attempt_id, row_number() OVER (ORDER BY s.place) AS nth
      FROM unnest(${slots}::int[], ${slots.map(() => newId())}::uuid[]) WITH ORDINALITY AS s (turn, attempt_id, place)
      JOIN able USING (turn)
    ),
    ${claimingOf(slots.length, only, now)}
    SELECT able.turn, slot.attempt_id, claim.id, claim.owner_id, claim.sender, claim.body, claim.spool_id, claim.bytes,
      claim.sha256, claim.possibly_twice, claim.attempts, claim.logon_failures, claim.addresses, claim.positions,
      claim.unsettled, claim.has_failed
    FROM able LEFT JOIN (slot JOIN claim USING (nth)) ON slot.turn = able.turn
    ORDER BY able.turn, nth`;
}

/** The numbers of the turns, each as often as it wants a message: in rounds, so that few messages are shared out. */
function slotsOf(turns: readonly Turn[]): number[] {
  const rounds = Math.max(...turns.map(({ wants }) => wants));
  return Array.from({ length: rounds }, (_, round) =>
    turns.flatMap(({ wants }, index) => (wants > round ? [index + 1] : [])),
  ).flat();
}

/** The parts that write what came of the messages before: their attempts, recipients, rows and events. */
function settlingOf(turns: readonly Turn[], now: Date) {
  const done = turns.flatMap((turn, index) => turn.done.map((one) => ({ ...one, turn: index + 1 })));
  const events = done.map(({ claimed }) => ({
    to: 'sent',
    verdict: 'accepted',
    ...(claimed.possiblyTwice ? { possiblyTwice: true } : {}),
  }));
  return sql`
    done AS (
      SELECT * FROM unnest(
        ${done.map(({ turn }) => turn)}::int[],
        ${done.map(({ claimed }) => claimed.attemptId)}::uuid[],
        ${done.map(({ verdict }) => verdict.reply.code)}::int[],
        ${done.map(({ verdict }) => verdict.reply.enhanced ?? null)}::text[],
        ${done.map(({ verdict }) => verdict.reply.words)}::text[],
        ${done.map(({ claimed }) => claimed.ownerId)}::uuid[],
        ${events.map((event) => JSON.stringify(event))}::text[]
      ) AS d (turn, id, code, enhanced, words, owner_id, event)
    ),
    closed AS (
      UPDATE outbox_attempts
      SET phase = 'ended', verdict = 'accepted', ended_at = ${now},
        code = done.code, enhanced = done.enhanced, words = done.words
      FROM done JOIN turn USING (turn) JOIN kept USING (name, fence)
      WHERE outbox_attempts.id = done.id AND outbox_attempts.phase = 'sending'
      RETURNING done.id, outbox_attempts.message_id, done.words, done.owner_id, done.event
    ),
    taken AS (
      UPDATE outbox_recipients SET state = 'sent', problem = NULL
      FROM closed WHERE outbox_recipients.message_id = closed.message_id
    ),
    sent AS (
      UPDATE outbox_messages
      SET state = 'sent', problem = NULL, body = NULL, sent_at = ${now}, ended_at = ${now}, remote_answer = closed.words
      FROM closed WHERE outbox_messages.id = closed.message_id
    ),
    told AS (${recordSelected('outbox-message-state-changed', sql`SELECT message_id, owner_id, event FROM closed`)})`;
}

/**
 * The parts that give each turn due messages of its own, as far as there are any, with new attempts. The number is told
 * as a number: of a limit that is a query the planner believes a tenth of the table, and reads all of it.
 */
function claimingOf(slots: number, { messageId }: { readonly messageId?: string }, now: Date) {
  const wanted = messageId === undefined ? sql`` : sql`AND id = ${messageId}`;
  return sql`
    due AS (
      SELECT * FROM outbox_messages
      WHERE due_at <= ${now} ${wanted}
      ORDER BY priority, due_at, id
      LIMIT ${slots}
      FOR UPDATE SKIP LOCKED
    ),
    claim AS (
      SELECT numbered.*, chosen.addresses, chosen.positions, told.unsettled, told.has_failed
      FROM (SELECT due.*, row_number() OVER (ORDER BY priority, due_at, id) AS nth FROM due) AS numbered
      CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE state IN ('queued', 'uncertain'))::int AS unsettled,
          COALESCE(bool_or(state = 'failed'), false) AS has_failed
        FROM outbox_recipients WHERE message_id = numbered.id
      ) AS told
      CROSS JOIN LATERAL (
        SELECT COALESCE(array_agg(address ORDER BY position), '{}') AS addresses,
          COALESCE(array_agg(position ORDER BY position), '{}') AS positions
        FROM (
          SELECT address, position FROM outbox_recipients
          WHERE message_id = numbered.id AND state IN ('queued', 'uncertain')
          ORDER BY position
          LIMIT COALESCE(numbered.recipients_at_once, ${RECIPIENTS_AT_ONCE})
        ) AS unsettled
      ) AS chosen
      WHERE nth <= (SELECT count(*) FROM slot)
    ),
    begun AS (
      INSERT INTO outbox_attempts (id, message_id, lease_name, fence, phase, positions, session, started_at)
      SELECT slot.attempt_id, claim.id, slot.name, slot.fence, 'sending', claim.positions, slot.session::jsonb, ${now}
      FROM slot JOIN claim USING (nth)
    ),
    active AS (
      UPDATE outbox_messages SET state = 'active', due_at = NULL, attempts = outbox_messages.attempts + 1
      FROM claim WHERE outbox_messages.id = claim.id
    )`;
}

function readClaim(row: Row, id: string): Claimed {
  return {
    id,
    attemptId: row.attempt_id,
    ownerId: row.owner_id,
    sender: row.sender,
    body: row.body,
    spoolId: row.spool_id,
    bytes: row.bytes,
    sha256: row.sha256,
    possiblyTwice: row.possibly_twice,
    attempts: row.attempts + 1,
    logonFailures: row.logon_failures,
    recipients: row.addresses,
    positions: row.positions,
    unsettled: row.unsettled,
    hasFailedRecipients: row.has_failed,
  };
}
