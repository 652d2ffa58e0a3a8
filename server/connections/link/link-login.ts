/**
 * One login by link (authorization code with PKCE, RFC 7636): for tenants that refuse device codes.
 *
 * The person signs in at Microsoft, ends on an empty page, and brings its address back; or, when the browser runs on
 * the server itself, the page is ours (loopback.ts). The row and its states are those of device-login.ts, and so are
 * the pin, the tokens and the ends. A text that is not the right address ends nothing: the person may paste again.
 */
import { MINUTE_MS } from '../../base/clock.ts';
import { PlatenError } from '../../base/errors.ts';
import { newId } from '../../base/secrets.ts';
import { record } from '../../journal/journal.ts';
import {
  authorizationUrl,
  type CodeOutcome,
  type LinkSecrets,
  makeLinkSecrets,
  type ReturnedAddress,
  readReturnedAddress,
  redeemAuthorizationCode,
} from '../../protocols/oauth/authorization-code.ts';
import type { Context } from '../../store/database.ts';
import { withLease } from '../../store/leases.ts';
import { transaction } from '../../store/transaction.ts';
import {
  explainNumber,
  factsOf,
  getRow,
  type LoginRow,
  refusalError,
  unreachableError,
  unusableError,
} from '../connection.ts';
import { type Begin, CULTURES, openLogin, prepareLogin } from '../device-login.ts';
import { getCloud, identityCall } from '../exchange-online.ts';
import { acceptTokens, endLogin, findPending, type LoginStep } from '../poll-login.ts';

export type LinkLogin = { readonly loginId: string; readonly url: string; readonly expiresAt: Date };

/** Microsoft's code lives for ten minutes; an address that comes later is of no use. */
const LIFETIME_MS = 10 * MINUTE_MS;

type Kept = LinkSecrets & { readonly redirectUri: string };

/** The redirect that the reference registration has: an empty page of Microsoft whose address holds the code. */
export function pasteRedirect(authority: string): string {
  return `${authority.replace(/\/+$/, '')}/common/oauth2/nativeclient`;
}

/**
 * Makes the link and keeps the login as a row; an older open login of the connection is canceled. `redirectUri` is
 * ours for a browser on the server. Throws `device-code-refused` when Microsoft does not know the tenant,
 * `identity-unreachable`, `expected-account-missing` or `not-found`.
 */
export async function beginLink(
  context: Context,
  connectionId: string,
  begin: Begin & { readonly redirectUri?: string },
): Promise<LinkLogin> {
  const { row, pin, tenant, scopes, call } = await prepareLogin(context, connectionId);
  const { authority } = getCloud(context.settings, row.cloud);
  const secrets = makeLinkSecrets();
  const redirectUri = begin.redirectUri ?? pasteRedirect(authority);
  const id = newId();
  const expiresAt = new Date(call.now.getTime() + LIFETIME_MS);
  await transaction(context, async (context) => {
    await openLogin(context, { row, tenant, actor: begin.actor });
    const kept: Kept = { ...secrets, redirectUri };
    await context.db
      .insertInto('connection_logins')
      .values({
        id,
        connection_id: row.id,
        kind: 'link',
        state: 'pending',
        sealed_link: context.secrets.seal(JSON.stringify(kept), linkBinding(id)),
        scopes: [...scopes],
        // how soon the account is looked up again when Graph did not answer
        interval_seconds: 5,
        // nothing is polled: the worker only ends it
        next_poll_at: expiresAt,
        expires_at: expiresAt,
        created_at: call.now,
      })
      .execute();
    const data = { kind: 'link', expiresAt: expiresAt.toISOString() };
    await record(context, 'login-started', { subjectId: row.id, actor: begin.actor, data });
  });
  const url = authorizationUrl({
    authorizationEndpoint: tenant.authorizationEndpoint,
    clientId: row.client_id,
    redirectUri,
    scopes,
    secrets,
    language: CULTURES[begin.language],
    ...(pin === undefined ? {} : { loginHint: pin }),
  });
  return { loginId: id, url, expiresAt };
}

function linkBinding(loginId: string): string {
  return `connection_logins/${loginId}/link`;
}

/**
 * Takes the address that a person has brought back. What came of it is durable when this returns: the login is granted,
 * or ended with its reason, or still pending while Graph is asked again. Throws, and leaves the login open, when the
 * text is not the right one: `pasted-text-unusable`, `pasted-address-without-code`, `pasted-address-of-other-attempt`,
 * `pasted-code-used`; also `pasted-code-expired`, `link-login-missing`, `identity-unreachable`, `lease-lost`.
 */
