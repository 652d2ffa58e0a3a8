/**
 * What the owner of a mailbox may do with the link of a hand-over: read who asks for what, ask for a code or a sign-in by
 * link, bring back its address, or say that it was not expected. The token says which connection it is; nothing that the
 * caller sends can name another one, and nothing of Platen but this one sign-in is told.
 */
import { HOUR_MS, SECOND_MS } from '../../base/clock.ts';
import { PlatenError } from '../../base/errors.ts';
import { digestToken } from '../../base/secrets.ts';
import type { Context } from '../../store/database.ts';
import type { Language, Use } from '../../store/schema.ts';
import { transaction } from '../../store/transaction.ts';
import { assertMayTryLink, countWrongLink, getUser } from '../../users/users.ts';
import { findPin } from '../account-pin.ts';
import { type Connection, type ConnectionRow, describeLogin, getRow, type LoginRow, lockRow } from '../connection.ts';
import { beginLogin, type DeviceLogin } from '../device-login.ts';
import { beginLink, finishLink } from '../link/link-login.ts';
import { cancelBegun, endHandOver, type HandOverRow, type HandOverState, stateOf } from './hand-over.ts';

/** Who shows a link: its secret, and from where, because wrong ones are counted by address. */
export type Shown = { readonly token: string; readonly remoteAddress: string };

export type OwnersView = {
  readonly state: HandOverState;
  readonly language: Language;
  readonly recipient: string | undefined;
  readonly expiresAt: Date;
  /** Whom to ring; undefined when a program made the link. */
  readonly askedBy: { readonly name: string; readonly email: string } | undefined;
  /** The account that must sign in; undefined once the link has ended without a confirmation. */
  readonly account: string | undefined;
  readonly uses: readonly Use[];
  /** The sign-in that was begun through this link, and its code while it is open. */
  readonly login: Connection['login'];
  readonly code: DeviceLogin | undefined;
  readonly cloud: string;
};

/** A page that renews its code asks four times an hour; a person who tries again by hand a few times more. */
export const MAX_CODES_PER_HOUR = 12;
/** How long after its time an open code is left to the worker, which asks Microsoft a last time and says how it ended. */
const LEFT_TO_WORKER_MS = 30 * SECOND_MS;
const ACTOR = 'hand-over';

/** Says what a link stands for; opening it does nothing but note that it was opened. Throws `hand-over-unknown` and `too-many-attempts`. */
export async function describeForOwner(context: Context, shown: Shown): Promise<OwnersView> {
  const handOver = await readHandOver(context, shown);
  if (handOver.opened_at === null) {
    await context.db
      .updateTable('hand_overs')
      .set({ opened_at: context.clock.now() })
      .where('id', '=', handOver.id)
      .where('opened_at', 'is', null)
      .execute();
  }
  return await describe(context, handOver);
}

/**
 * Shows a code: the open one, else a new one of Microsoft. Throws as `describeForOwner`, `hand-over-ended`,
 * `hand-over-too-often`, and what `beginDeviceLogin` throws.
 */
export async function showCode(context: Context, shown: Shown, language: Language): Promise<OwnersView> {
  const handOver = await readOpen(context, shown);
  const open = await findPending(context, handOver.connection_id);
  if (open === undefined || open.kind === 'link' || isOver(context, open)) {
    await countCode(context, handOver.id);
    await beginLogin(context, handOver.connection_id, { actor: ACTOR, language });
  }
  return await adopt(context, handOver);
}

/** Begins a sign-in by link for the owner. Throws as `showCode`. */
export async function beginLinkForOwner(context: Context, shown: Shown, language: Language) {
  const handOver = await readOpen(context, shown);
  await countCode(context, handOver.id);
  const link = await beginLink(context, handOver.connection_id, { actor: ACTOR, language });
  return { link, view: await adopt(context, handOver) };
}

/** Takes the address that the owner brings back. Throws as `describeForOwner`, `hand-over-ended`, and what `finishLink` throws. */
export async function pasteForOwner(context: Context, shown: Shown, address: string): Promise<OwnersView> {
  const handOver = await readOpen(context, shown);
  await finishLink(context, handOver.connection_id, address);
  return await describe(context, await readHandOver(context, shown));
}

/** Ends the link and the sign-in that was begun through it, because its owner did not expect it. Throws as `describeForOwner`, `hand-over-ended`. */
export async function refuseAsUnexpected(context: Context, shown: Shown): Promise<OwnersView> {
  const handOver = await readOpen(context, shown);
  await transaction(context, async (context) => {
    await lockRow(context, handOver.connection_id);
    const ended = await endHandOver(context, handOver.connection_id, { as: 'unexpected', actor: ACTOR });
    if (ended?.id !== handOver.id) throw over();
    await cancelBegun(context, ended, ACTOR);
  });
  return await describe(context, await readHandOver(context, shown));
}

