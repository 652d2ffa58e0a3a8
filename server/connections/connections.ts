/**
 * Connections: authorised links to Microsoft 365, and the network settings that name the sender.
 *
 * A connection is confirmed once by code; from then on this room keeps its tokens fresh and hands out access tokens.
 * It promises that a token belongs to the account that was expected, that a renewal happens once over all nodes, and
 * that no token ever stands in an answer, a log line or the journal. It never sends or reads mail.
 */
import { MINUTE_MS, SECOND_MS } from '../base/clock.ts';
import { isSystemError, PlatenError } from '../base/errors.ts';
import { newId } from '../base/secrets.ts';
import type { CloudEndpoint } from '../base/settings.ts';
import { record } from '../journal/journal.ts';
import type { Context } from '../store/database.ts';
import type { Problem, Use } from '../store/schema.ts';
import { readTogether, transaction } from '../store/transaction.ts';
import { readMailDomain } from '../users/users.ts';
import {
  type Connection,
  type ConnectionRow,
  describeConnection,
  getRow,
  lockRow,
  moveTo,
  toProblem,
} from './connection.ts';
import { type Begin, beginLogin, cancelPending, type DeviceLogin, findOpenCode } from './device-login.ts';
import { readReport } from './doctor/report.ts';
import { getCloud } from './exchange-online.ts';
import { endPermission, forecastFor } from './expiry/permissions.ts';
import { endHandOver, findUnexpected, type Unexpected } from './hand-over/hand-over.ts';
import {
  findForeignSender,
  type NetworkSettings,
  type NewNetworkSettings,
  type OutgoingServer,
  readClassicPassword,
  readNetworkSettings,
  writeNetworkSettings,
} from './network.ts';
import { findTokens, openAccessToken, renewTokens } from './tokens.ts';
import { degraded, notConfirmed, requireConfirmed } from './usable.ts';
import { forgetUses, listLastUses } from './uses/uses.ts';

export { type AboutConnection, aboutConnections, aboutOutgoing, answerKept, problemAnswer } from './explain/kept.ts';
export { noteUse } from './uses/uses.ts';
export type { Connection, DeviceLogin, NetworkSettings, OutgoingServer };

export type NewConnection = {
  readonly title: string;
  readonly clientId: string;
  readonly tenantId: string;
  readonly cloud: string;
  readonly expectedAccount?: string;
  readonly uses: readonly Use[];
};

/** Adds a connection that awaits its confirmation. Throws `unknown-cloud`. */
export async function createConnection(context: Context, asked: NewConnection, actor: string): Promise<Connection> {
  getCloud(context.settings, asked.cloud);
  const id = newId();
  await transaction(context, async (context) => {
    const now = context.clock.now();
    await context.db
      .insertInto('connections')
      .values({
        id,
        kind: 'exchange-online',
        title: asked.title,
        cloud: asked.cloud,
        client_id: asked.clientId.toLowerCase(),
        tenant_id: asked.tenantId.toLowerCase(),
        expected_account: asked.expectedAccount?.toLowerCase() ?? null,
        uses: [...asked.uses],
        state: 'awaiting-confirmation',
        state_since: now,
        created_at: now,
      })
      .execute();
    await record(context, 'connection-added', { subjectId: id, actor, data: { title: asked.title } });
  });
  return await getConnection(context, id);
}

/** Reads one connection with its last login; throws `not-found`. */
export async function getConnection(context: Context, connectionId: string): Promise<Connection> {
  return await readTogether(context, async (context) => describe(context, await getRow(context, connectionId)));
}

/** Reads all connections, oldest first. There are as many as mailboxes owners, which is few. */
export async function listConnections(context: Context): Promise<Connection[]> {
  return await readTogether(context, async (context) => {
    const rows = await context.db.selectFrom('connections').selectAll().orderBy('created_at').orderBy('id').execute();
    const connections: Connection[] = [];
    for (const row of rows) connections.push(await describe(context, row));
    return connections;
  });
}

