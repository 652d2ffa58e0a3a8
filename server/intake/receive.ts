/**
 * One message, start to finish: read, admit, keep its documents. When a message is received its documents are durable
 * in the spool, but nothing of it is recorded yet: that is for `settle.ts`. Documents of a message that does not get
 * that far are discarded.
 */

import { PlatenError } from '../base/errors.ts';
import type { MessageHead } from '../protocols/mime/header-text.ts';
import { MimeRefused } from '../protocols/mime/refusal.ts';
import { type LeafInMemory, type MessageItem, readMessage, splitMessage } from '../protocols/mime/split.ts';
import {
  type DeliveryReport,
  DeliveryReportReader,
  isDeliveryReport,
  reportLimits,
  tellsOfDelivery,
} from '../protocols/reports/delivery-report.ts';
import { discard } from '../spool/spool.ts';
import type { Context } from '../store/database.ts';
import type { KnownSender } from '../users/users.ts';
import {
  type Admission,
  admit,
  type Door,
  isAutomatic,
  isSubstitute,
  type KnownAddresses,
  mayBeAnswered,
  type Newcomer,
  type Reason,
} from './admission.ts';
import { acceptedOf, DocumentCollector, type IncomingDocument } from './documents/collect.ts';
import { intakeLimits } from './limits.ts';
import type { Proof } from './proof/proof.ts';

export type ReceivedMessage = {
  readonly uid: number;
  readonly bytes: number;
  readonly head: MessageHead | undefined;
  readonly outcome: 'done' | 'refused' | 'failed' | 'held';
  readonly reason?: Reason;
  readonly user?: KnownSender;
  /** Who is to become a user with it, or after confirming it. */
  readonly newcomer?: Newcomer;
  readonly proof?: Proof;
  /** Whether anybody may be written to because of it. */
  readonly mayReply?: boolean;
  readonly contentHash?: Buffer;
  /** What it says about messages that could not be delivered. */
  readonly report?: DeliveryReport;
  readonly documents: readonly IncomingDocument[];
};

/** Discards the documents of messages that are not going to be settled. */
export async function discardReceived(context: Context, received: readonly Received[]): Promise<void> {
  const messages = received.flatMap((each) => (each.kind === 'message' ? [each.message] : []));
  await discard(
    context,
    messages.flatMap(({ documents }) => acceptedOf(documents).map(({ file }) => file)),
  );
}

export type Received =
  | { readonly kind: 'message'; readonly message: ReceivedMessage }
  | { readonly kind: 'unreadable'; readonly uid: number; readonly reason: Reason; readonly head?: MessageHead };

/** Receives a message that is in memory. Throws `spool-unavailable`; whatever is wrong with the message is answered. */
export async function receiveWhole(
  context: Context,
  { uid, raw, known, door }: { uid: number; raw: Buffer; known: KnownAddresses; door: Door },
): Promise<Received> {
  const receipt = new Receipt(context, uid, { known, door });
  receipt.bytes = raw.length;
  return await receipt.settle(async () => {
    const limits = { maxMessageBytes: intakeLimits.maxMessageBytes };
    const { head, leaves } = await readMessage(raw, limits).catch(async (error: unknown) => {
      // Whose it is, and what it was about, is told also of a message that is refused for what follows.
      const alone = error instanceof MimeRefused ? await readHeaderAlone(raw) : undefined;
      if (alone !== undefined) await receipt.begin(alone);
      throw error;
    });
    if (!(await receipt.begin(head))) return;
    for (const leaf of leaves) await receipt.takeLeaf(leaf);
    await receipt.finish();
  });
}

/** Receives a message while it arrives. Throws `spool-unavailable` and what the source throws. */
export async function receiveStream(
  context: Context,
  { uid, size, source, door }: { uid: number; size: number; source: AsyncIterable<Buffer>; door: Door },
): Promise<Received> {
  const receipt = new Receipt(context, uid, { known: new Map(), door });
  receipt.estimate = size;
  return await receipt.settle(async () => {
    const counted = receipt.count(source);
    for await (const item of splitMessage(counted, { maxMessageBytes: intakeLimits.maxMessageBytes })) {
      if (item.kind === 'leaf') await receipt.takeStream(item);
      else if (!(await receipt.begin(item.head))) return;
    }
    await receipt.finish();
  });
}

/** Refuses a message for its size, by its beginning alone: its sender is looked up, and told if it is proven. */
export async function refuseTooLarge(
  context: Context,
  fetched: { readonly uid: number; readonly bytes: number; readonly beginning: Buffer },
  door: Door,
): Promise<ReceivedMessage> {
  const receipt = new Receipt(context, fetched.uid, { known: new Map(), door });
  const head = await readMessage(fetched.beginning).then(
    (message) => message.head,
    () => undefined,
  );
  if (head !== undefined) await receipt.begin(head);
  return receipt.refuse(fetched.bytes, 'message-too-large');
}

/** The header without what it announces; undefined where that cannot be read either. */
async function readHeaderAlone(raw: Buffer): Promise<MessageHead | undefined> {
  const beginning = raw.subarray(0, intakeLimits.beginningBytes);
  const end = beginning.indexOf('\r\n\r\n');
  return await readMessage(end < 0 ? beginning : beginning.subarray(0, end + 4)).then(
    (message) => message.head,
    () => undefined,
  );
}

/** What has been learnt about one message so far. */
class Receipt {
  bytes = 0;
  /** The size that the server named, for a message that is not read to its end. */
  estimate = 0;
  readonly #context: Context;
  readonly #uid: number;
  readonly #asked: { readonly known: KnownAddresses; readonly door: Door };
  readonly #collector: DocumentCollector;
  #documents: readonly IncomingDocument[] = [];
  #head: MessageHead | undefined;
  #admission: Admission | undefined;
  #refusal: Reason | undefined;
  #report: DeliveryReportReader | undefined;
  #sourceError: unknown;

