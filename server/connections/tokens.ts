/**
 * The tokens of a connection: sealed at rest, renewed ahead of time, one renewal at a time over all nodes.
 *
 * A renewal is asked under the lease `renewal:<connection>` and written with its fence. The old refresh token stays
 * in the row until the new one is durable, and beside it until the new one has worked: at Microsoft it stays good, so
 * a node that dies between the answer and the commit costs nothing.
 */
import type { Selectable } from 'kysely';
import { DAY_MS, MINUTE_MS, SECOND_MS } from '../base/clock.ts';
import { PlatenError } from '../base/errors.ts';
import { jitter } from '../base/secrets.ts';
import { record } from '../journal/journal.ts';
import { type RefreshOutcome, redeemRefreshToken } from '../protocols/oauth/token.ts';
import type { Tokens } from '../protocols/oauth/tokens.ts';
import type { Context } from '../store/database.ts';
import { checkFence, type Lease, withLease } from '../store/leases.ts';
import type { Schema } from '../store/schema.ts';
import { transaction } from '../store/transaction.ts';
import type { Grant } from './account-pin.ts';
import {
  type ConnectionRow,
  getRow,
  lockRow,
  moveTo,
  refusalError,
  toProblem,
  unreachableError,
  unusableError,
} from './connection.ts';
import { identityCall } from './exchange-online.ts';
import { beginPermission, endPermission } from './expiry/permissions.ts';

type TokenRow = Selectable<Schema['connection_tokens']>;
type Column = 'refresh_token' | 'previous_refresh_token' | 'access_token';

/** How long before its end an access token is replaced. */
const AHEAD_MS = 5 * MINUTE_MS;

/** A refresh token dies after 90 days without use; once a week keeps it and tells early when it was revoked. */
const IDLE_RENEWAL_MS = 7 * DAY_MS;

/** After how many failures in a row a connection whose token still works is shown as degraded. */
const DEGRADED_AFTER = 3;

const FIRST_RETRY_MS = 30 * SECOND_MS;
const LONGEST_RETRY_MS = 15 * MINUTE_MS;

/** AADSTS70000 has been seen to pass; 9002313 says that the token text itself is damaged. */
const WORTH_A_SECOND_TRY = new Set([70000, 9002313]);

/** Keeps what was granted to a locked connection, and calls it connected. Runs in the caller's transaction. */
export async function adoptGrant(
  context: Context,
  row: ConnectionRow,
  adopted: {
    readonly grant: Grant;
    readonly method: 'device-code' | 'link';
    readonly scopes: readonly string[];
    readonly addresses: readonly string[];
  },
): Promise<void> {
  const { grant } = adopted;
  const account = { account_oid: grant.identity.objectId, account_tid: grant.identity.tenantId };
  const now = context.clock.now();
  await context.db
    .updateTable('connections')
    .set({
      ...account,
      account_username: grant.identity.username,
      account_name: grant.identity.name,
      account_addresses: [...adopted.addresses],
      scopes: [...adopted.scopes],
      confirmed_at: now,
      checks: null,
      clock_skew_seconds: grant.clockSkewSeconds ?? null,
    })
    .where('id', '=', row.id)
    .execute();
  const owner = { ...row, ...account };
  const expiresAt = new Date(grant.accessExpiresAt);
  const values = {
    sealed_refresh_token: seal(context, owner, { column: 'refresh_token', text: grant.refreshToken }),
    sealed_previous_refresh_token: null,
    sealed_access_token: seal(context, owner, { column: 'access_token', text: grant.accessToken }),
    access_expires_at: expiresAt,
    renewed_at: now,
    renew_at: renewalTime(now, expiresAt),
    failed_renewals: 0,
  };
  await context.db
    .insertInto('connection_tokens')
    .values({ connection_id: row.id, ...values })
    .onConflict((conflict) => conflict.column('connection_id').doUpdateSet(values))
    .execute();
  const { objectId: oid, tenantId: tid } = grant.identity;
  await beginPermission(context, row.id, { method: adopted.method, account: { oid, tid } });
  await moveTo(context, row, { state: 'connected', problem: undefined });
}

