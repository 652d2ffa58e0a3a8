import { OAUTH_MAX_RETRY_AFTER_SECONDS, OAUTH_MAX_TOKEN_CHARACTERS, OAUTH_MAX_WORDS_CHARACTERS } from '../limits.ts';
import type { HttpsAnswer } from './https.ts';

/**
 * What the identity platform said when it said no: RFC 6749 section 5.2 plus Microsoft's own fields.
 * Branch on `error`, explain by `aadsts`, keep the three marks for support.
 */
export type Refusal = {
  readonly error: string;
  /** The other side's words, without the trailer that repeats the marks. */
  readonly description: string;
  readonly aadsts?: number;
  readonly suberror?: string;
  readonly traceId?: string;
  readonly correlationId?: string;
  readonly timestamp?: string;
  readonly status: number;
};

/** No answer of use for now; waiting helps. */
export type Transient = {
  readonly kind: 'transient';
  /** What happened, without any secret. */
  readonly words: string;
  readonly retryAfterSeconds?: number;
  readonly refusal?: Refusal;
};

/** Why a refusal will not go away by waiting. */
export type RefusedBecause = 'policy' | 'code' | 'registration' | 'scope' | 'other';

/** Numbers that Microsoft marks as passing, whatever `error` says: outages, throttling, loop protection. */
const TRANSIENT_NUMBERS = new Set([90024, 90033, 90055, 90006, 50033, 50087, 50196, 135010]);

const TRANSIENT_ERRORS = new Set(['temporarily_unavailable', 'server_error', 'slow_down']);

const BECAUSE: ReadonlyMap<string, RefusedBecause> = new Map([
  ['invalid_grant', 'policy'],
  ['interaction_required', 'policy'],
  ['consent_required', 'policy'],
  ['login_required', 'policy'],
  ['bad_verification_code', 'code'],
  ['invalid_client', 'registration'],
  ['unauthorized_client', 'registration'],
  ['invalid_tenant', 'registration'],
  ['invalid_resource', 'scope'],
  ['invalid_scope', 'scope'],
  ['invalid_request', 'other'],
  ['unsupported_grant_type', 'other'],
]);

/** Reads the JSON object of an answer; undefined when the body is anything else. */
export function readObject(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    // HTML, a cut body or nothing at all: there is no object, and the caller says so
    return undefined;
  }
}

/**
 * Reads the error body of RFC 6749 section 5.2 from an answer that is not a success.
 * `secrets` are strings that were sent; should the other side echo them, they are struck out.
 */
export function readRefusal(answer: HttpsAnswer, secrets: readonly string[]): Refusal | undefined {
  const body = readObject(answer.body);
  if (body === undefined || typeof body.error !== 'string' || body.error === '') return undefined;
  const clean = (value: unknown, maxCharacters: number) => cleanWords(value, maxCharacters, secrets);
  const words = clean(body.error_description, OAUTH_MAX_WORDS_CHARACTERS) ?? '';
  const aadsts = readNumber(body.error_codes, words);
  const suberror = clean(body.suberror, 64);
  const traceId = clean(body.trace_id, 64) ?? /Trace ID: ([\w-]{1,64})/.exec(words)?.[1];
  const correlationId = clean(body.correlation_id, 64) ?? /Correlation ID: ([\w-]{1,64})/.exec(words)?.[1];
  const timestamp = clean(body.timestamp, 40) ?? /Timestamp: ([\d :TZ.-]{1,40})/.exec(words)?.[1]?.trim();
  return {
    error: clean(body.error, 64) ?? 'unknown',
    description: words.replace(/\s*Trace ID: .*$/s, ''),
    ...(aadsts === undefined ? {} : { aadsts }),
    ...(suberror === undefined ? {} : { suberror }),
    ...(traceId === undefined ? {} : { traceId }),
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(timestamp === undefined ? {} : { timestamp }),
    status: answer.status,
  };
}

function readNumber(codes: unknown, words: string): number | undefined {
  const first: unknown = Array.isArray(codes) ? codes[0] : undefined;
  if (typeof first === 'number' && Number.isSafeInteger(first) && first > 0) return first;
  const found = /AADSTS(\d{3,9})/.exec(words)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** Bounds a text of the other side and strikes out control characters and secrets; undefined when it is no text. */
export function cleanWords(value: unknown, maxCharacters: number, secrets: readonly string[] = []): string | undefined {
  if (typeof value !== 'string') return undefined;
  let words = value.slice(0, OAUTH_MAX_TOKEN_CHARACTERS * 2);
  for (const secret of secrets) {
    if (secret !== '') words = words.replaceAll(secret, '…');
  }
  // a JWT or an opaque token of Microsoft that we did not send, echoed by a broken or hostile server
  words = words.replace(/[A-Za-z0-9_.~+/-]{120,}/g, '…');
  return (
    words
      .replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]+/g, ' ')
      .slice(0, maxCharacters)
      .trim() || undefined
  );
}

/** True when waiting helps although the answer has the shape of a refusal. */
export function isPassing(refusal: Refusal): boolean {
  if (refusal.aadsts !== undefined && TRANSIENT_NUMBERS.has(refusal.aadsts)) return true;
  if (refusal.status === 429 || refusal.status >= 500) return true;
  if (TRANSIENT_ERRORS.has(refusal.error)) return true;
  // an error code nobody knows and without Microsoft's number is more likely a proxy than a decision
  return !BECAUSE.has(refusal.error) && refusal.aadsts === undefined;
}

/** Says which kind of setting or decision stands behind a lasting refusal. */
export function becauseOf(refusal: Refusal): RefusedBecause {
  return BECAUSE.get(refusal.error) ?? 'other';
}

/** Turns an answer that decides nothing into the outcome "wait", with the server's Retry-After where there is one. */
export function describeTransient(answer: HttpsAnswer, refusal: Refusal | undefined, now: Date): Transient {
  const retryAfterSeconds = readRetryAfter(answer, now);
  return {
    kind: 'transient',
    words: describeAnswer(answer, refusal),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    ...(refusal === undefined ? {} : { refusal }),
  };
}

function describeAnswer(answer: HttpsAnswer, refusal: Refusal | undefined): string {
  if (refusal !== undefined) return `HTTP ${answer.status}: ${refusal.description || refusal.error}`;
  if (answer.status >= 300 && answer.status < 400) return `HTTP ${answer.status}: a redirect, which is not followed`;
  const type = cleanWords(answer.headers['content-type'], 80) ?? 'no content type';
  return `HTTP ${answer.status} with an answer that cannot be read (${type})`;
}

/** RFC 9110 section 10.2.3: seconds or a date. */
function readRetryAfter(answer: HttpsAnswer, now: Date): number | undefined {
  const value = answer.headers['retry-after'];
  if (value === undefined) return undefined;
  const isDate = /^[A-Z][a-z]{2}, /.test(value);
  const seconds = isDate ? (Date.parse(value) - now.getTime()) / 1000 : Number(/^\d{1,9}$/.exec(value)?.[0]);
  if (!Number.isFinite(seconds)) return undefined;
  return Math.min(Math.max(Math.ceil(seconds), 0), OAUTH_MAX_RETRY_AFTER_SECONDS);
}

/** Seconds by which the other side's clock is ahead of ours, from the Date header of its answer. */
export function measureSkew(answer: HttpsAnswer, now: Date): number | undefined {
  const theirs = Date.parse(answer.headers.date ?? '');
  return Number.isNaN(theirs) ? undefined : Math.round((theirs - now.getTime()) / 1000);
}
