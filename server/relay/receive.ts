/**
 * One message from a device: its bytes are checked and its header rewritten while they come, and it is handed to the
 * outbox. When this returns an id, the message is durable; only then may the device hear 250.
 */
import { hash } from 'node:crypto';
import { PlatenError } from '../base/errors.ts';
import { isOwnStamp, STAMP_FIELD } from '../base/hop-stamp.ts';
import { submitMessage, submitMessageIf } from '../outbox/outbox.ts';
import { keep } from '../spool/spool.ts';
import type { Context } from '../store/database.ts';
import type { Device } from './devices.ts';
import { relayLimits } from './limits.ts';
import { type Arrived, compose, type Reception, type Repair, type Transaction } from './message/compose.ts';
import { findHeaderEnd, type Header, readHeader } from './message/fields.ts';
import type { Beginning, Incoming } from './message/incoming.ts';
import { LineGuard, LineRepair } from './message/lines.ts';
import { Refusal } from './message/refusal.ts';
import { isMessageId, valuesOf } from './message/rewrite.ts';
import { keepsMessageId } from './seen.ts';

export type Received = {
  /** Its id in the outbox. */
  readonly id: string;
  readonly repairs: readonly Repair[];
};

/** Takes the message. Throws a `Refusal`; then nothing was promised. */
export async function receiveMessage(
  reception: Reception,
  { incoming, transaction }: { readonly incoming: Incoming; readonly transaction: Transaction },
): Promise<Received> {
  const inspection = new Inspection(transaction.device);
  const first = await incoming.readBeginning();
  const taken = first.isWhole
    ? await takeWhole(reception, arrive(reception, inspection.all(first.bytes), transaction))
    : await takeParts(reception, { source: inspection.each(first.bytes, incoming), transaction });
  return inspection.hasRepaired ? { ...taken, repairs: [...taken.repairs, 'line-ends'] } : taken;
}

/** A message that is larger than what is held in memory. */
async function takeParts(
  reception: Reception,
  { source, transaction }: { readonly source: AsyncGenerator<Buffer>; readonly transaction: Transaction },
): Promise<Received> {
  try {
    const beginning = await readBeginning(source);
    const arrived = arrive(reception, beginning, transaction);
    if (beginning.isWhole) return await takeWhole(reception, arrived);
    return await takeLarge(reception, arrived, source);
  } finally {
    // Lets go of the stream, so that what is left of a refused message can be read past.
    await source.return(undefined);
  }
}

/** Reads the header. Throws a `Refusal` for a message that was here before. */
function arrive({ context }: Reception, { bytes: beginning, isWhole }: Beginning, transaction: Transaction): Arrived {
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

/** Nearly always the message keeps its Message-ID; else it is written once more, with another one. */
async function takeWhole(reception: Reception, arrived: Arrived): Promise<Received> {
  const { context } = reception;
  const { sighting } = arrived;
  const submit = async (messageId: string | undefined): Promise<Received | undefined> => {
    const { message, parts, repairs } = compose(reception, arrived, messageId);
    const whole = { ...message, content: { kind: 'bytes', bytes: Buffer.concat(parts) } } as const;
    const condition = keepsMessageId(context, { ...sighting, messageIdHeader: messageId });
    const id = await inCommitTime(reception, submitMessageIf(context, whole, condition));
    return id === undefined ? undefined : { id, repairs };
  };
  const received = (await submit(sighting.messageIdHeader)) ?? (await submit(undefined));
  if (received === undefined) throw new Refusal('not-kept');
  return received;
}

async function takeLarge(reception: Reception, arrived: Arrived, source: AsyncGenerator<Buffer>): Promise<Received> {
  const { context, sightings } = reception;
  const { sighting, transaction } = arrived;
  const keepsId = await sightings.add(sighting).catch((cause: unknown) => {
    throw new Refusal('not-kept', cause);
  });
  const { message, parts, repairs } = compose(reception, arrived, keepsId ? sighting.messageIdHeader : undefined);
  const added = parts[0]?.length ?? 0;
  const maxBytes = transaction.device.limits.maxMessageBytes + added;
  const kept = { mediaType: 'message/rfc822', maxBytes, usesUpChunks: true };
  const file = await keep(context, chain(parts, source), kept).catch(refuseStorage);
  const content = { kind: 'spooled', file } as const;
  return { id: await inCommitTime(reception, submitMessage(context, { ...message, content })), repairs };
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

function inCommitTime<Kept>(reception: Reception, submitted: Promise<Kept>): Promise<Kept> {
  // What comes too late may still be committed: then the device's copy goes out too, with the same Message-ID.
  return reception.commits.limit(submitted).catch(refuseStorage);
}

function refuseStorage(error: unknown): never {
  if (error instanceof Refusal) throw error;
  if (!(error instanceof PlatenError)) throw new Refusal('not-kept', error);
  if (error.code === 'document-too-large' || error.code === 'message-too-large') throw new Refusal('too-large', error);
  throw new Refusal(error.temporary ? 'not-kept' : 'unusable', error);
}
