/** The token endpoint: which registration may ask, and the three grants. */
import { createHash } from 'node:crypto';
import type { Account, AppRegistration, RefreshToken, ScopeSet, SignIn } from '../tenant.ts';
import { type Answer, jsonAnswer, Refusal } from './answers.ts';
import { missing, redeemDeviceCode, startDeviceCode } from './device-code.ts';
import type { Identity, IdentityRequest } from './identity.ts';
import { missingConsent, readScopes } from './scopes.ts';
import { foreignIdToken, issueTokens, REFRESH_IDLE_MS, type TokenAnswer } from './tokens.ts';

const DEVICE_CODE_GRANTS = ['urn:ietf:params:oauth:grant-type:device_code', 'device_code'];

/** The short name of a grant for logs and faults. */
export function grantName(form: URLSearchParams): string | undefined {
  const type = form.get('grant_type') ?? undefined;
  return type && DEVICE_CODE_GRANTS.includes(type) ? 'device_code' : type;
}

/** `POST /{tenant}/oauth2/v2.0/devicecode`. The public-client switch is not looked at here, as on the platform. */
export function deviceCodeEndpoint(identity: Identity, request: IdentityRequest): Answer {
  mustBePost(request);
  const clientId = request.form.get('client_id');
  if (!clientId) throw new Refusal(900144, { text: missing('client_id') });
  const app = registrationFor(identity, request.tenantPath, clientId);
  return startDeviceCode(identity, request, app.clientId);
}

/** `POST /{tenant}/oauth2/v2.0/token`. */
export function tokenEndpoint(identity: Identity, request: IdentityRequest): Answer {
  mustBePost(request);
  const grant = grantName(request.form);
  if (!grant) throw new Refusal(900144, { text: missing('grant_type') });
  const clientId = request.form.get('client_id');
  if (!clientId) throw new Refusal(900144, { text: missing('client_id') });
  const app = registrationFor(identity, request.tenantPath, clientId);
  if (app.isDisabled) throw new Refusal(7000112);
  const hasSecret = request.form.has('client_secret') || request.form.has('client_assertion');
  if (hasSecret && app.isPublicClient) throw new Refusal(700025);
  if (!app.isPublicClient) throw new Refusal(7000218);
  const tokens = redeem(identity, request, { grant, clientId: app.clientId });
  return jsonAnswer(tokens);
}

/** The registration that a tenant value and client id name, by the rules of who may ask where. */
export function registrationFor(identity: Identity, tenantPath: string, clientId: string): AppRegistration {
  const { tenant } = identity;
  const path = tenantPath.toLowerCase();
  const named = tenant.findTenant(path);
  const isShared = ['common', 'organizations', 'consumers'].includes(path);
  if (!named && !isShared) throw unknownTenant(path);
  const app = tenant.findApp(clientId);
  if (!app) throw new Refusal(700016);
  if (path === 'consumers' && app.audience !== 'multi-and-personal') throw new Refusal(9002332);
  if (isShared && app.audience === 'single') throw new Refusal(50194);
  if (named && app.audience === 'single' && app.tid !== named.tid) throw new Refusal(700016);
  return app;
}

/** 90002 for a well-formed name that is no tenant, 900023 for anything else. */
export function unknownTenant(path: string, error?: string): Refusal {
  const isGuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(path);
  const isDomain = /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/.test(path);
  const detail = error ? { error } : {};
  if (isGuid || isDomain) {
    const text = `Tenant '${path}' not found. Check that it has active subscriptions and that the right cloud is used.`;
    return new Refusal(90002, { ...detail, text });
  }
  return new Refusal(900023, detail);
}

function redeem(identity: Identity, request: IdentityRequest, asked: { grant: string; clientId: string }): TokenAnswer {
  switch (asked.grant) {
    case 'device_code':
      return withForeignIdToken(identity, redeemDeviceCode(identity, request, asked.clientId));
    case 'refresh_token':
      return redeemRefreshToken(identity, request, asked.clientId);
    case 'authorization_code':
      return withForeignIdToken(identity, redeemAuthorizationCode(identity, request, asked.clientId));
    default:
      throw new Refusal(70003, { text: `The grant type '${asked.grant.slice(0, 80)}' is not supported.` });
  }
}

/** Accounts `other-user@` and `other-tenant@` receive an id token that belongs to somebody else. */
function withForeignIdToken(identity: Identity, tokens: TokenAnswer): TokenAnswer {
  const username = identity.tenant.findAccessToken(tokens.access_token)?.username ?? '';
  const whose = /^(other-user|other-tenant)@/.exec(username)?.[1];
  if (!whose || typeof tokens.id_token !== 'string') return tokens;
  const idToken = foreignIdToken(identity, tokens.id_token, whose as 'other-user' | 'other-tenant');
  return { ...tokens, id_token: idToken };
}

