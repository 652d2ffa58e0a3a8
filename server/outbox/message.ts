/**
 * A message of the outbox, and its states.
 *
 *   queued → active                      a session has it; the attempt was written first
 *   active → sent                        the server took it for every recipient
 *   active → deferred → active …         not now; tried again by the timetable
 *   active → uncertain → active …        the line broke after the final dot; the identical bytes go out again
 *   active → failed                      refused for good, for at least one recipient
 *   queued, deferred, uncertain → held   it waits for a person, a confirmation or a mailbox
 *   held, failed → queued                released or retried
 *   active → queued                      the session ended before this message was begun, and nothing of it was sent
 *
 * `sent` is final: its bytes are given up. Everything else keeps them until it is dropped. What is sent or failed is
 * forgotten after 30 days (`rows/retention.ts`).
 */
import { DAY_MS } from '../base/clock.ts';
import { PlatenError } from '../base/errors.ts';
import type { SpoolFile } from '../spool/spool.ts';
import type { Context } from '../store/database.ts';
import type { HoldReason, MessageKind, OutboxState, Problem, RecipientState, SendingSession } from '../store/schema.ts';
import type { Cause } from './verdict.ts';

export const OUTBOX_STATES = ['queued', 'active', 'deferred', 'held', 'sent', 'failed', 'uncertain'] as const;

export type NewMessage = {
  /** Its id, when it stands in the message itself. */
  readonly id?: string;
  readonly kind: MessageKind;
  /** MAIL FROM; empty for the null reverse-path. */
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly content: MessageContent;
  readonly subject: string;
  readonly messageIdHeader: string;
  readonly deviceId?: string;
  readonly ownerId?: string;
};

/** The whole message, lines ended by CRLF. A spooled file was kept by `keep`; its row is added here. */
export type MessageContent =
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'spooled'; readonly file: SpoolFile };

export type OutboxMessage = {
  readonly id: string;
  readonly kind: MessageKind;
  readonly deviceId: string | null;
  readonly ownerId: string | null;
  readonly sender: string;
  readonly subject: string;
  readonly messageIdHeader: string;
  readonly bytes: number;
  readonly sha256: Buffer;
  readonly state: OutboxState;
  readonly holdReason: HoldReason | null;
  readonly problem: Problem | null;
  readonly possiblyTwice: boolean;
  readonly attempts: number;
  readonly dueAt: Date | null;
  readonly createdAt: Date;
  readonly sentAt: Date | null;
  readonly endedAt: Date | null;
  readonly remoteAnswer: string | null;
  readonly recipients: readonly Recipient[];
};

export type Recipient = {
  readonly address: string;
  readonly state: RecipientState;
  readonly problem: Problem | null;
};

/** One try, as it is shown. */
export type Attempt = {
  readonly id: string;
  readonly phase: 'sending' | 'ended';
  readonly verdict: string | null;
  readonly code: number | null;
  readonly enhanced: string | null;
  readonly words: string | null;
  /** Opened and signed in to before the try began. */
  readonly session: SendingSession | null;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
};

/** A message up to this size stands in its row: one small file per message would cost most of the time. */
export const MAX_ROW_BYTES = 64 * 1024;
/** What Exchange Online takes at the most (SIZE); a mailbox usually less. */
export const MAX_MESSAGE_BYTES = 157_286_400;
export const MAX_RECIPIENTS = 1000;
/** After this a message that is still refused has failed, unless it was hardly ever tried. */
export const LIFETIME_MS = 5 * DAY_MS;

/** An administrator who waits for a test comes first; a person at a copier before a notice. */
export const PRIORITY: Readonly<Record<MessageKind, number>> = { test: 0, scan: 10, notice: 20 };

const MAX_LINE_CHARACTERS = 1000;
// RFC 5321 section 4.5.3.1: 64 octets of local part, 255 of domain.
const MAX_ADDRESS_CHARACTERS = 320;
const ADDRESS = /^[^\s@<>()[\]\\,;:"\p{C}]+@[^\s@<>()[\]\\,;:"\p{C}]+$/u;

/** Whether an address may stand in an envelope: no quoting, no routes, nothing that ends a command line. */
export function isEnvelopeAddress(address: string): boolean {
  return address.length <= MAX_ADDRESS_CHARACTERS && ADDRESS.test(address);
}

/** Throws `invalid-request` for an envelope that no server would take; returns it with what is only shown made showable. */
export function checkMessage(message: NewMessage): NewMessage {
  const refuse = (what: string) => new PlatenError('invalid-request', what);
  if (message.sender !== '' && !isEnvelopeAddress(message.sender)) throw refuse('the sender is not an address');
  if (message.recipients.length === 0) throw refuse('the message has no recipient');
  if (message.recipients.length > MAX_RECIPIENTS)
    throw refuse(`the message has more than ${MAX_RECIPIENTS} recipients`);
  if (!message.recipients.every(isEnvelopeAddress)) throw refuse('a recipient is not an address');
  const bytes = message.content.kind === 'bytes' ? message.content.bytes.length : message.content.file.bytes;
  if (bytes === 0) throw refuse('the message is empty');
  if (bytes > MAX_MESSAGE_BYTES) {
    throw new PlatenError('message-too-large', `the message is larger than ${MAX_MESSAGE_BYTES} bytes`, {
      values: { bytes, maxBytes: MAX_MESSAGE_BYTES },
    });
  }
  const recipients = [...new Set(message.recipients)];
  return { ...message, recipients, subject: toLine(message.subject), messageIdHeader: toLine(message.messageIdHeader) };
}

/** Text as one line that can be shown and kept: no control characters, no half surrogates, not endless. */
function toLine(text: string): string {
  return text
    .toWellFormed()
    .replace(/\p{Cc}+/gu, ' ')
    .slice(0, MAX_LINE_CHARACTERS)
    .toWellFormed();
}

/** Where something happened, for the words of a problem. */
export type Place = { readonly mailbox: string; readonly host: string };

/** Failures of the way there, where the network has words though the server said nothing. */
const OF_THE_WAY: ReadonlySet<string> = new Set(['outcome-uncertain', 'server-tls-refused', 'server-unreachable']);

/** A failure as it is kept and shown, with the server's words and what its support asks for. */
export function problemOf(context: Context, cause: Cause, place: Place, sender = ''): Problem {
  const { reply, words } = cause;
  const said = words !== undefined && OF_THE_WAY.has(cause.code) ? { facts: { words } } : {};
  return {
    code: cause.code,
    detail: describeCause(cause, place.host),
    ...(reply === undefined ? {} : { remote: reply.words }),
    ...(reply === undefined
      ? said
      : {
          facts: {
            code: reply.code,
            ...(reply.enhanced === undefined ? {} : { enhanced: reply.enhanced }),
            ...reply.facts,
          },
        }),
    values: { mailbox: place.mailbox, host: place.host, sender },
    at: context.clock.now().toISOString(),
  };
}

function describeCause({ code, reply, words }: Cause, host: string): string {
  return reply === undefined ? `${host}: ${words ?? code}` : `${host} said: ${reply.words}`;
}