  constructor(context: Context, uid: number, asked: { readonly known: KnownAddresses; readonly door: Door }) {
    this.#context = context;
    this.#uid = uid;
    this.#asked = asked;
    this.#collector = new DocumentCollector(context, asked.door.policy.documentPolicy);
  }

  /** Runs the reading and says what came of it. */
  async settle(read: () => Promise<void>): Promise<Received> {
    try {
      await read();
    } catch (error) {
      await this.#drop();
      if (error === this.#sourceError || error instanceof PlatenError) throw error;
      if (!(error instanceof MimeRefused)) {
        this.#context.log.error({ uid: this.#uid, error }, 'a message could not be read');
        return this.#unreadable('unreadable');
      }
      const isTooLarge = error.limit === 'message-bytes';
      return this.#message(isTooLarge ? 'refused' : 'failed', isTooLarge ? 'message-too-large' : 'structure-limit');
    }
    if (this.bytes === 0) return this.#unreadable('empty-message');
    if (this.#head !== undefined && isSubstitute(this.#head)) return this.#unreadable('substitute-message');
    if (this.#refusal !== undefined) return this.#message('refused', this.#refusal);
    if (acceptedOf(this.#documents).length === 0) {
      const isRefused = this.#documents.some(({ outcome }) => outcome === 'refused');
      return this.#message('refused', isRefused ? 'no-printable-document' : 'no-document');
    }
    if (this.#admission?.kind === 'held') return this.#message('held', 'sender-unconfirmed');
    // What two programs may read differently is not printed before its sender has seen what Platen found in it.
    if (this.#collector.isDoubtful) return this.#message('held', 'ambiguous-structure');
    return this.#message('done');
  }

  /** Takes the header. Answers whether the rest is wanted. */
  async begin(head: MessageHead): Promise<boolean> {
    this.#head = head;
    if (isSubstitute(head)) return false;
    const admission = await admit(this.#context, head, this.#asked);
    this.#admission = admission;
    if (isDeliveryReport(head)) {
      // Nothing of it is printed, whoever it is from; what it tells concerns what was sent.
      this.#report = new DeliveryReportReader(head);
      this.#refusal = 'delivery-report';
      return true;
    }
    if (admission.kind === 'refused') this.#refusal = admission.reason;
    return admission.kind !== 'refused';
  }

  /** Refuses what was not read to its end. */
  refuse(bytes: number, reason: Reason): ReceivedMessage {
    const { message } = this.#message('refused', reason);
    return { ...message, bytes };
  }

  async takeLeaf(leaf: LeafInMemory): Promise<void> {
    if (this.#report === undefined) return await this.#collector.takeWhole(leaf, leaf.decode());
    this.#report.enclosed(leaf);
    if (tellsOfDelivery(leaf.declaredType)) this.#report.take(leaf.declaredType, leaf.peek(reportLimits.maxPartBytes));
  }

  async takeStream({ leaf, content }: MessageItem & { kind: 'leaf' }): Promise<void> {
    if (this.#report === undefined) return await this.#collector.takeStream(leaf, content);
    this.#report.enclosed(leaf);
    if (!tellsOfDelivery(leaf.declaredType)) return;
    this.#report.take(leaf.declaredType, await readBeginning(content, reportLimits.maxPartBytes));
  }

  /** All parts are taken. */
  async finish(): Promise<void> {
    if (this.#head === undefined || this.#report !== undefined) return;
    this.#documents = await this.#collector.finish(this.#head, { isAutomatic: isAutomatic(this.#head) });
  }

  /** Counts the bytes of a source, and remembers its error as not being the message's. */
  async *count(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of source) {
        this.bytes += chunk.length;
        yield chunk;
      }
    } catch (error) {
      this.#sourceError = error;
      throw error;
    }
  }

  #message(outcome: ReceivedMessage['outcome'], reason?: Reason): Received & { kind: 'message' } {
    const isDone = (outcome === 'done' || outcome === 'held') && this.#head !== undefined;
    const report = this.#report?.finish();
    const contentHash = isDone ? this.#collector.digest.finish(this.#head as MessageHead) : undefined;
    return {
      kind: 'message',
      message: {
        uid: this.#uid,
        bytes: Math.max(this.bytes, isDone ? 0 : this.estimate),
        head: this.#head,
        outcome,
        documents: [...this.#documents],
        ...(reason === undefined ? {} : { reason }),
        ...this.#judged(),
        ...(contentHash === undefined ? {} : { contentHash }),
        ...(report === undefined ? {} : { report }),
      },
    };
  }

  /** What admission has found out: also a refused user is named, so that the message is found under the person. */
  #judged(): Pick<ReceivedMessage, 'user' | 'newcomer' | 'proof' | 'mayReply'> {
    const admission = this.#admission;
    if (admission === undefined || this.#head === undefined) return {};
    const { proof } = admission;
    const mayReply = mayBeAnswered(this.#head, proof, this.#asked.door.policy);
    if (admission.kind === 'refused') return { proof, mayReply };
    if ('sender' in admission) return { proof, mayReply, newcomer: admission.sender };
    return { proof, mayReply, user: admission.user };
  }

  #unreadable(reason: Reason): Received {
    return { kind: 'unreadable', uid: this.#uid, reason, ...(this.#head === undefined ? {} : { head: this.#head }) };
  }

  async #drop(): Promise<void> {
    await this.#collector.drop();
    await discard(
      this.#context,
      acceptedOf(this.#documents).map(({ file }) => file),
    );
    this.#documents = [];
  }
}

async function readBeginning(content: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of content) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= maxBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, maxBytes);
}
