/**
 * People who sign in, programs with an API token, and the first run.
 *
 * Promises: a password is kept only as an argon2id hash and a token only as a digest; a change of role, password or
 * state ends the sessions of the user on every node at once; there is always an administrator left who can sign in.
 * Never tells whether an address is known to somebody who is not signed in.
 */
import { PlatenError } from '../base/errors.ts';
import { record } from '../journal/journal.ts';
import type { Context } from '../store/database.ts';
import { decodeIdCursor, encodeCursor, type Page, pageOf } from '../store/pages.ts';
import type { Language, Origin, Role } from '../store/schema.ts';
import { transaction } from '../store/transaction.ts';
import { assertMayGuess, countGuess, linkBuckets, pinBuckets, takeBackGuess } from './attempts.ts';
import {
  type FirstAdministrator,
  type FirstRun,
  type FirstRunProof,
  makeFirstAdministrator,
  makeSetupToken,
} from './first-run.ts';
import { insertLink, type Link, markUsed, type NewLink, readLink } from './links.ts';
import { assertStrongPassword, hashPassword } from './passwords.ts';
import { endSessionsOf, findSessionPrincipal, findSessionRole, sessionCookieName } from './sessions.ts';
import {
  type ApiToken,
  addToken,
  findTokenPrincipal,
  findTokenRole,
  listTokens,
  type NewApiToken,
  removeToken,
} from './tokens.ts';
import {
  addressTaken,
  deleteRemoved,
  emptyUser,
  insertUser,
  markForgotten,
  type Principal,
  replaceAddresses,
  selectLeaving,
  selectUsers,
  type User,
} from './user.ts';

export { readMailDomain } from './company/company.ts';
export type { Link, NewLink } from './links.ts';
export type { Principal, User } from './user.ts';

export type NewUser = {
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly language?: Language | undefined;
  /** Without one the user can send documents to be printed, but not sign in. */
  readonly password?: string | undefined;
  readonly addresses?: readonly string[] | undefined;
  readonly origin?: Origin | undefined;
  readonly group?: string | undefined;
};

export type UserChange = {
  readonly email?: string | undefined;
  readonly name?: string | undefined;
  readonly role?: Role | undefined;
  readonly language?: Language | undefined;
  /** `null` takes the password away. */
  readonly password?: string | null | undefined;
  readonly addresses?: readonly string[] | undefined;
  readonly disabled?: boolean | undefined;
  /** `null` takes the person out of it. */
  readonly group?: string | null | undefined;
};

export type KnownSender = Pick<User, 'id' | 'email' | 'name' | 'language' | 'role'>;

/** Finds the user who sends from an address; a disabled user is not found. */
export async function findUserByAddress(context: Context, address: string): Promise<KnownSender | undefined> {
  return await context.db
    .selectFrom('user_addresses')
    .innerJoin('users', 'users.id', 'user_addresses.user_id')
    .select(['users.id', 'users.email', 'users.name', 'users.language', 'users.role'])
    .where('user_addresses.address', '=', address.trim().toLowerCase())
    .where('users.disabled_at', 'is', null)
    .executeTakeFirst();
}

/** Says whether an address belongs to a user, a disabled one included. */
export async function isKnownAddress(context: Context, address: string): Promise<boolean> {
  const row = await context.db
    .selectFrom('user_addresses')
    .select('address')
    .where('address', '=', address.trim().toLowerCase())
    .executeTakeFirst();
  return row !== undefined;
}

/** The people with a role, oldest first; disabled ones are not among them. */
export async function listUsersWithRole(context: Context, role: Role): Promise<KnownSender[]> {
  return await context.db
    .selectFrom('users')
    .select(['id', 'email', 'name', 'language', 'role'])
    .where('role', '=', role)
    .where('disabled_at', 'is', null)
    .orderBy('id')
    .execute();
}

