/**
 * Walks the bytes of one message and says where its parts lie. Only lines of headers and lines that begin with two
 * hyphens are looked at one by one; the rest of a body is passed on in the largest pieces there are, undecoded.
 *
 * States: headers of a part -> its body -> (delimiter) headers of the next part. Between two calls of `feed` the
 * scanner keeps at most one unfinished line and the line end that may belong to a delimiter.
 */

import { mimeLimits } from '../limits.ts';
import { BoundarySplitter, HEADERS, type MessageNode } from './boundary-splitter.ts';
import { MimeRefused } from './refusal.ts';

export type ScanEvent =
  | { readonly kind: 'part'; readonly node: MessageNode }
  | { readonly kind: 'body'; readonly bytes: Buffer };

/** What a message and the messages inside it may use together. */
export interface ScanBudget {
  parts: number;
  headerBytes: number;
}

const EMPTY = Buffer.alloc(0);
const LF = 0x0a;
const CR = 0x0d;
const DASH = 0x2d;

export class MessageScanner {
  readonly #splitter = new BoundarySplitter();
  readonly #budget: ScanBudget;
  readonly #emit: (event: ScanEvent) => void;
  #carry: Buffer = EMPTY;
  #heldLineEnd: Buffer = EMPTY;
  #atLineStart = true;
  #known = 1;

  constructor(budget: ScanBudget, emit: (event: ScanEvent) => void) {
    this.#budget = budget;
    this.#emit = emit;
    this.#countPart();
  }

  /** Takes the next bytes of the message. Throws `MimeRefused` at a limit; the scanner is of no use after that. */
  feed(chunk: Buffer): void {
    const data = this.#carry.length === 0 ? chunk : Buffer.concat([this.#carry, chunk]);
    this.#carry = EMPTY;
    let at = 0;
    while (at < data.length) {
      at = this.#splitter.state === HEADERS ? this.#headerLine(data, at) : this.#body(data, at);
    }
  }

  /** Takes the end of the message: an unfinished line counts, multiparts left open end here. */
  finish(): void {
    const rest = this.#carry;
    this.#carry = EMPTY;
    if (this.#splitter.state === HEADERS) {
      this.#spendHeader(rest.length);
      this.#processLine(rest.length > 0 ? rest : false, true);
      return;
    }
    if (this.#atLineStart && this.#splitter.findDelimiter(rest) !== undefined) {
      this.#processLine(rest, false);
      return;
    }
    this.#passBody(rest);
    this.#passBody(EMPTY);
  }

