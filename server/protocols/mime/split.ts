/**
 * Takes a message apart into its header and its parts without parts, decoded. Two doors with the same result:
 * `splitMessage` for messages of any size, which never holds more than one piece of them, and `readMessage` for those
 * that are in memory already. Neither trusts a declared type; what a part is, its bytes say.
 */

import { mimeLimits } from '../limits.ts';
import { type MessageHead, readHead } from './header-text.ts';
import { describeLeaf, type Leaf, type Surroundings } from './leaf.ts';
import { MimeRefused } from './refusal.ts';
import { MessageScanner, type ScanBudget, type ScanEvent } from './scan.ts';
import { decodeTransfer, transferDecoder } from './transfer-encoding.ts';

export interface SplitOptions {
  /** Limit of the raw message; `mimeLimits.maxMessageBytes` when not given. */
  readonly maxMessageBytes?: number;
}

/** One step through a message: its head comes first and once, then the leaves in their order. */
export type MessageItem =
  | { readonly kind: 'head'; readonly head: MessageHead }
  | { readonly kind: 'leaf'; readonly leaf: Leaf; readonly content: AsyncIterable<Buffer> };

/** A leaf of a message that is in memory. */
export interface LeafInMemory extends Leaf {
  /** Decodes the content. */
  decode(): Buffer;
  /** Decodes at least the first `maxBytes` bytes of it, where there are so many. */
  peek(maxBytes: number): Buffer;
}

export interface MessageInMemory {
  readonly head: MessageHead;
  readonly leaves: readonly LeafInMemory[];
}

/**
 * Splits a message while it arrives. The content of a leaf can be read until the next item is asked for; what is not
 * read is passed over. Embedded messages (RFC 2046 section 5.2.1) are opened three deep, the next one comes as a leaf.
 * Throws `MimeRefused` at a limit, and whatever the source throws.
 */
export async function* splitMessage(
  source: AsyncIterable<Uint8Array>,
  options: SplitOptions = {},
): AsyncGenerator<MessageItem, void, undefined> {
  const maxBytes = options.maxMessageBytes ?? mimeLimits.maxMessageBytes;
  yield* walk({
    source: inPieces(source, maxBytes),
    budget: { parts: 0, headerBytes: 0 },
    ...OUTERMOST,
  });
}

/** Splits a message that is in memory, with the limits and the result of `splitMessage`. Throws `MimeRefused`. */
export async function readMessage(raw: Buffer, options: SplitOptions = {}): Promise<MessageInMemory> {
  const maxBytes = options.maxMessageBytes ?? mimeLimits.maxMessageBytes;
  if (raw.length > maxBytes) throw new MimeRefused('message-bytes', maxBytes);
  const leaves: LeafInMemory[] = [];
  const head = await readInto(leaves, { raw, budget: { parts: 0, headerBytes: 0 }, ...OUTERMOST });
  return { head, leaves };
}

interface Level extends Surroundings {
  readonly budget: ScanBudget;
}

const OUTERMOST: Surroundings = { prefix: '', embeddedDepth: 0, doubts: [] };

async function* walk(
  level: Level & { readonly source: AsyncIterable<Buffer> },
): AsyncGenerator<MessageItem, void, undefined> {
  const events = new EventReader(scanEvents(level.source, level.budget));
  try {
    let around: Surroundings | undefined;
    for (let part = await events.nextPart(); part !== undefined; part = await events.nextPart()) {
      if (around === undefined) {
        const head = readHead(part.node);
        around = surroundings(level, head);
        if (level.embeddedDepth === 0) yield { kind: 'head', head };
      }
      if (part.node.multipart) continue;
      const leaf = describeLeaf(part.node, around);
      const content = decoded(events, leaf);
      if (opensUp(leaf)) yield* walk({ ...inside(level, leaf), source: content });
      else yield { kind: 'leaf', leaf, content };
    }
  } finally {
    await events.close();
  }
}

async function readInto(leaves: LeafInMemory[], level: Level & { readonly raw: Buffer }): Promise<MessageHead> {
  const bodies: { readonly part: ScanEvent & { kind: 'part' }; readonly pieces: Buffer[] }[] = [];
  const scanner = new MessageScanner(level.budget, (event) => {
    if (event.kind === 'part') bodies.push({ part: event, pieces: [] });
    else bodies.at(-1)?.pieces.push(event.bytes);
  });
  for (let at = 0; at < level.raw.length; at += mimeLimits.maxBytesPerTurn) {
    if (at > 0) await nextTurn();
    scanner.feed(level.raw.subarray(at, at + mimeLimits.maxBytesPerTurn));
  }
  scanner.finish();
  const head = readHead((bodies[0] as (typeof bodies)[number]).part.node);
  const around = surroundings(level, head);
  for (const { part, pieces } of bodies) {
    if (part.node.multipart) continue;
    const leaf = describeLeaf(part.node, around);
    const raw = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
    if (opensUp(leaf)) await readInto(leaves, { ...inside(level, leaf), raw: decodeTransfer(raw, leaf.encoding) });
    else leaves.push(inMemory(leaf, raw));
  }
  return head;
}

