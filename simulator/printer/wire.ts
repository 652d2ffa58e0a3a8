// Reads requests and writes answers in the encoding of RFC 8010 section 3. Lengths are read unsigned
// and every read is bounded; a request that is not whole yet is told apart from one that is wrong.

import { delimiter, valueTag } from './vocabulary.ts';

export type Range = { readonly lower: number; readonly upper: number };
export type Resolution = { readonly x: number; readonly y: number; readonly units: number };
export type WithLanguage = { readonly language: string; readonly text: string };
export type IppValue = {
  readonly tag: number;
  readonly value: null | number | boolean | string | Buffer | Range | Resolution | WithLanguage | readonly Attribute[];
};
export type Attribute = { readonly name: string; readonly values: readonly IppValue[] };
export type Group = { readonly tag: number; readonly attributes: readonly Attribute[] };
export type Message = {
  readonly major: number;
  readonly minor: number;
  readonly code: number; // operation-id of a request, status-code of an answer
  readonly requestId: number;
  readonly groups: readonly Group[];
};
export type Reading =
  | { readonly kind: 'complete'; readonly message: Message; readonly length: number }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'malformed'; readonly reason: string; readonly requestId: number };

// A request of a real client has some dozen attributes; these bounds only stop a flood.
const MAX_ATTRIBUTES = 2_000;
const MAX_VALUES = 20_000;
const MAX_COLLECTION_DEPTH = 8;

class Incomplete extends Error {}
class Malformed extends Error {}

type Cursor = { readonly bytes: Buffer; at: number; values: number };
type Field = { readonly tag: number; readonly name: string; readonly raw: Buffer };

function take(cursor: Cursor, length: number): Buffer {
  if (cursor.at + length > cursor.bytes.length) throw new Incomplete();
  const taken = cursor.bytes.subarray(cursor.at, cursor.at + length);
  cursor.at += length;
  return taken;
}

function takeField(cursor: Cursor): Field {
  const tag = take(cursor, 1).readUInt8();
  const name = take(cursor, take(cursor, 2).readUInt16BE()).toString('latin1');
  const raw = take(cursor, take(cursor, 2).readUInt16BE());
  cursor.values += 1;
  if (cursor.values > MAX_VALUES) throw new Malformed('too many values');
  return { tag, name, raw };
}

function exactly(raw: Buffer, length: number, type: string): Buffer {
  if (raw.length !== length) throw new Malformed(`${type} of ${raw.length} bytes`);
  return raw;
}

function readWithLanguage(raw: Buffer): WithLanguage {
  if (raw.length < 4) throw new Malformed('text with language is too short');
  const languageLength = raw.readUInt16BE(0);
  if (languageLength + 4 > raw.length) throw new Malformed('language is longer than its value');
  const textLength = raw.readUInt16BE(2 + languageLength);
  if (languageLength + textLength + 4 !== raw.length) throw new Malformed('text is longer than its value');
  return {
    language: raw.toString('utf8', 2, 2 + languageLength),
    text: raw.toString('utf8', 4 + languageLength),
  };
}

function readResolution(raw: Buffer): Resolution {
  exactly(raw, 9, 'resolution');
  return { x: raw.readInt32BE(0), y: raw.readInt32BE(4), units: raw.readInt8(8) };
}

function readScalar(tag: number, raw: Buffer): IppValue {
  if (tag >= 0x10 && tag <= 0x1f) return { tag, value: null };
  switch (tag) {
    case valueTag.integer:
    case valueTag.enum:
      return { tag, value: exactly(raw, 4, 'integer').readInt32BE(0) };
    case valueTag.boolean:
      return { tag, value: exactly(raw, 1, 'boolean').readUInt8(0) !== 0 };
    case valueTag.range:
      exactly(raw, 8, 'rangeOfInteger');
      return { tag, value: { lower: raw.readInt32BE(0), upper: raw.readInt32BE(4) } };
    case valueTag.resolution:
      return { tag, value: readResolution(raw) };
    case valueTag.textWithLanguage:
    case valueTag.nameWithLanguage:
      return { tag, value: readWithLanguage(raw) };
    default:
      if (tag >= 0x41 && tag <= 0x5f) return { tag, value: raw.toString('utf8') };
      return { tag, value: Buffer.from(raw) };
  }
}

function readCollection(cursor: Cursor, depth: number): readonly Attribute[] {
  if (depth > MAX_COLLECTION_DEPTH) throw new Malformed('collections nest too deep');
  const members: { name: string; values: IppValue[] }[] = [];
  for (;;) {
    const field = takeField(cursor);
    if (field.tag === valueTag.endCollection) return members;
    if (field.tag === valueTag.memberName) {
      members.push({ name: field.raw.toString('latin1'), values: [] });
      continue;
    }
    const member = members.at(-1);
    if (!member) throw new Malformed('a member value comes before its name');
    member.values.push(readValue(cursor, field, depth));
  }
}

