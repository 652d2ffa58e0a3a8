/**
 * The line grammar of multipart messages: mailsplit's Splitter with the rules of RFC 2046 section 5.1 that the stock
 * one lacks. It uses members that the package does not declare, hence the exact version in package.json and the
 * contract tests beside this file.
 */

import type { Transform } from 'node:stream';
import { type MimeNode, Splitter } from '@zone-eu/mailsplit';
import { mimeLimits } from '../limits.ts';

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;
const DASH = 0x2d;

/** What a line means: the next part of the own multipart, its end, a sibling in the outer one, the outer one's end. */
type Delimiter = 1 | 2 | 3 | 4;

export type MessageNode = MimeNode;

type OnLine = (error?: Error | null, data?: MessageNode | { type: string } | false) => void;

/** What the splitter does not declare but is used here. */
interface SplitterInside {
  node: MessageNode;
  state: number;
  inEpilogue: boolean;
  nodeCounter: number;
  checkBoundary(line: Buffer): Delimiter | false;
  compareBoundary(line: Buffer, start: number, boundary: Buffer): 1 | 2 | false;
  processLine(line: Buffer | false, final: boolean, next: OnLine): void;
}

const StockSplitter = Splitter as unknown as new (
  config: ConstructorParameters<typeof Splitter>[0],
) => Transform & SplitterInside;

/** The splitter's state while it collects the headers of a part. */
export const HEADERS = 1;

export class BoundarySplitter extends StockSplitter {
  constructor() {
    super({
      // Embedded messages are opened by whoever reads the part, with a count of the depth.
      ignoreEmbedded: true,
      // Our own limits are checked first and say what was exceeded; these only have to be out of their way.
      maxHeadSize: 2 * mimeLimits.maxPartHeaderBytes,
      maxChildNodes: 2 * mimeLimits.maxParts,
    });
  }

  /** Compares a line with one boundary, transport padding allowed (RFC 2046 section 5.1.1), the line end optional. */
  override compareBoundary(line: Buffer, start: number, boundary: Buffer): 1 | 2 | false {
    return compare({ line, start, end: contentEnd(line) }, boundary);
  }

  /** Like the stock check, but a delimiter of any outer multipart ends the inner ones (RFC 2046 section 5.1.2). */
  override checkBoundary(line: Buffer): Delimiter | false {
    const found = this.findDelimiter(line);
    if (found === undefined) return false;
    this.node = found.node;
    return found.delimiter;
  }

  /** Says what a line delimits, without acting on it. */
  findDelimiter(line: Buffer): { node: MessageNode; delimiter: Delimiter } | undefined {
    const start = lineEndLength(line);
    if (line[start] !== DASH || line[start + 1] !== DASH || line.length > mimeLimits.maxDelimiterLineBytes) {
      return undefined;
    }
    const candidate = { line, start, end: contentEnd(line) };
    if (!this.inEpilogue && this.node._boundary) {
      const own = compare(candidate, this.node._boundary);
      if (own) return { node: this.node, delimiter: own };
    }
    let node: MessageNode = this.node;
    for (let outer = node._parentBoundaryOwner; outer; outer = outer._parentBoundaryOwner) {
      const match = outer._boundary ? compare(candidate, outer._boundary) : false;
      if (match) return { node, delimiter: match === 1 ? 3 : 4 };
      node = outer;
    }
    return undefined;
  }
}

/** A line that may delimit parts: its two hyphens stand at `start`, its last byte that is not blank before `end`. */
interface Candidate {
  readonly line: Buffer;
  readonly start: number;
  readonly end: number;
}

function compare({ line, start, end }: Candidate, boundary: Buffer): 1 | 2 | false {
  const extra = end - start - boundary.length - 2;
  if (extra !== 0 && extra !== 2) return false;
  if (boundary.compare(line, start + 2, start + 2 + boundary.length) !== 0) return false;
  if (extra === 0) return 1;
  return line[end - 1] === DASH && line[end - 2] === DASH ? 2 : false;
}

function contentEnd(line: Buffer): number {
  let end = line.length;
  while (end > 0 && isBlank(line[end - 1])) end--;
  return end;
}

function lineEndLength(line: Buffer): number {
  if (line[0] === LF) return 1;
  if (line[0] !== CR) return 0;
  return line[1] === LF ? 2 : 1;
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB || byte === CR || byte === LF;
}
