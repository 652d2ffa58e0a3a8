/**
 * The documents of one message, part by part: recognised by their bytes, kept in the spool, or left with a reason while
 * the others go on. When `finish` has returned, what is accepted is durable in the spool, a winmail.dat unpacked.
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { peek } from '../../base/chunks.ts';
import { RECOGNITION_BYTES, recognizeDocument, unpackWinmail } from '../../jobs/jobs.ts';
import { displayFileName } from '../../protocols/mime/file-name.ts';
import type { MessageHead } from '../../protocols/mime/header-text.ts';
import type { Leaf } from '../../protocols/mime/leaf.ts';
import { discard, keep, type SpoolFile } from '../../spool/spool.ts';
import type { Context } from '../../store/database.ts';
import { intakeLimits } from '../limits.ts';
import { type Body, printableBodies } from './body.ts';
import { ContentDigest, Passing } from './digest.ts';
import {
  type DocumentPolicy,
  type DocumentReason,
  declaredReason,
  isBody,
  isDecoration,
  kindOf,
  mayBeDecoration,
  shownPictures,
} from './rules.ts';

export type IncomingDocument = { readonly title: string; readonly format: string; readonly bytes: number } & (
  | { readonly outcome: 'accepted'; readonly file: SpoolFile }
  | { readonly outcome: 'refused' | 'left-out'; readonly reason: DocumentReason }
);

export type AcceptedDocument = IncomingDocument & { readonly outcome: 'accepted' };

export function acceptedOf(documents: readonly IncomingDocument[]): AcceptedDocument[] {
  return documents.filter((document) => document.outcome === 'accepted');
}

/** A picture of which is not known yet whether it is decoration, with its bytes, where there is room, for the page that shows it. */
export type Picture = { readonly leaf: Leaf; readonly format: string; readonly content: Buffer | undefined };

/** A document on its way; `picture` is set while it may turn out to be decoration. */
type Slot = { document: IncomingDocument; readonly path: string; readonly picture?: Picture };

type Content =
  | { readonly kind: 'whole'; readonly bytes: Buffer }
  | { readonly kind: 'stream'; readonly chunks: AsyncIterable<Buffer> };

export class DocumentCollector {
  readonly digest = new ContentDigest();
  readonly #context: Context;
  readonly #policy: DocumentPolicy;
  readonly #slots: Slot[] = [];
  readonly #bodies: Body[] = [];
  #doubtful = false;
  #shownLeft = intakeLimits.maxShownBytes as number;

  constructor(context: Context, policy: DocumentPolicy) {
    this.#context = context;
    this.#policy = policy;
  }

  /** Whether programs may read the message differently. */
  get isDoubtful(): boolean {
    return this.#doubtful;
  }

  takeWhole(leaf: Leaf, bytes: Buffer): Promise<void> {
    return this.#take(leaf, bytes.subarray(0, RECOGNITION_BYTES), { kind: 'whole', bytes });
  }

  /** What is not read of the content afterwards is passed over by its giver. */
  async takeStream(leaf: Leaf, content: AsyncIterable<Buffer>): Promise<void> {
    const { beginning, whole } = await peek(content, RECOGNITION_BYTES);
    await this.#take(leaf, beginning.subarray(0, RECOGNITION_BYTES), { kind: 'stream', chunks: whole });
  }

