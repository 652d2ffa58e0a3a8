/** How an IMAP session fails, in the words that the rest of Platen understands. */

export type ImapFailureKind =
  /** Name, password or token not accepted (RFC 3501 section 6.2.2). */
  | 'auth-failed'
  /** Exchange took the token but opens no mailbox: not allowed, no licence, IMAP off, or too many sessions. */
  | 'authenticated-but-not-connected'
  /** The session ended because its access token did. */
  | 'token-expired'
  /** The server asks for a pause, `backoffMs` long. */
  | 'throttled'
  /** No session came about, or the server says that it cannot work now. */
  | 'unavailable'
  /** The host is an address that is never connected to: link-local, metadata, multicast. */
  | 'blocked-address'
  /** The session ended: with a BYE, with the connection, or because an answer did not come in time. */
  | 'closed'
  /** A single body is larger than one literal may be. */
  | 'too-large'
  /** The server refused a command, or answered what cannot be read. */
  | 'protocol';

export class ImapFailure extends Error {
  readonly kind: ImapFailureKind;
  /** The server's own words, where it said any. */
  readonly words: string | undefined;
  readonly backoffMs: number | undefined;

  constructor(
    kind: ImapFailureKind,
    options: { words?: string | undefined; backoffMs?: number; cause?: unknown } = {},
  ) {
    super(`the IMAP session failed: ${kind}${options.words === undefined ? '' : `, ${options.words}`}`);
    this.name = 'ImapFailure';
    this.kind = kind;
    this.words = options.words;
    this.backoffMs = options.backoffMs;
  }
}

/** What is known about a failure. */
export interface FailureEvidence {
  /** The error, then the ones before it: the last one often only tells that the connection is gone. */
  readonly errors: readonly unknown[];
  readonly byeWords: string | undefined;
  readonly backoffMs: number | undefined;
  /** Whether the session was ready for commands before. */
  readonly wasReady: boolean;
}

const MAX_WORDS = 500;

/** The fields that imapflow sets on its errors. */
interface LibraryError {
  readonly code?: unknown;
  readonly authenticationFailed?: unknown;
  readonly responseText?: unknown;
  readonly responseStatus?: unknown;
  readonly response?: unknown;
  readonly message?: unknown;
}

/** Failures that Exchange only tells in words (exact texts of its answers). */
const SAID: readonly (readonly [ImapFailureKind, RegExp])[] = [
  ['token-expired', /AccessTokenExpired|Session invalidated/i],
  ['authenticated-but-not-connected', /User is authenticated but not connected/i],
  ['unavailable', /Server Unavailable|\[UNAVAILABLE\]/i],
];

const TOO_LARGE: ReadonlySet<unknown> = new Set(['LiteralTooLarge', 'ResponseTooLarge']);
const UNREADABLE = /^(ParserError|LineTooLarge|Invalid|UnexpectedTag|ResponseProcessingFailed)/;

/** Translates whatever imapflow, TLS or the socket threw. No text in it comes from a command that was sent. */
export function failureOf(evidence: FailureEvidence): ImapFailure {
  const own = evidence.errors.find((error) => error instanceof ImapFailure);
  if (own !== undefined) return own;
  const errors = evidence.errors.filter((error): error is LibraryError => typeof error === 'object' && error !== null);
  const { words, texts } = wordsOf(errors, evidence.byeWords);
  const fail = (kind: ImapFailureKind): ImapFailure => new ImapFailure(kind, { words });
  if (evidence.backoffMs !== undefined) return new ImapFailure('throttled', { words, backoffMs: evidence.backoffMs });
  for (const [kind, pattern] of SAID) {
    const said = texts.find((text) => pattern.test(text));
    if (said !== undefined) return new ImapFailure(kind, { words: said });
  }
  if (errors.some((error) => error.authenticationFailed === true)) return fail('auth-failed');
  if (errors.some((error) => TOO_LARGE.has(error.code))) return fail('too-large');
  if (errors.some((error) => typeof error.code === 'string' && UNREADABLE.test(error.code))) return fail('protocol');
  const status = errors[0]?.responseStatus;
  if (status === 'NO' || status === 'BAD') return fail('protocol');
  return fail(evidence.wasReady ? 'closed' : 'unavailable');
}

/** The server's words before those of the library, and the words to show: the first of them. */
function wordsOf(errors: readonly LibraryError[], byeWords: string | undefined) {
  const said = [...errors.map((error) => error.responseText), byeWords, ...errors.map((error) => error.response)];
  const texts = [...said, ...errors.map((error) => error.message)].flatMap((text) => {
    if (typeof text !== 'string' || text === '') return [];
    return [
      text
        .replace(/[\p{Cc}\p{Cf}]+/gu, ' ')
        .trim()
        .slice(0, MAX_WORDS),
    ];
  });
  return { texts, words: texts[0] };
}
