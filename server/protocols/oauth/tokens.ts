import {
  OAUTH_ASSUMED_TOKEN_LIFETIME_SECONDS,
  OAUTH_MAX_TOKEN_CHARACTERS,
  OAUTH_MAX_TOKEN_LIFETIME_SECONDS,
} from '../limits.ts';
import { measureSkew } from './answer.ts';
import type { HttpsAnswer } from './https.ts';
import { type Identity, type IdTokenFlaw, readIdToken } from './id-token.ts';

/** What a successful token answer gives. The two tokens are secrets. */
export type Tokens = {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
  /** Absent when the server gave none: the one that was used stays good. */
  readonly refreshToken?: string;
  /** What was granted; may be less or more than was asked. */
  readonly scopes: readonly string[];
  readonly identity?: Identity;
  /** By how much the server's clock is ahead of ours, where its answer told. */
  readonly clockSkewSeconds?: number;
};

/** The server said yes, but what it gave cannot be used and must not be kept. */
export type Unusable = {
  readonly kind: 'unusable';
  readonly flaw: TokenFlaw;
  readonly clockSkewSeconds?: number;
  /** What the server granted, in its own words; no secret. */
  readonly words?: string;
};

/** A grant that nobody can renew, with the scopes that it has (RFC 6749 section 5.1). */
export function withoutRenewal({ scopes, clockSkewSeconds }: Tokens): Unusable {
  return {
    kind: 'unusable',
    flaw: 'refresh-token-missing',
    words: `scope=${scopes.join(' ').slice(0, 500)}`,
    ...(clockSkewSeconds === undefined ? {} : { clockSkewSeconds }),
  };
}

export type TokenFlaw =
  | IdTokenFlaw
  | 'token-malformed'
  | 'token-lifetime'
  | 'refresh-token-missing'
  | 'id-token-refused';

type Wanted = { readonly now: Date; readonly askedScopes: readonly string[] | undefined };

/**
 * Narrows a token answer to what may be stored (RFC 6749 section 5.1): tokens of printable characters and bounded
 * length, because they end up in a SASL line, and a lifetime that is neither negative nor a year.
 */
export function readTokens(
  answer: HttpsAnswer,
  body: Readonly<Record<string, unknown>>,
  wanted: Wanted,
): { readonly kind: 'read'; readonly tokens: Tokens } | Unusable {
  const skewSeconds = measureSkew(answer, wanted.now);
  const skew = skewSeconds === undefined ? {} : { clockSkewSeconds: skewSeconds };
  if (body.token_type !== 'bearer' || !isToken(body.access_token)) return unusable('token-malformed', skew);
  if (body.refresh_token !== undefined && !isToken(body.refresh_token)) return unusable('token-malformed', skew);

  const lifetime = body.expires_in === undefined ? OAUTH_ASSUMED_TOKEN_LIFETIME_SECONDS : body.expires_in;
  if (typeof lifetime !== 'number' || !(lifetime >= 1)) return unusable('token-lifetime', skew);

  let identity: Identity | undefined;
  if (body.id_token !== undefined) {
    const reading = readIdToken(body.id_token, { now: wanted.now, skewSeconds });
    if (reading.kind === 'unusable') return unusable(reading.flaw, skew);
    identity = reading.identity;
  }
  const tokens: Tokens = {
    accessToken: body.access_token,
    expiresInSeconds: Math.floor(Math.min(lifetime, OAUTH_MAX_TOKEN_LIFETIME_SECONDS)),
    ...(body.refresh_token === undefined ? {} : { refreshToken: body.refresh_token }),
    scopes: readScopes(body.scope) ?? wanted.askedScopes ?? [],
    ...(identity === undefined ? {} : { identity }),
    ...skew,
  };
  return { kind: 'read', tokens };
}

function unusable(flaw: TokenFlaw, skew: { readonly clockSkewSeconds?: number }): Unusable {
  return { kind: 'unusable', flaw, ...skew };
}

function isToken(value: unknown): value is string {
  return typeof value === 'string' && value.length <= OAUTH_MAX_TOKEN_CHARACTERS && /^[\x21-\x7e]+$/.test(value);
}

function readScopes(scope: unknown): readonly string[] | undefined {
  if (typeof scope !== 'string') return undefined;
  const scopes = scope.slice(0, OAUTH_MAX_TOKEN_CHARACTERS).split(/\s+/);
  return scopes.filter((one) => /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/.test(one)).slice(0, 200);
}

/**
 * Names what is wrong with an answer 200 that the library refused, when the token in it is lost for good: an id_token
 * of another issuer, another application or another form. Undefined when asking again may help.
 */
export function flawOfSuccess(
  libraryCode: string,
  body: Readonly<Record<string, unknown>> | undefined,
): TokenFlaw | undefined {
  if (typeof body?.access_token !== 'string') return undefined;
  if (typeof body.token_type !== 'string' || body.token_type.toLowerCase() !== 'bearer') return 'token-malformed';
  if (libraryCode === 'OAUTH_JWT_CLAIM_COMPARISON_FAILED') return 'id-token-refused';
  if (libraryCode === 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED') return 'id-token-clock';
  if (body.id_token !== undefined) return 'id-token-malformed';
  return 'token-malformed';
}
