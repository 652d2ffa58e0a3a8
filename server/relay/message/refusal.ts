/**
 * Why the relay says no, and what it says. The device hears a generic text with an enhanced status code (RFC 3463);
 * the reason stands in the journal.
 */
const REPLIES = {
  'not-a-device': [550, '5.7.1 Relaying denied'],
  'wrong-credentials': [535, '5.7.8 Authentication failed'],
  'encryption-needed': [538, '5.7.11 Encryption required'],
  // The handshake ends without an answer; these two stand in the journal alone.
  'tls-too-old': [421, '4.7.0 TLS not accepted'],
  'tls-untrusted': [421, '4.7.0 TLS not accepted'],
  'too-many-guesses': [454, '4.7.0 Try again later'],
  'too-many-sessions': [421, '4.7.0 Too many connections, try again later'],
  'too-many-errors': [421, '4.7.0 Too many errors'],
  'too-slow': [421, '4.4.2 Timeout'],
  'sender-empty': [550, '5.7.1 Sender refused'],
  'sender-missing': [451, '4.3.5 Not ready for mail'],
  'recipient-syntax': [550, '5.1.3 Recipient refused'],
  'recipient-domain': [550, '5.7.1 Recipient refused'],
  'recipient-read-here': [550, '5.4.6 Recipient refused'],
  'too-many-recipients': [452, '4.5.3 Too many recipients'],
  rate: [450, '4.7.1 Too many messages, try again later'],
  'day-limit': [450, '4.7.1 Too many messages, try again later'],
  'day-recipients': [450, '4.7.1 Too many recipients today, try again tomorrow'],
  'too-large': [552, '5.3.4 Message too large'],
  'disk-full': [452, '4.3.1 Insufficient system storage'],
  'bare-line-end': [550, '5.6.11 Bare CR, LF or NUL refused'],
  'line-too-long': [550, '5.6.0 Line too long'],
  'header-too-large': [550, '5.6.0 Header too large'],
  loop: [554, '5.4.6 Loop detected'],
  unusable: [554, '5.6.0 Message refused'],
  'not-kept': [451, '4.3.0 Try again later'],
} as const satisfies Record<string, readonly [number, string]>;

export type Reason = keyof typeof REPLIES;

export const REASONS = Object.keys(REPLIES) as Reason[];

/** What a device hears in this case. */
export function replyFor(reason: Reason): string {
  return REPLIES[reason].join(' ');
}

export class Refusal extends Error {
  readonly reason: Reason;
  /** What smtp-server answers with. */
  readonly responseCode: number;

  constructor(reason: Reason, cause?: unknown) {
    const [code, text] = REPLIES[reason];
    super(text, cause === undefined ? undefined : { cause });
    this.name = 'Refusal';
    this.reason = reason;
    this.responseCode = code;
  }
}
