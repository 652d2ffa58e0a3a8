/**
 * A connection as it is shown, and its states.
 *
 *   awaiting-confirmation → connected            somebody confirmed, and the right account
 *   connected ⇄ degraded                         Microsoft has not answered for a while; waiting cures it
 *   connected, degraded → needs-confirmation     Microsoft refuses the renewal; only a person cures it
 *   needs-confirmation → connected               confirmed again
 *   any → awaiting-confirmation                  the application, tenant or cloud was changed
 */
import type { Selectable } from 'kysely';
import { hasText } from '../../locales/locales.ts';
import { PlatenError } from '../base/errors.ts';
import { record } from '../journal/journal.ts';
import type { Refusal, Transient } from '../protocols/oauth/answer.ts';
import type { Unusable } from '../protocols/oauth/tokens.ts';
import type { Context } from '../store/database.ts';
import type { ConnectionState, LoginState, Problem, Schema, Use } from '../store/schema.ts';
import type { CheckReport } from './doctor/report.ts';
import { usesOf } from './exchange-online.ts';
import type { ConnectionForecast } from './expiry/permissions.ts';
import type { LastUse } from './uses/uses.ts';

export type ConnectionRow = Selectable<Schema['connections']>;
export type LoginRow = Selectable<Schema['connection_logins']>;

export type Connection = {
  readonly id: string;
  readonly kind: 'exchange-online';
  readonly title: string;
  readonly cloud: string;
  readonly clientId: string;
  readonly tenantId: string;
  readonly expectedAccount: string | undefined;
  /** What it is meant for; `grantedUses` is what the confirmation permits. */
  readonly uses: readonly Use[];
  readonly grantedUses: readonly Use[];
  /** When each use worked last; a use that never has is missing. */
  readonly lastUses: readonly LastUse[];
  readonly state: ConnectionState;
  readonly stateSince: Date;
  readonly problem: Problem | undefined;
  readonly account:
    | {
        readonly username: string;
        readonly name: string;
        readonly tenantId: string;
        readonly objectId: string;
        readonly addresses: readonly string[];
      }
    | undefined;
  readonly login:
    | {
        readonly kind: 'device-code' | 'link';
        readonly state: LoginState;
        readonly expiresAt: Date;
        readonly problem: Problem | undefined;
        /** The account that confirmed in place of the one that was expected; of the same tenant, so that it might be meant. */
        readonly tried: string | undefined;
        /** Who ended it, a user or a token, and when; nobody has when it ended by itself. */
        readonly ended: { readonly at: Date; readonly by: string | undefined } | undefined;
        /** A link gets further than another code would: the code was blocked, or nobody could confirm it. */
        readonly offersLink: boolean;
      }
    | undefined;
  /** The last check, running or not. */
  readonly checks: CheckReport | undefined;
  readonly expiry: {
    readonly signedInAt: Date | undefined;
    readonly renewedAt: Date | undefined;
    readonly accessExpiresAt: Date | undefined;
    /** When Microsoft is asked next, also after a renewal that failed. */
    readonly nextRenewalAt: Date | undefined;
  } & ConnectionForecast;
  /** By how much Microsoft's clock was ahead of ours when the account was confirmed. */
  readonly clockSkewSeconds: number | undefined;
  readonly createdAt: Date;
};

export type TokenTimes = { readonly renewed_at: Date; readonly access_expires_at: Date; readonly renew_at: Date };

export function describeConnection(
  row: ConnectionRow,
  told: {
    readonly login: LoginRow | undefined;
    readonly times: TokenTimes | undefined;
    readonly forecast: ConnectionForecast;
  },
): Connection {
  const { login, times, forecast } = told;
  return {
    id: row.id,
    kind: row.kind,
    title: row.title,
    cloud: row.cloud,
    clientId: row.client_id,
    tenantId: row.tenant_id,
    expectedAccount: row.expected_account ?? undefined,
    uses: row.uses,
    grantedUses: usesOf(row.scopes),
    lastUses: [],
    state: row.state,
    stateSince: row.state_since,
    problem: row.problem ?? undefined,
    account: describeAccount(row),
    login: login === undefined ? undefined : describeLogin(login, row),
    // both are told by `describe`: a report may have been cut off, and the uses stand elsewhere
    checks: undefined,
    expiry: {
      signedInAt: row.confirmed_at ?? undefined,
      renewedAt: times?.renewed_at,
      accessExpiresAt: times?.access_expires_at,
      nextRenewalAt: times?.renew_at,
      ...forecast,
    },
    clockSkewSeconds: row.clock_skew_seconds ?? undefined,
    createdAt: row.created_at,
  };
}

function triedInstead({ state, problem }: LoginRow, row: Pick<ConnectionRow, 'tenant_id'>): string | undefined {
  const { account, expected } = problem?.values ?? {};
  // An account of another tenant is told by the tenant that was expected; no expectation makes it right.
  if (state !== 'wrong-account' || typeof account !== 'string' || expected === row.tenant_id) return undefined;
  return account;
}

export function describeLogin(
  login: LoginRow,
  row: Pick<ConnectionRow, 'tenant_id'>,
): NonNullable<Connection['login']> {
  return {
    kind: login.kind,
    state: login.state,
    expiresAt: login.expires_at,
    problem: login.problem ?? undefined,
    tried: triedInstead(login, row),
    ended: login.ended_at === null ? undefined : { at: login.ended_at, by: login.ended_by ?? undefined },
    offersLink: offersLink(login),
  };
}

/** Numbers that say that codes are blocked in this tenant, and that a sign-in by browser may pass. */
const CODE_BLOCKED: ReadonlySet<unknown> = new Set([53003, 530035, 530036]);

