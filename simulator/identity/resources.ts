/** What stands around the tokens: configuration, keys, Graph `/me`, and introspection for other people's servers. */
import { randomUUID } from 'node:crypto';
import type { AccessToken } from '../tenant.ts';
import { type Answer, jsonAnswer } from './answers.ts';
import type { Identity, IdentityRequest } from './identity.ts';
import { GRAPH_AUDIENCE } from './scopes.ts';
import { unknownTenant } from './token.ts';

const CLAIMS =
  'sub iss cloud_instance_name cloud_instance_host_name cloud_graph_host_name msgraph_host aud exp iat auth_time acr nonce preferred_username name tid ver at_hash c_hash email'.split(
    ' ',
  );
const SHARED_PATHS = ['common', 'organizations', 'consumers'];

/** `GET /{tenant}/v2.0/.well-known/openid-configuration`: a domain is answered with the GUID of its tenant. */
export function openidConfiguration(identity: Identity, request: IdentityRequest): Answer {
  const path = request.tenantPath.toLowerCase();
  const named = identity.tenant.findTenant(path);
  if (!named && !SHARED_PATHS.includes(path)) throw unknownTenant(path, 'invalid_tenant');
  const base = `${identity.authority}/${named?.tid ?? path}`;
  const { host } = new URL(identity.authority);
  return jsonAnswer({
    token_endpoint: `${base}/oauth2/v2.0/token`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
    jwks_uri: `${base}/discovery/v2.0/keys`,
    response_modes_supported: ['query', 'fragment', 'form_post'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    issuer: `${identity.authority}/${named?.tid ?? '{tenantid}'}/v2.0`,
    request_uri_parameter_supported: false,
    userinfo_endpoint: `${identity.authority}/oidc/userinfo`,
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    device_authorization_endpoint: `${base}/oauth2/v2.0/devicecode`,
    http_logout_supported: true,
    frontchannel_logout_supported: true,
    end_session_endpoint: `${base}/oauth2/v2.0/logout`,
    claims_supported: CLAIMS,
    kerberos_endpoint: `${base}/kerberos`,
    tenant_region_scope: named ? 'EU' : null,
    cloud_instance_name: host,
    cloud_graph_host_name: host,
    msgraph_host: host,
    rbac_url: identity.authority,
  });
}

/** `GET /{tenant}/discovery/v2.0/keys`. */
export function signingKeys(identity: Identity): Answer {
  return jsonAnswer({ keys: [{ ...identity.key.jwk, issuer: `${identity.authority}/{tenantid}/v2.0` }] });
}

const ME_DEFAULT = [
  'businessPhones',
  'displayName',
  'givenName',
  'jobTitle',
  'mail',
  'mobilePhone',
  'officeLocation',
  'preferredLanguage',
  'surname',
  'userPrincipalName',
  'id',
];

/** Graph `GET /v1.0/me`: a Graph token with User.Read; an Outlook token is 401, a token without the scope 403. */
export function graphMe(identity: Identity, request: IdentityRequest): Answer {
  const access = bearerToken(identity, request);
  if (access?.audience !== GRAPH_AUDIENCE || !isAlive(identity, access)) {
    return graphError(identity, {
      status: 401,
      code: 'InvalidAuthenticationToken',
      message: 'Access token validation failure. Invalid audience or lifetime.',
    });
  }
  if (!access.scopes.includes('User.Read')) {
    return graphError(identity, {
      status: 403,
      code: 'Authorization_RequestDenied',
      message: 'Insufficient privileges to complete the operation.',
    });
  }
  const account = identity.tenant.findAccountByOid(access.oid);
  if (!account)
    return graphError(identity, { status: 404, code: 'Request_ResourceNotFound', message: 'Resource not found.' });
  const proxies = account.proxyAddresses.map((address) => `smtp:${address}`);
  const all: Record<string, unknown> = {
    id: account.oid,
    displayName: account.name,
    givenName: null,
    surname: null,
    jobTitle: null,
    mail: account.mail ?? null,
    mobilePhone: null,
    officeLocation: null,
    preferredLanguage: null,
    businessPhones: [],
    userPrincipalName: account.upn,
    proxyAddresses: account.mail ? [`SMTP:${account.mail}`, ...proxies] : proxies,
    userType: account.isGuest ? 'Guest' : 'Member',
    accountEnabled: !account.isDisabled,
  };
  const select = request.url.searchParams.get('$select');
  const names = select ? select.split(',').map((name) => name.trim()) : ME_DEFAULT;
  const unknown = names.find((name) => !Object.hasOwn(all, name));
  if (unknown !== undefined) {
    const message = 'Parsing OData Select and Expand failed: could not find a property.';
    return graphError(identity, { status: 400, code: 'BadRequest', message });
  }
  const context = `${identity.authority}/v1.0/$metadata#users${select ? `(${names.join(',')})` : ''}/$entity`;
  return jsonAnswer({ '@odata.context': context, ...Object.fromEntries(names.map((name) => [name, all[name]])) });
}

/** OpenID `userinfo`: what a Graph token says about its owner. */
export function userinfo(identity: Identity, request: IdentityRequest): Answer {
  const access = bearerToken(identity, request);
  const account = access && identity.tenant.findAccountByOid(access.oid);
  if (!access || !account || access.audience !== GRAPH_AUDIENCE || !isAlive(identity, access)) {
    return graphError(identity, {
      status: 401,
      code: 'InvalidAuthenticationToken',
      message: 'Access token validation failure.',
    });
  }
  return jsonAnswer({ sub: account.oid, name: account.name, ...(account.mail ? { email: account.mail } : {}) });
}

/**
 * Token introspection after RFC 7662, for mail servers such as Dovecot: by POST form, GET parameter or Bearer header.
 * A token for another resource, expired or unknown is inactive and nothing more is said (RFC 7662 section 2.2).
 */
export function introspect(identity: Identity, request: IdentityRequest): Answer {
  const given = request.form.get('token') ?? request.url.searchParams.get('token');
  const access = given ? identity.tenant.findAccessToken(given) : bearerToken(identity, request);
  const wantedScope = request.url.searchParams.get('scope');
  const account = access && identity.tenant.findAccountByOid(access.oid);
  const isFit =
    access &&
    account &&
    !account.isDisabled &&
    access.audience !== GRAPH_AUDIENCE &&
    isAlive(identity, access) &&
    (!wantedScope || access.scopes.includes(wantedScope));
  if (!isFit) return jsonAnswer({ active: false });
  return jsonAnswer({
    active: true,
    username: account.upn,
    email: account.mail ?? account.upn,
    scope: access.scopes.join(' '),
    client_id: access.clientId,
    token_type: 'Bearer',
    aud: access.audience,
    sub: account.oid,
    exp: Math.floor(access.expiresAt.getTime() / 1000),
  });
}

function bearerToken(identity: Identity, request: IdentityRequest): AccessToken | undefined {
  const token = /^Bearer ([\w.~+/=-]+)$/i.exec(request.headers.authorization ?? '')?.[1];
  return token ? identity.tenant.findAccessToken(token) : undefined;
}

function isAlive(identity: Identity, access: AccessToken): boolean {
  return identity.tenant.clock.now() < access.expiresAt;
}

function graphError(identity: Identity, problem: { status: number; code: string; message: string }): Answer {
  const requestId = randomUUID();
  const date = identity.tenant.clock.now().toISOString().slice(0, 19);
  const innerError = { date, 'request-id': requestId, 'client-request-id': requestId };
  const headers =
    problem.status === 401
      ? { 'www-authenticate': `Bearer authorization_uri="${identity.authority}/common/oauth2/authorize"` }
      : {};
  return jsonAnswer(
    { error: { code: problem.code, message: problem.message, innerError } },
    { status: problem.status, headers },
  );
}
