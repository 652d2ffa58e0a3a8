/** Who may print by e-mail, decided by the header of a message and the policy of its mailbox. */

import { isOwnStamp, STAMP_FIELD } from '../base/hop-stamp.ts';
import { findReadMailbox } from '../connections/connections.ts';
import type { MessageHead } from '../protocols/mime/header-text.ts';
import type { Context } from '../store/database.ts';
import type { Language } from '../store/schema.ts';
import { findUserByAddress, isKnownAddress, type KnownSender } from '../users/users.ts';
import { intakeLimits } from './limits.ts';
import { type Proof, proveSender } from './proof/proof.ts';
import { languageOf } from './senders/language.ts';
import { type MailboxPolicy, proofRulesOf } from './senders/policy.ts';

/** Why a message made no job; the texts for people stand in `locales/` under `intake.reasons`. */
export type Reason =
  | 'no-sender'
  | 'several-senders'
  | 'unreadable-sender'
  | 'unknown-sender'
  | 'unproven-sender'
  | 'disabled-sender'
  | 'automatic-message'
  | 'mail-report'
  | 'sender-unconfirmed'
  | 'never-confirmed'
  | 'own-message'
  | 'too-many-hops'
  | 'no-document'
  | 'no-printable-document'
  | 'ambiguous-structure'
  | 'message-too-large'
  | 'structure-limit'
  | 'duplicate'
  | 'delivery-report'
  | 'empty-message'
  | 'substitute-message'
  | 'connection-lost'
  | 'unreadable';

export type Admission = { readonly proof: Proof } & (
  | { readonly kind: 'admitted'; readonly user: KnownSender }
  /** Somebody proven who is no user yet, and becomes one. */
  | { readonly kind: 'registered'; readonly sender: Newcomer }
  /** It is kept until a user confirms to have sent it, or somebody proven confirms to become a user. */
  | { readonly kind: 'held'; readonly user: KnownSender }
  | { readonly kind: 'held'; readonly sender: Newcomer; readonly user?: undefined }
  | { readonly kind: 'refused'; readonly reason: Reason }
);

export type Newcomer = {
  readonly address: string;
  readonly name: string;
  /** As the mail program says; undefined where it names none that Platen speaks. */
  readonly language?: Language | undefined;
};

/** What admission knows of the mailbox. */
export type Door = { readonly address: string; readonly policy: MailboxPolicy };

/**
 * Decides whether the sender of a message may print. The address of From is a claim that anybody can write: it must be
 * exactly one plain address, and what the mail server of the mailbox says about it decides whether it is believed.
 */
export async function admit(
  context: Context,
  head: MessageHead,
  { door, known }: { readonly door: Door; readonly known: KnownAddresses },
): Promise<Admission> {
  const { sender } = head;
  const address = sender.kind === 'one' ? sender.sender.address : undefined;
  const proof = proveSender(head.lines, address, proofRulesOf(door.policy));
  const refuse = (reason: Reason): Admission => ({ kind: 'refused', reason, proof });
  if (sender.kind === 'none') return refuse('no-sender');
  if (sender.kind === 'several-fields' || sender.kind === 'several-addresses') return refuse('several-senders');
  if (sender.kind === 'unreadable') return refuse('unreadable-sender');
  if ((head.fields.get('received')?.length ?? 0) > intakeLimits.maxHops) return refuse('too-many-hops');
  // What another Platen has stamped is mail like any other.
  if (isStamped(head, context.secrets.sign)) return refuse('own-message');
  const asked = known.get(sender.sender.address) ?? lookUp(context, sender.sender.address);
  known.set(sender.sender.address, asked);
  const found = await asked;
  if (found.kind === 'ours') return refuse('own-message');
  if (found.kind === 'disabled') return refuse('disabled-sender');
  // A machine becomes no user, and is not asked to confirm anything: somebody would be written to because of it.
  if (found.kind === 'unknown' && isAutomatic(head)) return refuse('unknown-sender');
  if (found.kind === 'unknown') return admitNewcomer({ ...sender.sender, language: languageOf(head) }, door, proof);
  if (isReport(head)) return refuse('mail-report');
  if (door.policy.senderPolicy.machines === 'refuse' && isAutomatic(head)) return refuse('automatic-message');
  const { user } = found;
  if (proof.verdict === 'proven') return { kind: 'admitted', user, proof };
  const { unproven } = door.policy.proofPolicy;
  if (unproven === 'refuse') return refuse('unproven-sender');
  // What is proven false is not accepted because of a policy about what is not known.
  if (unproven === 'accept' && proof.verdict !== 'failed') return { kind: 'admitted', user, proof };
  return { kind: 'held', user, proof };
}

