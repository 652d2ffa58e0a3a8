/** How a POP3 session fails, in the words that the rest of Platen understands; they are those of IMAP. */

export type Pop3FailureKind =
  /** Name, password or token not accepted (RFC 1734, RFC 3206 `AUTH`). */
  | 'auth-failed'
  /** The mailbox is locked by another session, or the server asks for a pause (RFC 2449 section 8.1). */
  | 'throttled'
  /** No session came about, or the server says that it cannot work now (RFC 3206 `SYS/TEMP`). */
  | 'unavailable'
  /** The host is an address that is never connected to: link-local, metadata, multicast. */
  | 'blocked-address'
  /** The session ended with the connection, or because an answer did not come in time. */
  | 'closed'
  /** A line or a message is larger than its limit. */
  | 'too-large'
  /** The server refused a command, or answered what cannot be read. */
  | 'protocol';

export class Pop3Failure extends Error {
  readonly kind: Pop3FailureKind;
  /** The server's own words, where it said any. */
  readonly words: string | undefined;
  readonly backoffMs: number | undefined;

  constructor(
    kind: Pop3FailureKind,
    options: { words?: string | undefined; backoffMs?: number; cause?: unknown } = {},
  ) {
    const { words, cause } = options;
    super(`the POP3 session failed: ${kind}${words === undefined ? '' : `, ${words}`}`, { cause });
    this.name = 'Pop3Failure';
    this.kind = kind;
    this.words = words;
    this.backoffMs = options.backoffMs;
  }
}

const LOCKED_PAUSE_MS = 60_000;

/** Reads what a refusal means from its response code (RFC 2449 section 8, RFC 3206), else from the phase. */
export function refusalOf(line: string, phase: 'sign-in' | 'command'): Pop3Failure {
  const words = line.replace(/^-ERR ?/, '').trim();
  const code = /^\[([A-Z/-]{1,40})\]/.exec(words)?.[1];
  if (code === 'IN-USE' || code === 'LOGIN-DELAY') {
    return new Pop3Failure('throttled', { words, backoffMs: LOCKED_PAUSE_MS });
  }
  if (code === 'SYS/TEMP' || code === 'SYS/PERM') return new Pop3Failure('unavailable', { words });
  return new Pop3Failure(phase === 'sign-in' || code === 'AUTH' ? 'auth-failed' : 'protocol', { words });
}
