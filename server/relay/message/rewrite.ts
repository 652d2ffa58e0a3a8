/**
 * What is changed in the header of a device's message, and nothing else ever is: the sender that the outgoing server
 * accepts, the faults of copiers that make servers refuse a message, a trace field and the stamp against loops.
 */

import { STAMP_FIELD } from '../../base/hop-stamp.ts';
import { type Field, type Header, makeField, quoteNames, unfold, writeFields, writePhrase } from './fields.ts';

/** Where the device's own address goes, since it cannot stay in From. */
export type OwnAddressPlace = 'reply-to' | 'display-name' | 'nowhere';

export type Rewrite = {
  /** The address that the outgoing server accepts. */
  readonly sender: string;
  /** The display name of From; empty for none. */
  readonly displayName: string;
  readonly ownAddress: string | undefined;
  readonly ownAddressPlace: OwnAddressPlace;
  /** With its brackets. */
  readonly messageId: string;
  /** Instead of a missing or unreadable one; undefined keeps what the device wrote. */
  readonly date: string | undefined;
  readonly received: string;
  readonly stamp: string;
};

// Bcc must not be seen by anybody (RFC 5322 section 3.6.3); Sender and Return-Path would name somebody who may not send.
const DROPPED = new Set(['bcc', 'resent-bcc', 'sender', 'return-path']);
const ADDRESS_LISTS = new Set(['to', 'cc', 'reply-to']);
// RFC 5322 section 3.6: at most one of each.
const ONCE = new Set(['from', 'date', 'message-id']);

/** Returns the new header with the empty line after it, as one character per byte. */
export function rewriteHeader(header: Header, plan: Rewrite): string {
  const fields: Field[] = [makeField('Received', plan.received), makeField(STAMP_FIELD, plan.stamp)];
  const seen = new Set<string>();
  for (const field of header.fields) {
    const { key } = field;
    if (DROPPED.has(key) || (ONCE.has(key) && seen.has(key))) continue;
    const changed = changeField(field, plan);
    if (changed === undefined) continue;
    seen.add(key);
    fields.push(changed);
  }
  return `${writeFields([...fields, ...missingFields(seen, plan)])}\r\n`;
}

function changeField(field: Field, plan: Rewrite): Field | undefined {
  const { key, name, value } = field;
  if (key === 'from') return fromField(plan);
  if (key === 'message-id') return makeField('Message-ID', plan.messageId);
  if (key === 'date') return plan.date === undefined ? field : makeField('Date', plan.date);
  if (!ADDRESS_LISTS.has(key)) return field;
  // RFC 5322 section 3.4 knows no empty address list, and servers refuse it.
  if (/^[\s,;]*$/.test(value)) return undefined;
  return { name, key, value: quoteNames(value) };
}

function missingFields(seen: ReadonlySet<string>, plan: Rewrite): Field[] {
  const fields: Field[] = [];
  const { ownAddress, ownAddressPlace, sender } = plan;
  if (!seen.has('from')) fields.push(fromField(plan));
  if (!seen.has('reply-to') && ownAddressPlace === 'reply-to' && ownAddress !== undefined && ownAddress !== sender) {
    fields.push(makeField('Reply-To', `<${ownAddress}>`));
  }
  if (!seen.has('to') && !seen.has('cc')) fields.push(makeField('To', 'undisclosed-recipients:;'));
  if (!seen.has('date') && plan.date !== undefined) fields.push(makeField('Date', plan.date));
  if (!seen.has('message-id')) fields.push(makeField('Message-ID', plan.messageId));
  if (seen.has('content-type') && !seen.has('mime-version')) fields.push(makeField('MIME-Version', '1.0'));
  return fields;
}

function fromField({ sender, displayName, ownAddress, ownAddressPlace }: Rewrite): Field {
  const shown = ownAddressPlace === 'display-name' && ownAddress !== undefined ? ownAddress : displayName;
  return makeField('From', shown === '' ? `<${sender}>` : `${writePhrase(shown)}\r\n <${sender}>`);
}

/** RFC 5322 section 3.6.4, in the form that every server compares: printable ASCII with one `@`. */
export function isMessageId(value: string): boolean {
  return value.length <= 500 && /^<[!-;=?A-~]+@[!-;=?A-~]+>$/.test(value);
}

/** The values of a field, unfolded, in the order of the message. */
export function valuesOf(header: Header, key: string): string[] {
  return header.fields.filter((field) => field.key === key).map((field) => unfold(field.value));
}