function isStamped({ fields }: MessageHead, sign: Context['secrets']['sign']): boolean {
  return fields.get(STAMP_FIELD.toLowerCase())?.some((value) => isOwnStamp(value, sign)) === true;
}

/** Strangers get something only where they are proven: otherwise anybody could make Platen write to anybody. */
function admitNewcomer(sender: Newcomer, { address, policy }: Door, proof: Proof): Admission {
  const { unknown, domains } = policy.senderPolicy;
  const newcomer = { address: sender.address, name: sender.name, language: sender.language };
  if (unknown === 'refuse' || proof.verdict !== 'proven') return { kind: 'refused', reason: 'unknown-sender', proof };
  if (unknown === 'hold') return { kind: 'held', sender: newcomer, proof };
  const allowed = domains.length === 0 ? [domainOf(address)] : domains.map((domain) => domain.toLowerCase());
  if (!allowed.includes(domainOf(sender.address))) return { kind: 'refused', reason: 'unknown-sender', proof };
  return { kind: 'registered', sender: newcomer, proof };
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase();
}

type Found =
  | { readonly kind: 'user'; readonly user: KnownSender }
  | { readonly kind: 'ours' }
  | { readonly kind: 'disabled' }
  | { readonly kind: 'unknown' };

/** Addresses that were looked up for the messages of one chunk, so that a hundred of one sender ask once. */
export type KnownAddresses = Map<string, Promise<Found>>;

async function lookUp(context: Context, address: string): Promise<Found> {
  if ((await findReadMailbox(context, address)) !== undefined) return { kind: 'ours' };
  const user = await findUserByAddress(context, address);
  if (user !== undefined) return { kind: 'user', user };
  return { kind: (await isKnownAddress(context, address)) ? 'disabled' : 'unknown' };
}

/**
 * Says whether anybody may be written to because of a message: no machine, and nobody who only claims to be the sender.
 * Where an administrator accepts senders without proof, such a claim is enough.
 */
export function mayBeAnswered(head: MessageHead, proof: Proof, policy: MailboxPolicy): boolean {
  if (isAutomatic(head)) return false;
  return proof.verdict === 'proven' || (proof.verdict !== 'failed' && policy.proofPolicy.unproven === 'accept');
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

/**
 * Tells what a server or a mail program says about another message: bounces and receipts (RFC 6522), and bounces of servers
 * that write them in their own form. The message that is enclosed in them is not to be printed again.
 */
function isReport({ fields, sender }: MessageHead): boolean {
  if (fields.has('x-failed-recipients')) return true;
  if (fields.get('content-type')?.some((value) => /^\s*multipart\/report\b/i.test(value)) === true) return true;
  return sender.kind === 'one' && /^mailer-daemon@/i.test(sender.sender.address);
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
  // Another Platen wrote it, whatever a gateway has taken out of its header.
  if (some('message-id', /^<platen-(notice|alarm)\./)) return true;
  // Of the values of Exchange these two ask for silence (MS-OXCMAIL); ordinary clients send the others.
  if (some('x-auto-response-suppress', /\b(all|autoreply)\b/)) return true;
  return sender.kind !== 'one' || NOT_A_PERSON.test(sender.sender.address);
}
