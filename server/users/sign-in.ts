/** Signing in and out, and changing one's own password: the only places where a session begins. */
import { PlatenError } from '../base/errors.ts';
import { record } from '../journal/journal.ts';
import type { Context } from '../store/database.ts';
import { transaction } from '../store/transaction.ts';
import { accountBucket, addressBuckets, countGuess, forgetGuesses } from './attempts.ts';
import { assertStrongPassword, hashPassword, isPasswordOf } from './passwords.ts';
import {
  endOtherSessions,
  endSessionOfToken,
  endSessionsOf,
  type NewSession,
  removeSession,
  type SessionOrigin,
  startSession,
} from './sessions.ts';
import type { Principal } from './user.ts';

export type Credentials = { readonly email: string; readonly password: string };

/**
 * Signs a person in with a new session; the one of `oldToken`, if any, ends. Throws `wrong-credentials` or
 * `too-many-attempts`: the same for an unknown name, a wrong password and a disabled user, after the same work.
 */
export async function signIn(
  context: Context,
  { email, password }: Credentials,
  origin: SessionOrigin & { readonly oldToken: string | undefined },
): Promise<NewSession & { readonly userId: string }> {
  const account = accountBucket(email);
  await countGuess(context, [account, ...addressBuckets(origin.remoteAddress)]);
  const user = await context.db
    .selectFrom('users')
    .select(['id', 'password_hash', 'disabled_at'])
    .where('email', '=', email)
    .executeTakeFirst();
  const matches = await isPasswordOf(user?.password_hash ?? undefined, password);
  const data = { address: origin.remoteAddress };
  if (user === undefined || !matches || user.disabled_at !== null) {
    await record(context, 'sign-in-refused', { subjectId: user?.id ?? 'unknown', data });
    throw new PlatenError('wrong-credentials', 'the e-mail address or the password is wrong');
  }
  return await transaction(context, async (context) => {
    await assertUnchanged(context, user);
    await forgetGuesses(context, account);
    if (origin.oldToken !== undefined) await endSessionOfToken(context, origin.oldToken);
    const session = await startSession(context, user.id, origin);
    await record(context, 'signed-in', { subjectId: user.id, actor: user.id, ownerId: user.id, data });
    return { ...session, userId: user.id };
  });
}

// Between reading the hash and here lies the work of the hash: a password that was changed meanwhile opens no session.
async function assertUnchanged(
  context: Context,
  user: { readonly id: string; readonly password_hash: string | null },
): Promise<void> {
  const same = await context.db
    .selectFrom('users')
    .select('id')
    .where('id', '=', user.id)
    .where('password_hash', '=', user.password_hash)
    .where('disabled_at', 'is', null)
    .forShare()
    .executeTakeFirst();
  if (same === undefined) throw new PlatenError('wrong-credentials', 'the user was changed during the sign-in');
}

export async function signOut(
  context: Context,
  { userId, token }: { readonly userId: string; readonly token: string },
): Promise<void> {
  await transaction(context, async (context) => {
    await endSessionOfToken(context, token);
    await record(context, 'signed-out', { subjectId: userId, actor: userId, ownerId: userId });
  });
}

/** Ends one session, the asker's own unless an administrator asks. Throws `not-found`, also for somebody else's. */
export async function endOneSession(
  context: Context,
  sessionId: string,
  asker: { readonly userId: string | null; readonly actor: string; readonly isAdministrator: boolean },
): Promise<void> {
  await transaction(context, async (context) => {
    const ownerId = asker.isAdministrator ? undefined : (asker.userId ?? undefined);
    const userId = await removeSession(context, sessionId, ownerId);
    if (userId === undefined) throw new PlatenError('not-found', 'there is no such session');
    await record(context, 'signed-out', { subjectId: userId, actor: asker.actor, ownerId: userId });
  });
}

/** Ends all other sessions of the person who asks, on every node. Durable when it returns. */
export async function endTheOthers(context: Context, userId: string, sessionId: string): Promise<void> {
  await transaction(context, async (context) => {
    const ended = await endOtherSessions(context, userId, sessionId);
    if (ended === 0) return;
    await record(context, 'signed-out', {
      subjectId: userId,
      actor: userId,
      ownerId: userId,
      data: { sessions: ended },
    });
  });
}

export type PasswordChange = { readonly currentPassword: string; readonly newPassword: string };

/**
 * Changes one's own password: every session of the user ends and a new one begins. Throws `current-password-wrong`,
 * `too-many-attempts` (a stolen session must not serve to guess the password) or `password-too-weak`.
 */
export async function changeOwnPassword(
  context: Context,
  userId: string,
  change: PasswordChange & SessionOrigin,
): Promise<NewSession> {
  const user = await proveOwnPassword(context, userId, change.currentPassword);
  assertStrongPassword(change.newPassword, user.email);
  const passwordHash = await hashPassword(change.newPassword);
  return await transaction(context, async (context) => {
    await context.db.updateTable('users').set({ password_hash: passwordHash }).where('id', '=', userId).execute();
    await forgetGuesses(context, accountBucket(user.email));
    await endSessionsOf(context, userId);
    const session = await startSession(context, userId, change);
    const data = { changed: ['password'] };
    await record(context, 'user-changed', { subjectId: userId, actor: userId, ownerId: userId, data });
    return session;
  });
}

/**
 * Throws unless the person who asks has typed their own password: a page that was left open must not make administrators.
 * A program with an API token has none. Throws `own-password-needed`, `current-password-wrong` and `too-many-attempts`.
 */
export async function assertOwnPassword(
  context: Context,
  principal: Principal,
  typed: string | undefined,
): Promise<void> {
  if (principal.kind === 'token') return;
  if (typed === undefined) throw new PlatenError('own-password-needed', 'the own password has to be typed for this');
  const { email } = await proveOwnPassword(context, principal.userId, typed);
  await forgetGuesses(context, accountBucket(email));
}

async function proveOwnPassword(context: Context, userId: string, typed: string): Promise<{ readonly email: string }> {
  const user = await context.db
    .selectFrom('users')
    .select(['email', 'password_hash'])
    .where('id', '=', userId)
    .executeTakeFirstOrThrow();
  await countGuess(context, [accountBucket(user.email)]);
  if (await isPasswordOf(user.password_hash ?? undefined, typed)) return user;
  throw new PlatenError('current-password-wrong', 'the current password is wrong');
}
