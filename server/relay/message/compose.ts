/** A message as it goes out: its new header, with what the relay adds, before the body that the device wrote. */
import { MINUTE_MS } from '../../base/clock.ts';
import { makeStamp } from '../../base/hop-stamp.ts';
import { newId } from '../../base/secrets.ts';
import type { NewMessage } from '../../outbox/outbox.ts';
import { isPlainAddress, readSender } from '../../protocols/mime/address.ts';
import { decodeHeaderText } from '../../protocols/mime/encoded-words.ts';
import { readDate } from '../../protocols/mime/header-text.ts';
import type { Context } from '../../store/database.ts';
import { type Device, domainOf } from '../devices.ts';
import { Deadline, relayLimits } from '../limits.ts';
import type { Sighting, Sightings } from '../seen.ts';
import { type Header, writeDate } from './fields.ts';
import { rewriteHeader, valuesOf } from './rewrite.ts';

/** A fault of a message that was mended on its way. */
export type Repair = 'line-ends' | 'date' | 'recipients' | 'message-id';

export type Transaction = {
  readonly device: Device;
  /** The address that the outgoing server accepts. */
  readonly sender: string;
  /** What the device said in MAIL FROM. */
  readonly from: string;
  readonly recipients: readonly string[];
  readonly helo: string;
  readonly remoteAddress: string;
  /** ESMTP, ESMTPS, ESMTPSA …, as RFC 3848 names them. */
  readonly transmission: string;
};

/** What the messages of a listener have in common. */
export class Reception {
  readonly context: Context;
  readonly sightings: Sightings;
  /** Our name in trace fields. */
  readonly hostname: string;
  readonly commits: Deadline;
  #stamp: { readonly text: string; readonly untilMs: number } | undefined;

  constructor(context: Context, sightings: Sightings) {
    this.context = context;
    this.sightings = sightings;
    this.hostname = new URL(context.settings.publicUrl).hostname.replace(/[[\]]/g, '');
    this.commits = new Deadline(context, relayLimits.commitMs);
  }

  /** The stamp against loops. All messages of a minute have the same: who has seen one could repeat it anyway. */
  stamp(): string {
    const nowMs = this.context.clock.monotonicMs();
    if (this.#stamp === undefined || nowMs >= this.#stamp.untilMs) {
      this.#stamp = { text: makeStamp(newId(), this.context.secrets.sign), untilMs: nowMs + MINUTE_MS };
    }
    return this.#stamp.text;
  }
}

export type Arrived = {
  readonly header: Header;
  /** All of a small message. */
  readonly beginning: Buffer;
  readonly transaction: Transaction;
  readonly sighting: Sighting;
};

export type Composed = {
  readonly message: Omit<NewMessage, 'content'>;
  /** The new header and what follows it. */
  readonly parts: readonly Buffer[];
  readonly repairs: readonly Repair[];
};

/** The message as it goes out; with a new Message-ID where the written one is not kept. */
export function compose(reception: Reception, arrived: Arrived, kept: string | undefined): Composed {
  const { context } = reception;
  const { header, beginning, transaction } = arrived;
  const { device, sender } = transaction;
  const messageId = kept ?? makeMessageId(context, arrived);
  const id = newId();
  const now = writeDate(context.clock.now());
  const from = readSender(valuesOf(header, 'from'));
  const ownName = from.kind === 'one' ? from.sender.name : '';
  const hasDate = valuesOf(header, 'date').some((value) => readDate(value) !== undefined);
  const text = rewriteHeader(header, {
    sender,
    displayName: device.senderMap.displayName ?? (ownName === '' ? device.name : ownName),
    ownAddress: from.kind === 'one' ? from.sender.address : findAddress(valuesOf(header, 'from')[0], transaction.from),
    ownAddressPlace: device.senderMap.ownAddress,
    messageId,
    date: hasDate ? undefined : now,
    received: receivedValue(reception, transaction, { id, now }),
    stamp: reception.stamp(),
  });
  const message = {
    id,
    kind: 'scan',
    sender,
    recipients: transaction.recipients,
    subject: decodeHeaderText(valuesOf(header, 'subject')[0] ?? ''),
    messageIdHeader: messageId,
    deviceId: device.id,
  } as const;
  const parts = [Buffer.from(text, 'latin1'), beginning.subarray(header.bodyAt)];
  return { message, parts, repairs: repairsOf(arrived, { hasDate, isReplaced: kept === undefined }) };
}

function repairsOf(
  { header, sighting }: Arrived,
  { hasDate, isReplaced }: { readonly hasDate: boolean; readonly isReplaced: boolean },
): readonly Repair[] {
  const hasRecipients = [...valuesOf(header, 'to'), ...valuesOf(header, 'cc')].some((value) => /[^\s,;]/.test(value));
  const repairs: Repair[] = [];
  if (!hasDate) repairs.push('date');
  if (!hasRecipients) repairs.push('recipients');
  if (isReplaced && sighting.messageIdHeader !== undefined) repairs.push('message-id');
  return repairs;
}

/** The address in a From field that is not written well, or the one of MAIL FROM. */
function findAddress(from: string | undefined, envelope: string): string | undefined {
  const words = (from ?? '').slice(0, 1000).split(/[\s<>",;:()[\]]+/);
  return [...words, envelope].find(isPlainAddress)?.toLowerCase();
}

/** A new one, or, in place of one that belongs to another message, always the same for the same content. */
function makeMessageId(context: Context, { transaction, sighting }: Arrived): string {
  const domain = domainOf(transaction.sender);
  const { deviceId, messageIdHeader: written, sha256 } = sighting;
  if (written === undefined) return `<${newId()}@${domain}>`;
  const made = context.secrets.sign(`${deviceId} ${written} ${sha256.toString('hex')}`, 'relay message-id');
  return `<${made.slice(0, 40)}@${domain}>`;
}

/** RFC 5321 section 4.4, folded. */
function receivedValue({ hostname }: Reception, by: Transaction, { id, now }: { id: string; now: string }): string {
  const helo = by.helo.replace(/[^A-Za-z0-9.:_-]/g, '').slice(0, 100) || 'unknown';
  const literal = by.remoteAddress.includes(':') ? `IPv6:${by.remoteAddress}` : by.remoteAddress;
  return `from ${helo} ([${literal}])\r\n by ${hostname} (Platen) with ${by.transmission} id ${id};\r\n ${now}`;
}
