/**
 * One message from a device: its bytes are checked and its header rewritten while they come, and it is handed to the
 * outbox. When this returns an id, the message is durable; only then may the device hear 250.
 */
import { hash } from 'node:crypto';
import { Readable } from 'node:stream';
import { PlatenError } from '../base/errors.ts';
import { isOwnStamp, makeStamp, STAMP_FIELD } from '../base/hop-stamp.ts';
import { newId } from '../base/secrets.ts';
import { type NewMessage, submitMessage, submitMessageIf } from '../outbox/outbox.ts';
import { isPlainAddress, readSender } from '../protocols/mime/address.ts';
import { decodeHeaderText } from '../protocols/mime/encoded-words.ts';
import { readDate } from '../protocols/mime/header-text.ts';
import { keep } from '../spool/spool.ts';
import type { Context } from '../store/database.ts';
import { type Device, domainOf } from './devices.ts';
import { inTime, relayLimits } from './limits.ts';
import { findHeaderEnd, type Header, readHeader, writeDate } from './message/fields.ts';
import type { Beginning, Incoming } from './message/incoming.ts';
import { LineGuard, LineRepair } from './message/lines.ts';
import { Refusal } from './message/refusal.ts';
import { isMessageId, rewriteHeader, valuesOf } from './message/rewrite.ts';
import { keepsMessageId, type Sighting, type Sightings } from './seen.ts';

/** A fault of a message that was mended on its way. */
export type Repair = 'line-ends' | 'date' | 'recipients' | 'message-id';

export type Received = {
  /** Its id in the outbox. */
  readonly id: string;
  readonly repairs: readonly Repair[];
};

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

/** Takes the message. Throws a `Refusal`; then nothing was promised. */
export async function receiveMessage(
  context: Context,
  sightings: Sightings,
  { incoming, transaction }: { readonly incoming: Incoming; readonly transaction: Transaction },
): Promise<Received> {
  const inspection = new Inspection(transaction.device);
  const first = await incoming.readBeginning();
  const taken = first.isWhole
    ? await takeWhole(context, arrive(context, inspection.all(first.bytes), transaction))
    : await takeParts(context, sightings, { source: inspection.each(first.bytes, incoming), transaction });
  return inspection.hasRepaired ? { ...taken, repairs: [...taken.repairs, 'line-ends'] } : taken;
}

/** A message that is larger than what is held in memory. */
async function takeParts(
  context: Context,
  sightings: Sightings,
  { source, transaction }: { readonly source: AsyncGenerator<Buffer>; readonly transaction: Transaction },
): Promise<Received> {
  try {
    const beginning = await readBeginning(source);
    const arrived = arrive(context, beginning, transaction);
    if (beginning.isWhole) return await takeWhole(context, arrived);
    return await takeLarge(context, sightings, arrived, source);
  } finally {
    // Lets go of the stream, so that what is left of a refused message can be read past.
    await source.return(undefined);
  }
}

/** Reads the header. Throws a `Refusal` for a message that was here before. */
function arrive(context: Context, { bytes: beginning, isWhole }: Beginning, transaction: Transaction): Arrived {
  const header = splitHeader(beginning, isWhole);
  refuseLoops(context, header);
  const sighting = {
    deviceId: transaction.device.id,
    messageIdHeader: valuesOf(header, 'message-id').find(isMessageId),
    sha256: hash('sha256', beginning, 'buffer'),
    recipients: transaction.recipients.length,
  };
  return { header, beginning, transaction, sighting };
}

type Arrived = {
  readonly header: Header;
  /** All of a small message. */
  readonly beginning: Buffer;
  readonly transaction: Transaction;
  readonly sighting: Sighting;
};

/** Nearly always the message keeps its Message-ID; else it is written once more, with another one. */
async function takeWhole(context: Context, arrived: Arrived): Promise<Received> {
  const { sighting } = arrived;
  const submit = async (messageId: string | undefined): Promise<Received | undefined> => {
    const { message, parts, repairs } = compose(context, arrived, messageId);
    const whole = { ...message, content: { kind: 'bytes', bytes: Buffer.concat(parts) } } as const;
    const condition = keepsMessageId(context, { ...sighting, messageIdHeader: messageId });
    const id = await inCommitTime(context, submitMessageIf(context, whole, condition));
    return id === undefined ? undefined : { id, repairs };
  };
  const received = (await submit(sighting.messageIdHeader)) ?? (await submit(undefined));
  if (received === undefined) throw new Refusal('not-kept');
  return received;
}

async function takeLarge(
  context: Context,
  sightings: Sightings,
  arrived: Arrived,
  source: AsyncGenerator<Buffer>,
): Promise<Received> {
  const { sighting, transaction } = arrived;
  const keepsId = await sightings.add(sighting).catch((cause: unknown) => {
    throw new Refusal('not-kept', cause);
  });
  const { message, parts, repairs } = compose(context, arrived, keepsId ? sighting.messageIdHeader : undefined);
  const added = parts[0]?.length ?? 0;
  const kept = { mediaType: 'message/rfc822', maxBytes: transaction.device.limits.maxMessageBytes + added };
  const file = await keep(context, Readable.from(chain(parts, source)), kept).catch(refuseStorage);
  const content = { kind: 'spooled', file } as const;
  return { id: await inCommitTime(context, submitMessage(context, { ...message, content })), repairs };
}