function offersLink(login: LoginRow): boolean {
  if (login.kind !== 'device-code') return false;
  return login.state === 'expired' || (login.state === 'refused' && CODE_BLOCKED.has(login.problem?.facts?.aadsts));
}

function describeAccount(row: ConnectionRow): Connection['account'] {
  if (row.account_oid === null || row.account_tid === null) return undefined;
  const username = row.account_username ?? '';
  return {
    username,
    name: row.account_name ?? username,
    tenantId: row.account_tid,
    objectId: row.account_oid,
    addresses: row.account_addresses,
  };
}

/** Reads one connection; throws `not-found`. */
export async function getRow(context: Context, connectionId: string): Promise<ConnectionRow> {
  const row = await context.db.selectFrom('connections').selectAll().where('id', '=', connectionId).executeTakeFirst();
  if (row === undefined) throw new PlatenError('not-found', `there is no connection ${connectionId}`);
  return row;
}

/** As getRow, and holds off other writers until the transaction ends. */
export async function lockRow(context: Context, connectionId: string): Promise<ConnectionRow> {
  const row = await context.db
    .selectFrom('connections')
    .selectAll()
    .where('id', '=', connectionId)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw new PlatenError('not-found', `there is no connection ${connectionId}`);
  return row;
}

/** Moves a locked connection to a state, and tells the journal when that is a change. */
export async function moveTo(
  context: Context,
  row: ConnectionRow,
  next: { readonly state: ConnectionState; readonly problem: Problem | undefined; readonly actor?: string },
): Promise<void> {
  const now = context.clock.now();
  await context.db
    .updateTable('connections')
    .set({
      state: next.state,
      problem: next.problem === undefined ? null : JSON.stringify(next.problem),
      ...(next.state === row.state ? {} : { state_since: now }),
    })
    .where('id', '=', row.id)
    .execute();
  if (next.state === row.state) return;
  await record(context, 'connection-state-changed', {
    subjectId: row.id,
    ...(next.actor === undefined ? {} : { actor: next.actor }),
    data: {
      from: row.state,
      to: next.state,
      ...(next.problem === undefined ? {} : { problem: next.problem.code, ...next.problem.facts }),
    },
  });
}

/** A problem as it is kept: from an error that was thrown or would be. */
export function toProblem(context: Context, error: PlatenError): Problem {
  return {
    code: error.code,
    detail: error.message,
    ...(error.remote === undefined ? {} : { remote: error.remote }),
    ...(Object.keys(error.facts).length === 0 ? {} : { facts: error.facts }),
    ...(Object.keys(error.values).length === 0 ? {} : { values: error.values }),
    at: context.clock.now().toISOString(),
  };
}

/** Facts of a refusal for Microsoft's support: number, trace id, correlation id, timestamp. */
export function factsOf(refusal: Refusal): Record<string, string | number> {
  return {
    error: refusal.error,
    ...(refusal.aadsts === undefined ? {} : { aadsts: refusal.aadsts }),
    ...(refusal.suberror === undefined ? {} : { suberror: refusal.suberror }),
    ...(refusal.traceId === undefined ? {} : { traceId: refusal.traceId }),
    ...(refusal.correlationId === undefined ? {} : { correlationId: refusal.correlationId }),
    ...(refusal.timestamp === undefined ? {} : { timestamp: refusal.timestamp }),
  };
}

// From what Microsoft answered to an error with advice: by the AADSTS number where it is known, else in its own words.

type RefusalCode =
  | 'device-code-refused'
  | 'link-login-refused'
  | 'login-declined'
  | 'login-expired'
  | 'connection-needs-confirmation';

/** An error that carries Microsoft's words, the number and the marks for its support. */
export function refusalError(code: RefusalCode, refusal: Refusal): PlatenError {
  const number = refusal.aadsts === undefined ? '' : ` (AADSTS${refusal.aadsts})`;
  return new PlatenError(code, `Microsoft refused: ${refusal.error}${number}`, {
    remote: refusal.description === '' ? refusal.error : refusal.description,
    facts: factsOf(refusal),
    values: explainNumber(refusal.aadsts),
  });
}

/** Names the texts that explain a number; those of `other` point to Microsoft's own words. */
export function explainNumber(aadsts: number | undefined): {
  readonly reasonText: string;
  readonly actionText: string;
} {
  const name = aadsts !== undefined && hasText('en', `aadsts.${aadsts}.meaning`) ? String(aadsts) : 'other';
  return { reasonText: `aadsts.${name}.meaning`, actionText: `aadsts.${name}.action` };
}

export function unreachableError(outcome: Transient): PlatenError {
  return new PlatenError('identity-unreachable', `Microsoft could not be asked: ${outcome.words}`, {
    remote: outcome.words,
    ...(outcome.refusal === undefined ? {} : { facts: factsOf(outcome.refusal) }),
    ...(outcome.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: outcome.retryAfterSeconds }),
  });
}

/** What Microsoft granted cannot be used; nothing of it is kept. */
export function unusableError(outcome: Unusable): PlatenError {
  const skew = outcome.clockSkewSeconds;
  if (outcome.flaw === 'refresh-token-missing') {
    const said = outcome.words === undefined ? {} : { remote: outcome.words };
    return new PlatenError('no-renewal', 'Microsoft granted nothing to renew', said);
  }
  return new PlatenError('login-unusable', `what Microsoft granted cannot be used: ${outcome.flaw}`, {
    facts: { flaw: outcome.flaw, ...(skew === undefined ? {} : { clockSkewSeconds: skew }) },
    values: { reasonText: `connections.flaws.${outcome.flaw}`, clockSkewSeconds: skew ?? 0 },
  });
}
