/** What comes of a submission, as values: the client decides nothing about them. */
import type { SmtpPhase, SmtpReply } from './replies.ts';

/** Something that kept a message from being taken, with how far it got. */
export type SmtpTrouble =
  /** The server said no in this phase. After `dot` that is certain: it did not take the message. */
  | { readonly kind: 'refused'; readonly phase: SmtpPhase; readonly reply: SmtpReply }
  /** The conversation broke off. Uncertain: the final dot may have left, and the server may have taken the message. */
  | { readonly kind: 'lost'; readonly phase: SmtpPhase; readonly words: string; readonly isUncertain: boolean }
  /** No TCP connection came about. */
  | { readonly kind: 'unreachable'; readonly words: string }
  /** The server does not prove who it is, or offers no TLS where it was asked for. */
  | { readonly kind: 'untrusted'; readonly words: string }
  /** The message is larger than the server announced to take (RFC 1870). */
  | { readonly kind: 'too-large'; readonly words: string }
  /** The message could not be read here, or the sending was called off, before the final dot. */
  | { readonly kind: 'not-read'; readonly cause: unknown };

export type RecipientReply = { readonly address: string; readonly reply: SmtpReply };

export type SmtpSent = {
  readonly kind: 'accepted';
  readonly reply: SmtpReply;
  readonly accepted: readonly string[];
  /** Recipients that were refused one by one; the message went to the others. */
  readonly refused: readonly RecipientReply[];
};

export type SmtpOutcome = SmtpSent | (SmtpTrouble & { readonly refused?: readonly RecipientReply[] });