/** Refresh: a new token each time, the old one stays valid; fewer scopes or another consented resource are allowed. */
function redeemRefreshToken(identity: Identity, request: IdentityRequest, clientId: string): TokenAnswer {
  const { tenant } = identity;
  const given = request.form.get('refresh_token');
  if (!given) throw new Refusal(900144, { text: missing('refresh_token') });
  const refresh = tenant.refreshTokens.get(given);
  if (!refresh) throw new Refusal(/^1\.A[\w-]{500,}$/.test(given) ? 70000 : 9002313);
  const named = tenant.findTenant(request.tenantPath);
  if (refresh.clientId !== clientId || (named && named.tid !== refresh.signIn.tid)) throw new Refusal(70000);
  refresh.uses += 1;
  const account = mustStillHold(identity, refresh);
  const scopes = refreshScopes(identity, refresh.scopes, request.form.get('scope'));
  if (missingConsent(tenant, clientId, account, scopes).length > 0) throw new Refusal(65001);
  const wantsClientInfo = request.form.get('client_info') === '1';
  return issueTokens(identity, { clientId, account, signIn: refresh.signIn, scopes, wantsClientInfo });
}

/** Everything that ends a refresh token, the platform's number for each. */
function mustStillHold(identity: Identity, refresh: RefreshToken): Account {
  const { tenant } = identity;
  const { signIn } = refresh;
  const account = tenant.findAccountByOid(signIn.oid);
  if (!account) throw new Refusal(50034);
  if (account.isDisabled) throw new Refusal(50057);
  const idleMs = tenant.clock.now().getTime() - refresh.issuedAt.getTime();
  if (idleMs > REFRESH_IDLE_MS) {
    const issued = refresh.issuedAt.toISOString();
    const text = `The refresh token has expired due to inactivity. The token was issued on ${issued} and was inactive for 90.00:00:00.`;
    throw new Refusal(700082, { text });
  }
  if (signIn.authenticatedAt < account.tokensValidFromAt) throw revoked(signIn, account);
  if (account.refreshProblem !== undefined) throw new Refusal(account.refreshProblem);
  const policy = tenant.findTenant(account.tid)?.deviceCodePolicy ?? 'allowed';
  if (signIn.flow === 'device-code' && policy !== 'allowed') {
    throw new Refusal(policy === 'security-defaults' ? 530035 : 530036);
  }
  const app = tenant.findApp(refresh.clientId);
  if (app?.isAssignmentRequired && !app.assigned.includes(account.oid)) throw new Refusal(50105);
  return account;
}

function revoked(signIn: SignIn, account: Account): Refusal {
  const granted = signIn.authenticatedAt.toISOString();
  const validFrom = account.tokensValidFromAt.toISOString();
  const text =
    'The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password. ' +
    `The grant was issued on '${granted}' and the TokensValidFrom date (before which tokens are not valid) for this user is '${validFrom}'.`;
  return new Refusal(50173, { text });
}

/** The scopes of a refresh. The OpenID scopes of the sign-in go on even when they are not repeated. */
function refreshScopes(identity: Identity, former: ScopeSet, text: string | null): ScopeSet {
  if (!text) return former;
  const asked = readScopes(text, identity.authority);
  const oidc = [...new Set([...asked.oidc, ...former.oidc])];
  return asked.names.length > 0 ? { ...asked, oidc } : { ...former, oidc };
}

/** Authorization code with PKCE (RFC 7636): once, in time, for the same client, address and verifier. */
function redeemAuthorizationCode(identity: Identity, request: IdentityRequest, clientId: string): TokenAnswer {
  const { tenant } = identity;
  const { form } = request;
  const given = form.get('code');
  if (!given) throw new Refusal(900144, { text: missing('code') });
  const code = tenant.authorizationCodes.get(given);
  if (!code || code.clientId !== clientId) throw new Refusal(70000);
  if (code.isUsed) throw new Refusal(54005);
  if (tenant.clock.now() >= code.expiresAt) throw new Refusal(70008);
  if (form.get('redirect_uri') !== code.redirectUri) throw new Refusal(500112);
  if (code.codeChallenge !== undefined) {
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (challenge !== code.codeChallenge) throw new Refusal(501481);
  }
  const account = tenant.findAccountByOid(code.signIn.oid);
  if (!account) throw new Refusal(50034);
  code.isUsed = true;
  const wantsClientInfo = form.get('client_info') === '1';
  const { signIn, scopes, nonce } = code;
  return issueTokens(identity, { clientId, account, signIn, scopes, nonce, wantsClientInfo });
}

function mustBePost(request: IdentityRequest): void {
  if (request.method !== 'POST') throw new Refusal(900561);
}