export async function finishLink(context: Context, connectionId: string, address: string): Promise<void> {
  const loginId = await findOpenLink(context, connectionId);
  const signal = new AbortController().signal;
  const ran = await withLease(context, `login:${loginId}`, { signal }, async (lease) => {
    const login = await findPending(context, loginId);
    if (login === undefined || login.sealed_link === null) throw noOpenLink();
    await takeAddress({ context, lease, login }, { address, sealed: login.sealed_link });
    return true;
  });
  if (ran !== true) throw new PlatenError('lease-lost', 'this address is just being redeemed');
}

async function findOpenLink(context: Context, connectionId: string): Promise<string> {
  await getRow(context, connectionId);
  const login = await context.db
    .selectFrom('connection_logins')
    .selectAll()
    .where('connection_id', '=', connectionId)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (login?.kind !== 'link') throw noOpenLink();
  const isOver = login.state === 'expired' || (login.state === 'pending' && login.expires_at <= context.clock.now());
  if (isOver) throw new PlatenError('pasted-code-expired', 'the link is older than ten minutes');
  // a second paste of the same address, or one after the other window was quicker
  if (login.state === 'granted') throw new PlatenError('pasted-code-used', 'this login was confirmed already');
  if (login.state !== 'pending') throw noOpenLink();
  return login.id;
}

function noOpenLink(): PlatenError {
  return new PlatenError('link-login-missing', 'there is no open login by link for this connection');
}

type Given = { readonly address: string; readonly sealed: Buffer };

async function takeAddress(step: LoginStep, given: Given): Promise<void> {
  const { context, lease, login } = step;
  const kept = JSON.parse(context.secrets.open(given.sealed, linkBinding(login.id))) as Kept;
  const returned = readReturnedAddress(given.address, kept);
  if (returned.kind === 'refused') return await endRefused(step, returned);
  if (returned.kind !== 'code') throw unusablePaste(returned.kind, kept);
  const row = await getRow(context, login.connection_id);
  if (row.endpoints === null) throw noOpenLink();
  const askedAt = context.clock.now();
  lease.assertFresh();
  const { redirectUri, codeVerifier } = kept;
  const { endpoints, client_id: clientId } = row;
  const outcome = await redeemAuthorizationCode(
    { endpoints, clientId, redirectUri, code: returned.code, codeVerifier, scopes: login.scopes },
    identityCall(context, lease.signal),
  );
  await apply(step, outcome, askedAt);
}

async function apply(step: LoginStep, outcome: CodeOutcome, askedAt: Date): Promise<void> {
  switch (outcome.kind) {
    case 'granted':
      return await acceptTokens(step, outcome.tokens, askedAt);
    case 'used':
      throw pastedCode('pasted-code-used', outcome.refusal);
    case 'expired':
      throw pastedCode('pasted-code-expired', outcome.refusal);
    case 'transient':
      throw unreachableError(outcome);
    case 'refused':
      return await endLogin(step, 'refused', refusalError('link-login-refused', outcome.refusal));
    case 'unusable': {
      const state = outcome.flaw === 'id-token-refused' ? 'wrong-account' : 'refused';
      return await endLogin(step, state, unusableError(outcome));
    }
  }
}

async function endRefused(step: LoginStep, { refusal }: Extract<ReturnedAddress, { kind: 'refused' }>): Promise<void> {
  const isDeclined = refusal.error === 'access_denied' && (refusal.aadsts === undefined || refusal.aadsts === DECLINED);
  if (isDeclined) return await endLogin(step, 'declined', refusalError('login-declined', refusal));
  await endLogin(step, 'refused', refusalError('link-login-refused', refusal));
}

/** AADSTS65004: the person pressed Cancel. */
const DECLINED = 65004;

const PASTE_ERRORS = {
  'not-an-address': ['pasted-text-unusable', 'the pasted text is not an address'],
  'without-code': ['pasted-address-without-code', 'the pasted address holds no code'],
  'other-attempt': ['pasted-address-of-other-attempt', 'the pasted address belongs to another attempt'],
} as const;

function unusablePaste(kind: keyof typeof PASTE_ERRORS, { redirectUri }: Kept): PlatenError {
  const [code, message] = PASTE_ERRORS[kind];
  return new PlatenError(code, message, { values: { beginning: `${redirectUri}?code=` } });
}

function pastedCode(
  code: 'pasted-code-used' | 'pasted-code-expired',
  refusal: Parameters<typeof factsOf>[0],
): PlatenError {
  return new PlatenError(code, `Microsoft does not take the code of the pasted address: ${refusal.error}`, {
    remote: refusal.description,
    facts: factsOf(refusal),
    values: explainNumber(refusal.aadsts),
  });
}

/** The login that a loopback page belongs to: open still, or how it ended. */
export async function readLinkLogin(context: Context, loginId: string): Promise<LoginRow | undefined> {
  return await context.db.selectFrom('connection_logins').selectAll().where('id', '=', loginId).executeTakeFirst();
}
