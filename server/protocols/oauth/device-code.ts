import {
  OAUTH_DEFAULT_INTERVAL_SECONDS,
  OAUTH_MAX_CODE_LIFETIME_SECONDS,
  OAUTH_MAX_TOKEN_CHARACTERS,
  OAUTH_MAX_USER_CODE_CHARACTERS,
} from '../limits.ts';
import {
  becauseOf,
  cleanWords,
  describeTransient,
  isPassing,
  measureSkew,
  type Refusal,
  type RefusedBecause,
  readObject,
  readRefusal,
  type Transient,
} from './answer.ts';
import { askTokenServer, type Reply, type TenantEndpoints } from './client.ts';
import type { Call, HttpsAnswer } from './https.ts';
import { flawOfSuccess, readTokens, type Tokens, type Unusable, withoutRenewal } from './tokens.ts';

/** RFC 8628 section 3.2. `deviceCode` is a secret; the rest is shown to a person. */
export type DeviceCode = {
  readonly deviceCode: string;
  readonly userCode: string;
  /** Always shown as given: Microsoft has a different address per cloud and year. */
  readonly verificationUri: string;
  readonly expiresInSeconds: number;
  readonly intervalSeconds: number;
  readonly message?: string;
  readonly clockSkewSeconds?: number;
};

export type Refused = { readonly kind: 'refused'; readonly because: RefusedBecause; readonly refusal: Refusal };

export type DeviceCodeOutcome = { readonly kind: 'issued'; readonly code: DeviceCode } | Refused | Transient;

/** One answer of the token endpoint while somebody may still be typing the code. */
export type PollOutcome =
  | { readonly kind: 'granted'; readonly tokens: Tokens }
  | { readonly kind: 'pending' }
  /** Go on, five seconds slower from now on (RFC 8628 section 3.5). */
  | { readonly kind: 'slower' }
  | { readonly kind: 'declined'; readonly refusal: Refusal }
  | { readonly kind: 'expired'; readonly refusal: Refusal }
  | Refused
  /** Confirmed, but nothing of the answer may be kept; the code is spent. */
  | Unusable
  | Transient;

/**
 * Asks for a device code (RFC 8628 section 3.1). Nothing is durable anywhere when it returns; a code that is not
 * used dies by itself. Throws only the reason of the caller's signal.
 */
export async function requestDeviceCode(
  asked: {
    readonly endpoints: TenantEndpoints;
    readonly clientId: string;
    readonly scopes: readonly string[];
    /** Culture name such as `it-IT`, for the server's own message. */
    readonly language?: string;
  },
  call: Call,
): Promise<DeviceCodeOutcome> {
  const reply = await askTokenServer({ kind: 'device-code', ...asked }, call);
  if (reply.kind === 'unreachable') return { kind: 'transient', words: reply.words };
  if (reply.kind === 'success') {
    const code = readDeviceCode(reply, call.now);
    if (code !== undefined) return { kind: 'issued', code };
    return { kind: 'transient', words: 'the answer to the request for a code holds values that cannot be right' };
  }
  return readLastingRefusal(reply.answer, [], call.now);
}

/**
 * Asks once whether the code was confirmed (RFC 8628 section 3.4); the caller owns the loop, the interval and the end.
 * Each answer of the server is a value. After `granted` the code is spent. Throws only the reason of the caller's signal.
 */
export async function pollDeviceCode(
  asked: { readonly endpoints: TenantEndpoints; readonly clientId: string; readonly deviceCode: string },
  call: Call,
): Promise<PollOutcome> {
  const reply = await askTokenServer({ kind: 'poll', ...asked }, call);
  if (reply.kind === 'unreachable') return { kind: 'transient', words: reply.words };
  if (reply.kind === 'success') return readGrant(reply, call.now);
  const refusal = readRefusal(reply.answer, [asked.deviceCode]);
  if (refusal === undefined) return readSpoiltSuccess(reply, call.now);
  return classifyPoll(reply.answer, refusal, call.now);
}

