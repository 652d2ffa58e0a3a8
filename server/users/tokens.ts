/** API tokens of programs: a name, a role and the digest of the token, which is shown once and never again. */
import { MINUTE_MS } from '../base/clock.ts';
import { PlatenError } from '../base/errors.ts';
import { digestToken, newId, newToken } from '../base/secrets.ts';
import { record } from '../journal/journal.ts';
import type { Context } from '../store/database.ts';
import { decodeIdCursor, encodeCursor, type Page, pageOf } from '../store/pages.ts';
import type { Role } from '../store/schema.ts';
import { transaction } from '../store/transaction.ts';
import type { Principal } from './user.ts';

/** Programs that look for secrets in files know a token by its beginning. */
const TOKEN_PREFIX = 'platen_';
const USED_STEP_MS = MINUTE_MS;

export type ApiToken = {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: Date;
  readonly usedAt: Date | undefined;
};

export type NewApiToken = { readonly name: string; readonly role: Role };

/** Makes a token; when it returns the token is valid on every node. The text of it is in the answer and nowhere else. */
export async function addToken(
  context: Context,
  { name, role }: NewApiToken,
  actor: string,
): Promise<{ readonly id: string; readonly token: string }> {
  const id = newId();
  const token = TOKEN_PREFIX + newToken();
  await transaction(context, async (context) => {
    await context.db
      .insertInto('api_tokens')
      .values({ id, name, role, digest: digestToken(token), created_at: context.clock.now() })
      .execute();
    await record(context, 'api-token-added', { subjectId: id, actor, data: { name, role } });
  });
  return { id, token };
}

export async function listTokens(
  context: Context,
  { limit, cursor }: { readonly limit: number; readonly cursor: string | undefined },
): Promise<Page<ApiToken>> {
  const afterId = decodeIdCursor(cursor);
  let query = context.db
    .selectFrom('api_tokens')
    .select(['id', 'name', 'role', 'created_at', 'used_at'])
    .orderBy('id')
    .limit(limit + 1);
  if (afterId !== undefined) query = query.where('id', '>', afterId);
  const tokens = (await query.execute()).map((row) => ({
    id: row.id,
    name: row.name,
    role: row.role,
    createdAt: row.created_at,
    usedAt: row.used_at ?? undefined,
  }));
  return pageOf(tokens, limit, (token) => encodeCursor([token.id]));
}

/** Ends a token on every node. Throws `not-found`. */
export async function removeToken(context: Context, id: string, actor: string): Promise<void> {
  await transaction(context, async (context) => {
    const removed = await context.db
      .deleteFrom('api_tokens')
      .where('id', '=', id)
      .returning(['name', 'role'])
      .executeTakeFirst();
    if (removed === undefined) throw new PlatenError('not-found', 'there is no such token');
    await record(context, 'api-token-removed', { subjectId: id, actor, data: removed });
  });
}

export async function findTokenPrincipal(context: Context, token: string): Promise<Principal | undefined> {
  if (!token.startsWith(TOKEN_PREFIX)) return undefined;
  const now = context.clock.now();
  const row = await context.db
    .selectFrom('api_tokens')
    .select(['id', 'name', 'role', 'used_at'])
    .where('digest', '=', digestToken(token))
    .executeTakeFirst();
  if (row === undefined) return undefined;
  if (row.used_at === null || now.getTime() - row.used_at.getTime() >= USED_STEP_MS) {
    await context.db.updateTable('api_tokens').set({ used_at: now }).where('id', '=', row.id).execute();
  }
  return { kind: 'token', userId: null, tokenId: row.id, name: row.name, role: row.role };
}

/** The role that the token has now; `undefined` when it was removed. */
export async function findTokenRole(context: Context, id: string): Promise<Role | undefined> {
  const row = await context.db.selectFrom('api_tokens').select('role').where('id', '=', id).executeTakeFirst();
  return row?.role;
}
