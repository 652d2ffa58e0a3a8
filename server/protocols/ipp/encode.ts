import { ippLimits } from '../limits.ts';
import {
  type IppAttributes,
  IppFormatError,
  type IppMessage,
  type IppPayload,
  type IppValue,
  ippTags,
} from './message.ts';

const MIN_INTEGER = -(2 ** 31);
const MAX_INTEGER = 2 ** 31 - 1;
const NOTHING = Buffer.alloc(0);

interface Writer {
  readonly parts: Buffer[];
  offset: number;
}

/**
 * Writes one IPP message (RFC 8010 section 3.1). Groups, attributes and values stay in the order given; the caller puts
 * charset, language and target first (RFC 8011 section 4.1.4). A decoded message comes out with the same octets.
 * Throws IppFormatError for whatever the format cannot carry: a value over 32,767 or a name over 255 octets, a number
 * beyond 32 bits, an attribute without a value, a payload that does not fit its tag.
 */
export function encodeMessage(message: IppMessage): Buffer {
  const writer: Writer = { parts: [], offset: 0 };
  const head = Buffer.alloc(8);
  head.writeUInt8(message.version.major, 0);
  head.writeUInt8(message.version.minor, 1);
  head.writeUInt16BE(message.code, 2);
  head.writeInt32BE(message.requestId, 4);
  write(writer, head);
  for (const group of message.groups) {
    if (group.tag < 1 || group.tag > 0x0f || group.tag === ippTags.endOfAttributes) {
      throw new IppFormatError(`0x${group.tag.toString(16)} does not start a group`, writer.offset);
    }
    write(writer, Buffer.of(group.tag));
    writeAttributes(writer, group.attributes);
  }
  write(writer, Buffer.of(ippTags.endOfAttributes));
  write(writer, Buffer.from(message.data));
  return Buffer.concat(writer.parts, writer.offset);
}

function writeAttributes(writer: Writer, attributes: IppAttributes): void {
  for (const [name, values] of attributes) {
    requireValues(writer, name, values);
    values.forEach((value, index) => {
      writeValue(writer, { name: index === 0 ? nameOctets(writer, name) : NOTHING, value, depth: 0 });
    });
  }
}

function writeValue(writer: Writer, field: { name: Buffer; value: IppValue; depth: number }): void {
  const { value, depth } = field;
  writeField(writer, { tag: value.tag, name: field.name, body: bodyOf(writer, value) });
  const payload = value.bad ? null : value.value;
  if (!isObject(payload) || payload.kind !== 'collection') return;
  if (depth + 1 > ippLimits.maxCollectionDepth) throw new IppFormatError('collections nest too deep', writer.offset);
  for (const [name, values] of payload.members) {
    requireValues(writer, name, values);
    writeField(writer, { tag: ippTags.memberAttrName, name: NOTHING, body: nameOctets(writer, name) });
    for (const member of values) writeValue(writer, { name: NOTHING, value: member, depth: depth + 1 });
  }
  writeField(writer, { tag: ippTags.endCollection, name: NOTHING, body: NOTHING });
}

function requireValues(writer: Writer, name: string, values: readonly IppValue[]): void {
  if (values.length === 0) throw new IppFormatError(`attribute "${name}" has no value`, writer.offset);
}

function nameOctets(writer: Writer, name: string): Buffer {
  const octets = Buffer.from(name, 'latin1');
  if (octets.length === 0 || octets.length > ippLimits.maxNameBytes) {
    throw new IppFormatError(
      `a name has 1 to ${ippLimits.maxNameBytes} octets, this one ${octets.length}`,
      writer.offset,
    );
  }
  return octets;
}

function writeField(writer: Writer, field: { tag: number; name: Buffer; body: Buffer }): void {
  const { tag, name, body } = field;
  if (tag < 0x10 || tag > 0xff) throw new IppFormatError(`0x${tag.toString(16)} is not a value tag`, writer.offset);
  if (body.length > ippLimits.maxValueBytes) {
    throw new IppFormatError(`a value of ${body.length} octets is longer than the format allows`, writer.offset);
  }
  const head = Buffer.alloc(3);
  head.writeUInt8(tag, 0);
  head.writeUInt16BE(name.length, 1);
  const bodyLength = Buffer.alloc(2);
  bodyLength.writeUInt16BE(body.length, 0);
  for (const part of [head, name, bodyLength, body]) write(writer, part);
}