  /** Settles what only the whole message tells: which pictures are decoration, and whether its text is printed. */
  async finish(head: MessageHead, options: { readonly isAutomatic: boolean }): Promise<readonly IncomingDocument[]> {
    const shown = new Set<string>();
    for (const { isHtml, text } of this.#bodies) {
      if (isHtml) for (const contentId of shownPictures(text.toString('latin1'))) shown.add(contentId);
    }
    for (const slot of this.#slots) await this.#settlePicture(slot, shown);
    // What a machine writes about a message is no document.
    const policy = options.isAutomatic ? { body: 'never' as const } : this.#policy;
    const found = this.#slots.filter(({ document }) => document.outcome !== 'left-out').map(({ path }) => path);
    const pictures = this.#slots.flatMap(({ picture }) => (picture === undefined ? [] : [picture]));
    const bodies = printableBodies(this.#bodies, { policy: policy.body, found, pictures, subject: head.subject });
    const documents: IncomingDocument[] = [];
    for (const body of bodies.toReversed()) this.#slots.unshift({ path: '', document: await this.#keepBody(body) });
    // From now on they belong to whoever asked.
    documents.push(...this.#slots.map(({ document }) => document));
    this.#slots.length = 0;
    const unnamed = head.subject === '' ? 'document' : head.subject;
    return documents.map((document) => (document.title === '' ? { ...document, title: unnamed } : document));
  }

  /** Removes what was kept. */
  async drop(): Promise<void> {
    const documents = this.#slots.map(({ document }) => document);
    this.#slots.length = 0;
    await discard(
      this.#context,
      acceptedOf(documents).map(({ file }) => file),
    );
  }

  async #take(leaf: Leaf, beginning: Buffer, content: Content): Promise<void> {
    if (leaf.doubts.length > 0) this.#doubtful = true;
    const found = recognizeDocument(beginning, hintsOf(leaf));
    const isText = found.kind === 'refused' ? found.reason === 'document-empty' : found.format.startsWith('text/');
    if (isBody(leaf) && isText) return await this.#takeBody(leaf, content);
    const declared = declaredReason(leaf);
    if (declared === 'for-programs') return await this.#pass(leaf, { outcome: 'left-out', reason: declared }, content);
    const reason = declared ?? (found.kind === 'refused' ? found.reason : undefined);
    if (reason !== undefined || found.kind === 'refused')
      return await this.#pass(leaf, { outcome: 'refused', reason: reason ?? 'document-unsupported' }, content);
    if (found.kind === 'package') return await this.#takeWinmail(leaf, content);
    const refusal = this.#refusalOf(found.format);
    if (refusal !== undefined) return await this.#pass(leaf, { outcome: 'refused', reason: refusal }, content);
    await this.#keepDocument(leaf, found.format, content);
  }

  async #takeBody(leaf: Leaf, content: Content): Promise<void> {
    const pieces: Buffer[] = [];
    let left = intakeLimits.maxBodyBytes as number;
    for await (const chunk of content.kind === 'whole' ? [content.bytes] : content.chunks) {
      this.digest.addText(chunk);
      const wanted = chunk.subarray(0, left);
      left -= wanted.length;
      if (wanted.length > 0) pieces.push(wanted);
    }
    this.#bodies.push({ leaf, isHtml: leaf.declaredType === 'text/html', text: Buffer.concat(pieces) });
  }

  /** Reads a part that is not kept, for the digest and its size. */
  async #pass(
    leaf: Leaf,
    end: { readonly outcome: 'refused' | 'left-out'; readonly reason: DocumentReason },
    content: Content,
  ): Promise<void> {
    const passing = new Passing();
    // Nothing of it goes on but one byte, which nobody wants.
    for await (const _ of passing.through(chunksOf(content), 0));
    this.digest.addPart(passing.sha256());
    const format = leaf.declaredType;
    this.#slots.push({ path: leaf.path, document: { title: titleOf(leaf), format, bytes: passing.bytes, ...end } });
  }

