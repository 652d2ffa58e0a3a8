/** The header fields of a message and the texts in them (RFC 5322, RFC 2047). */

import { readSender, type SenderReading } from './address.ts';
import type { MessageNode } from './boundary-splitter.ts';
import { decodeHeaderText } from './encoded-words.ts';

/** Names in lower case; every value of a name in the order of the message, unfolded, words still encoded. */
export type HeaderFields = ReadonlyMap<string, readonly string[]>;

/** One field with its place: what stands above another was added later. */
export interface HeaderLine {
  /** In lower case. */
  readonly name: string;
  readonly value: string;
}

/** What the outermost header says. */
export interface MessageHead {
  readonly fields: HeaderFields;
  /** The same fields from the top down. */
  readonly lines: readonly HeaderLine[];
  readonly sender: SenderReading;
  /** Decoded; empty when there is none. */
  readonly subject: string;
  /** With its angle brackets; undefined when there is none, or more than one. */
  readonly messageId?: string;
  /** Undefined when missing or not to be read: never a date of our own. */
  readonly date?: Date;
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** RFC 5322 section 3.3, with the two-digit years and names of zones of section 4.3. */
const DATE =
  /^(?:[a-z]{3,9}\s*,?\s*)?(\d{1,2})\s+([a-z]{3})[a-z]*\s+(\d{2,4})\s+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([+-]\d{4}|[a-z]{1,5})?/i;

const ZONE_HOURS: Readonly<Record<string, number>> = {
  EST: -5,
  EDT: -4,
  CST: -6,
  CDT: -5,
  MST: -7,
  MDT: -6,
  PST: -8,
  PDT: -7,
};

/** Reads the header of a message. Never throws, whatever the header says. */
export function readHead(node: MessageNode): MessageHead {
  const lines = headerLines(node);
  const fields = fieldsOf(lines);
  const messageId = readMessageId(fields.get('message-id') ?? []);
  const date = readDate(fields.get('date')?.[0] ?? '');
  return {
    fields,
    lines,
    sender: readSender(fields.get('from') ?? []),
    subject: decodeHeaderText(fields.get('subject')?.[0] ?? ''),
    ...(messageId === undefined ? {} : { messageId }),
    ...(date === undefined ? {} : { date }),
  };
}

/** The fields of a part from the top down. */
export function headerLines(node: MessageNode): HeaderLine[] {
  const list = node.headers ? node.headers.getList() : [];
  return list.flatMap(({ key, line }) =>
    key === '' ? [] : [{ name: key, value: unfold(fromBytes(line.slice(line.indexOf(':') + 1))) }],
  );
}

function fieldsOf(lines: readonly HeaderLine[]): HeaderFields {
  const fields = new Map<string, string[]>();
  for (const { name, value } of lines) {
    const values = fields.get(name);
    if (values === undefined) fields.set(name, [value]);
    else values.push(value);
  }
  return fields;
}

/** Reads a Date field, or answers undefined. */
export function readDate(value: string): Date | undefined {
  const parts = DATE.exec(
    value
      .slice(0, 200)
      .replace(/\([^()]*\)/g, ' ')
      .trim(),
  );
  if (parts === null) return undefined;
  const month = MONTHS.indexOf((parts[2] as string).toLowerCase());
  if (month === -1) return undefined;
  const written = Number(parts[3]);
  const year = written < 50 ? 2000 + written : written < 1000 ? 1900 + written : written;
  const [day, hour, minute, second] = [Number(parts[1]), Number(parts[4]), Number(parts[5]), Number(parts[6] ?? 0)];
  if (day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return undefined;
  return new Date(Date.UTC(year, month, day, hour, minute, second) - zoneMinutes(parts[7] ?? '') * 60_000);
}

function zoneMinutes(zone: string): number {
  const digits = /^([+-])(\d{2})(\d{2})$/.exec(zone);
  if (digits === null) return 60 * (ZONE_HOURS[zone.toUpperCase()] ?? 0);
  const minutes = 60 * Number(digits[2]) + Number(digits[3]);
  return digits[1] === '-' ? -minutes : minutes;
}

function readMessageId(values: readonly string[]): string | undefined {
  const value = values.length === 1 ? (values[0] as string).trim() : '';
  // RFC 5322 section 2.1.1 bounds a line at 998 characters.
  return /^<[!-;=?-~]{1,996}>$/.test(value) ? value : undefined;
}

const MAX_ANSWERED = 5;
const MAX_ID_CHARACTERS = 250;

/** What a message answers (RFC 5322 section 3.6.4): the ids of In-Reply-To, and the latest of References; a few of each. */
export function readAnswered({ fields }: Pick<MessageHead, 'fields'>): readonly string[] {
  const idsOf = (name: string) =>
    (fields.get(name) ?? [])
      .flatMap((value) => value.slice(-4_000).match(/<[!-;=?-~]+>/g) ?? [])
      .filter((id) => id.length <= MAX_ID_CHARACTERS)
      .slice(-MAX_ANSWERED);
  return [...new Set([...idsOf('in-reply-to'), ...idsOf('references')])];
}

function unfold(value: string): string {
  return value.replace(/\r?\n(?=[ \t])/g, '').trim();
}

/** Header lines come as one character per byte: they are read as UTF-8 where they are, else as Latin-1. */
function fromBytes(line: string): string {
  if (/^[\x00-\x7f]*$/.test(line)) return line;
  const utf8 = Buffer.from(line, 'latin1').toString('utf8');
  return utf8.includes('\ufffd') ? line : utf8;
}
