/**
 * The parts of a MIME message with their places in its bytes, and what IMAP says of them: ENVELOPE and BODYSTRUCTURE.
 * Header text is handled as latin1, byte for byte, and given to the client as it stands (encoded words stay encoded).
 */
import { quote, quoteOrNil } from './grammar.ts';

export type Part = {
  readonly type: string;
  readonly subtype: string;
  readonly params: readonly (readonly [string, string])[];
  readonly headers: readonly Header[];
  readonly headerStart: number;
  readonly bodyStart: number;
  readonly end: number;
  /** The parts of a multipart. */
  readonly children: readonly Part[];
  /** The message inside a message/rfc822 part. */
  readonly inner: Part | undefined;
};

export type Header = { readonly name: string; readonly value: string; readonly start: number; readonly end: number };

const MAX_DEPTH = 30;
const MAX_PARTS = 1000;
const known = new WeakMap<Buffer, Part>();

export function parseMessage(bytes: Buffer): Part {
  const part = known.get(bytes) ?? parsePart({ bytes, left: MAX_PARTS }, { start: 0, end: bytes.length, depth: 0 });
  known.set(bytes, part);
  return part;
}

export function headerOf(part: Part, name: string): string | undefined {
  return part.headers.find((header) => header.name === name)?.value;
}

type Walk = { readonly bytes: Buffer; left: number };
type Span = { readonly start: number; readonly end: number; readonly depth: number };

function parsePart(walk: Walk, span: Span, defaultType = 'text/plain'): Part {
  walk.left -= 1;
  const bodyStart = endOfHeader(walk.bytes, span.start, span.end);
  const headers = parseHeaders(walk.bytes, span.start, bodyStart);
  const declared = headers.find((header) => header.name === 'content-type')?.value;
  const { value, params } = parseParameters(declared ?? defaultType);
  const [type = '', subtype = ''] = (/^[^/\s]+\/[^/\s]+$/.test(value) ? value : 'text/plain').split('/');
  const part = { type, subtype, params, headers, headerStart: span.start, bodyStart, end: span.end };
  const inside = { start: bodyStart, end: span.end, depth: span.depth + 1 };
  const mayGoDown = inside.depth < MAX_DEPTH && walk.left > 0;
  const boundary = params.find(([name]) => name === 'boundary')?.[1];
  const isMultipart = type.toLowerCase() === 'multipart' && boundary !== undefined && mayGoDown;
  const isMessage = `${type}/${subtype}`.toLowerCase() === 'message/rfc822' && mayGoDown;
  const childType = subtype.toLowerCase() === 'digest' ? 'message/rfc822' : 'text/plain';
  return {
    ...part,
    children: isMultipart ? splitMultipart(walk, inside, { boundary, childType }) : [],
    inner: isMessage ? parsePart(walk, inside) : undefined,
  };
}

function splitMultipart(walk: Walk, span: Span, how: { boundary: string; childType: string }): Part[] {
  // Cut at the span, or a part without its boundary would be searched for to the end of the message, again and again.
  const bytes = walk.bytes.subarray(0, span.end);
  const delimiter = Buffer.from(`--${how.boundary}`, 'latin1');
  const parts: Part[] = [];
  let partStart = -1;
  for (let at = bytes.indexOf(delimiter, span.start); at >= 0 && at < span.end; ) {
    const after = at + delimiter.length;
    if (at !== span.start && bytes[at - 1] !== 10) {
      at = bytes.indexOf(delimiter, after);
      continue;
    }
    const isLast = bytes[after] === 45 && bytes[after + 1] === 45;
    const lineFeed = bytes.indexOf(10, after);
    const lineEnd = lineFeed < 0 || lineFeed > span.end ? span.end : lineFeed + 1;
    const isDelimiter = isLast || /^[ \t]*\r?\n?$/.test(bytes.toString('latin1', after, lineEnd));
    if (isDelimiter) {
      if (partStart >= 0 && walk.left > 0) {
        const end = Math.max(partStart, at - (bytes[at - 2] === 13 ? 2 : 1));
        parts.push(parsePart(walk, { start: partStart, end, depth: span.depth }, how.childType));
      }
      partStart = isLast ? -1 : lineEnd;
      if (isLast) break;
    }
    at = bytes.indexOf(delimiter, after);
  }
  if (partStart >= 0 && partStart < span.end && walk.left > 0) {
    parts.push(parsePart(walk, { start: partStart, end: span.end, depth: span.depth }, how.childType));
  }
  return parts;
}

/** The place after the empty line, or the end when there is none. */
function endOfHeader(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end) {
    if (bytes[at] === 10) return at + 1;
    if (bytes[at] === 13 && bytes[at + 1] === 10) return at + 2;
    const lineFeed = bytes.indexOf(10, at);
    if (lineFeed < 0 || lineFeed >= end) return end;
    at = lineFeed + 1;
  }
  return end;
}

function parseHeaders(bytes: Buffer, start: number, end: number): Header[] {
  const headers: Header[] = [];
  let at = start;
  while (at < end) {
    let next = lineAfter(bytes, at, end);
    while (next < end && (bytes[next] === 32 || bytes[next] === 9)) next = lineAfter(bytes, next, end);
    const text = bytes.toString('latin1', at, next);
    const colon = text.indexOf(':');
    if (colon > 0) {
      const value = text.slice(colon + 1).replace(/\r?\n(?=[ \t])/g, '');
      headers.push({ name: text.slice(0, colon).trim().toLowerCase(), value: value.trim(), start: at, end: next });
    }
    at = next;
  }
  return headers;
}

function lineAfter(bytes: Buffer, at: number, end: number): number {
  const lineFeed = bytes.indexOf(10, at);
  return lineFeed < 0 || lineFeed >= end ? end : lineFeed + 1;
}

