import { ippLimits } from '../limits.ts';
import {
  type IppAttributes,
  IppFormatError,
  type IppGoodValue,
  type IppGroup,
  type IppLanguageText,
  type IppMessage,
  type IppValue,
  ippTags,
} from './message.ts';

/** Everything below 0x10 delimits groups (RFC 8010 section 3.5.1). */
const FIRST_VALUE_TAG = 0x10;
const LAST_OUT_OF_BAND_TAG = 0x1f;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

interface Reader {
  readonly bytes: Buffer;
  offset: number;
  attributes: number;
  values: number;
  readonly duplicates: string[];
}

interface Field {
  readonly tag: number;
  readonly name: string;
  readonly body: Buffer;
  readonly offset: number;
}

/**
 * Reads one IPP message (RFC 8010 section 3.1), request or answer.
 * A value that does not fit its tag comes out as `bad` and an unknown tag as octets; neither spoils its neighbours.
 * Throws IppFormatError with the byte offset where the message itself is broken or larger than `ippLimits`.
 */
export function decodeMessage(bytes: Uint8Array): IppMessage {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length > ippLimits.maxAnswerBytes) {
    throw new IppFormatError('message is larger than the limit', ippLimits.maxAnswerBytes);
  }
  const reader: Reader = { bytes: buffer, offset: 0, attributes: 0, values: 0, duplicates: [] };
  const version = { major: readByte(reader), minor: readByte(reader) };
  const code = readUnsignedShort(reader);
  const requestId = readBody(reader, 4).readInt32BE(0);
  const groups = readGroups(reader);
  return { version, code, requestId, groups, data: buffer.subarray(reader.offset), duplicates: reader.duplicates };
}

function readGroups(reader: Reader): IppGroup[] {
  const groups: IppGroup[] = [];
  for (;;) {
    const tag = readByte(reader);
    if (tag === ippTags.endOfAttributes) return groups;
    if (tag === 0 || tag >= FIRST_VALUE_TAG) throw new IppFormatError('a group was expected', reader.offset - 1);
    groups.push({ tag, attributes: readGroup(reader) });
  }
}

function readGroup(reader: Reader): IppAttributes {
  const attributes = new Map<string, IppValue[]>();
  let current: IppValue[] | undefined;
  while (nextTag(reader) >= FIRST_VALUE_TAG) {
    const field = readField(reader);
    if (field.name !== '') current = startAttribute(reader, attributes, field.name);
    if (!current) throw new IppFormatError('a further value without an attribute', field.offset);
    current.push(readValue(reader, field, 0));
  }
  return attributes;
}

/** A repeated name gets a list of its own that nobody reads, so that the first occurrence stays as it was. */
function startAttribute(reader: Reader, attributes: Map<string, IppValue[]>, name: string): IppValue[] {
  reader.attributes += 1;
  if (reader.attributes > ippLimits.maxAttributes) throw new IppFormatError('too many attributes', reader.offset);
  const values: IppValue[] = [];
  if (attributes.has(name)) reader.duplicates.push(name);
  else attributes.set(name, values);
  return values;
}

function readField(reader: Reader): Field {
  const offset = reader.offset;
  const tag = readByte(reader);
  // Names are ASCII by RFC 8011 section 5.1.4; Latin-1 keeps every octet of one that is not.
  const name = readBody(reader, readUnsignedShort(reader)).toString('latin1');
  const body = readBody(reader, readUnsignedShort(reader));
  return { tag, name, body, offset };
}

function readValue(reader: Reader, field: Field, depth: number): IppValue {
  reader.values += 1;
  if (reader.values > ippLimits.maxValues) throw new IppFormatError('too many values', field.offset);
  if (field.tag === ippTags.endCollection || field.tag === ippTags.memberAttrName) {
    throw new IppFormatError('a part of a collection outside of one', field.offset);
  }
  if (field.tag === ippTags.begCollection) return readCollection(reader, field, depth + 1);
  return understand(field.tag, field.body);
}

/** RFC 8010 section 3.1.6: members are a name and its values, each a field without a name of its own. */
function readCollection(reader: Reader, begin: Field, depth: number): IppValue {
  if (depth > ippLimits.maxCollectionDepth) throw new IppFormatError('collections nest too deep', begin.offset);
  const members = new Map<string, IppValue[]>();
  let current: IppValue[] | undefined;
  for (;;) {
    if (nextTag(reader) < FIRST_VALUE_TAG) throw new IppFormatError('a collection has no end', reader.offset);
    const field = readField(reader);
    if (field.name !== '') throw new IppFormatError('a collection has no end', field.offset);
    if (field.tag === ippTags.endCollection) break;
    if (field.tag === ippTags.memberAttrName) {
      if (field.body.length === 0) throw new IppFormatError('a member without a name', field.offset);
      current = startAttribute(reader, members, field.body.toString('latin1'));
      continue;
    }
    if (!current) throw new IppFormatError('a member value without a name', field.offset);
    current.push(readValue(reader, field, depth));
  }
  const value: IppGoodValue = { tag: begin.tag, value: { kind: 'collection', members } };
  return begin.body.length === 0 ? value : { ...value, raw: begin.body };
}

