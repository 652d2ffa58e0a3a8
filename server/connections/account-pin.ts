/**
 * Whose confirmation counts. The pin is the expected account where one is set, else the sender e-mail; it is compared
 * with the user name in the id_token and, when that differs, with the addresses that Graph knows of the account.
 */
import type { Transient } from '../protocols/oauth/answer.ts';
import { readGraphProfile } from '../protocols/oauth/graph.ts';
import type { Identity } from '../protocols/oauth/id-token.ts';
import { redeemRefreshToken } from '../protocols/oauth/token.ts';
import type { Context } from '../store/database.ts';
import type { ConnectionRow } from './connection.ts';
import { getCloud, identityCall, profileScopes } from './exchange-online.ts';

export type Grant = {
  readonly identity: Identity;
  readonly accessToken: string;
  readonly accessExpiresAt: string;
  readonly refreshToken: string;
  readonly scopes: readonly string[];
  readonly clockSkewSeconds?: number;
};

export type PinVerdict =
  | { readonly kind: 'right'; readonly addresses: readonly string[] }
  | {
      readonly kind: 'wrong';
      readonly expected: string;
      /** False when Graph would not show the aliases: the account may be right, but that cannot be proved. */
      readonly addressesWereRead: boolean;
    }
  | { readonly kind: 'undecided'; readonly outcome: Transient };

/** The address that must confirm; undefined when neither an expected account nor a sender e-mail is set. */
export async function findPin(context: Context, row: ConnectionRow): Promise<string | undefined> {
  if (row.expected_account !== null) return row.expected_account;
  const settings = await context.db
    .selectFrom('network_settings')
    .select('sender_email')
    .where('id', '=', 1)
    .executeTakeFirst();
  return settings?.sender_email ?? undefined;
}

/** Decides whether the account of a grant may confirm this connection. */
export async function judgeAccount(
  context: Context,
  asked: { readonly row: ConnectionRow; readonly grant: Grant; readonly signal: AbortSignal },
): Promise<PinVerdict> {
  const { row, grant } = asked;
  const username = grant.identity.username.toLowerCase();
  if (row.tenant_guid !== null && grant.identity.tenantId !== row.tenant_guid) {
    return { kind: 'wrong', expected: row.tenant_id, addressesWereRead: true };
  }
  const pin = await findPin(context, row);
  if (pin === undefined) return judgeWithoutPin(row, grant);
  if (pin === username) return { kind: 'right', addresses: [username] };
  const reading = await readAddresses(context, asked);
  if (reading.kind === 'transient') return { kind: 'undecided', outcome: reading };
  const addresses = [username, ...reading.addresses].filter((one, index, all) => all.indexOf(one) === index);
  if (addresses.includes(pin)) return { kind: 'right', addresses };
  return { kind: 'wrong', expected: pin, addressesWereRead: reading.kind === 'read' };
}

/** Without a pin the first account of the tenant counts, and from then on only that one. */
function judgeWithoutPin(row: ConnectionRow, grant: Grant): PinVerdict {
  const isKnown = row.account_oid === grant.identity.objectId && row.account_tid === grant.identity.tenantId;
  if (row.account_oid !== null && !isKnown) {
    return { kind: 'wrong', expected: row.account_username ?? row.account_oid, addressesWereRead: true };
  }
  return { kind: 'right', addresses: [grant.identity.username.toLowerCase()] };
}

type Addresses = { readonly kind: 'read' | 'forbidden'; readonly addresses: readonly string[] } | Transient;

async function readAddresses(
  context: Context,
  asked: { readonly row: ConnectionRow; readonly grant: Grant; readonly signal: AbortSignal },
): Promise<Addresses> {
  const { row, grant } = asked;
  const none = { kind: 'forbidden', addresses: [] } as const;
  if (row.endpoints === null) return none;
  const cloud = getCloud(context.settings, row.cloud);
  const outcome = await redeemRefreshToken(
    {
      endpoints: row.endpoints,
      clientId: row.client_id,
      refreshToken: grant.refreshToken,
      scopes: profileScopes(cloud),
    },
    identityCall(context, asked.signal),
  );
  // most often AADSTS65001: User.Read was not consented, and then only the user name can be compared
  if (outcome.kind === 'refused' || outcome.kind === 'unusable') return none;
  if (outcome.kind === 'transient') return outcome;
  const { accessToken, identity } = outcome.tokens;
  if (identity !== undefined && identity.objectId !== grant.identity.objectId) return none;
  const reading = await readGraphProfile({ graph: cloud.graph, accessToken }, identityCall(context, asked.signal));
  if (reading.kind === 'transient') return reading;
  if (reading.kind === 'forbidden') return none;
  const { userPrincipalName, mail, proxyAddresses } = reading.profile;
  const addresses = [userPrincipalName, mail, ...proxyAddresses].filter((one) => one !== undefined);
  return { kind: 'read', addresses: addresses.map((one) => one.toLowerCase()) };
}
