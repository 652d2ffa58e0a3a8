/** Who may print by e-mail, decided by the header of a message alone. */

import { findReadMailbox } from '../connections/connections.ts';
import type { MessageHead } from '../protocols/mime/header-text.ts';
import type { Context } from '../store/database.ts';
import { findUserByAddress, type KnownSender } from '../users/users.ts';
import { intakeLimits } from './limits.ts';

/** Why a message made no job; the texts for people stand in `locales/` under `intake.reasons`. */
export type Reason =
  | 'no-sender'
  | 'several-senders'
  | 'unreadable-sender'
  | 'unknown-sender'
  | 'own-message'
  | 'too-many-hops'
  | 'no-document'
  | 'too-many-documents'
  | 'message-too-large'
  | 'structure-limit'
  | 'duplicate'
  | 'empty-message'
  | 'substitute-message'
  | 'connection-lost'
  | 'unreadable';

export type Admission =
  | { readonly kind: 'admitted'; readonly user: KnownSender }
  | { readonly kind: 'refused'; readonly reason: Reason };

/**
 * Decides whether the sender of a message may print. The address of From is a claim that anybody can write; that is why
 * it must be exactly one plain address of a known user. (Proof of it comes with the rules for verified senders.)
 */
export async function admit(context: Context, head: MessageHead, known: KnownAddresses): Promise<Admission> {
  const { sender } = head;
  if (sender.kind === 'none') return refused('no-sender');
  if (sender.kind === 'several-fields' || sender.kind === 'several-addresses') return refused('several-senders');
  if (sender.kind === 'unreadable') return refused('unreadable-sender');
  if ((head.fields.get('received')?.length ?? 0) > intakeLimits.maxHops) return refused('too-many-hops');
  if (head.fields.has('x-platen-hop')) return refused('own-message');
  const { address } = sender.sender;
  const asked = known.get(address) ?? admitAddress(context, address);
  known.set(address, asked);
  return await asked;
}

/** Addresses that were looked up for the messages of one chunk, so that a hundred of one sender ask once. */
export type KnownAddresses = Map<string, Promise<Admission>>;

async function admitAddress(context: Context, address: string): Promise<Admission> {
  if ((await findReadMailbox(context, address)) !== undefined) return refused('own-message');
  const user = await findUserByAddress(context, address);
  return user === undefined ? refused('unknown-sender') : { kind: 'admitted', user };
}

function refused(reason: Reason): Admission {
  return { kind: 'refused', reason };
}

/** The sender as it is shown, whatever may be wrong with it. */
export function shownSender({ sender, fields }: MessageHead): string {
  if (sender.kind === 'one') return sender.sender.address;
  return (fields.get('from')?.join(', ') ?? '')
    .replace(/\p{Cc}+/gu, ' ')
    .slice(0, 320)
    .toWellFormed();
}

const SUBSTITUTE_SUBJECT = /^Retrieval using the (IMAP4|POP3) protocol failed for the following message:/i;

/**
 * Recognises the message that Exchange gives in place of one that its store cannot convert. It has the form of mail and
 * is an error: it must never be printed, and must not be taken for the message itself.
 */
export function isSubstitute({ fields, subject }: MessageHead): boolean {
  if (!SUBSTITUTE_SUBJECT.test(subject)) return false;
  const from = fields.get('from')?.[0] ?? '';
  return from === '' || /Microsoft Exchange Server|microsoft@unknown|MicrosoftExchange/i.test(from);
}

const NOT_A_PERSON = /^(mailer-daemon|postmaster|owner-.*|.*-(request|owner|bounces)|(no|do-?not)[-_.]?reply)@/i;

/**
 * Tells a message that a machine wrote, or that asks not to be answered by one (RFC 3834 section 2): its documents are
 * printed like others, but nobody is written to because of it.
 */
export function isAutomatic({ fields, sender }: MessageHead): boolean {
  const some = (name: string, pattern: RegExp) =>
    fields.get(name)?.some((value) => pattern.test(value.trim().toLowerCase())) === true;
  if (some('auto-submitted', /^(?!no\b)/) || some('return-path', /^<\s*>/)) return true;
  if (some('precedence', /^(bulk|list|junk)\b/) || some('content-type', /^multipart\/report\b/)) return true;
  if ([...fields.keys()].some((name) => name.startsWith('list-') || name === 'x-platen-hop')) return true;
  // Of the values of Exchange these two ask for silence (MS-OXCMAIL); ordinary clients send the others.
  if (some('x-auto-response-suppress', /\b(all|autoreply)\b/)) return true;
  return sender.kind !== 'one' || NOT_A_PERSON.test(sender.sender.address);
}