/** Gives a value its meaning by its tag (RFC 8010 section 3.9). */
function understand(tag: number, body: Buffer): IppValue {
  if (tag <= LAST_OUT_OF_BAND_TAG) return body.length === 0 ? { tag, value: null } : { tag, value: null, raw: body };
  switch (tag) {
    case ippTags.integer:
    case ippTags.enum:
      return body.length === 4 ? { tag, value: body.readInt32BE(0) } : bad(tag, body);
    case ippTags.boolean:
      return body.length === 1 && body.readUInt8(0) <= 1 ? { tag, value: body[0] === 1 } : bad(tag, body);
    case ippTags.dateTime:
      return understandDateTime(tag, body);
    case ippTags.resolution:
      return understandResolution(tag, body);
    case ippTags.rangeOfInteger:
      return understandRange(tag, body);
    case ippTags.textWithLanguage:
    case ippTags.nameWithLanguage:
      return understandLanguageText(tag, body);
    case ippTags.text:
    case ippTags.name:
    case ippTags.keyword:
    case ippTags.uri:
    case ippTags.uriScheme:
    case ippTags.charset:
    case ippTags.naturalLanguage:
    case ippTags.mimeMediaType:
      return understandText(tag, body);
    default:
      return { tag, value: body };
  }
}

const bad = (tag: number, raw: Buffer): IppValue => ({ tag, bad: true, raw });

function understandText(tag: number, body: Buffer): IppValue {
  const decoded = decodeText(body);
  return decoded.exact ? { tag, value: decoded.text } : { tag, value: decoded.text, raw: body };
}

/** Printers that do not keep to UTF-8 mostly mean Latin-1, and Latin-1 can read anything. */
function decodeText(body: Buffer): { text: string; exact: boolean } {
  try {
    return { text: utf8.decode(body), exact: true };
  } catch {
    // Not UTF-8: the octets are kept beside the text by the caller.
    return { text: body.toString('latin1'), exact: false };
  }
}

function understandDateTime(tag: number, body: Buffer): IppValue {
  if (body.length !== 11) return bad(tag, body);
  const [month = 0, day = 0, hour = 0, minute = 0, second = 0, decisecond = 0] = body.subarray(2);
  const sign = body.toString('latin1', 8, 9);
  const utcHours = body.readUInt8(9);
  const utcMinutes = body.readUInt8(10);
  const isClock = hour <= 23 && minute <= 59 && second <= 60 && decisecond <= 9;
  const isZone = (sign === '+' || sign === '-') && utcHours <= 13 && utcMinutes <= 59;
  if (month < 1 || month > 12 || day < 1 || day > 31 || !isClock || !isZone) return bad(tag, body);
  const date = { year: body.readUInt16BE(0), month, day, hour, minute, second, decisecond };
  return { tag, value: { kind: 'dateTime', ...date, utcSign: sign === '+' ? '+' : '-', utcHours, utcMinutes } };
}

function understandResolution(tag: number, body: Buffer): IppValue {
  if (body.length !== 9) return bad(tag, body);
  const [crossFeed, feed, units] = [body.readInt32BE(0), body.readInt32BE(4), body.readInt8(8)];
  if (crossFeed < 1 || feed < 1) return bad(tag, body);
  return { tag, value: { kind: 'resolution', crossFeed, feed, units } };
}

function understandRange(tag: number, body: Buffer): IppValue {
  if (body.length !== 8) return bad(tag, body);
  const [lower, upper] = [body.readInt32BE(0), body.readInt32BE(4)];
  return lower > upper ? bad(tag, body) : { tag, value: { kind: 'range', lower, upper } };
}

/** Both inner lengths must fill the value exactly; printers that leave one out give a bad value, not a bad answer. */
function understandLanguageText(tag: number, body: Buffer): IppValue {
  if (body.length < 4) return bad(tag, body);
  const languageBytes = body.readUInt16BE(0);
  if (languageBytes > body.length - 4) return bad(tag, body);
  const textStart = 2 + languageBytes + 2;
  if (body.readUInt16BE(2 + languageBytes) !== body.length - textStart) return bad(tag, body);
  const language = decodeText(body.subarray(2, 2 + languageBytes));
  const words = decodeText(body.subarray(textStart));
  const value: IppLanguageText = { kind: 'text', language: language.text, text: words.text };
  return language.exact && words.exact ? { tag, value } : { tag, value, raw: body };
}

function nextTag(reader: Reader): number {
  const tag = reader.bytes[reader.offset];
  if (tag === undefined) throw new IppFormatError('message ends early', reader.offset);
  return tag;
}

function readByte(reader: Reader): number {
  const byte = nextTag(reader);
  reader.offset += 1;
  return byte;
}

function readUnsignedShort(reader: Reader): number {
  return readBody(reader, 2).readUInt16BE(0);
}

/** Lengths are read unsigned: read as the SIGNED-SHORT of the RFC, 0x8000 and above would move the position backwards. */
function readBody(reader: Reader, byteCount: number): Buffer {
  const end = reader.offset + byteCount;
  if (end > reader.bytes.length) throw new IppFormatError('message ends early', reader.offset);
  const body = reader.bytes.subarray(reader.offset, end);
  reader.offset = end;
  return body;
}