  #headerLine(data: Buffer, at: number): number {
    const lineEnd = data.indexOf(LF, at);
    if (lineEnd === -1) {
      this.#carry = data.subarray(at);
      if (this.#splitter.node._headerlen + this.#carry.length > mimeLimits.maxPartHeaderBytes) {
        throw new MimeRefused('part-header-bytes', mimeLimits.maxPartHeaderBytes);
      }
      return data.length;
    }
    this.#spendHeader(lineEnd + 1 - at);
    this.#processLine(data.subarray(at, lineEnd + 1), false);
    this.#atLineStart = true;
    return lineEnd + 1;
  }

  /** Passes the body on up to the next delimiter, or to the end of the data. Answers where to go on. */
  #body(data: Buffer, at: number): number {
    let lineStart = this.#atLineStart ? at : nextLineStart(data, at);
    while (lineStart !== -1) {
      if (data[lineStart] === DASH && (lineStart + 1 === data.length || data[lineStart + 1] === DASH)) {
        const lineEnd = data.indexOf(LF, lineStart);
        if (lineEnd === -1 && data.length - lineStart <= mimeLimits.maxDelimiterLineBytes) {
          return this.#waitForLine(data, at, lineStart);
        }
        if (lineEnd !== -1 && this.#splitter.findDelimiter(data.subarray(lineStart, lineEnd + 1)) !== undefined) {
          return this.#endBody(data, at, lineStart, lineEnd + 1);
        }
      }
      lineStart = nextLineStart(data, lineStart);
    }
    this.#passBodyTail(data, at);
    return data.length;
  }

  /** The line at the end of the data may become a delimiter: it is kept, and the line end before it too. */
  #waitForLine(data: Buffer, at: number, lineStart: number): number {
    if (lineStart > at) {
      const bodyEnd = lineStart - lineEndLength(data, at, lineStart);
      this.#passBody(data.subarray(at, bodyEnd));
      this.#heldLineEnd = data.subarray(bodyEnd, lineStart);
    }
    this.#carry = data.subarray(lineStart);
    this.#atLineStart = true;
    return data.length;
  }

  #endBody(data: Buffer, at: number, lineStart: number, next: number): number {
    if (lineStart > at) this.#passBody(data.subarray(at, lineStart - lineEndLength(data, at, lineStart)));
    // RFC 2046 section 5.1.1: the line end before a delimiter belongs to the delimiter.
    this.#heldLineEnd = EMPTY;
    this.#processLine(data.subarray(lineStart, next), false);
    this.#atLineStart = true;
    return next;
  }

  #passBodyTail(data: Buffer, at: number): void {
    const last = data[data.length - 1];
    this.#atLineStart = last === LF;
    const kept = last === LF ? lineEndLength(data, at, data.length) : last === CR ? 1 : 0;
    const bodyEnd = data.length - kept;
    this.#passBody(data.subarray(at, bodyEnd));
    if (last === CR) this.#carry = data.subarray(bodyEnd);
    else this.#heldLineEnd = data.subarray(bodyEnd);
  }

  /** A line end that was held was body after all when more follows it. */
  #passBody(bytes: Buffer): void {
    const held = this.#heldLineEnd;
    if (held.length > 0) {
      this.#heldLineEnd = EMPTY;
      this.#emitBody(held);
    }
    if (bytes.length > 0) this.#emitBody(bytes);
  }

  #emitBody(bytes: Buffer): void {
    // Text around the parts of a multipart is no part (RFC 2046 section 5.1.1, preamble and epilogue).
    if (!this.#splitter.node.multipart) this.#emit({ kind: 'body', bytes });
  }

  #spendHeader(bytes: number): void {
    if (this.#splitter.node._headerlen + bytes > mimeLimits.maxPartHeaderBytes) {
      throw new MimeRefused('part-header-bytes', mimeLimits.maxPartHeaderBytes);
    }
    this.#budget.headerBytes += bytes;
    if (this.#budget.headerBytes > mimeLimits.maxHeaderBytes) {
      throw new MimeRefused('header-bytes', mimeLimits.maxHeaderBytes);
    }
  }

  #processLine(line: Buffer | false, final: boolean): void {
    this.#splitter.processLine(line, final, (error, data) => {
      if (error) throw error;
      if (data && data.type === 'node') this.#emit({ kind: 'part', node: this.#splitter.node });
    });
    if (this.#splitter.nodeCounter > this.#known) {
      this.#known = this.#splitter.nodeCounter;
      this.#countPart();
    }
  }

  #countPart(): void {
    this.#budget.parts++;
    if (this.#budget.parts > mimeLimits.maxParts) throw new MimeRefused('parts', mimeLimits.maxParts);
    if (depthOf(this.#splitter.node) > mimeLimits.maxDepth) throw new MimeRefused('depth', mimeLimits.maxDepth);
  }
}

/** Where the next line that begins with a hyphen starts, or -1. */
function nextLineStart(data: Buffer, from: number): number {
  const found = data.indexOf('\n-', from, 'latin1');
  return found === -1 ? -1 : found + 1;
}

/** The length of the line end right before `end`, not looking before `from`. */
function lineEndLength(data: Buffer, from: number, end: number): number {
  if (end - 1 < from || data[end - 1] !== LF) return 0;
  return end - 2 >= from && data[end - 2] === CR ? 2 : 1;
}

function depthOf(node: MessageNode): number {
  let depth = 0;
  for (let outer = node.parentNode; outer; outer = outer.parentNode) depth++;
  return depth;
}
