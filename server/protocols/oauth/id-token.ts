import { OAUTH_CLOCK_TOLERANCE_SECONDS } from '../limits.ts';
import { cleanWords, readObject } from './answer.ts';

/** Who signed in. `objectId` and `tenantId` are the identity; the names may change. */
export type Identity = {
  readonly objectId: string; // oid
  readonly tenantId: string; // tid
  readonly username: string; // preferred_username, usually the UPN
  readonly name: string;
};

export type IdTokenReading =
  | { readonly kind: 'read'; readonly identity: Identity }
  | { readonly kind: 'unusable'; readonly flaw: IdTokenFlaw };

export type IdTokenFlaw = 'id-token-missing' | 'id-token-malformed' | 'id-token-clock' | 'id-token-identity';

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Reads the claims of an id_token that came from the token endpoint over TLS (OpenID Connect Core section 3.1.3.7;
 * issuer and audience are checked by the library before). The times are compared with our clock and, when that fails,
 * with the server's own: a wrong clock on this machine must not spend a code that somebody has just confirmed.
 */
export function readIdToken(token: unknown, times: { now: Date; skewSeconds: number | undefined }): IdTokenReading {
  if (typeof token !== 'string') return { kind: 'unusable', flaw: 'id-token-missing' };
  const payload = token.split('.')[1];
  const claims = payload === undefined ? undefined : readObject(Buffer.from(payload, 'base64url').toString('utf8'));
  if (claims === undefined) return { kind: 'unusable', flaw: 'id-token-malformed' };

  const nowSeconds = times.now.getTime() / 1000;
  const isTimely = isValidAt(claims, nowSeconds) || isValidAt(claims, nowSeconds + (times.skewSeconds ?? 0));
  if (!isTimely) return { kind: 'unusable', flaw: 'id-token-clock' };

  const { oid, tid } = claims;
  if (!isGuid(oid) || !isGuid(tid)) return { kind: 'unusable', flaw: 'id-token-identity' };
  const username = cleanWords(claims.preferred_username, 320) ?? cleanWords(claims.upn, 320) ?? '';
  const name = cleanWords(claims.name, 256) ?? username;
  return { kind: 'read', identity: { objectId: oid.toLowerCase(), tenantId: tid.toLowerCase(), username, name } };
}

/** True for the text form of a GUID, as tenants and accounts have it. */
export function isGuid(value: unknown): value is string {
  return typeof value === 'string' && GUID.test(value);
}

function isValidAt(claims: Readonly<Record<string, unknown>>, nowSeconds: number): boolean {
  const { exp, nbf } = claims;
  if (typeof exp !== 'number' || exp <= nowSeconds - OAUTH_CLOCK_TOLERANCE_SECONDS) return false;
  return typeof nbf !== 'number' || nbf <= nowSeconds + OAUTH_CLOCK_TOLERANCE_SECONDS;
}
