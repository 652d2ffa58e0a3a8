/**
 * One login, by device code (RFC 8628) or by link (link/link-login.ts), as a row that survives a restart.
 *
 *   pending → granted         confirmed by the right account; the tokens are in `connection_tokens`
 *   pending → declined        the person refused
 *   pending → expired         nobody confirmed in time
 *   pending → wrong-account   confirmed, but by another account; nothing of it is kept
 *   pending → refused         confirmed, but Microsoft or the answer does not permit the use
 *   pending → canceled        by an administrator, or by a newer code
 *
 * Only a pending row holds secrets: the device code or the link's verifier and, for the moment of the decision, what was granted.
 */
import { SECOND_MS } from '../base/clock.ts';
import { PlatenError } from '../base/errors.ts';
import { newId } from '../base/secrets.ts';
import { record } from '../journal/journal.ts';
import { type DeviceCode, requestDeviceCode } from '../protocols/oauth/device-code.ts';
import { type Discovery, discoverTenant, isSharedTenant } from '../protocols/oauth/discovery.ts';
import type { Context } from '../store/database.ts';
import type { Language, LoginState, Problem } from '../store/schema.ts';
import { transaction } from '../store/transaction.ts';
import { findPin } from './account-pin.ts';
import { type ConnectionRow, getRow, type LoginRow, lockRow, refusalError, unreachableError } from './connection.ts';
import { getCloud, identityCall, scopesFor } from './exchange-online.ts';

export type DeviceLogin = {
  readonly userCode: string;
  readonly verificationUri: string;
  readonly expiresAt: Date;
  readonly intervalSeconds: number;
};

export type Begin = { readonly actor: string; readonly language: Language };

export const CULTURES: Readonly<Record<Language, string>> = { en: 'en-US', it: 'it-IT' };

/** What every sign-in needs, by code or by link: the connection, who is expected, the tenant's endpoints, the scopes. */
export async function prepareLogin(context: Context, connectionId: string) {
  const row = await getRow(context, connectionId);
  const pin = await findPin(context, row);
  if (isSharedTenant(row.tenant_id) && pin === undefined) {
    throw new PlatenError('expected-account-missing', 'with a shared tenant name anybody could confirm this login');
  }
  const cloud = getCloud(context.settings, row.cloud);
  const call = identityCall(context);
  const tenant = await discoverTenant({ authority: cloud.authority, tenant: row.tenant_id }, call);
  if (tenant.kind === 'refused') throw refusalError('device-code-refused', tenant.refusal);
  if (tenant.kind === 'transient') throw unreachableError(tenant);
  return { row, pin, cloud, call, tenant, scopes: scopesFor(cloud, row.uses) };
}

/** Asks Microsoft for a code and keeps the flow as a row; an older open login of the connection is canceled. */
export async function beginLogin(context: Context, connectionId: string, begin: Begin): Promise<DeviceLogin> {
  const { row, call, tenant, scopes } = await prepareLogin(context, connectionId);
  const language = CULTURES[begin.language];
  const outcome = await requestDeviceCode(
    { endpoints: tenant.endpoints, clientId: row.client_id, scopes, language },
    call,
  );
  if (outcome.kind === 'refused') throw refusalError('device-code-refused', outcome.refusal);
  if (outcome.kind === 'transient') throw unreachableError(outcome);
  return await keepLogin(context, { row, tenant, scopes, code: outcome.code, since: call.now, actor: begin.actor });
}

type NewLogin = {
  readonly row: ConnectionRow;
  readonly tenant: Extract<Discovery, { kind: 'found' }>;
  readonly scopes: readonly string[];
  readonly code: DeviceCode;
  /** Before the request was sent: from then on the code grows older. */
  readonly since: Date;
  readonly actor: string;
};