async function readHandOver(context: Context, { token, remoteAddress }: Shown): Promise<HandOverRow> {
  await assertMayTryLink(context, remoteAddress);
  const row = await context.db
    .selectFrom('hand_overs')
    .selectAll()
    .where('digest', '=', digestToken(token))
    .executeTakeFirst();
  if (row !== undefined) return row;
  await countWrongLink(context, remoteAddress);
  throw new PlatenError('hand-over-unknown', 'there is no such link');
}

async function readOpen(context: Context, shown: Shown): Promise<HandOverRow> {
  const row = await readHandOver(context, shown);
  if (stateOf(row, context.clock.now()) !== 'open') throw over();
  return row;
}

function over(): PlatenError {
  return new PlatenError('hand-over-ended', 'the link has ended');
}

async function findPending(context: Context, connectionId: string): Promise<LoginRow | undefined> {
  return await context.db
    .selectFrom('connection_logins')
    .selectAll()
    .where('connection_id', '=', connectionId)
    .where('state', '=', 'pending')
    .executeTakeFirst();
}

/** One that was confirmed and waits for its decision is never taken away. */
function isOver(context: Context, login: LoginRow): boolean {
  if (login.sealed_grant !== null) return false;
  return login.expires_at.getTime() + LEFT_TO_WORKER_MS <= context.clock.now().getTime();
}

/** Counted before Microsoft is asked, and the row is locked meanwhile: many at once cannot slip through together. */
async function countCode(context: Context, handOverId: string): Promise<void> {
  await transaction(context, async (context) => {
    const row = await context.db
      .selectFrom('hand_overs')
      .select(['codes', 'codes_since'])
      .where('id', '=', handOverId)
      .forUpdate()
      .executeTakeFirst();
    if (row === undefined) throw over();
    const now = context.clock.now();
    const endsInMs = row.codes_since.getTime() + HOUR_MS - now.getTime();
    const isNewHour = endsInMs <= 0;
    if (!isNewHour && row.codes >= MAX_CODES_PER_HOUR) {
      const retryAfterSeconds = Math.ceil(endsInMs / SECOND_MS);
      throw new PlatenError('hand-over-too-often', 'too many codes were asked for with this link', {
        retryAfterSeconds,
        values: { minutes: Math.ceil(retryAfterSeconds / 60) },
      });
    }
    const next = isNewHour ? { codes: 1, codes_since: now } : { codes: row.codes + 1 };
    await context.db.updateTable('hand_overs').set(next).where('id', '=', handOverId).execute();
  });
}

/** Notes the open sign-in as the one of this link, so that its owner sees it and how it ends. */
async function adopt(context: Context, handOver: HandOverRow): Promise<OwnersView> {
  const open = await findPending(context, handOver.connection_id);
  const next = await context.db
    .updateTable('hand_overs')
    .set({ login_id: open?.id ?? handOver.login_id })
    .where('id', '=', handOver.id)
    .returningAll()
    .executeTakeFirst();
  return await describe(context, next ?? handOver);
}

async function describe(context: Context, handOver: HandOverRow): Promise<OwnersView> {
  const row = await getRow(context, handOver.connection_id);
  const state = stateOf(handOver, context.clock.now());
  const isOpen = state === 'open';
  const login = isOpen ? await findLogin(context, handOver) : undefined;
  return {
    state,
    language: handOver.language,
    recipient: isOpen ? (handOver.recipient ?? undefined) : undefined,
    expiresAt: handOver.expires_at,
    askedBy: await findAskedBy(context, handOver),
    account: await accountFor(context, row, state),
    uses: isOpen ? row.uses : [],
    login: login === undefined ? undefined : describeLogin(login, row),
    code: codeOf(login),
    cloud: row.cloud,
  };
}

async function accountFor(context: Context, row: ConnectionRow, state: HandOverState): Promise<string | undefined> {
  if (state === 'confirmed') return row.account_username ?? undefined;
  return state === 'open' ? await findPin(context, row) : undefined;
}

/** The sign-in that was begun through the link; not one that an administrator began since. */
async function findLogin(context: Context, { login_id: id }: HandOverRow): Promise<LoginRow | undefined> {
  if (id === null) return undefined;
  return await context.db.selectFrom('connection_logins').selectAll().where('id', '=', id).executeTakeFirst();
}

async function findAskedBy(context: Context, { asked_by: id }: HandOverRow): Promise<OwnersView['askedBy']> {
  if (id === null) return undefined;
  const { name, email } = await getUser(context, id);
  return { name, email };
}

function codeOf(login: LoginRow | undefined): DeviceLogin | undefined {
  if (login?.state !== 'pending' || login.user_code === null || login.verification_uri === null) return undefined;
  // spent: it waits for the decision alone
  if (login.sealed_device_code === null) return undefined;
  return {
    userCode: login.user_code,
    verificationUri: login.verification_uri,
    expiresAt: login.expires_at,
    intervalSeconds: login.interval_seconds,
  };
}
