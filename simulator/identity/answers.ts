/**
 * What the identity endpoints say: answers, and refusals by AADSTS number with every field that the real platform sends.
 * An endpoint throws a `Refusal`; the server turns it into the answer, because only it knows the correlation id.
 */
import { randomUUID } from 'node:crypto';

export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

export type RefusalDetail = {
  readonly error?: string;
  readonly status?: number;
  readonly suberror?: string;
  readonly claims?: string;
  readonly text?: string;
};

export class Refusal extends Error {
  readonly aadsts: number | undefined;
  readonly detail: RefusalDetail;

  constructor(aadsts: number | undefined, detail: RefusalDetail = {}) {
    super(detail.text ?? `AADSTS${aadsts}`);
    this.aadsts = aadsts;
    this.detail = detail;
  }
}

type Entry = {
  readonly error: string;
  readonly text: string;
  readonly seen: 'browser' | 'token';
  readonly suberror?: string;
  readonly status?: number;
  readonly hasNoPage?: true;
};

const grant = (text: string, suberror?: string): Entry => ({
  error: 'invalid_grant',
  text,
  seen: 'token',
  ...(suberror ? { suberror } : {}),
});
const request = (text: string): Entry => ({ error: 'invalid_request', text, seen: 'token' });
const scope = (text: string): Entry => ({ error: 'invalid_scope', text, seen: 'token' });
const browser = (text: string, error = 'interaction_required'): Entry => ({ error, text, seen: 'browser' });
const transient = (text: string): Entry => ({ error: 'temporarily_unavailable', text, seen: 'token', status: 503 });
const client = (error: string, text: string): Entry => ({ error, text, seen: 'token' });

/** `seen` says where a person who signs in meets the refusal: in the browser (polls stay pending) or at the token call. */
const ENTRIES: Readonly<Record<number, Entry>> = {
  16000: browser('The selected account does not exist in this tenant.'),
  28000: scope('Provided value for the input parameter scope is not valid because it contains more than one resource.'),
  50011: browser('The redirect URI of the request does not match those of the application.', 'invalid_request'),
  50020: browser('The user account comes from another identity provider and does not exist in this tenant.'),
  50034: browser('The user account does not exist in the directory.', 'invalid_grant'),
  50053: browser('The account is locked because of too many sign-in attempts.', 'invalid_grant'),
  50055: browser('The password is expired.', 'invalid_grant'),
  50057: browser('The user account is disabled.', 'invalid_grant'),
  50058: browser('A silent sign-in request was sent but no user is signed in.', 'login_required'),
  50076: grant('Multi-factor authentication must be used to access the resource.', 'basic_action'),
  50078: grant(
    "Presented multi-factor authentication has expired due to policies configured by your administrator, you must refresh your multi-factor authentication to access '00000002-0000-0ff1-ce00-000000000000'.",
    'basic_action',
  ),
  50079: grant('The user is required to enroll in multi-factor authentication.', 'basic_action'),
  50097: grant('Device authentication is required.'),
  50105: grant('The signed in user is not assigned to a role for the application.'),
  50126: browser('Invalid user name or password.', 'invalid_grant'),
  50132: grant('The session is not valid because the password was changed or has expired.', 'bad_token'),
  50133: grant('The session is not valid because the password was recently changed.', 'bad_token'),
  50134: browser('The code was entered in the wrong data centre.'),
  50158: { ...grant('An external security challenge was not satisfied.'), error: 'interaction_required' },
  50173: grant(
    'The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password.',
    'bad_token',
  ),
  50194: request('The application is not configured as a multi-tenant application; use its own tenant endpoint.'),
  50196: grant('The server terminated an operation because it met a client request loop.'),
  53000: grant('The device is not in the required device state: compliant.', 'message_only'),
  53001: grant('The device is not in the required device state: domain joined.', 'message_only'),
  53003: grant(
    'Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.',
    'message_only',
  ),
  54005: grant('The authorization code was already redeemed.'),
  65001: grant('The user or administrator has not consented to use the application.', 'consent_required'),
  65004: { ...browser('The user declined to consent to access the application.', 'access_denied'), hasNoPage: true },
  70000: grant('The provided grant is invalid or malformed.', 'bad_token'),
  70003: client('unsupported_grant_type', 'The application returned an unsupported grant type.'),
  70008: grant('The provided authorization code or refresh token has expired or was revoked.', 'token_expired'),
  70011: scope('The provided value for the input parameter scope is not valid.'),
  70016: client(
    'authorization_pending',
    'The provided request has not yet been authorized by the user. The user must input their code.',
  ),
  70018: { ...browser('The code that was entered is not valid.', 'bad_verification_code'), hasNoPage: true },
  70019: browser('The code has expired.', 'expired_token'),
  70020: client('expired_token', 'The provided value for the input parameter device_code is expired.'),
  70043: grant('The refresh token has expired or is invalid due to sign-in frequency checks.', 'token_expired'),
  90002: request('The tenant was not found. Check that it has active subscriptions and that the right cloud is used.'),
  90014: request('A required field is missing from the request.'),
  90019: request('No tenant-identifying information found in the request.'),
  90024: transient('A transient error has occurred. Try again.'),
  90033: transient('A transient error has occurred. Try again.'),
  90055: transient('The tenant is throttled because of too many requests.'),
  90094: browser('An administrator of the organization must consent to the application.'),
  90095: browser('An administrator must consent; a request for approval can be sent.'),
  90119: browser('No user code was found in the request.', 'invalid_request'),
  90120: browser('The request was already authorized or declined.', 'invalid_request'),
  500011: client('invalid_resource', 'The resource principal was not found in the tenant.'),
  500112: grant('The reply address does not match the one of the authorization request.'),
  500113: browser('No reply address is registered for the application.', 'invalid_request'),
  501481: grant('The code_verifier does not match the code_challenge of the authorization request.'),
  530003: grant('The device is required to be managed to access this resource.', 'message_only'),
  530035: grant('Access has been blocked by security defaults.', 'message_only'),
  530036: grant('The refresh token is not accepted because of authentication flow checks.', 'message_only'),
  650052: grant('The organization lacks a subscription to the service.'),
  650053: scope('The application asked for a scope that does not exist on the resource.'),
  700005: grant('The provided grant was intended for use against another tenant.'),
  700016: client('unauthorized_client', 'The application was not found in the directory.'),
  700025: client('invalid_client', 'The client is public, so neither client_assertion nor client_secret may be sent.'),
  700082: grant('The refresh token has expired due to inactivity.', 'token_expired'),
  900023: request('The tenant identifier is neither a valid DNS name nor a valid external domain.'),
  900144: request('The request body must contain a required parameter.'),
  900561: request('The endpoint only accepts POST requests.'),
  7000112: client('unauthorized_client', 'The application is disabled in the tenant.'),
  7000218: client(
    'invalid_client',
    "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
  ),
  9002313: grant('The request is malformed or invalid.'),
  9002332: request('The application is configured for use by work accounts only; do not use the consumers endpoint.'),
};

