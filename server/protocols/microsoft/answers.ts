/**
 * Every answer of Exchange Online's mail servers that Platen can meet, and the failures of network and TLS on the way.
 * A row is known by a pattern in the words of the other side. Rows with a `code` have the texts of that error code;
 * the others stand in `locales` under `answers.<id>`. The first row that fits counts.
 */
import type { Cure } from './failure.ts';

export type AnswerProtocol = 'smtp' | 'imap' | 'pop3' | 'network';

export type Answer = Cure & {
  readonly id: string;
  readonly protocol: AnswerProtocol;
  readonly pattern: RegExp;
  /** The error code under which Platen shows it, where there is one of its own. */
  readonly code?: string;
};

const smtp = (id: string, pattern: RegExp, rest: Cure & { readonly code?: string }): Answer => ({
  id: `smtp-${id}`,
  protocol: 'smtp',
  pattern,
  ...rest,
});
const imap = (id: string, pattern: RegExp, rest: Cure): Answer => ({
  id: `imap-${id}`,
  protocol: 'imap',
  pattern,
  ...rest,
});
const pop3 = (id: string, pattern: RegExp, rest: Cure): Answer => ({
  id: `pop3-${id}`,
  protocol: 'pop3',
  pattern,
  ...rest,
});
const network = (id: string, pattern: RegExp, rest: Cure): Answer => ({
  id: `network-${id}`,
  protocol: 'network',
  pattern,
  ...rest,
});

const EXCHANGE = 'exchange-administrator';
const OWNER = 'mailbox-owner';
const PLATEN = 'platen-administrator';
const NETWORK = 'network-administrator';