function splitHeader(beginning: Buffer, isWhole: boolean): Header {
  const end = findHeaderEnd(beginning);
  if (end === -1 && !isWhole) throw new Refusal('header-too-large');
  const bytes = end === -1 ? beginning.length : end;
  if (bytes > relayLimits.maxHeaderBytes) throw new Refusal('header-too-large');
  return readHeader(beginning.toString('latin1', 0, bytes + 2));
}

/** Looks at the bytes of a message before they are passed on, and repairs line ends where the device may. */
class Inspection {
  readonly #maxBytes: number;
  readonly #repair: LineRepair | undefined;
  readonly #guard = new LineGuard(relayLimits.maxLineBytes);
  #bytes = 0;

  constructor({ limits, normalisesBareLf }: Device) {
    this.#maxBytes = limits.maxMessageBytes;
    this.#repair = normalisesBareLf ? new LineRepair() : undefined;
  }

  get hasRepaired(): boolean {
    return this.#repair?.hasRepaired === true;
  }

  /** A whole message in memory. */
  all(bytes: Buffer): Beginning {
    const looked = this.#feed(bytes);
    const rest = this.#finish();
    return { bytes: rest === undefined ? looked : Buffer.concat([looked, rest]), isWhole: true };
  }

  /** A message in pieces. */
  async *each(first: Buffer, incoming: Incoming): AsyncGenerator<Buffer> {
    yield this.#feed(first);
    // The stream is read to its end even when the message is refused: its end is where the next command begins.
    for await (const chunk of incoming.rest.iterator({ destroyOnReturn: false })) yield this.#feed(chunk as Buffer);
    const rest = this.#finish();
    if (rest !== undefined) yield rest;
  }

  #feed(chunk: Buffer): Buffer {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBytes) throw new Refusal('too-large');
    const looked = this.#repair?.feed(chunk) ?? chunk;
    this.#guard.check(looked);
    return looked;
  }

  /** What the repair has held back, if anything. */
  #finish(): Buffer | undefined {
    const rest = this.#repair?.finish();
    this.#guard.finish();
    return rest !== undefined && rest.length > 0 ? rest : undefined;
  }
}

/** Reads all of a small message; of a larger one what is held in memory, and its header in any case. */
async function readBeginning(source: AsyncGenerator<Buffer>): Promise<Beginning> {
  const chunks: Buffer[] = [];
  let length = 0;
  let hasHeader = false;
  // A message that begins with an empty line has no header: as if a line end stood before it.
  let tail = Buffer.from('\r\n');
  for (;;) {
    const { value, done } = await source.next();
    if (done === true) return { bytes: Buffer.concat(chunks), isWhole: true };
    chunks.push(value);
    length += value.length;
    if (!hasHeader) {
      const seen = Buffer.concat([tail, value]);
      hasHeader = seen.includes('\r\n\r\n');
      tail = seen.subarray(-3);
    }
    const isTooLarge = !hasHeader && length >= relayLimits.maxHeaderBytes + 2;
    if (isTooLarge || (hasHeader && length > relayLimits.memoryBytes)) {
      return { bytes: Buffer.concat(chunks), isWhole: false };
    }
  }
}

async function* chain(parts: readonly Buffer[], rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  yield* parts;
  yield* rest;
}

function refuseLoops(context: Context, header: Header): void {
  const isOwn = (value: string) => isOwnStamp(value, context.secrets.sign);
  if (valuesOf(header, STAMP_FIELD.toLowerCase()).some(isOwn)) throw new Refusal('loop');
  if (valuesOf(header, 'received').length > relayLimits.maxHops) throw new Refusal('loop');
}

type Composed = {
  readonly message: Omit<NewMessage, 'content'>;
  /** The new header and what follows it. */
  readonly parts: readonly Buffer[];
  readonly repairs: readonly Repair[];
};

/** The message as it goes out; with a new Message-ID where the written one is not kept. */
function compose(context: Context, arrived: Arrived, kept: string | undefined): Composed {
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
    received: receivedValue(context, transaction, { id, now }),
    stamp: makeStamp(id, context.secrets.sign),
  });
  const message = {
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
function receivedValue(context: Context, by: Transaction, { id, now }: { id: string; now: string }): string {
  const helo = by.helo.replace(/[^A-Za-z0-9.:_-]/g, '').slice(0, 100) || 'unknown';
  const literal = by.remoteAddress.includes(':') ? `IPv6:${by.remoteAddress}` : by.remoteAddress;
  const { hostname } = new URL(context.settings.publicUrl);
  return `from ${helo} ([${literal}])\r\n by ${hostname.replace(/[[\]]/g, '')} (Platen) with ${by.transmission} id ${id};\r\n ${now}`;
}

async function inCommitTime<Kept>(context: Context, submitted: Promise<Kept>): Promise<Kept> {
  // What comes too late may still be committed: then the device's copy goes out too, with the same Message-ID.
  return await inTime(context, submitted.catch(refuseStorage), relayLimits.commitMs);
}

function refuseStorage(error: unknown): never {
  if (error instanceof Refusal) throw error;
  if (!(error instanceof PlatenError)) throw new Refusal('not-kept', error);
  if (error.code === 'document-too-large' || error.code === 'message-too-large') throw new Refusal('too-large', error);
  throw new Refusal(error.temporary ? 'not-kept' : 'unusable', error);
}
