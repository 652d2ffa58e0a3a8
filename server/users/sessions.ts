/**
 * Sessions of people in browsers.
 *
 * A session is a row; the cookie holds 256 random bits of which only the digest is kept. It is valid on every node until
 * it is ended, idle for too long or too old. A sign-in always makes a new one: one that was there before is never
 * adopted, and a change of role or password ends them all.
 */
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../base/clock.ts';
import { digestToken, newId, newToken } from '../base/secrets.ts';
import type { Settings } from '../base/settings.ts';
import type { Context } from '../store/database.ts';
import type { Principal } from './user.ts';

/** A working day without a click, lunch included. */
export const SESSION_IDLE_MS = 12 * HOUR_MS;
export const SESSION_LIFE_MS = 7 * DAY_MS;
// Not a write for each click.
const SEEN_STEP_MS = MINUTE_MS;
const MAX_AGENT_CHARS = 200;

export type NewSession = { readonly id: string; readonly token: string; readonly expiresAt: Date };
export type SessionOrigin = { readonly remoteAddress: string; readonly userAgent: string | undefined };

/** The prefix makes browsers refuse the cookie from any other host, path or without TLS (RFC 6265bis section 4.1.3.2). */
export function sessionCookieName(settings: Pick<Settings, 'publicUrl'>): string {
  return isSecure(settings) ? '__Host-platen-session' : 'platen-session';
}

export function sessionCookieOptions(settings: Pick<Settings, 'publicUrl'>, expiresAt: Date) {
  return {
    path: '/',
    httpOnly: true,
    secure: isSecure(settings),
    sameSite: 'strict',
    expires: expiresAt,
  } as const;
}

function isSecure(settings: Pick<Settings, 'publicUrl'>): boolean {
  return settings.publicUrl.startsWith('https:');
}

/** Writes a new session; sessions of the user that have run out are removed on the way. */
export async function startSession(context: Context, userId: string, origin: SessionOrigin): Promise<NewSession> {
  const now = context.clock.now();
  const token = newToken();
  const session = { id: newId(), token, expiresAt: new Date(now.getTime() + SESSION_LIFE_MS) };
  await context.db.deleteFrom('sessions').where('user_id', '=', userId).where('expires_at', '<=', now).execute();
  await context.db
    .insertInto('sessions')
    .values({
      digest: digestToken(token),
      id: session.id,
      user_id: userId,
      created_at: now,
      seen_at: now,
      expires_at: session.expiresAt,
      remote_address: origin.remoteAddress,
      user_agent: origin.userAgent?.replace(/\p{Cc}/gu, ' ').slice(0, MAX_AGENT_CHARS) ?? null,
    })
    .execute();
  return session;
}

/** Finds who a session cookie belongs to, and notes that the session is in use. */
export async function findSessionPrincipal(context: Context, token: string): Promise<Principal | undefined> {
  const digest = digestToken(token);
  const now = context.clock.now();
  const row = await context.db
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .select(['sessions.id as session_id', 'sessions.seen_at', 'users.id', 'users.name', 'users.role', 'users.language'])
    .where('sessions.digest', '=', digest)
    .where('sessions.expires_at', '>', now)
    .where('sessions.seen_at', '>', new Date(now.getTime() - SESSION_IDLE_MS))
    .where('users.disabled_at', 'is', null)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  if (now.getTime() - row.seen_at.getTime() >= SEEN_STEP_MS) {
    await context.db.updateTable('sessions').set({ seen_at: now }).where('digest', '=', digest).execute();
  }
  const { id: userId, name, role, language, session_id: sessionId } = row;
  return { kind: 'user', userId, name, role, language, sessionId };
}

