import { describeTransient, isPassing, readObject, readRefusal, type Transient } from './answer.ts';
import type { TenantEndpoints } from './client.ts';
import type { Refused } from './device-code.ts';
import { type Call, exchangeOverHttps, type HttpsAnswer, HttpsFailure } from './https.ts';
import { isGuid } from './id-token.ts';

export type Discovery =
  | {
      readonly kind: 'found';
      readonly endpoints: TenantEndpoints;
      /** Where a person signs in by link (RFC 6749 section 3.1). */
      readonly authorizationEndpoint: string;
      /** The tenant's GUID; absent for `organizations`, `common` and `consumers`. */
      readonly tenantId?: string;
    }
  | Refused
  | Transient;

const SHARED_TENANTS = new Set(['organizations', 'common', 'consumers']);

/**
 * Finds the endpoints of a tenant given by GUID, verified domain or shared name (OpenID Connect Discovery section 4);
 * needs no credential, so that it also answers "does this tenant exist". Throws only the reason of the caller's signal.
 */
export async function discoverTenant(
  asked: { readonly authority: string; readonly tenant: string },
  call: Call,
): Promise<Discovery> {
  const base = readAuthority(asked.authority);
  if (base === undefined || !isTenantName(asked.tenant)) {
    return { kind: 'transient', words: 'the address of the identity platform or the tenant is not well formed' };
  }
  const url = new URL(`${base}/${asked.tenant}/v2.0/.well-known/openid-configuration`);
  let answer: HttpsAnswer;
  try {
    answer = await exchangeOverHttps({ url, method: 'GET', headers: { accept: 'application/json' } }, call);
  } catch (error) {
    if (error instanceof HttpsFailure) return { kind: 'transient', words: error.message };
    throw error;
  }
  if (answer.status === 200) return readMetadata(answer, { ...asked, authority: base }, call.now);
  const refusal = readRefusal(answer, []);
  if (refusal === undefined || isPassing(refusal)) return describeTransient(answer, refusal, call.now);
  return { kind: 'refused', because: 'registration', refusal };
}

/** True for a GUID, a domain name, `organizations`, `common` or `consumers`; such a name is safe inside a path. */
export function isTenantName(tenant: string): boolean {
  if (tenant.length > 253) return false;
  const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
  const domain = new RegExp(`^(${label}\\.)+${label}$`, 'i');
  return isGuid(tenant) || SHARED_TENANTS.has(tenant) || domain.test(tenant);
}

/** True for the names that stand for more than one tenant. */
export function isSharedTenant(tenant: string): boolean {
  return SHARED_TENANTS.has(tenant);
}

function readAuthority(authority: string): string | undefined {
  if (!URL.canParse(authority)) return undefined;
  const url = new URL(authority);
  const isPlain = url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  return url.protocol === 'https:' && isPlain ? url.href.replace(/\/+$/, '') : undefined;
}

/**
 * Takes from the document only what stays on the authority's own host: a document that names another host for the
 * token endpoint would have us send refresh tokens there.
 */
function readMetadata(
  answer: HttpsAnswer,
  asked: { readonly authority: string; readonly tenant: string },
  now: Date,
): Discovery {
  const body = readObject(answer.body);
  const issuer = readOwnUrl(body?.issuer, asked.authority);
  if (issuer === undefined) return describeTransient(answer, undefined, now);
  const named = /\/([^/]+)\/v2\.0\/?$/.exec(issuer)?.[1];
  const isTemplate = named === '{tenantid}' && SHARED_TENANTS.has(asked.tenant);
  if (!isTemplate && !isGuid(named)) return describeTransient(answer, undefined, now);
  if (isGuid(asked.tenant) && named?.toLowerCase() !== asked.tenant.toLowerCase()) {
    return describeTransient(answer, undefined, now);
  }
  const tenant = isGuid(named) ? named : asked.tenant;
  const oauth = `${asked.authority}/${tenant}/oauth2/v2.0`;
  return {
    kind: 'found',
    endpoints: {
      issuer,
      deviceAuthorizationEndpoint:
        readOwnUrl(body?.device_authorization_endpoint, asked.authority) ?? `${oauth}/devicecode`,
      tokenEndpoint: readOwnUrl(body?.token_endpoint, asked.authority) ?? `${oauth}/token`,
    },
    authorizationEndpoint: readOwnUrl(body?.authorization_endpoint, asked.authority) ?? `${oauth}/authorize`,
    ...(isGuid(named) ? { tenantId: named.toLowerCase() } : {}),
  };
}

function readOwnUrl(value: unknown, authority: string): string | undefined {
  if (typeof value !== 'string' || value.length > 500 || !URL.canParse(value)) return undefined;
  const url = new URL(value);
  return url.protocol === 'https:' && url.host === new URL(authority).host && url.username === '' ? value : undefined;
}