/** `text/plain; charset="x"` → the value and its parameters. */
function parseParameters(text: string): { value: string; params: [string, string][] } {
  const value = (text.split(';', 1)[0] ?? '').trim();
  const params: [string, string][] = [];
  for (const match of text.matchAll(/;\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;]*))/g)) {
    const quoted = match[2]?.replace(/\\(.)/g, '$1');
    params.push([(match[1] ?? '').toLowerCase(), quoted ?? match[3] ?? '']);
  }
  return { value, params };
}

/** RFC 3501 section 7.4.2, in the order date, subject, from, sender, reply-to, to, cc, bcc, in-reply-to, message-id. */
export function envelope(part: Part): string {
  const from = addressList(headerOf(part, 'from'));
  const orFrom = (name: string): string => {
    const own = addressList(headerOf(part, name));
    return own === 'NIL' ? from : own;
  };
  return `(${[
    quoteOrNil(headerOf(part, 'date')),
    quoteOrNil(headerOf(part, 'subject')),
    from,
    orFrom('sender'),
    orFrom('reply-to'),
    ...['to', 'cc', 'bcc'].map((name) => addressList(headerOf(part, name))),
    quoteOrNil(headerOf(part, 'in-reply-to')),
    quoteOrNil(headerOf(part, 'message-id')),
  ].join(' ')})`;
}

const MAX_ADDRESSES = 1000;

function addressList(text: string | undefined): string {
  const addresses = splitAddresses(text ?? '')
    .slice(0, MAX_ADDRESSES)
    .map(formatAddress);
  return addresses.length === 0 ? 'NIL' : `(${addresses.join('')})`;
}

function splitAddresses(text: string): string[] {
  const pieces = text.match(/(?:"(?:[^"\\]|\\.)*"|\((?:[^()\\]|\\.)*\)|<[^<>]*>|[^,;"(<]|["(<])+/g) ?? [];
  return pieces.map((piece) => piece.trim()).filter((piece) => piece !== '');
}

function formatAddress(text: string): string {
  const angle = /^(.*?)<([^<>]*)>/s.exec(text);
  const comment = /\(((?:[^()\\]|\\.)*)\)/.exec(text)?.[1];
  const spec = (angle?.[2] ?? text.replace(/\((?:[^()\\]|\\.)*\)/g, '')).trim();
  const name = (angle?.[1]?.trim() || comment)?.replace(/^"((?:[^"\\]|\\.)*)"$/s, '$1').replace(/\\(.)/g, '$1');
  const at = spec.lastIndexOf('@');
  const [local, host] = at < 0 ? [spec, undefined] : [spec.slice(0, at), spec.slice(at + 1)];
  return `(${quoteOrNil(name || undefined)} NIL ${quote(local)} ${quoteOrNil(host)})`;
}

/** BODYSTRUCTURE, or BODY without the extension fields. */
export function bodyStructure(bytes: Buffer, part: Part, form: 'BODY' | 'BODYSTRUCTURE'): string {
  const isExtended = form === 'BODYSTRUCTURE';
  if (part.children.length > 0) {
    const children = part.children.map((child) => bodyStructure(bytes, child, form)).join('');
    const extension = isExtended ? ` ${parameterList(part.params)} ${disposition(part)} NIL NIL` : '';
    return `(${children} ${quote(part.subtype.toUpperCase())}${extension})`;
  }
  const fields = [
    quote(part.type.toUpperCase()),
    quote(part.subtype.toUpperCase()),
    parameterList(part.params),
    quoteOrNil(headerOf(part, 'content-id')),
    quoteOrNil(headerOf(part, 'content-description')),
    quote((headerOf(part, 'content-transfer-encoding') ?? '7bit').toUpperCase()),
    `${part.end - part.bodyStart}`,
  ];
  if (part.inner) fields.push(envelope(part.inner), bodyStructure(bytes, part.inner, form));
  if (part.inner || part.type.toLowerCase() === 'text') fields.push(`${countLines(bytes, part)}`);
  if (isExtended) fields.push('NIL', disposition(part), 'NIL', 'NIL');
  return `(${fields.join(' ')})`;
}

function parameterList(params: Part['params']): string {
  if (params.length === 0) return 'NIL';
  return `(${params.map(([name, value]) => `${quote(name.toUpperCase())} ${quote(value)}`).join(' ')})`;
}

function disposition(part: Part): string {
  const header = headerOf(part, 'content-disposition');
  if (header === undefined) return 'NIL';
  const { value, params } = parseParameters(header);
  return `(${quote(value.toUpperCase())} ${parameterList(params)})`;
}

function countLines(bytes: Buffer, part: Part): number {
  let lines = 0;
  for (let at = bytes.indexOf(10, part.bodyStart); at >= 0 && at < part.end; at = bytes.indexOf(10, at + 1)) lines += 1;
  return lines;
}

/** What the store sends for some messages: NIL where lists and strings must stand. */
export const MALFORMED_STRUCTURE = '((NIL NIL NIL NIL NIL "7BIT" NIL NIL NIL NIL NIL)NIL "MIXED" NIL NIL NIL)';

/** The part that a number such as `2.1` names; undefined when there is none. */
export function findPart(root: Part, numbers: readonly number[]): Part | undefined {
  let part: Part | undefined = root;
  for (const [depth, number] of numbers.entries()) {
    const holder: Part | undefined = depth > 0 && part?.inner ? part.inner : part;
    if (holder && holder.children.length > 0) part = holder.children[number - 1];
    else part = number === 1 && (depth === 0 || part?.inner) ? holder : undefined;
    if (!part) return undefined;
  }
  return part;
}
