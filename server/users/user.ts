/** A person who signs in: the type, and the rows behind it. */
import { type SqlBool, sql } from 'kysely';
import { isSystemError, PlatenError } from '../base/errors.ts';
import { newId } from '../base/secrets.ts';
import type { Context } from '../store/database.ts';
import type { Language, Origin, Role } from '../store/schema.ts';

export type User = {
  readonly id: string;
  /** In lower case; the name to sign in with. */
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly language: Language;
  /** The addresses from which the user sends what is to be printed, `email` among them. */
  readonly addresses: readonly string[];
  readonly hasPassword: boolean;
  readonly createdAt: Date;
  readonly disabledAt: Date | undefined;
  readonly origin: Origin;
  /** Where the person belongs to, such as a school; it gives no rights. */
  readonly group: string | undefined;
};

/** Who asks: a person with a session, or a program with an API token. */
export type Principal =
  | {
      readonly kind: 'user';
      readonly userId: string;
      readonly name: string;
      readonly role: Role;
      readonly language: Language;
      readonly sessionId: string;
    }
  | {
      readonly kind: 'token';
      readonly userId: null;
      readonly tokenId: string;
      readonly name: string;
      readonly role: Role;
    };

export type UserRow = {
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly language: Language;
  readonly passwordHash: string | undefined;
  readonly addresses: readonly string[];
  readonly origin?: Origin | undefined;
  readonly group?: string | undefined;
};

const UNIQUE_VIOLATION = '23505';

/** Writes a new user with its addresses in the caller's transaction. Throws `conflict` when an address is taken. */
export async function insertUser(context: Context, row: UserRow): Promise<string> {
  const id = newId();
  try {
    await context.db
      .insertInto('users')
      .values({
        id,
        email: row.email,
        name: row.name,
        role: row.role,
        language: row.language,
        password_hash: row.passwordHash ?? null,
        created_at: context.clock.now(),
        origin: row.origin ?? 'administrator',
        group_name: row.group ?? null,
      })
      .execute();
    await writeAddresses(context, id, [row.email, ...row.addresses]);
  } catch (error) {
    throw addressTaken(error);
  }
  return id;
}

/** Replaces the addresses of a user in the caller's transaction; the first one is the address to sign in with. */
export async function replaceAddresses(context: Context, userId: string, addresses: readonly string[]): Promise<void> {
  await context.db.deleteFrom('user_addresses').where('user_id', '=', userId).execute();
  try {
    await writeAddresses(context, userId, addresses);
  } catch (error) {
    throw addressTaken(error);
  }
}

async function writeAddresses(context: Context, userId: string, addresses: readonly string[]): Promise<void> {
  const rows = [...new Set(addresses)].map((address) => ({ address, user_id: userId }));
  await context.db.insertInto('user_addresses').values(rows).execute();
}

/** Takes away all that tells who a user was; what belongs to the row stays with it. */
export async function emptyUser(context: Context, id: string): Promise<void> {
  const now = context.clock.now();
  await context.db.deleteFrom('user_addresses').where('user_id', '=', id).execute();
  await context.db.deleteFrom('links').where('user_id', '=', id).execute();
  await context.db
    .updateTable('users')
    // No address that anybody could sign in with or write from.
    .set({ email: `removed-${id}`, name: '', role: 'user', password_hash: null, disabled_at: now, removed_at: now })
    .set({ group_name: null })
    .where('id', '=', id)
    .execute();
}

const LEAVING_AT_ONCE = 20;

export function selectLeaving(context: Context) {
  return context.db
    .selectFrom('users')
    .select(['id', 'removed_at'])
    .where('removed_at', 'is not', null)
    .where('forgotten_at', 'is', null)
    .orderBy('removed_at')
    .limit(LEAVING_AT_ONCE);
}

export async function markForgotten(context: Context, id: string): Promise<void> {
  await context.db.updateTable('users').set({ forgotten_at: context.clock.now() }).where('id', '=', id).execute();
}

export async function deleteRemoved(context: Context, id: string): Promise<void> {
  await context.db.deleteFrom('users').where('id', '=', id).where('removed_at', 'is not', null).execute();
}

/** Turns the refusal of the database into ours; anything else is passed on as it is. */
export function addressTaken(error: unknown): unknown {
  if (!isSystemError(error) || error.code !== UNIQUE_VIOLATION) return error;
  return new PlatenError('conflict', 'one of the addresses belongs to another user');
}

type UserFilter = {
  readonly id?: string;
  readonly afterId?: string;
  readonly text?: string;
  readonly group?: string;
  readonly limit: number;
};

/** Users in the order of their ids (the order in which they were added), after `afterId`. */
export async function selectUsers(context: Context, filter: UserFilter): Promise<User[]> {
  let query = context.db
    .selectFrom('users')
    .select(['id', 'email', 'name', 'role', 'language', 'created_at', 'disabled_at', 'origin', 'group_name'])
    .where('removed_at', 'is', null)
    .select([
      sql<SqlBool>`password_hash IS NOT NULL`.as('has_password'),
      sql<string[]>`ARRAY(SELECT address FROM user_addresses WHERE user_id = users.id ORDER BY address)`.as(
        'addresses',
      ),
    ])
    .orderBy('id')
    .limit(filter.limit);
  if (filter.id !== undefined) query = query.where('id', '=', filter.id);
  if (filter.afterId !== undefined) query = query.where('id', '>', filter.afterId);
  if (filter.text !== undefined) query = query.where(isNamed(filter.text));
  // No group has it, and the database refuses to be asked.
  if (filter.group !== undefined) query = query.where('group_name', '=', filter.group.replaceAll('\0', ''));
  const rows = await query.execute();
  return rows.map((row) => ({
    id: row.id,
    email: row.email,
    name: row.name,
    role: row.role,
    language: row.language,
    addresses: row.addresses,
    hasPassword: row.has_password === true,
    createdAt: row.created_at,
    disabledAt: row.disabled_at ?? undefined,
    origin: row.origin,
    group: row.group_name ?? undefined,
  }));
}

/** A part of the name, or of any of the addresses. */
function isNamed(text: string) {
  // No user has it, and the database refuses to be asked.
  if (text.includes('\0')) return sql<SqlBool>`false`;
  const wanted = text.toLowerCase();
  return sql<SqlBool>`(position(${wanted} in lower(name)) > 0 OR position(${wanted} in email) > 0 OR EXISTS (
    SELECT FROM user_addresses WHERE user_id = users.id AND position(${wanted} in address) > 0))`;
}