function renewalTime(now: Date, expiresAt: Date): Date {
  const lifeMs = expiresAt.getTime() - now.getTime();
  const aheadMs = Math.min(AHEAD_MS, lifeMs / 2);
  return new Date(Math.min(expiresAt.getTime() - aheadMs, now.getTime() + IDLE_RENEWAL_MS));
}

type Owner = Pick<ConnectionRow, 'id' | 'account_tid' | 'account_oid'>;

/** Bound to connection, tenant, account and column: a sealed token moved elsewhere does not open. */
function bindingOf(owner: Owner, column: Column): string {
  return `connection_tokens/${owner.id}/${owner.account_tid}/${owner.account_oid}/${column}`;
}

function seal(context: Context, owner: Owner, token: { readonly column: Column; readonly text: string }): Buffer {
  return context.secrets.seal(token.text, bindingOf(owner, token.column));
}

export async function findTokens(context: Context, connectionId: string): Promise<TokenRow | undefined> {
  return await context.db
    .selectFrom('connection_tokens')
    .selectAll()
    .where('connection_id', '=', connectionId)
    .executeTakeFirst();
}

export function openAccessToken(context: Context, row: ConnectionRow, tokens: TokenRow): string {
  return context.secrets.open(tokens.sealed_access_token, bindingOf(row, 'access_token'));
}

/** For asking which permission is gone; it is never written anywhere. Throws `sealed-value-damaged`. */
export function openRefreshToken(context: Context, row: ConnectionRow, tokens: TokenRow): string {
  return context.secrets.open(tokens.sealed_refresh_token, bindingOf(row, 'refresh_token'));
}

/**
 * Renews the tokens of a connection once, unless that has happened after `since` or has just failed. Returns false when
 * another node is at it. What came of it is durable: new tokens, or a state with its problem.
 */
export async function renewTokens(
  context: Context,
  connectionId: string,
  wanted: { readonly since: Date; readonly signal: AbortSignal },
): Promise<boolean> {
  const ran = await withLease(context, `renewal:${connectionId}`, { signal: wanted.signal }, async (lease) => {
    const row = await getRow(context, connectionId);
    const tokens = await findTokens(context, connectionId);
    const isWanted = row.state === 'connected' || row.state === 'degraded';
    if (tokens === undefined || !isWanted || tokens.renewed_at > wanted.since) return true;
    // somebody else has just tried and was told to wait
    if (tokens.failed_renewals > 0 && tokens.renew_at > context.clock.now()) return true;
    await renewOnce({ context, lease, row, tokens });
    return true;
  });
  return ran ?? false;
}

type Renewal = {
  readonly context: Context;
  readonly lease: Lease;
  readonly row: ConnectionRow;
  readonly tokens: TokenRow;
};

async function renewOnce(renewal: Renewal): Promise<void> {
  const { context, row, tokens } = renewal;
  const askedAt = context.clock.now();
  let outcome: RefreshOutcome;
  try {
    const current = openRefreshToken(context, row, tokens);
    outcome = await redeem(renewal, current);
    if (outcome.kind === 'refused' && WORTH_A_SECOND_TRY.has(outcome.refusal.aadsts ?? 0)) {
      const { sealed_previous_refresh_token: previous } = tokens;
      const other =
        previous === null ? current : context.secrets.open(previous, bindingOf(row, 'previous_refresh_token'));
      outcome = await redeem(renewal, other);
    }
  } catch (error) {
    if (!(error instanceof PlatenError) || error.code !== 'sealed-value-damaged') throw error;
    return await giveUp(renewal, error);
  }
  await settle(renewal, outcome, askedAt);
}

async function redeem(renewal: Renewal, refreshToken: string): Promise<RefreshOutcome> {
  const { context, lease, row } = renewal;
  if (row.endpoints === null) return { kind: 'transient', words: 'the endpoints of the tenant are not known' };
  lease.assertFresh();
  return await redeemRefreshToken(
    { endpoints: row.endpoints, clientId: row.client_id, refreshToken, scopes: row.scopes },
    identityCall(context, lease.signal),
  );
}

