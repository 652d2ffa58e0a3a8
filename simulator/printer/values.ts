// Short names for making and reading attribute values, so that the printer's tables read as in RFC 8011.

import { valueTag } from './vocabulary.ts';
import type { Attribute, Group, IppValue, Message } from './wire.ts';

type Plain = number | string | boolean;

function tagged(tag: number, values: readonly Plain[]): IppValue[] {
  return values.map((value) => ({ tag, value }));
}

export const integer = (...values: number[]): IppValue[] => tagged(valueTag.integer, values);
export const enumeration = (...values: number[]): IppValue[] => tagged(valueTag.enum, values);
export const boolean = (value: boolean): IppValue[] => tagged(valueTag.boolean, [value]);
export const keyword = (...values: string[]): IppValue[] => tagged(valueTag.keyword, values);
export const text = (...values: string[]): IppValue[] => tagged(valueTag.text, values);
export const name = (...values: string[]): IppValue[] => tagged(valueTag.name, values);
export const uri = (...values: string[]): IppValue[] => tagged(valueTag.uri, values);
export const charset = (...values: string[]): IppValue[] => tagged(valueTag.charset, values);
export const language = (...values: string[]): IppValue[] => tagged(valueTag.naturalLanguage, values);
export const mimeType = (...values: string[]): IppValue[] => tagged(valueTag.mimeMediaType, values);

export function range(lower: number, upper: number): IppValue[] {
  return [{ tag: valueTag.range, value: { lower, upper } }];
}

export function resolution(dotsPerInch: number): IppValue[] {
  return [{ tag: valueTag.resolution, value: { x: dotsPerInch, y: dotsPerInch, units: 3 } }];
}

export function noValue(): IppValue[] {
  return [{ tag: valueTag.noValue, value: null }];
}

export function collection(members: Record<string, readonly IppValue[]>): IppValue[] {
  return [{ tag: valueTag.collection, value: attributesOf(members) }];
}

// RFC 2579 DateAndTime, always written in UTC
export function dateTime(at: Date): IppValue[] {
  const bytes = Buffer.alloc(11);
  bytes.writeUInt16BE(at.getUTCFullYear(), 0);
  const rest = [at.getUTCMonth() + 1, at.getUTCDate(), at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()];
  for (const [index, part] of rest.entries()) bytes.writeUInt8(part, 2 + index);
  bytes.writeUInt8(Math.floor(at.getUTCMilliseconds() / 100), 7);
  bytes.write('+', 8, 'latin1');
  return [{ tag: valueTag.dateTime, value: bytes }];
}

export function attributesOf(table: Record<string, readonly IppValue[]>): Attribute[] {
  return Object.entries(table).map(([attributeName, values]) => ({ name: attributeName, values }));
}

export function findGroup(message: Message, tag: number): Group | undefined {
  return message.groups.find((group) => group.tag === tag);
}

export function findAttribute(group: Group | undefined, attributeName: string): Attribute | undefined {
  return group?.attributes.find((attribute) => attribute.name === attributeName);
}

function textOf(value: IppValue): string | undefined {
  if (typeof value.value === 'string') return value.value;
  const { value: inner } = value;
  if (inner !== null && typeof inner === 'object' && 'language' in inner) return inner.text;
  return undefined;
}

export function stringsIn(attribute: Attribute | undefined): string[] {
  return (attribute?.values ?? []).map(textOf).filter((each) => each !== undefined);
}

export function findString(group: Group | undefined, attributeName: string): string | undefined {
  return stringsIn(findAttribute(group, attributeName))[0];
}

export function findInteger(group: Group | undefined, attributeName: string): number | undefined {
  const value = findAttribute(group, attributeName)?.values[0]?.value;
  return typeof value === 'number' ? value : undefined;
}

export function findBoolean(group: Group | undefined, attributeName: string): boolean | undefined {
  const value = findAttribute(group, attributeName)?.values[0]?.value;
  return typeof value === 'boolean' ? value : undefined;
}