async function keepLogin(context: Context, made: NewLogin): Promise<DeviceLogin> {
  const { code, since, row } = made;
  const id = newId();
  const expiresAt = new Date(since.getTime() + code.expiresInSeconds * SECOND_MS);
  await transaction(context, async (context) => {
    await openLogin(context, made);
    await context.db
      .updateTable('connections')
      .set({ clock_skew_seconds: code.clockSkewSeconds ?? null })
      .where('id', '=', row.id)
      .execute();
    await context.db
      .insertInto('connection_logins')
      .values({
        id,
        connection_id: row.id,
        kind: 'device-code',
        state: 'pending',
        user_code: code.userCode,
        verification_uri: code.verificationUri,
        sealed_device_code: context.secrets.seal(code.deviceCode, deviceCodeBinding(id)),
        scopes: [...made.scopes],
        interval_seconds: code.intervalSeconds,
        next_poll_at: new Date(since.getTime() + code.intervalSeconds * SECOND_MS),
        expires_at: expiresAt,
        created_at: since,
      })
      .execute();
    const data = { kind: 'device-code', expiresAt: expiresAt.toISOString() };
    await record(context, 'login-started', { subjectId: row.id, actor: made.actor, data });
  });
  const { userCode, verificationUri, intervalSeconds } = code;
  return { userCode, verificationUri, expiresAt, intervalSeconds };
}

/** Makes room for a new login in the caller's transaction: the old one ends, and the tenant's endpoints are kept. */
export async function openLogin(context: Context, made: Pick<NewLogin, 'row' | 'tenant' | 'actor'>): Promise<void> {
  const { row, tenant } = made;
  const current = await lockRow(context, row.id);
  if (!isSameApplication(current, row)) {
    throw new PlatenError('conflict', 'the connection was changed while the login was being prepared');
  }
  await cancelPending(context, row.id, made.actor);
  await context.db
    .updateTable('connections')
    .set({ endpoints: JSON.stringify(tenant.endpoints), tenant_guid: tenant.tenantId ?? null })
    .where('id', '=', row.id)
    .execute();
}

/** The code that is open now, so that a page that is loaded again shows the same one; undefined when there is none. */
export async function findOpenCode(context: Context, connectionId: string): Promise<DeviceLogin | undefined> {
  const row = await context.db
    .selectFrom('connection_logins')
    .selectAll()
    .where('connection_id', '=', connectionId)
    .where('state', '=', 'pending')
    .where('kind', '=', 'device-code')
    .executeTakeFirst();
  if (row?.user_code == null || row.verification_uri === null) return undefined;
  return {
    userCode: row.user_code,
    verificationUri: row.verification_uri,
    expiresAt: row.expires_at,
    intervalSeconds: row.interval_seconds,
  };
}

/** What the sealed device code is bound to. */
export function deviceCodeBinding(loginId: string): string {
  return `connection_logins/${loginId}/device_code`;
}

function isSameApplication(left: ConnectionRow, right: ConnectionRow): boolean {
  return left.client_id === right.client_id && left.tenant_id === right.tenant_id && left.cloud === right.cloud;
}

/** Ends the open login of a connection whose row is locked; does nothing when there is none. */
export async function cancelPending(context: Context, connectionId: string, actor: string): Promise<void> {
  const pending = await context.db
    .selectFrom('connection_logins')
    .selectAll()
    .where('connection_id', '=', connectionId)
    .where('state', '=', 'pending')
    .forUpdate()
    .executeTakeFirst();
  if (pending !== undefined) await settleLogin(context, pending, { state: 'canceled', actor });
}

/** Ends a locked, pending login and takes its secrets away. */
export async function settleLogin(
  context: Context,
  login: LoginRow,
  end: {
    readonly state: Exclude<LoginState, 'pending'>;
    readonly problem?: Problem;
    readonly actor?: string;
    /** The user name that was accepted. */
    readonly account?: string;
  },
): Promise<void> {
  await context.db
    .updateTable('connection_logins')
    .set({
      state: end.state,
      sealed_device_code: null,
      sealed_link: null,
      sealed_grant: null,
      ended_at: context.clock.now(),
      ended_by: end.actor ?? null,
      problem: end.problem === undefined ? null : JSON.stringify(end.problem),
    })
    .where('id', '=', login.id)
    .where('state', '=', 'pending')
    .execute();
  // the name of a wrong account stands in the explanation of this login, which the next one replaces, and not here
  const facts = end.problem === undefined ? {} : { problem: end.problem.code, ...end.problem.facts };
  await record(context, 'login-ended', {
    subjectId: login.connection_id,
    ...(end.actor === undefined ? {} : { actor: end.actor }),
    data: {
      kind: login.kind,
      state: end.state,
      ...(end.account === undefined ? {} : { account: end.account }),
      ...facts,
    },
  });
}