function readValue(cursor: Cursor, field: Field, depth: number): IppValue {
  if (field.tag !== valueTag.collection) return readScalar(field.tag, field.raw);
  return { tag: field.tag, value: readCollection(cursor, depth + 1) };
}

function readGroups(cursor: Cursor): readonly Group[] {
  const groups: { tag: number; attributes: { name: string; values: IppValue[] }[] }[] = [];
  let attributeCount = 0;
  for (;;) {
    const tag = take(cursor, 1).readUInt8();
    if (tag === delimiter.end) return groups;
    if (tag < 0x10) {
      groups.push({ tag, attributes: [] });
      continue;
    }
    cursor.at -= 1;
    const group = groups.at(-1);
    if (!group) throw new Malformed('an attribute comes before its group');
    const field = takeField(cursor);
    const value = readValue(cursor, field, 0);
    const last = group.attributes.at(-1);
    if (field.name !== '') {
      attributeCount += 1;
      if (attributeCount > MAX_ATTRIBUTES) throw new Malformed('too many attributes');
      group.attributes.push({ name: field.name, values: [value] });
    } else if (last) last.values.push(value);
    else throw new Malformed('an additional value comes before its attribute');
  }
}

/** Reads one request from the start of the bytes; what follows `length` is document data. RFC 8010 section 3. */
export function readMessage(bytes: Buffer): Reading {
  if (bytes.length < 8) return { kind: 'incomplete' };
  const requestId = bytes.readInt32BE(4);
  const cursor: Cursor = { bytes, at: 8, values: 0 };
  try {
    const groups = readGroups(cursor);
    const message = {
      major: bytes.readInt8(0),
      minor: bytes.readInt8(1),
      code: bytes.readUInt16BE(2),
      requestId,
      groups,
    };
    return { kind: 'complete', message, length: cursor.at };
  } catch (error) {
    if (error instanceof Incomplete) return { kind: 'incomplete' };
    if (error instanceof Malformed) return { kind: 'malformed', reason: error.message, requestId };
    throw error;
  }
}

function int32(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * numbers.length);
  for (const [index, number] of numbers.entries()) bytes.writeInt32BE(number, 4 * index);
  return bytes;
}

function counted(bytes: Buffer): Buffer {
  if (bytes.length > 0x7fff) throw new RangeError(`a value of ${bytes.length} bytes does not fit`);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function field(tag: number, name: string, raw: Buffer): Buffer {
  return Buffer.concat([Buffer.of(tag), counted(Buffer.from(name, 'latin1')), counted(raw)]);
}

function scalarBytes({ tag, value }: IppValue): Buffer {
  if (value === null) return Buffer.alloc(0);
  if (Buffer.isBuffer(value)) return value;
  if (typeof value === 'number') return int32(value);
  if (typeof value === 'boolean') return Buffer.of(value ? 1 : 0);
  if (typeof value === 'string') return Buffer.from(value, 'utf8');
  if ('lower' in value) return int32(value.lower, value.upper);
  if ('units' in value) return Buffer.concat([int32(value.x, value.y), Buffer.of(value.units)]);
  if ('language' in value) {
    return Buffer.concat([counted(Buffer.from(value.language)), counted(Buffer.from(value.text))]);
  }
  throw new TypeError(`a collection cannot be written with tag ${tag}`);
}

function writeValue(name: string, value: IppValue): Buffer {
  if (value.tag !== valueTag.collection) return field(value.tag, name, scalarBytes(value));
  const members = (value.value as readonly Attribute[]).flatMap((member) => [
    field(valueTag.memberName, '', Buffer.from(member.name, 'latin1')),
    ...member.values.map((each) => writeValue('', each)),
  ]);
  const nothing = Buffer.alloc(0);
  return Buffer.concat([field(value.tag, name, nothing), ...members, field(valueTag.endCollection, '', nothing)]);
}

/** Writes a request or an answer up to and including its end-of-attributes tag. RFC 8010 section 3. */
export function writeMessage(message: Message): Buffer {
  const head = Buffer.alloc(8);
  head.writeInt8(message.major, 0);
  head.writeInt8(message.minor, 1);
  head.writeUInt16BE(message.code, 2);
  head.writeInt32BE(message.requestId, 4);
  const parts: Buffer[] = [head];
  for (const group of message.groups) {
    parts.push(Buffer.of(group.tag));
    for (const attribute of group.attributes) {
      for (const [index, value] of attribute.values.entries()) {
        parts.push(writeValue(index === 0 ? attribute.name : '', value));
      }
    }
  }
  parts.push(Buffer.of(delimiter.end));
  return Buffer.concat(parts);
}