const UNKNOWN: Entry = grant('The request was refused.');

export type RefusalContext = {
  readonly now: Date;
  readonly correlationId: string;
  readonly layout: 'lines' | 'blanks';
  readonly authority: string;
};

/** The error body: `error_uri`, `suberror` and `claims` only where there is one, 401 for `invalid_client`. */
export function refusalAnswer(refusal: Refusal, context: RefusalContext): Answer {
  const { aadsts, detail } = refusal;
  const entry = aadsts === undefined ? UNKNOWN : (ENTRIES[aadsts] ?? UNKNOWN);
  const error = detail.error ?? entry.error;
  const suberror = detail.suberror ?? entry.suberror;
  const timestamp = `${context.now.toISOString().slice(0, 19).replace('T', ' ')}Z`;
  const traceId = randomUUID();
  const trailer = [`Trace ID: ${traceId}`, `Correlation ID: ${context.correlationId}`, `Timestamp: ${timestamp}`];
  const text = detail.text ?? entry.text;
  const head = aadsts === undefined ? text : `AADSTS${aadsts}: ${text}`;
  const claims = detail.claims ?? (aadsts === 53003 ? capolids() : undefined);
  const body = {
    error,
    error_description: [head, ...trailer].join(context.layout === 'lines' ? '\r\n' : ' '),
    error_codes: aadsts === undefined ? [] : [aadsts],
    timestamp,
    trace_id: traceId,
    correlation_id: context.correlationId,
    ...(aadsts === undefined || entry.hasNoPage ? {} : { error_uri: `${context.authority}/error?code=${aadsts}` }),
    ...(suberror ? { suberror } : {}),
    ...(claims ? { claims } : {}),
  };
  const status = detail.status ?? (error === 'invalid_client' ? 401 : (entry.status ?? 400));
  return jsonAnswer(body, { status, headers: { 'x-ms-request-id': traceId } });
}

/** The neutral sentence of a number, for pages. */
export function aadstsText(aadsts: number): string {
  return (ENTRIES[aadsts] ?? UNKNOWN).text;
}

/** Where a person who signs in meets this number. */
export function aadstsSeen(aadsts: number): 'browser' | 'token' {
  return (ENTRIES[aadsts] ?? UNKNOWN).seen;
}

export function jsonAnswer(body: unknown, more: { status?: number; headers?: Record<string, string> } = {}): Answer {
  return {
    status: more.status ?? 200,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store, no-cache',
      pragma: 'no-cache',
      ...more.headers,
    },
    body: JSON.stringify(body),
  };
}

export function htmlAnswer(body: string, status = 200): Answer {
  return {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
    },
    body,
  };
}

export function redirectAnswer(location: string): Answer {
  return { status: 302, headers: { location, 'cache-control': 'no-store' }, body: '' };
}

/** A Conditional Access refusal names the policy that is to be satisfied. */
function capolids(): string {
  const values = ['3e2a8c54-77b1-4f0e-9d36-5b1c0a9f8e72'];
  return JSON.stringify({ access_token: { capolids: { essential: true, values } } });
}