async function describe(context: Context, row: ConnectionRow): Promise<Connection> {
  const login = await context.db
    .selectFrom('connection_logins')
    .selectAll()
    .where('connection_id', '=', row.id)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  const times = await findTokens(context, row.id);
  const forecast = await forecastFor(context, row, times?.renewed_at);
  const described = describeConnection(row, { login, times, forecast });
  const lastUses = await listLastUses(context, row.id);
  return { ...described, lastUses, checks: readReport(context, row.checks) };
}

export type ConnectionChange = {
  readonly title?: string;
  readonly clientId?: string;
  readonly tenantId?: string;
  readonly cloud?: string;
  /** `null` takes the expected account away. */
  readonly expectedAccount?: string | null;
  readonly uses?: readonly Use[];
};

/**
 * Changes a connection. Another application, tenant or cloud takes its tokens and its account away; an expected
 * account that is not the one that confirmed asks for a new confirmation. Durable when it returns.
 */
export async function updateConnection(
  context: Context,
  connectionId: string,
  asked: { readonly change: ConnectionChange; readonly actor: string },
): Promise<Connection> {
  const { change, actor } = asked;
  if (change.cloud !== undefined) getCloud(context.settings, change.cloud);
  await transaction(context, async (context) => {
    const row = await lockRow(context, connectionId);
    const next = {
      title: change.title ?? row.title,
      client_id: change.clientId?.toLowerCase() ?? row.client_id,
      tenant_id: change.tenantId?.toLowerCase() ?? row.tenant_id,
      cloud: change.cloud ?? row.cloud,
      expected_account:
        change.expectedAccount === undefined ? row.expected_account : (change.expectedAccount?.toLowerCase() ?? null),
      uses: [...(change.uses ?? row.uses)],
    };
    await context.db.updateTable('connections').set(next).where('id', '=', connectionId).execute();
    await record(context, 'connection-changed', {
      subjectId: connectionId,
      actor,
      data: { fields: Object.keys(change) },
    });
    const isOtherApplication =
      next.client_id !== row.client_id || next.tenant_id !== row.tenant_id || next.cloud !== row.cloud;
    const isOtherOwner = next.expected_account !== row.expected_account;
    if (isOtherOwner) await endHandOver(context, connectionId, { as: 'withdrawn', actor });
    if (isOtherApplication) return await forgetAccount(context, row, actor);
    await checkExpectedAccount(context, row, { expected: next.expected_account, actor });
  });
  return await getConnection(context, connectionId);
}

async function forgetAccount(context: Context, row: ConnectionRow, actor: string): Promise<void> {
  await cancelPending(context, row.id, actor);
  await endHandOver(context, row.id, { as: 'withdrawn', actor });
  await endPermission(context, row.id);
  await forgetUses(context, row.id);
  await context.db.deleteFrom('connection_tokens').where('connection_id', '=', row.id).execute();
  await context.db
    .updateTable('connections')
    .set({
      tenant_guid: null,
      endpoints: null,
      scopes: [],
      account_oid: null,
      account_tid: null,
      account_username: null,
      account_name: null,
      account_addresses: [],
      confirmed_at: null,
      clock_skew_seconds: null,
      checks: null,
    })
    .where('id', '=', row.id)
    .execute();
  await moveTo(context, row, { state: 'awaiting-confirmation', problem: undefined, actor });
}

async function checkExpectedAccount(
  context: Context,
  row: ConnectionRow,
  asked: { readonly expected: string | null; readonly actor: string },
): Promise<void> {
  const { expected, actor } = asked;
  if (expected === null || expected === row.expected_account || row.account_oid === null) return;
  if (row.account_addresses.includes(expected)) return;
  await context.db.deleteFrom('connection_tokens').where('connection_id', '=', row.id).execute();
  const account = row.account_username ?? '';
  const message = `the connection was confirmed by ${account}, and ${expected} is expected now`;
  const error = new PlatenError('wrong-account', message, { values: { account, expected } });
  await moveTo(context, row, { state: 'needs-confirmation', problem: toProblem(context, error), actor });
}

