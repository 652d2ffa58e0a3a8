/** Makes what a granted request receives: access, refresh and id tokens, in the shapes of the platform. */
import { createHash, randomBytes, randomInt, randomUUID } from 'node:crypto';
import type { AccessToken, Account, PracticeTenant, RefreshToken, ScopeSet, SignIn } from '../tenant.ts';
import type { Identity } from './identity.ts';
import { resolveNames, scopeText } from './scopes.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** 90 days without use end a refresh token. */
export const REFRESH_IDLE_MS = 90 * DAY_MS;

export type Grant = {
  readonly clientId: string;
  readonly account: Account;
  readonly signIn: SignIn;
  readonly scopes: ScopeSet;
  readonly nonce?: string | undefined;
  readonly wantsClientInfo: boolean;
};

export type TokenAnswer = Record<string, unknown> & { access_token: string; expires_in: number };

/** Issues the tokens of a grant and remembers them in the tenant. */
export function issueTokens(identity: Identity, grant: Grant): TokenAnswer {
  const { tenant } = identity;
  const now = tenant.clock.now();
  forgetOldTokens(tenant, now);
  const consented = tenant.consentedNames(grant.clientId, grant.account);
  const names = resolveNames(grant.scopes, consented);
  const carried =
    tenant.settings.scopeAnswer === 'all-consented' && names.length > 0
      ? resolveNames({ ...grant.scopes, names: ['.default'] }, consented)
      : names;
  const seconds = tenant.settings.accessTokenSeconds ?? randomInt(3600, 5401);
  const access = makeAccessToken(identity, grant, { names: carried, now, seconds });
  const { oidc } = grant.scopes;
  return {
    token_type: 'Bearer',
    scope: scopeText(grant.scopes, carried),
    expires_in: seconds,
    ext_expires_in: seconds,
    access_token: access.token,
    ...(oidc.includes('offline_access') ? { refresh_token: makeRefreshToken(tenant, grant, now).token } : {}),
    ...(oidc.includes('openid') ? { id_token: makeIdToken(identity, grant, now) } : {}),
    ...(grant.wantsClientInfo ? { client_info: clientInfo(grant.account) } : {}),
  };
}

function makeAccessToken(
  identity: Identity,
  grant: Grant,
  more: { names: string[]; now: Date; seconds: number },
): AccessToken {
  const { account, scopes } = grant;
  const expiresAt = new Date(more.now.getTime() + more.seconds * 1000);
  const token = identity.key.sign({
    aud: scopes.audience,
    iss: `${identity.authority}/${grant.signIn.tid}/`,
    iat: seconds(more.now),
    nbf: seconds(more.now),
    exp: seconds(expiresAt),
    appid: grant.clientId,
    appidacr: '0',
    oid: account.oid,
    scp: more.names.join(' '),
    tid: grant.signIn.tid,
    upn: account.upn,
    uti: randomBytes(16).toString('base64url'),
    ver: '1.0',
    wids: [],
    aio: randomBytes(420).toString('base64url'), // real tokens are 1.5 to 3 kB, and the SASL line grows with them
  });
  const access = {
    token,
    username: account.upn,
    oid: account.oid,
    tid: grant.signIn.tid,
    audience: scopes.audience,
    scopes: more.names,
    clientId: grant.clientId,
    expiresAt,
  };
  identity.tenant.accessTokens.set(token, access);
  return access;
}

function makeRefreshToken(tenant: PracticeTenant, grant: Grant, now: Date): RefreshToken {
  const token = `1.AXkA${randomBytes(600).toString('base64url')}`;
  const refresh = {
    token,
    clientId: grant.clientId,
    scopes: grant.scopes,
    signIn: grant.signIn,
    issuedAt: now,
    uses: 0,
  };
  tenant.refreshTokens.set(token, refresh);
  return refresh;
}

/** The id token: `oid` and names need `profile`; `email` needs its scope, an address, and a member, not a guest. */
function makeIdToken(identity: Identity, grant: Grant, now: Date): string {
  const { account, clientId, scopes } = grant;
  const issuedAt = seconds(now) - 300; // the platform dates id tokens five minutes back
  const subject = createHash('sha256').update(`${clientId} ${account.oid}`).digest('base64url');
  return identity.key.sign({
    aud: clientId,
    iss: `${identity.authority}/${grant.signIn.tid}/v2.0`,
    iat: issuedAt,
    nbf: issuedAt,
    exp: seconds(now) + 3600,
    sub: subject,
    tid: grant.signIn.tid,
    ver: '2.0',
    uti: randomBytes(16).toString('base64url'),
    rh: `1.${randomBytes(30).toString('base64url')}.`,
    sid: randomUUID(),
    ...(scopes.oidc.includes('profile')
      ? { name: account.name, oid: account.oid, preferred_username: account.upn }
      : {}),
    ...(scopes.oidc.includes('email') && account.mail && !account.isGuest ? { email: account.mail } : {}),
    ...(grant.nonce ? { nonce: grant.nonce } : {}),
  });
}

/** The id token that another person's sign-in, or one of another tenant, would have brought. */
export function foreignIdToken(identity: Identity, idToken: string, whose: 'other-user' | 'other-tenant'): string {
  const claims = JSON.parse(Buffer.from(idToken.split('.')[1] ?? '', 'base64url').toString()) as Record<
    string,
    unknown
  >;
  const tid = whose === 'other-tenant' ? randomUUID() : claims.tid;
  return identity.key.sign({
    ...claims,
    tid,
    iss: `${identity.authority}/${tid}/v2.0`,
    oid: randomUUID(),
    sub: randomBytes(32).toString('base64url'),
    name: 'Somebody Else',
    preferred_username: whose === 'other-tenant' ? 'somebody@elsewhere.example' : 'somebody.else@practice.example',
  });
}

function clientInfo(account: Account): string {
  return Buffer.from(JSON.stringify({ uid: account.oid, utid: account.tid })).toString('base64url');
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

/** Tokens that ended more than a day ago are dropped, so that a practice tenant can run for weeks. */
function forgetOldTokens(tenant: PracticeTenant, now: Date): void {
  for (const [token, access] of tenant.accessTokens) {
    // A Map keeps the order of insertion, so the first young token ends the search.
    if (now.getTime() - access.expiresAt.getTime() < DAY_MS) break;
    tenant.accessTokens.delete(token);
  }
  for (const [token, refresh] of tenant.refreshTokens) {
    if (now.getTime() - refresh.issuedAt.getTime() < REFRESH_IDLE_MS + 30 * DAY_MS) break;
    tenant.refreshTokens.delete(token);
  }
}
