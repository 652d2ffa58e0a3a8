import { createHash, randomBytes } from 'node:crypto';
import { OAUTH_MAX_PASTE_CHARACTERS, OAUTH_MAX_TOKEN_CHARACTERS } from '../limits.ts';
import { cleanWords, measureSkew, type Refusal, readObject, type Transient } from './answer.ts';
import { askTokenServer, type TenantEndpoints } from './client.ts';
import { type Refused, readLastingRefusal } from './device-code.ts';
import type { Call } from './https.ts';
import { flawOfSuccess, readTokens, type Tokens, type Unusable, withoutRenewal } from './tokens.ts';

/** What one sign-in by link must remember. The verifier is a secret; the state recognises the answer (RFC 6749 section 10.12). */
export type LinkSecrets = { readonly state: string; readonly codeVerifier: string };

/** Makes the secrets of one sign-in: 256 bits each, the verifier in the form of RFC 7636 section 4.1. */
export function makeLinkSecrets(): LinkSecrets {
  return { state: randomBytes(32).toString('base64url'), codeVerifier: randomBytes(32).toString('base64url') };
}

/** The address that a person opens (RFC 6749 section 4.1.1 with the S256 challenge of RFC 7636 section 4.3). */
export function authorizationUrl(asked: {
  readonly authorizationEndpoint: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly secrets: LinkSecrets;
  /** The account that is expected; Microsoft fills it in. */
  readonly loginHint?: string;
  /** Culture name such as `it-IT`. */
  readonly language?: string;
}): string {
  const url = new URL(asked.authorizationEndpoint);
  const parameters = {
    client_id: asked.clientId,
    response_type: 'code',
    redirect_uri: asked.redirectUri,
    response_mode: 'query',
    scope: asked.scopes.join(' '),
    state: asked.secrets.state,
    code_challenge: createHash('sha256').update(asked.secrets.codeVerifier).digest('base64url'),
    code_challenge_method: 'S256',
    // without it a browser that is signed in takes its own account, which is most often the administrator's
    prompt: 'select_account',
    ...(asked.loginHint === undefined ? {} : { login_hint: asked.loginHint }),
    ...(asked.language === undefined ? {} : { mkt: asked.language }),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}

/** What stands in the address at which a sign-in by link ended. */
export type ReturnedAddress =
  | { readonly kind: 'code'; readonly code: string }
  /** The person or Microsoft said no (RFC 6749 section 4.1.2.1). */
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'not-an-address' }
  /** An address, but not the last one of this sign-in: the page before it, or another page altogether. */
  | { readonly kind: 'without-code' }
  | { readonly kind: 'other-attempt' };

/**
 * Understands what a person has copied from the address bar: with blanks and line breaks around and in it, in quotes,
 * or the query alone. Never throws; nothing of the text is in the result but the code and Microsoft's own words.
 */