function classifyPoll(answer: HttpsAnswer, refusal: Refusal, now: Date): PollOutcome {
  if (refusal.status === 429 || refusal.status >= 500) return describeTransient(answer, refusal, now);
  switch (refusal.error) {
    case 'authorization_pending':
      return { kind: 'pending' };
    case 'slow_down':
      return { kind: 'slower' };
    case 'authorization_declined':
    case 'access_denied':
      return { kind: 'declined', refusal };
    case 'expired_token':
    case 'code_expired':
      return { kind: 'expired', refusal };
  }
  if (refusal.aadsts === 70019 || refusal.aadsts === 70020) return { kind: 'expired', refusal };
  if (isPassing(refusal)) return describeTransient(answer, refusal, now);
  return { kind: 'refused', because: becauseOf(refusal), refusal };
}

function readGrant(reply: Extract<Reply, { kind: 'success' }>, now: Date): PollOutcome {
  const reading = readTokens(reply.answer, reply.body, { now, askedScopes: undefined });
  if (reading.kind === 'unusable') return reading;
  const { tokens } = reading;
  const skew = tokens.clockSkewSeconds === undefined ? {} : { clockSkewSeconds: tokens.clockSkewSeconds };
  // without it nobody knows who confirmed, and without the other the connection would die within the hour
  if (tokens.identity === undefined) return { kind: 'unusable', flaw: 'id-token-missing', ...skew };
  if (tokens.refreshToken === undefined) return withoutRenewal(tokens);
  return { kind: 'granted', tokens };
}

function readSpoiltSuccess(reply: Extract<Reply, { kind: 'other' }>, now: Date): PollOutcome {
  const flaw = reply.answer.status === 200 ? flawOfSuccess(reply.flaw, readObject(reply.answer.body)) : undefined;
  if (flaw === undefined) return describeTransient(reply.answer, undefined, now);
  const clockSkewSeconds = measureSkew(reply.answer, now);
  return { kind: 'unusable', flaw, ...(clockSkewSeconds === undefined ? {} : { clockSkewSeconds }) };
}

/** Tells a lasting refusal from one that waiting cures; shared by the two calls that are not polls. */
export function readLastingRefusal(answer: HttpsAnswer, secrets: readonly string[], now: Date): Refused | Transient {
  const refusal = readRefusal(answer, secrets);
  if (refusal === undefined || isPassing(refusal)) return describeTransient(answer, refusal, now);
  return { kind: 'refused', because: becauseOf(refusal), refusal };
}

function readDeviceCode(reply: Extract<Reply, { kind: 'success' }>, now: Date): DeviceCode | undefined {
  const { device_code, user_code, verification_uri, expires_in, interval, message } = reply.body;
  if (typeof device_code !== 'string' || !/^[\x21-\x7e]+$/.test(device_code)) return undefined;
  if (device_code.length > OAUTH_MAX_TOKEN_CHARACTERS) return undefined;
  if (typeof user_code !== 'string' || !/^[\x21-\x7e]+$/.test(user_code)) return undefined;
  if (user_code.length > OAUTH_MAX_USER_CODE_CHARACTERS) return undefined;
  const verificationUri = readVerificationUri(verification_uri);
  if (verificationUri === undefined) return undefined;
  if (typeof expires_in !== 'number' || !(expires_in >= 1)) return undefined;
  const expiresInSeconds = Math.floor(Math.min(expires_in, OAUTH_MAX_CODE_LIFETIME_SECONDS));
  const intervalSeconds = Math.ceil(typeof interval === 'number' ? interval : OAUTH_DEFAULT_INTERVAL_SECONDS);
  // an interval beyond the life of the code would mean never to ask
  if (!(intervalSeconds >= 1) || intervalSeconds > expiresInSeconds) return undefined;
  const words = cleanWords(message, 500, [device_code]);
  const clockSkewSeconds = measureSkew(reply.answer, now);
  return {
    deviceCode: device_code,
    userCode: user_code,
    verificationUri,
    expiresInSeconds,
    intervalSeconds,
    ...(words === undefined ? {} : { message: words }),
    ...(clockSkewSeconds === undefined ? {} : { clockSkewSeconds }),
  };
}

/** A person is sent to this address: only https, no embedded credentials, of sane length. */
function readVerificationUri(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > 500 || !URL.canParse(value)) return undefined;
  const url = new URL(value);
  return url.protocol === 'https:' && url.username === '' && url.password === '' ? value : undefined;
}