/** Reads one user. Throws `not-found`. */
export async function getUser(context: Context, id: string): Promise<User> {
  const [user] = await selectUsers(context, { id, limit: 1 });
  if (user === undefined) throw new PlatenError('not-found', 'there is no such user');
  return user;
}

/**
 * Lists users in the order in which they were added; `text` is a part of the name or of an address, `group` the whole name
 * of one. Throws `invalid-request` for a wrong cursor.
 */
export async function listUsers(
  context: Context,
  asked: {
    readonly limit: number;
    readonly cursor?: string | undefined;
    readonly text?: string | undefined;
    readonly group?: string | undefined;
  },
): Promise<Page<User>> {
  const { limit, text, group } = asked;
  const afterId = decodeIdCursor(asked.cursor);
  const users = await selectUsers(context, {
    limit: limit + 1,
    ...(afterId === undefined ? {} : { afterId }),
    ...(text === undefined ? {} : { text }),
    ...(group === undefined ? {} : { group }),
  });
  return pageOf(users, limit, (user) => encodeCursor([user.id]));
}

/** Adds a user. Throws `conflict` when an address is taken and `password-too-weak`. */
export async function addUser(context: Context, user: NewUser, actor: string): Promise<User> {
  const email = user.email.toLowerCase();
  const passwordHash = user.password === undefined ? undefined : await hashNew(user.password, email);
  const addresses = (user.addresses ?? []).map((address) => address.toLowerCase());
  return await transaction(context, async (context) => {
    const { name, role, language = 'en', origin, group } = user;
    const id = await insertUser(context, { email, name, role, language, passwordHash, addresses, origin, group });
    const belongs = group === undefined ? {} : { group };
    await record(context, 'user-added', { subjectId: id, actor, data: { email, name, role, ...belongs } });
    return await getUser(context, id);
  });
}

/**
 * Changes a user. A new role or password, and disabling, end every session of the user on every node.
 * Throws `not-found`, `conflict`, `password-too-weak` or `last-administrator`.
 */
export async function updateUser(context: Context, id: string, change: UserChange, actor: string): Promise<User> {
  const before = await getUser(context, id);
  const changed = Object.keys(change).filter((key) => change[key as keyof UserChange] !== undefined);
  if (changed.length === 0) return before;
  const email = change.email?.toLowerCase() ?? before.email;
  const passwordHash = typeof change.password === 'string' ? await hashNew(change.password, email) : change.password;
  return await transaction(context, async (context) => {
    await lockAdministrators(context);
    const current = await getUser(context, id);
    if (losesSignIn(change) && current.role === 'administrator') await assertAnotherAdministrator(context, id);
    await writeChange(context, current, { ...change, email, passwordHash });
    if (endsSessions(current, change)) await endSessionsOf(context, id);
    const data = { changed, ...(change.role === undefined ? {} : { role: change.role }) };
    await record(context, 'user-changed', { subjectId: id, actor, ownerId: id, data });
    return await getUser(context, id);
  });
}

/**
 * Removes a user, in the caller's transaction if there is one: nobody is known by its addresses any more, and no session is
 * left. A row without a name stays for the jobs, until `finishLeaving`. Throws `not-found` or `last-administrator`.
 */
export async function removeUser(context: Context, id: string, actor: string): Promise<void> {
  await transaction(context, async (context) => {
    await lockAdministrators(context);
    const user = await getUser(context, id);
    if (user.role === 'administrator') await assertAnotherAdministrator(context, id);
    await endSessionsOf(context, id);
    await emptyUser(context, id);
    await record(context, 'user-removed', { subjectId: id, actor, data: { email: user.email } });
  });
}

/** The removed users whose jobs may still name them, the first that left first. */
export async function listLeaving(context: Context): Promise<readonly { readonly id: string; readonly at: Date }[]> {
  const rows = await selectLeaving(context).execute();
  return rows.flatMap(({ id, removed_at }) => (removed_at === null ? [] : [{ id, at: removed_at }]));
}