export function readReturnedAddress(
  text: string,
  expected: { readonly redirectUri: string; readonly state: string },
): ReturnedAddress {
  const pasted = text.slice(0, OAUTH_MAX_PASTE_CHARACTERS).replace(/\s+/g, '');
  const bare = pasted.replace(/^["'<«“‘([]+|["'>»”’)\]]+$/g, '');
  const parameters = readParameters(bare, expected.redirectUri);
  if (parameters === undefined) return { kind: 'not-an-address' };
  const [code, error] = [parameters.get('code'), parameters.get('error')];
  if ((code === null || code === '') && error === null) return { kind: 'without-code' };
  if (parameters.get('state') !== expected.state) return { kind: 'other-attempt' };
  if (error !== null) return { kind: 'refused', refusal: readRefusedAddress(error, parameters) };
  if (code === null || code.length > OAUTH_MAX_TOKEN_CHARACTERS || !/^[\x21-\x7e]+$/.test(code)) {
    return { kind: 'without-code' };
  }
  return { kind: 'code', code };
}

/** The parameters of an address, in its query or its fragment; of a page that is not the redirect, none. */
function readParameters(text: string, redirectUri: string): URLSearchParams | undefined {
  if (/^[?#]?(code|error|state)=/.test(text)) return new URLSearchParams(text.replace(/^[?#]/, ''));
  // browsers leave the scheme out of the address bar, and some people with them
  const address = /^[a-z0-9.-]+(:\d+)?\//i.test(text) ? `${new URL(redirectUri).protocol}//${text}` : text;
  if (!/^https?:\/\//i.test(address) || !URL.canParse(address)) return undefined;
  const [url, wanted] = [new URL(address), new URL(redirectUri)];
  const isRedirect = url.host === wanted.host && url.pathname.replace(/\/$/, '') === wanted.pathname.replace(/\/$/, '');
  // a code for another page is another program's: it must not be redeemed here
  if (!isRedirect) return new URLSearchParams();
  return new URLSearchParams(url.search === '' ? url.hash.slice(1) : url.search);
}

function readRefusedAddress(error: string, parameters: URLSearchParams): Refusal {
  const words = cleanWords(parameters.get('error_description'), 2000) ?? '';
  const number = /AADSTS(\d{3,9})/.exec(words)?.[1];
  const suberror = cleanWords(parameters.get('error_subcode'), 64);
  const traceId = /Trace ID: ([\w-]{1,64})/.exec(words)?.[1];
  return {
    error: cleanWords(error, 64) ?? 'unknown',
    description: words.replace(/\s*Trace ID: .*$/s, ''),
    ...(number === undefined ? {} : { aadsts: Number(number) }),
    ...(suberror === undefined ? {} : { suberror }),
    ...(traceId === undefined ? {} : { traceId }),
    status: 400,
  };
}

export type CodeOutcome =
  | { readonly kind: 'granted'; readonly tokens: Tokens }
  /** Redeemed before; it works once (AADSTS54005). */
  | { readonly kind: 'used'; readonly refusal: Refusal }
  /** Older than its ten minutes (AADSTS70008). */
  | { readonly kind: 'expired'; readonly refusal: Refusal }
  | Refused
  | Unusable
  | Transient;

const USED = 54005;
const EXPIRED = 70008;

/**
 * Redeems a code with its verifier (RFC 6749 section 4.1.3, RFC 7636 section 4.5). After `granted`, `used` and
 * `unusable` the code is spent. Throws only the reason of the caller's signal.
 */
export async function redeemAuthorizationCode(
  asked: {
    readonly endpoints: TenantEndpoints;
    readonly clientId: string;
    readonly redirectUri: string;
    readonly code: string;
    readonly codeVerifier: string;
    readonly scopes: readonly string[];
  },
  call: Call,
): Promise<CodeOutcome> {
  const reply = await askTokenServer({ kind: 'code', ...asked }, call);
  if (reply.kind === 'unreachable') return { kind: 'transient', words: reply.words };
  if (reply.kind === 'success') return readGrant(reply, asked.scopes, call.now);
  const flaw = reply.answer.status === 200 ? flawOfSuccess(reply.flaw, readObject(reply.answer.body)) : undefined;
  if (flaw !== undefined) return { kind: 'unusable', flaw, ...skewOf(measureSkew(reply.answer, call.now)) };
  const outcome = readLastingRefusal(reply.answer, [asked.code, asked.codeVerifier], call.now);
  if (outcome.kind === 'transient') return outcome;
  if (outcome.refusal.aadsts === USED) return { kind: 'used', refusal: outcome.refusal };
  if (outcome.refusal.aadsts === EXPIRED) return { kind: 'expired', refusal: outcome.refusal };
  return outcome;
}

function readGrant(
  reply: Extract<Awaited<ReturnType<typeof askTokenServer>>, { kind: 'success' }>,
  askedScopes: readonly string[],
  now: Date,
): CodeOutcome {
  const reading = readTokens(reply.answer, reply.body, { now, askedScopes });
  if (reading.kind === 'unusable') return reading;
  const { tokens } = reading;
  // as with a code: who signed in must be known, and the permission must last
  if (tokens.identity === undefined) return missing('id-token-missing', tokens);
  if (tokens.refreshToken === undefined) return withoutRenewal(tokens);
  return { kind: 'granted', tokens };
}

function missing(flaw: Unusable['flaw'], { clockSkewSeconds }: Tokens): Unusable {
  return { kind: 'unusable', flaw, ...skewOf(clockSkewSeconds) };
}

function skewOf(seconds: number | undefined): { readonly clockSkewSeconds?: number } {
  return seconds === undefined ? {} : { clockSkewSeconds: seconds };
}