export const ANSWERS: readonly Answer[] = [
  // at connecting and signing in
  smtp('auth-off-tenant', /SmtpClientAuthentication is disabled for the Tenant/i, {
    code: 'smtp-auth-off-tenant',
    who: EXCHANGE,
    waiting: 'no',
    place: 'mail-apps',
    command: 'smtp-auth-mailbox-on',
  }),
  smtp('auth-off-mailbox', /SmtpClientAuthentication is disabled for the Mailbox/i, {
    code: 'smtp-auth-off-mailbox',
    who: EXCHANGE,
    waiting: 'no',
    place: 'mail-apps',
    command: 'smtp-auth-mailbox-on',
  }),
  smtp('basic-retired', /5\.7\.30|basic authentication is (disabled|not supported)/i, {
    code: 'password-login-ends',
    who: PLATEN,
    waiting: 'no',
  }),
  smtp('security-defaults', /security defaults/i, {
    code: 'smtp-blocked-security-defaults',
    who: 'entra-administrator',
    waiting: 'no',
    place: 'security-defaults',
  }),
  smtp('policy', /5\.7\.139|did not meet the criteria/i, {
    code: 'smtp-refused-by-policy',
    who: 'entra-administrator',
    waiting: 'no',
    place: 'sign-in-logs',
  }),
  smtp('bad-token', /5\.5\.124|Invalid XOAUTH2 auth data/i, { code: 'sign-in-refused', who: 'project', waiting: 'no' }),
  smtp('sign-in-refused', /535 5\.7\.3\b/i, {
    code: 'sign-in-refused',
    who: OWNER,
    waiting: 'no',
    place: 'mail-apps',
    command: 'show-mail-apps',
  }),
  smtp('not-authenticated', /5\.7\.57|Client not authenticated/i, {
    code: 'sign-in-refused',
    who: 'project',
    waiting: 'no',
  }),
  smtp('no-mailbox', /Mailbox cannot be accessed/i, {
    code: 'mailbox-not-accessible',
    who: 'license-administrator',
    waiting: 'hour',
    place: 'licenses',
  }),
  smtp('tls-too-old', /4\.7\.66|TLS 1\.0 and 1\.1 are not supported/i, {
    who: NETWORK,
    waiting: 'no',
  }),
  smtp('timeout', /Timeout waiting for client input/i, { code: 'message-deferred', who: NETWORK, waiting: 'minutes' }),
  // pace and limits
  smtp('concurrent', /432 4\.3\.2|Concurrent connections limit|sender thread limit/i, {
    code: 'too-busy',
    who: 'nobody',
    waiting: 'minutes',
  }),
  smtp('too-many-connections', /421 4\.3\.2/i, { code: 'too-busy', who: 'nobody', waiting: 'minutes' }),
  smtp('daily-limit', /SubmissionQuotaExceeded|5\.1\.90/i, { code: 'daily-limit', who: 'nobody', waiting: 'day' }),
  smtp('tenant-limit', /5\.7\.23[23]/i, { code: 'tenant-recipient-limit', who: EXCHANGE, waiting: 'day' }),
  smtp('blocked-sender', /bad outbound sender|AS\(42004\)/i, {
    code: 'sender-blocked',
    who: 'entra-administrator',
    waiting: 'no',
    place: 'restricted-entities',
  }),
  // rights and messages
  smtp('logon-failure', /430 4\.2\.0|mailbox logon failure|MapiExceptionLogonFailed/i, {
    code: 'shared-mailbox-no-access',
    who: EXCHANGE,
    waiting: 'hour',
    place: 'mailbox-delegation',
    command: 'full-access',
  }),
  smtp('send-as-denied', /5\.2\.252|5\.7\.60|SendAsDenied/i, {
    code: 'sender-not-allowed',
    who: EXCHANGE,
    waiting: 'no',
    place: 'mailbox-delegation',
    command: 'send-as',
  }),
  smtp('mailbox-full', /5\.2\.2\b|mailbox full/i, { code: 'sender-mailbox-full', who: OWNER, waiting: 'no' }),
  smtp('too-large', /5\.3\.4|exceeds fixed maximum/i, {
    code: 'message-too-large',
    who: EXCHANGE,
    waiting: 'no',
    command: 'raise-send-size',
  }),
  smtp('too-many-recipients', /4\.5\.3|5\.5\.3|RecipLimit|too many recipients/i, {
    code: 'message-deferred',
    who: 'nobody',
    waiting: 'minutes',
  }),
  // IMAP
  imap('token-expired', /AccessTokenExpired|Session invalidated/i, { who: 'nobody', waiting: 'minutes' }),
  imap('not-connected', /authenticated but not connected/i, {
    who: EXCHANGE,
    waiting: 'no',
    place: 'mail-apps',
    command: 'show-mail-apps',
  }),
  imap('throttled', /Request is throttled|Suggested Backoff/i, { who: 'nobody', waiting: 'minutes' }),
  imap('unavailable', /Server Unavailable|\[UNAVAILABLE\]/i, {
    who: 'microsoft',
    waiting: 'minutes',
    place: 'service-health',
  }),
  imap('auth-failed', /AUTHENTICATE failed/i, { who: OWNER, waiting: 'no', place: 'mail-apps', command: 'imap-on' }),
  imap('login-disabled', /LOGINDISABLED|LOGIN failed/i, { who: PLATEN, waiting: 'no' }),
  imap('idle-too-long', /Connection is closed\. 13/i, { who: 'nobody', waiting: 'normal' }),
  imap('closed', /Connection closed\. 14/i, { who: 'nobody', waiting: 'minutes' }),
  imap('out-of-step', /Command received in Invalid state/i, { who: 'project', waiting: 'minutes' }),
  imap('argument-error', /Command Argument Error/i, { who: 'project', waiting: 'no' }),
  imap('expunge-failed', /EXPUNGE failed/i, { who: 'nobody', waiting: 'minutes' }),
  imap('substitute-message', /Retrieval using the IMAP4 protocol failed/i, { who: 'sender', waiting: 'no' }),
  // POP3
  pop3('auth-failed', /Authentication failure: unknown user name or bad password/i, {
    who: OWNER,
    waiting: 'no',
    place: 'mail-apps',
    command: 'pop-on',
  }),
  pop3('logon-failed', /Logon failure: unknown user name or bad password/i, { who: PLATEN, waiting: 'minutes' }),
  pop3('line-too-long', /Protocol error\. Connection is closed\. 10/i, { who: 'project', waiting: 'no' }),
  pop3('unknown-command', /Protocol error\. 1[49]/i, { who: 'project', waiting: 'no' }),
  // on the way there
  network('name-unknown', /ENOTFOUND|EAI_NONAME|getaddrinfo/i, { who: NETWORK, waiting: 'no' }),
  network('name-server-silent', /EAI_AGAIN/i, { who: NETWORK, waiting: 'minutes' }),
  network('refused', /ECONNREFUSED/i, { who: NETWORK, waiting: 'no' }),
  network('timed-out', /ETIMEDOUT|ESOCKETTIMEDOUT|did not answer in time|did not connect in time|timed? ?out/i, {
    who: NETWORK,
    waiting: 'minutes',
  }),
  network('unreachable', /EHOSTUNREACH|ENETUNREACH/i, { who: NETWORK, waiting: 'no' }),
  network('reset', /ECONNRESET|EPIPE|socket hang up/i, { who: NETWORK, waiting: 'minutes' }),
  network('proxy-refused', /proxy/i, { who: NETWORK, waiting: 'no' }),
  network('certificate-expired', /CERT_HAS_EXPIRED|certificate has expired/i, { who: NETWORK, waiting: 'no' }),
  network('certificate-not-yet-valid', /CERT_NOT_YET_VALID|certificate is not yet valid/i, {
    who: PLATEN,
    waiting: 'no',
  }),
  network('certificate-of-other-name', /ERR_TLS_CERT_ALTNAME_INVALID|altnames/i, { who: NETWORK, waiting: 'no' }),
  network(
    'certificate-unknown',
    /SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)|self[- ]signed certificate|unable to (verify|get)/i,
    { who: NETWORK, waiting: 'no' },
  ),
  network('tls-failed', /ERR_SSL|EPROTO|ERR_TLS|SSL routines|tlsv1|wrong version number/i, {
    who: NETWORK,
    waiting: 'no',
  }),
];

/** The row that these words belong to; undefined when they are new. */
export function findAnswer(words: string, protocol?: AnswerProtocol): Answer | undefined {
  const isMeant = (row: Answer) => protocol === undefined || row.protocol === protocol || row.protocol === 'network';
  return ANSWERS.find((row) => isMeant(row) && row.pattern.test(words));
}

/** For a failure whose words were not kept: the row of its error code, where there is only one. */
export function findAnswerByCode(code: string): Answer | undefined {
  const [row, ...others] = ANSWERS.filter((one) => one.code === code);
  return others.length === 0 ? row : undefined;
}