/** The role that the session has now, without noting it as used; `undefined` when the session has ended. */
export async function findSessionRole(context: Context, sessionId: string) {
  const now = context.clock.now();
  const row = await context.db
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .select('users.role')
    .where('sessions.id', '=', sessionId)
    .where('sessions.expires_at', '>', now)
    .where('sessions.seen_at', '>', new Date(now.getTime() - SESSION_IDLE_MS))
    .where('users.disabled_at', 'is', null)
    .executeTakeFirst();
  return row?.role;
}

/** How long a session that is in use goes on: at most, and without a request. Zero when it has ended meanwhile. */
export async function readSessionEnd(
  context: Context,
  sessionId: string,
): Promise<{ readonly endsInSeconds: number; readonly idleSeconds: number }> {
  const now = context.clock.now().getTime();
  const row = await context.db
    .selectFrom('sessions')
    .select('expires_at')
    .where('id', '=', sessionId)
    .executeTakeFirst();
  const endsInSeconds = Math.max(0, Math.floor(((row?.expires_at.getTime() ?? now) - now) / 1000));
  // The use is noted in steps: the last one may be missing.
  return { endsInSeconds, idleSeconds: (SESSION_IDLE_MS - SEEN_STEP_MS) / 1000 };
}

export async function endSession(context: Context, sessionId: string): Promise<void> {
  await context.db.deleteFrom('sessions').where('id', '=', sessionId).execute();
}

/** Ends the session of a cookie, whoever it belongs to. */
export async function endSessionOfToken(context: Context, token: string): Promise<void> {
  await context.db.deleteFrom('sessions').where('digest', '=', digestToken(token)).execute();
}

export async function endSessionsOf(context: Context, userId: string): Promise<void> {
  await context.db.deleteFrom('sessions').where('user_id', '=', userId).execute();
}

/** A session that is still good, as people see it; its token is kept nowhere. */
export type SessionOfSomebody = {
  readonly id: string;
  readonly userId: string;
  readonly userName: string;
  readonly createdAt: Date;
  readonly seenAt: Date;
  readonly expiresAt: Date;
  readonly remoteAddress: string | undefined;
  readonly userAgent: string | undefined;
};

/** More than people have; a list of all is for finding the odd one out. */
const MOST_LISTED = 500;

/** Lists the sessions that are still good, of one person or of all, the one that was used last first. */
export async function listSessions(context: Context, userId?: string): Promise<SessionOfSomebody[]> {
  const now = context.clock.now();
  let query = context.db
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .selectAll('sessions')
    .select('users.name as user_name')
    .where('sessions.expires_at', '>', now)
    .where('sessions.seen_at', '>', new Date(now.getTime() - SESSION_IDLE_MS))
    .where('users.disabled_at', 'is', null)
    .orderBy('sessions.seen_at', 'desc')
    .orderBy('sessions.id', 'desc')
    .limit(MOST_LISTED);
  if (userId !== undefined) query = query.where('sessions.user_id', '=', userId);
  const rows = await query.execute();
  return rows.map((row) => ({
    id: row.id,
    userId: row.user_id,
    userName: row.user_name,
    createdAt: row.created_at,
    seenAt: row.seen_at,
    expiresAt: row.expires_at,
    remoteAddress: row.remote_address ?? undefined,
    userAgent: row.user_agent ?? undefined,
  }));
}

/** Ends one session on every node, of this owner only where one is named; returns whose it was, undefined when there is none. */
export async function removeSession(
  context: Context,
  sessionId: string,
  ownerId: string | undefined,
): Promise<string | undefined> {
  let query = context.db.deleteFrom('sessions').where('id', '=', sessionId);
  if (ownerId !== undefined) query = query.where('user_id', '=', ownerId);
  return (await query.returning('user_id').executeTakeFirst())?.user_id;
}

/** Ends all sessions of a person but one; returns how many they were. */
export async function endOtherSessions(context: Context, userId: string, keptId: string): Promise<number> {
  const ended = await context.db
    .deleteFrom('sessions')
    .where('user_id', '=', userId)
    .where('id', '<>', keptId)
    .returning('id')
    .execute();
  return ended.length;
}
