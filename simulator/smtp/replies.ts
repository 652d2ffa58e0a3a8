/** What the server says, in the words of Exchange Online's submission service. Each reply is one line without its end. */

/** The place and moment that Exchange puts into many of its replies. */
export type Stamp = { readonly host: string; readonly at: Date; readonly id: string };
export type Who = { readonly login: string; readonly sender: string };
export type Wording = (stamp: Stamp, who: Who) => string;

/** The front end that took the connection, and the mailbox server behind it that takes the message. */
export const FRONT_END = 'PR0CTICE0001.outlook.office365.com';
export const BACK_END = 'PRACTICEMB0001.EURPRD01.PROD.OUTLOOK.COM';
const TRACED_HOST = 'PR0CTICE0001.eurprd01.prod.outlook.com';

const EXTENSIONS_AFTER = ['8BITMIME', 'BINARYMIME', 'CHUNKING', 'SMTPUTF8'];

export function greeting(stamp: Stamp): string {
  const readyAt = stamp.at.toUTCString().replace('GMT', '+0000');
  return `220 ${stamp.host} Microsoft ESMTP MAIL Service ready at ${readyAt} [${stamp.id}]`;
}

/** AUTH is offered only once the connection is secured, and stands where STARTTLS stood. */
export function hello(client: { ip: string; security: 'plain' | 'tls' }, maxMessageBytes: number): string {
  const middle = client.security === 'tls' ? 'AUTH LOGIN XOAUTH2' : 'STARTTLS';
  const lines = [`${FRONT_END} Hello [${client.ip}]`, `SIZE ${maxMessageBytes}`, 'PIPELINING', 'DSN'];
  lines.push('ENHANCEDSTATUSCODES', middle, ...EXTENSIONS_AFTER);
  return lines.map((line, index) => `250${index === lines.length - 1 ? ' ' : '-'}${line}`).join('\r\n');
}

/** What stands in brackets behind a refused login. */
function traced(text: string): Wording {
  return ({ at, id }) => `${text} [${TRACED_HOST} ${at.toISOString()} ${id}]`;
}

function hosted(text: string): Wording {
  return () => `${text} [Hostname=${BACK_END}]`;
}

// Real ones are one line of 1 to 2 kB, far over the 512 octets of RFC 5321 section 4.5.3.1.5.
const DIAGNOSTICS = Array.from({ length: 40 }, (_, index) => `0.${35_180 + index * 14}:${index}2000000`).join(', ');

function storeException(code: string, exception: string): Wording {
  return hosted(
    `${code}STOREDRV.Submission.Exception:${exception}; Failed to process message due to a permanent exception ` +
      `with message [BeginDiagnosticData]Cannot submit message. ${DIAGNOSTICS}[EndDiagnosticData]`,
  );
}

const REFUSED_LOGIN = '535 5.7.139 Authentication unsuccessful,';
const ADVICE = 'Visit https://aka.ms/smtp_auth_disabled for more information.';

export const LOGIN = {
  failed: traced('535 5.7.3 Authentication unsuccessful'),
  tenantDisabled: traced(`${REFUSED_LOGIN} SmtpClientAuthentication is disabled for the Tenant. ${ADVICE}`),
  mailboxDisabled: traced(`${REFUSED_LOGIN} SmtpClientAuthentication is disabled for the Mailbox. ${ADVICE}`),
  passwordsDisabled: traced(`${REFUSED_LOGIN} basic authentication is disabled.`),
  passwordsRetired: () => '550 5.7.30 Basic authentication is not supported for Client Submission.',
  securityDefaults: traced(
    `${REFUSED_LOGIN} user is locked by your organization's security defaults policy. Contact your administrator.`,
  ),
  conditionalAccess: traced(
    `${REFUSED_LOGIN} the request did not meet the criteria to be authenticated successfully. Contact your administrator.`,
  ),
  noMailbox: traced('550 5.2.1 Mailbox cannot be accessed'),
} as const satisfies Record<string, Wording>;

export const SUBMISSION = {
  concurrent: hosted(
    '432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending for more information.',
  ),
  threadLimit: hosted('432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded'),
  logonFailure: hosted(
    '430 4.2.0 STOREDRV; mailbox logon failure; STOREDRV.Submission.Exception:LogonFailedException.' +
      'MapiExceptionLogonFailed; Failed to process message due to a transient exception with message Cannot open mailbox.',
  ),
  sendAsDenied: (stamp, who) =>
    storeException(
      `554 5.2.252 SendAsDenied; ${who.login} not allowed to send as ${who.sender}; `,
      'SendAsDeniedException.MapiExceptionSendAsDenied',
    )(stamp, who),
  sendAsDeniedOlder: storeException('554 5.2.0 ', 'SendAsDeniedException.MapiExceptionSendAsDenied'),
  sendAsRefused: () => `550 5.7.60 SMTP; Client does not have permissions to send as this sender [${BACK_END}]`,
  quota: storeException('554 5.2.0 ', 'SubmissionQuotaExceededException.MapiExceptionSubmissionQuotaExceeded'),
  mailboxFull: storeException('554 5.2.2 mailbox full; ', 'QuotaExceededException.MapiExceptionShutoffQuotaExceeded'),
  tenantLimit: () =>
    "550 5.7.233 Your message can't be sent because your tenant exceeded its daily limit for sending email to " +
    'external recipients (tenant external recipient rate limit)',
  blockedSender: () => '550 5.1.8 Access denied, bad outbound sender AS(42004)',
  bareLineEnds: () => '550 5.6.11 SMTPSEND.BareLinefeedsAreIllegal; message contains bare linefeeds',
  tooLarge: () => '552 5.3.4 Message size exceeds fixed maximum message size',
} as const satisfies Record<string, Wording>;

export const RECIPIENT = {
  tooMany: '452 4.5.3 Too many recipients',
  limit: '550 5.5.3 RESOLVER.ADR.RecipLimit; too many recipients',
  unknown: '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup',
  temporary: '451 4.7.500 Server busy. Please try again later',
} as const;

/** The words that a non-delivery report carries after the message was accepted. */
export const BOUNCE = {
  recipientRate: "550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients",
  unknown: RECIPIENT.unknown,
  blockedSender: SUBMISSION.blockedSender(),
} as const;

export const SESSION = {
  tooManyConnections:
    '421 4.3.2 The maximum number of concurrent server connections has exceeded a limit, closing transmission channel',
  tooManyErrors: '421 4.7.0 Too many errors on this connection, closing transmission channel',
  oldTls:
    '421 4.7.66 TLS 1.0 and 1.1 are not supported. Please upgrade/update your client to support TLS 1.2. ' +
    'Visit https://aka.ms/smtp_auth_tls',
  idle: '451 4.7.0 Timeout waiting for client input',
  notAuthenticated: '530 5.7.57 Client not authenticated to send mail',
  tlsNeeded: '451 5.7.3 STARTTLS is required to send mail',
  badToken: '501 5.5.124 Invalid XOAUTH2 auth data',
  unknownMechanism: '504 5.7.4 Unrecognized authentication type',
  authenticated: '235 2.7.0 Authentication successful',
  startContent: '354 Start mail input; end with <CRLF>.<CRLF>',
  closing: '221 2.0.0 Service closing transmission channel',
  lineTooLong: '500 5.5.2 Command line too long',
} as const;

export function accepted(messageId: string): string {
  return `250 2.0.0 OK ${messageId} [Hostname=${BACK_END}]`;
}