/** No job names a removed user any more; without any job nothing of the user stays. */
export async function finishLeaving(context: Context, id: string, ends: { readonly hasJobs: boolean }): Promise<void> {
  if (ends.hasJobs) await markForgotten(context, id);
  else await deleteRemoved(context, id);
}

/** Who asks, by the session cookie or the bearer token (RFC 6750 section 2.1); `undefined` for nobody that is known. */
export async function findPrincipal(
  context: Context,
  shown: { readonly cookies: Readonly<Record<string, string | undefined>>; readonly authorization: string | undefined },
): Promise<Principal | undefined> {
  if (shown.authorization !== undefined) {
    const token = /^Bearer ([\w-]{1,100})$/i.exec(shown.authorization)?.[1];
    return token === undefined ? undefined : await findTokenPrincipal(context, token);
  }
  const cookie = shown.cookies[sessionCookieName(context.settings)];
  return cookie === undefined || cookie.length > 100 ? undefined : await findSessionPrincipal(context, cookie);
}

/** Is the session or the token still valid, with the role it had? Asked again and again by what stays open for long. */
export async function isStillValid(context: Context, principal: Principal): Promise<boolean> {
  const role =
    principal.kind === 'user'
      ? await findSessionRole(context, principal.sessionId)
      : await findTokenRole(context, principal.tokenId);
  return role === principal.role;
}

/** Does the request carry a session cookie, valid or not? */
export function hasSessionCookie(context: Context, cookies: Readonly<Record<string, string | undefined>>): boolean {
  return cookies[sessionCookieName(context.settings)] !== undefined;
}

/**
 * Is the first run due, and with which set-up token? Its digest is durable when this returns; the token of an earlier
 * start is no longer valid. Throws `invalid-setting` when PLATEN_SETUP_TOKEN is too short.
 */
export async function prepareFirstRun(context: Context): Promise<FirstRun> {
  return await makeSetupToken(context);
}

/** Makes the first administrator and returns the id. Throws `setup-closed`, `setup-token-wrong`, `password-too-weak`. */
export async function completeFirstRun(
  context: Context,
  administrator: FirstAdministrator,
  proof: FirstRunProof,
): Promise<string> {
  return await makeFirstAdministrator(context, { ...administrator, email: administrator.email.toLowerCase() }, proof);
}

/** Makes an API token for whoever has the data directory at hand: the way back in when nobody can sign in. */
export async function createLocalToken(
  context: Context,
  token: NewApiToken,
): Promise<{ readonly id: string; readonly token: string }> {
  return await addToken(context, token, 'console');
}

/** Lists the API tokens for whoever has the data directory at hand, oldest first. */
export async function listLocalTokens(context: Context, limit: number): Promise<readonly ApiToken[]> {
  return (await listTokens(context, { limit, cursor: undefined })).items;
}

/** Ends an API token on every node, asked for with the data directory at hand. Throws `not-found`. */
export async function removeLocalToken(context: Context, id: string): Promise<void> {
  await removeToken(context, id, 'console');
}

/**
 * Makes a link that does one thing once, in the caller's transaction if there is one, and returns its address. The
 * address is shown this once: only a digest of its secret is kept.
 */
export async function createLink(context: Context, link: NewLink): Promise<string> {
  return `${context.settings.publicUrl}/links#${await insertLink(context, link)}`;
}

/**
 * Counts a guess at a PIN that is typed at `place`, before it is looked up: many at once cannot slip through together.
 * Answers how many more there may be. Throws `too-many-pins`: whoever stands there can still sign in. One that was right is
 * taken back with `forgivePinGuess`.
 */
export async function countPinGuess(context: Context, place: string, remoteAddress: string): Promise<number> {
  return await countGuess(context, pinBuckets(remoteAddress, place)).catch((error) => {
    const isFull = error instanceof PlatenError && error.code === 'too-many-attempts';
    if (!isFull) throw error;
    const { values, retryAfterSeconds } = error;
    throw new PlatenError('too-many-pins', 'too many wrong PINs', {
      values,
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    });
  });
}