function write(writer: Writer, part: Buffer): void {
  writer.parts.push(part);
  writer.offset += part.length;
}

function bodyOf(writer: Writer, value: IppValue): Buffer {
  if (value.raw) return Buffer.from(value.raw);
  const body = value.bad ? undefined : payloadOctets(value.tag, value.value);
  if (!body)
    throw new IppFormatError(`this value cannot be written with tag 0x${value.tag.toString(16)}`, writer.offset);
  return body;
}

/** Answers nothing when payload and tag do not belong together. */
function payloadOctets(tag: number, payload: IppPayload): Buffer | undefined {
  if (payload === null) return tag <= 0x1f ? NOTHING : undefined;
  if (payload instanceof Uint8Array) return isKnown(tag) ? undefined : Buffer.from(payload);
  switch (tag) {
    case ippTags.integer:
    case ippTags.enum:
      return typeof payload === 'number' ? integers(payload) : undefined;
    case ippTags.boolean:
      return typeof payload === 'boolean' ? Buffer.of(payload ? 1 : 0) : undefined;
    case ippTags.text:
    case ippTags.name:
    case ippTags.keyword:
    case ippTags.uri:
    case ippTags.uriScheme:
    case ippTags.charset:
    case ippTags.naturalLanguage:
    case ippTags.mimeMediaType:
      return typeof payload === 'string' ? Buffer.from(payload, 'utf8') : undefined;
    default:
      return isObject(payload) ? objectOctets(tag, payload) : undefined;
  }
}

function objectOctets(tag: number, payload: Extract<IppPayload, { kind: string }>): Buffer | undefined {
  switch (payload.kind) {
    case 'collection':
      return tag === ippTags.begCollection ? NOTHING : undefined;
    case 'range':
      return tag === ippTags.rangeOfInteger && payload.lower <= payload.upper
        ? integers(payload.lower, payload.upper)
        : undefined;
    case 'resolution': {
      const feeds = integers(payload.crossFeed, payload.feed);
      return tag === ippTags.resolution && feeds ? Buffer.concat([feeds, Buffer.of(payload.units & 0xff)]) : undefined;
    }
    case 'text':
      return tag === ippTags.textWithLanguage || tag === ippTags.nameWithLanguage
        ? languageOctets(payload.language, payload.text)
        : undefined;
    case 'dateTime': {
      if (tag !== ippTags.dateTime) return undefined;
      const { year, month, day, hour, minute, second, decisecond, utcHours, utcMinutes } = payload;
      const clock = [month, day, hour, minute, second, decisecond, payload.utcSign.charCodeAt(0), utcHours, utcMinutes];
      return Buffer.of((year >> 8) & 0xff, year & 0xff, ...clock);
    }
  }
}

function integers(...numbers: number[]): Buffer | undefined {
  const octets = Buffer.alloc(4 * numbers.length);
  for (const [index, number] of numbers.entries()) {
    if (!Number.isInteger(number) || number < MIN_INTEGER || number > MAX_INTEGER) return undefined;
    octets.writeInt32BE(number, 4 * index);
  }
  return octets;
}

function languageOctets(language: string, text: string): Buffer | undefined {
  const parts = [language, text].map((words) => Buffer.from(words, 'utf8'));
  if (parts.some((part) => part.length > ippLimits.maxValueBytes)) return undefined;
  return Buffer.concat(parts.flatMap((part) => [Buffer.of(part.length >> 8, part.length & 0xff), part]));
}

function isObject(payload: IppPayload): payload is Extract<IppPayload, { kind: string }> {
  return typeof payload === 'object' && payload !== null && 'kind' in payload;
}

const knownTags: ReadonlySet<number> = new Set(
  Object.values(ippTags).filter((tag) => tag >= 0x10 && tag !== ippTags.octetString),
);
const isKnown = (tag: number): boolean => knownTags.has(tag);