function surroundings({ prefix, embeddedDepth, doubts }: Level, head: MessageHead): Surroundings {
  if (embeddedDepth === 0) return { prefix, embeddedDepth, doubts };
  const { subject, messageId } = head;
  return { prefix, embeddedDepth, doubts, subject, ...(messageId === undefined ? {} : { messageId }) };
}

function inMemory(leaf: Leaf, raw: Buffer): LeafInMemory {
  return {
    ...leaf,
    decode: () => decodeTransfer(raw, leaf.encoding),
    peek: (maxBytes) => {
      // Base64 grows by a third and has line ends, an escape of quoted-printable takes three characters for one.
      const enough = leaf.encoding === 'identity' ? maxBytes : 4 * maxBytes;
      if (raw.length <= enough) return decodeTransfer(raw, leaf.encoding);
      const start = transferDecoder(leaf.encoding);
      return Buffer.concat([start.write(raw.subarray(0, enough)), start.end()]);
    },
  };
}

function opensUp(leaf: Leaf): boolean {
  return leaf.declaredType === 'message/rfc822' && leaf.embeddedDepth < mimeLimits.maxEmbeddedDepth;
}

function inside(level: Level, leaf: Leaf): Level {
  const { doubts } = leaf;
  return { budget: level.budget, prefix: `${leaf.path}.`, embeddedDepth: level.embeddedDepth + 1, doubts };
}

/** Reads the events of one message part by part; the body of a part that nobody read is passed over. */
class EventReader {
  readonly #events: AsyncGenerator<ScanEvent, void, undefined>;
  #next: (ScanEvent & { kind: 'part' }) | undefined;

  constructor(events: AsyncGenerator<ScanEvent, void, undefined>) {
    this.#events = events;
  }

  async nextPart(): Promise<(ScanEvent & { kind: 'part' }) | undefined> {
    while (this.#next === undefined) {
      if ((await this.nextBody()) === undefined && this.#next === undefined) return undefined;
    }
    const part = this.#next;
    this.#next = undefined;
    return part;
  }

  /** Lets go of the source, at the end or before it. */
  async close(): Promise<void> {
    await this.#events.return();
  }

  /** The next bytes of the current part, or undefined at its end. */
  async nextBody(): Promise<Buffer | undefined> {
    if (this.#next !== undefined) return undefined;
    const event = await this.#events.next();
    if (event.done) return undefined;
    if (event.value.kind === 'body') return event.value.bytes;
    this.#next = event.value;
    return undefined;
  }
}

async function* decoded(events: EventReader, leaf: Leaf): AsyncGenerator<Buffer, void, undefined> {
  const decoder = transferDecoder(leaf.encoding);
  for (let raw = await events.nextBody(); raw !== undefined; raw = await events.nextBody()) {
    const bytes = decoder.write(raw);
    if (bytes.length > 0) yield bytes;
  }
  const rest = decoder.end();
  if (rest.length > 0) yield rest;
}

async function* scanEvents(
  source: AsyncIterable<Buffer>,
  budget: ScanBudget,
): AsyncGenerator<ScanEvent, void, undefined> {
  let events: ScanEvent[] = [];
  const scanner = new MessageScanner(budget, (event) => events.push(event));
  for await (const piece of source) {
    scanner.feed(piece);
    yield* events;
    events = [];
  }
  scanner.finish();
  yield* events;
}

/** Gives the source in pieces that are neither so small that they cost nor so large that they hold up the process. */
async function* inPieces(source: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Buffer, void, undefined> {
  let collected: Buffer[] = [];
  let length = 0;
  let total = 0;
  for await (const chunk of source) {
    total += chunk.length;
    if (total > maxBytes) throw new MimeRefused('message-bytes', maxBytes);
    collected.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
    length += chunk.length;
    if (length < MIN_PIECE_BYTES) continue;
    const piece = collected.length === 1 ? (collected[0] as Buffer) : Buffer.concat(collected);
    collected = [];
    length = 0;
    for (let at = 0; at < piece.length; at += mimeLimits.maxBytesPerTurn) {
      yield piece.subarray(at, at + mimeLimits.maxBytesPerTurn);
      await nextTurn();
    }
  }
  if (length > 0) yield Buffer.concat(collected);
}

const MIN_PIECE_BYTES = 64 * 1024;

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