/** Takes back one counted guess, in the caller's transaction if there is one. */
export async function forgivePinGuess(context: Context, place: string, remoteAddress: string): Promise<void> {
  await takeBackGuess(context, pinBuckets(remoteAddress, place));
}

/** Throws `too-many-attempts` for an address that has shown too many wrong secrets of links. */
export async function assertMayTryLink(context: Context, remoteAddress: string): Promise<void> {
  await assertMayGuess(context, linkBuckets(remoteAddress));
}

/** Counts a wrong secret of a link that another room keeps. Throws `too-many-attempts`. */
export async function countWrongLink(context: Context, remoteAddress: string): Promise<void> {
  await countGuess(context, linkBuckets(remoteAddress));
}

/** Reads a link by its secret; nothing changes. Throws `link-unknown` and `too-many-attempts`. */
export async function findLink(context: Context, token: string, remoteAddress: string): Promise<Link> {
  return await readLink(context, token, remoteAddress);
}

/**
 * Uses a link up in the caller's transaction, in which the caller also does what the link is for: both or neither, and
 * of two at the same moment only one. Throws `link-used` and `link-expired`.
 */
export async function useLink(context: Context, id: string): Promise<Link> {
  return await markUsed(context, id);
}

async function hashNew(password: string, email: string): Promise<string> {
  assertStrongPassword(password, email);
  return await hashPassword(password);
}

function losesSignIn(change: UserChange): boolean {
  const losesRole = change.role !== undefined && change.role !== 'administrator';
  return losesRole || change.disabled === true || change.password === null;
}

function endsSessions(current: User, change: UserChange): boolean {
  const newRole = change.role !== undefined && change.role !== current.role;
  return newRole || change.password !== undefined || change.disabled === true;
}

async function writeChange(
  context: Context,
  current: User,
  change: Omit<UserChange, 'password'> & { readonly email: string; readonly passwordHash: string | null | undefined },
): Promise<void> {
  const disabledAt = change.disabled === true ? (current.disabledAt ?? context.clock.now()) : null;
  try {
    await context.db
      .updateTable('users')
      .set({
        email: change.email,
        ...(change.name === undefined ? {} : { name: change.name }),
        ...(change.role === undefined ? {} : { role: change.role }),
        ...(change.language === undefined ? {} : { language: change.language }),
        ...(change.passwordHash === undefined ? {} : { password_hash: change.passwordHash }),
        ...(change.disabled === undefined ? {} : { disabled_at: disabledAt }),
        ...(change.group === undefined ? {} : { group_name: change.group }),
      })
      .where('id', '=', current.id)
      .execute();
  } catch (error) {
    throw addressTaken(error);
  }
  if (change.addresses === undefined && change.email === current.email) return;
  const others = change.addresses?.map((address) => address.toLowerCase()) ?? current.addresses;
  await replaceAddresses(context, current.id, [
    change.email,
    // The old address to sign in with goes, unless it is asked for.
    ...others.filter((address) => change.addresses !== undefined || address !== current.email),
  ]);
}

// Two administrators who take the role from each other at the same moment must not both succeed.
async function lockAdministrators(context: Context): Promise<void> {
  await context.db
    .selectFrom('users')
    .select('id')
    .where('role', '=', 'administrator')
    .orderBy('id')
    .forUpdate()
    .execute();
}

async function assertAnotherAdministrator(context: Context, id: string): Promise<void> {
  const other = await context.db
    .selectFrom('users')
    .select('id')
    .where('id', '<>', id)
    .where('role', '=', 'administrator')
    .where('disabled_at', 'is', null)
    .where('password_hash', 'is not', null)
    .limit(1)
    .executeTakeFirst();
  if (other === undefined) {
    throw new PlatenError('last-administrator', 'no other administrator could sign in after this');
  }
}

/** Ends every session: after a restore, one that was ended since the backup must not live again. */
export async function endAllSessions(context: Context): Promise<void> {
  await context.db.deleteFrom('sessions').execute();
}