  async #keepDocument(leaf: Leaf, format: string, content: Content): Promise<void> {
    const { maxBytes } = this.#policy;
    const kept = await this.#keep(content, { mediaType: format, maxBytes });
    this.digest.addPart(kept.sha256);
    const described = { title: titleOf(leaf), format, bytes: kept.bytes };
    if (kept.file === undefined) {
      const document = { ...described, outcome: 'refused', reason: 'document-too-large' } as const;
      this.#slots.push({ path: leaf.path, document });
      return;
    }
    const document = { ...described, outcome: 'accepted', file: kept.file } as const;
    if (!mayBeDecoration(leaf, format, kept.bytes)) return void this.#slots.push({ path: leaf.path, document });
    const shown = kept.small !== undefined && kept.small.length <= this.#shownLeft ? kept.small : undefined;
    this.#shownLeft -= shown?.length ?? 0;
    this.#slots.push({ path: leaf.path, document, picture: { leaf, format, content: shown } });
  }

  /** Keeps a part up to `maxBytes`; a larger one is read to its end and not kept. */
  async #keep(content: Content, options: { readonly mediaType: string; readonly maxBytes: number }) {
    const { maxBytes } = options;
    if (content.kind === 'whole') return await this.#keepWhole(content.bytes, options);
    const passing = new Passing();
    const small: Buffer[] = [];
    const source = Readable.from(
      (async function* () {
        for await (const chunk of passing.through(content.chunks, maxBytes)) {
          if (passing.bytes <= intakeLimits.decorationBytes) small.push(chunk);
          yield chunk;
        }
      })(),
    );
    const file = await keep(this.#context, source, { ...options, maxBytes: maxBytes + 1 });
    const isSmall = passing.bytes <= intakeLimits.decorationBytes;
    const seen = { bytes: passing.bytes, sha256: passing.sha256() };
    if (seen.bytes <= maxBytes) return { ...seen, file, small: isSmall ? Buffer.concat(small) : undefined };
    await discard(this.#context, [file]);
    return { ...seen, file: undefined, small: undefined };
  }

  async #keepWhole(bytes: Buffer, options: { readonly mediaType: string; readonly maxBytes: number }) {
    if (bytes.length > options.maxBytes) {
      const sha256 = createHash('sha256').update(bytes).digest();
      return { bytes: bytes.length, sha256, file: undefined, small: undefined };
    }
    const file = await keep(this.#context, bytes, options);
    const small = bytes.length <= intakeLimits.decorationBytes ? bytes : undefined;
    return { bytes: bytes.length, sha256: file.sha256, file, small };
  }

  /** Unpacked here and now, so that each of its documents is durable before the message is acknowledged. */
  async #takeWinmail(leaf: Leaf, content: Content): Promise<void> {
    const kept = await this.#keep(content, {
      mediaType: 'application/ms-tnef',
      maxBytes: intakeLimits.maxMessageBytes,
    });
    this.digest.addPart(kept.sha256);
    const { file, bytes } = kept;
    const described = { title: titleOf(leaf), format: 'application/ms-tnef', bytes };
    const refuse = (reason: DocumentReason) =>
      this.#slots.push({ path: leaf.path, document: { ...described, outcome: 'refused', reason } });
    if (file === undefined) return void refuse('document-too-large');
    try {
      const unpacked = await unpackWinmail(this.#context, file);
      if (unpacked.kind === 'refused') return void refuse(unpacked.reason);
      for (const packed of unpacked.documents) {
        if (packed.kind === 'refused') {
          const document = {
            title: titleOfPacked(packed.name),
            format: '',
            bytes: 0,
            outcome: 'refused',
            reason: packed.reason,
          } as const;
          this.#slots.push({ path: leaf.path, document: { ...document, reason: packed.reason as DocumentReason } });
          continue;
        }
        const { format, file } = packed;
        const isTooLarge = file.bytes > this.#policy.maxBytes;
        const reason = this.#refusalOf(format) ?? (isTooLarge ? 'document-too-large' : undefined);
        const document = { title: titleOfPacked(packed.name), format, bytes: file.bytes };
        if (reason === undefined)
          this.#slots.push({ path: leaf.path, document: { ...document, outcome: 'accepted', file } });
        else {
          this.#slots.push({ path: leaf.path, document: { ...document, outcome: 'refused', reason } });
          await discard(this.#context, [file]);
        }
      }
    } finally {
      await discard(this.#context, [file]);
    }
  }

  #refusalOf(format: string): DocumentReason | undefined {
    const { kinds, maxDocuments } = this.#policy;
    if (!kinds.includes(kindOf(format))) return 'kind-not-taken';
    const accepted = this.#slots.filter(({ document }) => document.outcome === 'accepted').length;
    return accepted >= maxDocuments ? 'too-many-documents' : undefined;
  }

  async #settlePicture(slot: Slot, shown: ReadonlySet<string>): Promise<void> {
    const { document, picture } = slot;
    if (picture === undefined || document.outcome !== 'accepted') return;
    if (!isDecoration(picture.leaf, document.bytes, shown)) return;
    const { title, format, bytes, file } = document;
    slot.document = { title, format, bytes, outcome: 'left-out', reason: 'decoration' };
    await discard(this.#context, [file]);
  }

  async #keepBody(body: { readonly title: string; readonly format: string; readonly content: Buffer }) {
    const { title, format, content } = body;
    const described = { title, format, bytes: content.length };
    const refusal = this.#refusalOf(format);
    const reason = refusal ?? (content.length > this.#policy.maxBytes ? 'document-too-large' : undefined);
    if (reason !== undefined) return { ...described, outcome: 'refused', reason } as const;
    const file = await keep(this.#context, content, { mediaType: format, maxBytes: content.length });
    const document = { ...described, outcome: 'accepted', file } as const;
    return document;
  }
}

function titleOf(leaf: Leaf): string {
  return leaf.fileName ?? leaf.within ?? '';
}

/** What could harm in the name of a file stands there as its number after a percent sign; else it is a name like others. */
function titleOfPacked(name: string): string {
  const sent = name.replace(/%([0-7][0-9A-F])/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  return displayFileName(sent) ?? '';
}

function hintsOf({ fileName, declaredType, charset }: Leaf) {
  return { name: fileName, declaredType: charset === undefined ? declaredType : `${declaredType}; charset=${charset}` };
}

async function* chunksOf(content: Content): AsyncGenerator<Buffer> {
  if (content.kind === 'whole') yield content.bytes;
  else yield* content.chunks;
}
