/**
 * Hand-over: a link for the owner of a mailbox who does not sign in to Platen. It is good for the sign-in of one
 * connection and for nothing else; its secret stands behind `#`, and only a digest of it is kept.
 *
 *   open → confirmed    the sign-in of the connection was granted, through the link or not; in the same transaction
 *   open → withdrawn    by an administrator, by a newer link, or because the connection names another application now
 *   open → unexpected   the owner did not expect it
 *   open → expired      by time
 */
import type { Selectable } from 'kysely';
import { DAY_MS, doubtOf } from '../../base/clock.ts';
import { PlatenError } from '../../base/errors.ts';
import { digestToken, newId, newToken } from '../../base/secrets.ts';
import { record } from '../../journal/journal.ts';
import type { Context } from '../../store/database.ts';
import type { HandOverEnd, Language, Schema } from '../../store/schema.ts';
import { transaction } from '../../store/transaction.ts';
import { findPin } from '../account-pin.ts';
import { lockRow } from '../connection.ts';
import { cancelPending } from '../device-login.ts';

export type HandOverRow = Selectable<Schema['hand_overs']>;
export type HandOverState = 'open' | 'expired' | HandOverEnd;

/** A hand-over as administrators see it; the address with its secret was shown once, when it was made. */
export type HandOver = {
  readonly id: string;
  readonly state: HandOverState;
  readonly recipient: string | undefined;
  readonly language: Language;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  /** When the owner opened the page for the first time. */
  readonly openedAt: Date | undefined;
  readonly endedAt: Date | undefined;
};

export type NewHandOver = {
  readonly recipient?: string | undefined;
  readonly language: Language;
  readonly validDays: number;
  readonly actor: string;
  /** The administrator, so that the owner knows whom to ring; a program has none. */
  readonly askedBy: string | undefined;
};

/** What stands in an invitation: the address with its secret, until when it is good, and who has to sign in. */
export type MadeHandOver = { readonly url: string; readonly expiresAt: Date; readonly account: string };

/** What the owner may still be told about a link that has ended. */
const REMEMBERED_MS = 90 * DAY_MS;

/**
 * Makes a link for a connection and ends the one that was open; returns its address, which is shown this once. Durable
 * when it returns. Throws `not-found`, and `hand-over-without-account` while nobody has
 * said who the owner is.
 */
export async function makeHandOver(context: Context, connectionId: string, asked: NewHandOver): Promise<MadeHandOver> {
  const token = newToken();
  const expiresAt = new Date(context.clock.now().getTime() + asked.validDays * DAY_MS);
  const account = await transaction(context, async (context) => {
    const row = await lockRow(context, connectionId);
    const pin = await findPin(context, row);
    if (pin === undefined) {
      throw new PlatenError('hand-over-without-account', 'the owner could not be told which account has to sign in');
    }
    await endHandOver(context, connectionId, { as: 'withdrawn', actor: asked.actor });
    const now = context.clock.now();
    const before = new Date(now.getTime() - REMEMBERED_MS);
    if (!doubtOf(context.clock).isDoubtful()) await sweep(context, connectionId, before);
    await context.db
      .insertInto('hand_overs')
      .values({
        id: newId(),
        connection_id: connectionId,
        digest: digestToken(token),
        recipient: asked.recipient ?? null,
        language: asked.language,
        asked_by: asked.askedBy ?? null,
        codes_since: now,
        created_at: now,
        expires_at: expiresAt,
      })
      .execute();
    const data = { language: asked.language, expiresAt: expiresAt.toISOString() };
    await record(context, 'hand-over-made', { subjectId: connectionId, actor: asked.actor, data });
    return pin;
  });
  return { url: `${context.settings.publicUrl}/hand-over#${token}`, expiresAt, account };
}

/** The latest hand-over of a connection; undefined when there is none, or when it was withdrawn. */
export async function findHandOver(context: Context, connectionId: string): Promise<HandOver | undefined> {
  const row = await context.db
    .selectFrom('hand_overs')
    .selectAll()
    .where('connection_id', '=', connectionId)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (row === undefined || row.ended_as === 'withdrawn') return undefined;
  return {
    id: row.id,
    state: stateOf(row, context.clock.now()),
    recipient: row.recipient ?? undefined,
    language: row.language,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    openedAt: row.opened_at ?? undefined,
    endedAt: row.ended_at ?? undefined,
  };
}

/**
 * Withdraws the link of a connection, whatever its state: an open one is void at once, and the sign-in that was begun
 * through it ends; one that has ended is no longer shown. Does nothing when there is none. Throws `not-found`.
 */
export async function withdrawHandOver(context: Context, connectionId: string, actor: string): Promise<void> {
  await transaction(context, async (context) => {
    await lockRow(context, connectionId);
    const open = await endHandOver(context, connectionId, { as: 'withdrawn', actor });
    if (open !== undefined) return await cancelBegun(context, open, actor);
    await context.db
      .updateTable('hand_overs')
      .set({ ended_as: 'withdrawn' })
      .where('connection_id', '=', connectionId)
      .execute();
  });
}

/** Ends the open hand-over of a connection in the caller's transaction; returns it, or undefined when there is none. */
export async function endHandOver(
  context: Context,
  connectionId: string,
  end: { readonly as: HandOverEnd; readonly actor?: string },
): Promise<HandOverRow | undefined> {
  const open = await context.db
    .updateTable('hand_overs')
    .set({ ended_at: context.clock.now(), ended_as: end.as })
    .where('connection_id', '=', connectionId)
    .where('ended_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
  if (open === undefined) return undefined;
  await record(context, 'hand-over-ended', {
    subjectId: connectionId,
    ...(end.actor === undefined ? {} : { actor: end.actor }),
    data: { as: end.as },
  });
  return open;
}

export type Unexpected = { readonly connectionId: string; readonly title: string; readonly at: Date };

/** Of each connection the latest hand-over alone counts: making a new one puts the old one away. */
export async function findUnexpected(context: Context): Promise<readonly Unexpected[]> {
  const rows = await context.db
    .selectFrom('hand_overs')
    .innerJoin('connections', 'connections.id', 'hand_overs.connection_id')
    .distinctOn('hand_overs.connection_id')
    .select(['hand_overs.connection_id', 'connections.title', 'hand_overs.ended_as', 'hand_overs.ended_at'])
    .orderBy('hand_overs.connection_id')
    .orderBy('hand_overs.created_at', 'desc')
    .orderBy('hand_overs.id', 'desc')
    .execute();
  return rows.flatMap(({ connection_id: connectionId, title, ended_as: as, ended_at: at }) =>
    as === 'unexpected' && at !== null ? [{ connectionId, title, at }] : [],
  );
}

/** Ends the sign-in that was begun through a hand-over, if it is still the open one of its connection. */
export async function cancelBegun(context: Context, handOver: HandOverRow, actor: string): Promise<void> {
  if (handOver.login_id === null) return;
  const begun = await context.db
    .selectFrom('connection_logins')
    .select('id')
    .where('id', '=', handOver.login_id)
    .where('state', '=', 'pending')
    .executeTakeFirst();
  if (begun !== undefined) await cancelPending(context, handOver.connection_id, actor);
}

export function stateOf(row: HandOverRow, now: Date): HandOverState {
  if (row.ended_as !== null) return row.ended_as;
  return row.expires_at <= now ? 'expired' : 'open';
}

async function sweep({ db }: Context, connectionId: string, before: Date): Promise<void> {
  await db
    .deleteFrom('hand_overs')
    .where('connection_id', '=', connectionId)
    .where('expires_at', '<', before)
    .execute();
}