/** Removes a connection with its tokens. Throws `not-found`, and `connection-in-use` while something is sent or read with it. */
export async function removeConnection(context: Context, connectionId: string, actor: string): Promise<void> {
  try {
    await transaction(context, async (context) => {
      const row = await lockRow(context, connectionId);
      await context.db.deleteFrom('connections').where('id', '=', connectionId).execute();
      await record(context, 'connection-removed', { subjectId: connectionId, actor, data: { title: row.title } });
    });
  } catch (cause) {
    if (!isSystemError(cause) || cause.code !== FOREIGN_KEY_VIOLATION) throw cause;
    throw new PlatenError('connection-in-use', `connection ${connectionId} is still in use`, { cause });
  }
}

const FOREIGN_KEY_VIOLATION = '23503';

/**
 * Asks Microsoft for a code and keeps the login as a row, which the worker polls from then on, also after a restart.
 * Throws `device-code-refused`, `identity-unreachable`, `expected-account-missing` or `not-found`.
 */
export async function beginDeviceLogin(context: Context, connectionId: string, begin: Begin): Promise<DeviceLogin> {
  return await beginLogin(context, connectionId, begin);
}

/** Reads the code that is open now; throws `not-found` when there is none. */
export async function getOpenCode(context: Context, connectionId: string): Promise<DeviceLogin> {
  const open = await findOpenCode(context, connectionId);
  if (open === undefined) throw new PlatenError('not-found', 'no code is open for this connection');
  return open;
}

/** Ends the open login of a connection; does nothing when there is none. Throws `not-found`. */
export async function cancelDeviceLogin(context: Context, connectionId: string, actor: string): Promise<void> {
  await transaction(context, async (context) => {
    await lockRow(context, connectionId);
    await cancelPending(context, connectionId, actor);
  });
}

export type AccessToken = { readonly accessToken: string; readonly expiresAt: Date; readonly username: string };

export type TokenWish = {
  /** For a server that says the token is bad: a token that was obtained before this is not good enough. */
  readonly notOlderThan?: Date;
  readonly signal?: AbortSignal;
};

/** A token that ends sooner than this would die in the middle of signing in. */
const USABLE_MS = MINUTE_MS;
/** Entra answers repeated redemptions with AADSTS50196; a token this young is not asked for again. */
const RENEWAL_SPACING_MS = 30 * SECOND_MS;
const WAIT_FOR_OTHER_NODE_MS = 25 * SECOND_MS;

/**
 * Gives an access token for a use, renewed first when it has less than a minute left.
 * Throws `connection-not-confirmed`, `connection-needs-confirmation`, `use-not-granted`, `connection-degraded` (waiting
 * helps) or `not-found`; each carries what to do.
 */
export async function accessTokenFor(
  context: Context,
  connectionId: string,
  use: Use,
  wish: TokenWish = {},
): Promise<AccessToken> {
  const signal = wish.signal ?? new AbortController().signal;
  const startedAtMs = context.clock.monotonicMs();
  for (;;) {
    signal.throwIfAborted();
    const row = await getRow(context, connectionId);
    requireConfirmed(row, use);
    const tokens = await findTokens(context, connectionId);
    if (tokens === undefined) throw notConfirmed(row);
    const now = context.clock.now().getTime();
    const isAlive = tokens.access_expires_at.getTime() - now > USABLE_MS;
    const isYoung = now - tokens.renewed_at.getTime() < RENEWAL_SPACING_MS;
    const isRecent = wish.notOlderThan === undefined || tokens.renewed_at >= wish.notOlderThan || isYoung;
    if (isAlive && isRecent) {
      const accessToken = openAccessToken(context, row, tokens);
      return { accessToken, expiresAt: tokens.access_expires_at, username: row.account_username ?? '' };
    }
    const waitMs = tokens.renew_at.getTime() - now;
    if (tokens.failed_renewals > 0 && waitMs > 0) throw degraded(row, Math.ceil(waitMs / SECOND_MS));
    const ran = await renewTokens(context, connectionId, { since: tokens.renewed_at, signal });
    if (ran) continue;
    if (context.clock.monotonicMs() - startedAtMs > WAIT_FOR_OTHER_NODE_MS) throw degraded(row, 30);
    await context.clock.sleep(200, signal);
  }
}

/** Host, port and security of a use in the connection's cloud; throws `not-found` or `unknown-cloud`. */
export async function endpointFor(context: Context, connectionId: string, use: Use): Promise<CloudEndpoint> {
  const row = await getRow(context, connectionId);
  return getCloud(context.settings, row.cloud)[use];
}