async function settle(renewal: Renewal, outcome: RefreshOutcome, askedAt: Date): Promise<void> {
  switch (outcome.kind) {
    case 'granted': {
      const { identity } = outcome.tokens;
      const { row } = renewal;
      const isOther =
        identity !== undefined && (identity.objectId !== row.account_oid || identity.tenantId !== row.account_tid);
      if (isOther) return await postpone(renewal, unusableError({ kind: 'unusable', flaw: 'id-token-identity' }));
      return await keepRenewed(renewal, outcome.tokens, askedAt);
    }
    case 'refused':
      return await giveUp(renewal, refusalError('connection-needs-confirmation', outcome.refusal));
    case 'unusable':
      return await postpone(renewal, unusableError(outcome));
    case 'transient':
      return await postpone(renewal, unreachableError(outcome));
  }
}

async function keepRenewed(renewal: Renewal, tokens: Tokens, askedAt: Date): Promise<void> {
  await change(renewal, async (context, row, old) => {
    const expiresAt = new Date(askedAt.getTime() + tokens.expiresInSeconds * SECOND_MS);
    const kept = context.secrets.open(old.sealed_refresh_token, bindingOf(row, 'refresh_token'));
    const rotated =
      tokens.refreshToken === undefined
        ? {}
        : {
            sealed_refresh_token: seal(context, row, { column: 'refresh_token', text: tokens.refreshToken }),
            sealed_previous_refresh_token: seal(context, row, { column: 'previous_refresh_token', text: kept }),
          };
    await context.db
      .updateTable('connection_tokens')
      .set({
        ...rotated,
        sealed_access_token: seal(context, row, { column: 'access_token', text: tokens.accessToken }),
        access_expires_at: expiresAt,
        renewed_at: context.clock.now(),
        renew_at: renewalTime(askedAt, expiresAt),
        failed_renewals: 0,
      })
      .where('connection_id', '=', row.id)
      .execute();
    await record(context, 'token-renewed', { subjectId: row.id, data: { expiresAt: expiresAt.toISOString() } });
    await moveTo(context, row, { state: 'connected', problem: undefined });
  });
}

/** Microsoft refuses for good: renewals stop until somebody confirms again. */
async function giveUp(renewal: Renewal, error: PlatenError): Promise<void> {
  await change(renewal, async (context, row) => {
    const problem = toProblem(context, error);
    await record(context, 'token-renewal-failed', {
      subjectId: row.id,
      data: { isFinal: true, problem: problem.code, ...problem.facts },
    });
    const { aadsts } = error.facts;
    await endPermission(context, row.id, typeof aadsts === 'number' ? aadsts : undefined);
    await moveTo(context, row, { state: 'needs-confirmation', problem });
  });
}

/** No answer of use: the tokens stay as they are, and the next try comes later each time. */
async function postpone(renewal: Renewal, error: PlatenError): Promise<void> {
  await change(renewal, async (context, row, tokens) => {
    const failures = tokens.failed_renewals + 1;
    const backoffMs = Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LONGEST_RETRY_MS);
    const waitMs = Math.max(jitter(backoffMs, 0.2), (error.retryAfterSeconds ?? 0) * SECOND_MS);
    const now = context.clock.now();
    await context.db
      .updateTable('connection_tokens')
      .set({ failed_renewals: failures, renew_at: new Date(now.getTime() + waitMs) })
      .where('connection_id', '=', row.id)
      .execute();
    const problem = toProblem(context, error);
    await record(context, 'token-renewal-failed', {
      subjectId: row.id,
      data: { isFinal: false, failures, problem: problem.code, ...problem.facts },
    });
    const isDegraded = failures >= DEGRADED_AFTER || tokens.access_expires_at <= now;
    await moveTo(context, row, { state: isDegraded ? 'degraded' : row.state, problem });
  });
}

type Change = (context: Context, row: ConnectionRow, tokens: TokenRow) => Promise<void>;

/** Writes with the fence of the lease, and only what was renewed: a new confirmation in between wins. */
async function change(renewal: Renewal, work: Change): Promise<void> {
  await transaction(renewal.context, async (context) => {
    await checkFence(context, renewal.lease);
    const row = await lockRow(context, renewal.row.id);
    const tokens = await findTokens(context, row.id);
    const isSame = tokens?.sealed_refresh_token.equals(renewal.tokens.sealed_refresh_token);
    if (tokens !== undefined && isSame) await work(context, row, tokens);
  });
}
