/**
 * The one error class and the closed list of its codes.
 *
 * A code is stable and is what other programs rely on; what a person should do next stands in `locales/` under
 * `errors.<code>`, in both languages, and in `docs/errors.md`. `test/rules/errors.test.ts` keeps the three equal.
 */

type ErrorRule = {
  /** HTTP status of the problem answer (RFC 9457). */
  readonly status: number;
  /** Will waiting help, without anybody doing anything? */
  readonly temporary: boolean;
};

const rule = (status: number, temporary: boolean): ErrorRule => ({ status, temporary });

export const ERRORS = {
  // anything
  'invalid-request': rule(400, false),
  'not-found': rule(404, false),
  conflict: rule(409, false),
  'internal-error': rule(500, false),
  stopping: rule(503, true),

  // base and store
  'invalid-setting': rule(500, false),
  'key-file-unsafe': rule(500, false),
  'key-file-wrong': rule(500, false),
  'sealed-value-damaged': rule(500, false),
  'data-directory-in-use': rule(500, false),
  'database-start-failed': rule(500, false),
  'database-unavailable': rule(503, true),
  'database-too-new': rule(500, false),
  'lease-lost': rule(503, true),
  'backup-folder-in-use': rule(409, false),
  'backup-unreadable': rule(400, false),
  'restore-target-in-use': rule(409, false),

  // spool
  'spool-unavailable': rule(503, true),
  'spool-full': rule(507, false),
  'document-too-large': rule(413, false),
  'document-missing': rule(500, false),

  // conversion
  'document-empty': rule(422, false),
  'document-executable': rule(422, false),
  'document-archive': rule(422, false),
  'document-encrypted': rule(422, false),
  'document-unsupported': rule(422, false),
  'document-corrupt': rule(422, false),
  'document-too-complex': rule(422, false),
  'too-many-pages': rule(422, false),
  'conversion-timeout': rule(422, false),
  'conversion-too-large': rule(422, false),
  'conversion-failed': rule(422, false),
  'conversion-unavailable': rule(409, false),
  'conversion-switched-off': rule(409, false),

  // users and http
  'setup-token-wrong': rule(403, false),
  'setup-closed': rule(409, false),
  unauthenticated: rule(401, false),
  forbidden: rule(403, false),
  'wrong-credentials': rule(401, false),
  'too-many-attempts': rule(429, true),
  'too-many-pins': rule(429, true),
  'cross-site-request': rule(403, false),
  'wrong-host': rule(421, false),
  'wrong-content-type': rule(415, false),
  'too-large': rule(413, false),
  'too-many-requests': rule(429, true),
  'password-too-weak': rule(400, false),
  'last-administrator': rule(409, false),
  'current-password-wrong': rule(403, false),
  'own-password-needed': rule(403, false),
  'file-unreadable': rule(400, false),
  'link-unknown': rule(404, false),
  'link-expired': rule(410, false),
  'link-used': rule(409, false),

  // connections
  'connection-not-confirmed': rule(409, false),
  'connection-needs-confirmation': rule(409, false),
  'connection-degraded': rule(503, true),
  'device-code-refused': rule(502, false),
  'identity-unreachable': rule(503, true),
  'wrong-account': rule(409, false),
  'connection-in-use': rule(409, false),
  'unknown-cloud': rule(400, false),
  'login-declined': rule(409, false),
  'login-expired': rule(409, false),
  'login-unusable': rule(502, false),
  'no-renewal': rule(502, false),
  'link-login-refused': rule(502, false),
  'link-login-missing': rule(409, false),
  'link-login-expired': rule(409, false),
  'loopback-not-here': rule(409, false),
  'hand-over-unknown': rule(404, false),
  'hand-over-ended': rule(410, false),
  'hand-over-without-account': rule(409, false),
  'hand-over-too-often': rule(429, true),
  'pasted-text-unusable': rule(400, false),
  'pasted-address-without-code': rule(400, false),
  'pasted-address-of-other-attempt': rule(409, false),
  'pasted-code-used': rule(409, false),
  'pasted-code-expired': rule(409, false),
  'use-not-granted': rule(409, false),
  'clock-wrong': rule(409, false),
  'registration-output-unreadable': rule(400, false),
  'token-wrong-service': rule(502, false),
  'protocol-off': rule(502, false),
  'expected-account-missing': rule(409, false),

  // intake
  'mailbox-unreachable': rule(503, true),
  'mailbox-refused': rule(502, false),
  'mailbox-move-refused': rule(502, true),
  'pop3-has-no-folders': rule(400, false),
  'mailbox-disk-full': rule(507, true),
  'mailbox-delete-ignored': rule(502, false),

  // outbox
  'outgoing-server-missing': rule(409, false),
  'sender-email-missing': rule(409, false),
  'outbox-state-conflict': rule(409, false),
  'server-unreachable': rule(503, true),
  'server-tls-refused': rule(502, false),
  'too-busy': rule(503, true),
  'daily-limit': rule(503, true),
  'tenant-recipient-limit': rule(503, true),
  'sign-in-refused': rule(502, false),
  'smtp-auth-off-tenant': rule(502, false),
  'smtp-auth-off-mailbox': rule(502, false),
  'smtp-blocked-security-defaults': rule(502, false),
  'smtp-refused-by-policy': rule(502, false),
  'password-login-ends': rule(502, false),
  'mailbox-not-accessible': rule(502, false),
  'shared-mailbox-no-access': rule(502, false),
  'sender-not-allowed': rule(502, false),
  'sender-refused': rule(502, false),
  'sender-blocked': rule(502, false),
  'sender-mailbox-full': rule(502, false),
  'message-too-large': rule(413, false),
  'recipient-refused': rule(502, false),
  'message-refused': rule(502, false),
  'message-returned': rule(502, false),
  'message-deferred': rule(503, true),
  'message-expired': rule(502, false),
  'message-restored': rule(409, false),
  'outcome-uncertain': rule(503, true),

  // relay
  'device-taken': rule(409, false),
  'relay-certificate-unusable': rule(500, false),
  'relay-address-unusable': rule(500, false),

  // notices
  'webhook-address-refused': rule(400, false),
  'webhook-unreachable': rule(503, true),
  'webhook-refused': rule(502, true),
  'alarm-server-failed': rule(502, true),
  'alarm-way-missing': rule(409, false),

  // jobs and printers
  'job-state-conflict': rule(409, false),
  'upload-unreadable': rule(400, false),
  'upload-key-reused': rule(422, false),
  'sender-unconfirmed': rule(409, false),
  'options-impossible': rule(422, false),
  'no-printer': rule(409, false),
  'no-queue': rule(409, false),
  'printer-unreachable': rule(503, true),
  'printer-refused': rule(502, false),
  'printer-stopped': rule(503, true),
  'printer-waits': rule(503, true),
  'printer-takes-nothing': rule(503, true),
  'outcome-unknown': rule(409, false),
  'printer-answer-invalid': rule(502, true),
  'printer-address-refused': rule(400, false),
  'queue-in-use': rule(409, false),
  'queue-paused': rule(409, false),
  'release-pin-unknown': rule(404, false),
  'held-too-long': rule(410, false),
  'document-removed': rule(410, false),
  'printer-certificate-changed': rule(502, false),
  'discovery-off': rule(409, false),
  'discovery-failed': rule(503, true),
} as const satisfies Record<string, ErrorRule>;

export type ErrorCode = keyof typeof ERRORS;

export type ErrorDetails = {
  readonly cause?: unknown;
  /** The other side's answer, word for word, without secrets. */
  readonly remote?: string;
  /** Values for the advice text in `locales/`. */
  readonly values?: Readonly<Record<string, string | number>>;
  /** Facts that an administrator gives to the support of the other side (AADSTS number, trace id, …). */
  readonly facts?: Readonly<Record<string, string | number>>;
  readonly retryAfterSeconds?: number;
};

export class PlatenError extends Error {
  readonly code: ErrorCode;
  readonly remote: string | undefined;
  readonly values: Readonly<Record<string, string | number>>;
  readonly facts: Readonly<Record<string, string | number>>;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'PlatenError';
    this.code = code;
    this.remote = details.remote;
    this.values = details.values ?? {};
    this.facts = details.facts ?? {};
    this.retryAfterSeconds = details.retryAfterSeconds;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get temporary(): boolean {
    return ERRORS[this.code].temporary;
  }
}

/** Narrows to a Node system error, to read its `code` (ENOENT, ECONNREFUSED, …). */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string';
}

/** PostgreSQL's error of a unique index (SQLSTATE 23505). */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof Error && (error as { code?: unknown }).code === '23505';
}