/** The hand-overs that an owner did not expect and that no administrator has put away since. */
export async function listUnexpectedHandOvers(context: Context): Promise<readonly Unexpected[]> {
  return await findUnexpected(context);
}

/** Replaces the addresses that a mailbox is read under, in the caller's transaction; an empty list takes them away. */
export async function setReadAddresses(
  context: Context,
  mailboxId: string,
  addresses: readonly string[],
): Promise<void> {
  await context.db.deleteFrom('read_addresses').where('mailbox_id', '=', mailboxId).execute();
  const unique = [...new Set(addresses.map((one) => one.toLowerCase()))];
  if (unique.length === 0) return;
  await context.db
    .insertInto('read_addresses')
    .values(unique.map((address) => ({ mailbox_id: mailboxId, address })))
    .execute();
}

/** The mailbox that Platen reads under this address, so that nothing is sent back into its own intake. */
export async function findReadMailbox(context: Context, address: string): Promise<string | undefined> {
  const row = await context.db
    .selectFrom('read_addresses')
    .select('mailbox_id')
    .where('address', '=', address.toLowerCase())
    .limit(1)
    .executeTakeFirst();
  return row?.mailbox_id;
}

/**
 * The mail domains of the company as far as Platen knows them, in lower case: the one that it was told, those of the
 * mailboxes that it reads, and those of the accounts that confirmed its connections.
 */
export async function listCompanyDomains(context: Context): Promise<string[]> {
  const read = await context.db.selectFrom('read_addresses').select('address').distinct().execute();
  const confirmed = await context.db
    .selectFrom('connections')
    .select(['account_username', 'account_addresses'])
    .where('confirmed_at', 'is not', null)
    .execute();
  const addresses = [
    ...read.map(({ address }) => address),
    ...confirmed.flatMap((row) => [row.account_username ?? '', ...row.account_addresses]),
  ];
  const domains = addresses.map((address) => address.slice(address.lastIndexOf('@') + 1).toLowerCase());
  const told = await readMailDomain(context);
  return [...new Set([...(told === null ? [] : [told.toLowerCase()]), ...domains])].filter((domain) => domain !== '');
}

/** Reads who Platen writes as, and through which server. */
export async function getNetworkSettings(context: Context): Promise<NetworkSettings> {
  return await readNetworkSettings(context);
}

/** Replaces the network settings; throws `not-found` when the connection is not there. Durable when it returns. */
export async function setNetworkSettings(context: Context, next: NewNetworkSettings, actor: string): Promise<void> {
  await writeNetworkSettings(context, next, actor);
}

/** What stands in the way of sending with these settings; undefined when nothing does. */
export async function findNetworkProblem(context: Context, settings: NetworkSettings): Promise<Problem | undefined> {
  const { outgoing } = settings;
  if (outgoing?.kind !== 'connection') return undefined;
  return findSendingProblem(context, await getRow(context, outgoing.connectionId), settings);
}

/**
 * The server that mail leaves through, as it may be used now: the mailbox that signs in, or a classic server with its
 * password. Where it may not be used, the reason; `none` while nobody has chosen one.
 */
export async function getOutgoingServer(context: Context): Promise<OutgoingServer> {
  const settings = await readNetworkSettings(context);
  const { outgoing } = settings;
  if (outgoing === undefined) return { kind: 'none' };
  if (outgoing.kind === 'classic') {
    return { kind: 'classic', server: outgoing.server, password: await readClassicPassword(context) };
  }
  const row = await getRow(context, outgoing.connectionId);
  const problem = findSendingProblem(context, row, settings);
  if (problem !== undefined) return { kind: 'waiting', problem };
  return { kind: 'connection', connectionId: row.id, mailbox: (row.account_username ?? row.id).toLowerCase() };
}

function findSendingProblem(context: Context, row: ConnectionRow, settings: NetworkSettings): Problem | undefined {
  try {
    requireConfirmed(row, 'smtp');
  } catch (error) {
    if (error instanceof PlatenError) return toProblem(context, error);
    throw error;
  }
  return findForeignSender(context, row, settings.senderEmail);
}
