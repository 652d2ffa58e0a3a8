/**
 * The shape of an IPP message in memory (RFC 8010 section 3) and the words to build one.
 * A value keeps its tag, so that nothing is guessed and what was read can be written again byte for byte.
 */

/** Value and delimiter tags: RFC 8010 section 3.5, RFC 3382, RFC 3995, PWG 5100.5, PWG 5100.22. */
export const ippTags = {
  operationAttributes: 0x01,
  jobAttributes: 0x02,
  endOfAttributes: 0x03,
  printerAttributes: 0x04,
  unsupportedAttributes: 0x05,
  unsupported: 0x10,
  unknown: 0x12,
  noValue: 0x13,
  integer: 0x21,
  boolean: 0x22,
  enum: 0x23,
  octetString: 0x30,
  dateTime: 0x31,
  resolution: 0x32,
  rangeOfInteger: 0x33,
  begCollection: 0x34,
  textWithLanguage: 0x35,
  nameWithLanguage: 0x36,
  endCollection: 0x37,
  text: 0x41,
  name: 0x42,
  keyword: 0x44,
  uri: 0x45,
  uriScheme: 0x46,
  charset: 0x47,
  naturalLanguage: 0x48,
  mimeMediaType: 0x49,
  memberAttrName: 0x4a,
} as const;

/** RFC 2579 DateAndTime as it stands in the eleven octets; the zone belongs to the value. */
export interface IppDateTime {
  readonly kind: 'dateTime';
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly decisecond: number;
  readonly utcSign: '+' | '-';
  readonly utcHours: number;
  readonly utcMinutes: number;
}

export interface IppResolution {
  readonly kind: 'resolution';
  readonly crossFeed: number;
  readonly feed: number;
  /** 3 = dots per inch, 4 = dots per centimetre (RFC 8011 section 5.1.16). */
  readonly units: number;
}

export interface IppRange {
  readonly kind: 'range';
  readonly lower: number;
  readonly upper: number;
}

export interface IppLanguageText {
  readonly kind: 'text';
  readonly language: string;
  readonly text: string;
}

export type IppAttributes = ReadonlyMap<string, readonly IppValue[]>;

export interface IppCollection {
  readonly kind: 'collection';
  readonly members: IppAttributes;
}

export type IppPayload =
  | null
  | number
  | boolean
  | string
  | Uint8Array
  | IppDateTime
  | IppResolution
  | IppRange
  | IppLanguageText
  | IppCollection;

/** A value that was understood. `null` = out-of-band; `raw` = its octets, where the payload alone would not give them back. */
export interface IppGoodValue {
  readonly tag: number;
  readonly value: IppPayload;
  readonly raw?: Uint8Array;
  readonly bad?: undefined;
}

/** A value whose length or content does not fit its tag: kept as octets, never guessed. */
export interface IppBadValue {
  readonly tag: number;
  readonly bad: true;
  readonly raw: Uint8Array;
}

export type IppValue = IppGoodValue | IppBadValue;

export interface IppGroup {
  readonly tag: number;
  readonly attributes: IppAttributes;
}

export interface IppMessage {
  readonly version: { readonly major: number; readonly minor: number };
  /** Operation of a request, status of an answer; a number, because any number may come. */
  readonly code: number;
  readonly requestId: number;
  readonly groups: readonly IppGroup[];
  /** What follows the attributes: the document of a request, normally nothing in an answer. */
  readonly data: Uint8Array;
  /** Names that occurred twice in one group or collection; the first occurrence is the one that counts. */
  readonly duplicates: readonly string[];
}

/** Says at which octet a message stops being IPP, or which value cannot be written. */
export class IppFormatError extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(`${message} (at byte ${offset})`);
    this.name = 'IppFormatError';
    this.offset = offset;
  }
}

const value = (tag: number, payload: IppPayload): IppGoodValue => ({ tag, value: payload });

export const integer = (number: number): IppGoodValue => value(ippTags.integer, number);
export const enumeration = (number: number): IppGoodValue => value(ippTags.enum, number);
export const boolean = (claim: boolean): IppGoodValue => value(ippTags.boolean, claim);
export const keyword = (word: string): IppGoodValue => value(ippTags.keyword, word);
export const name = (words: string): IppGoodValue => value(ippTags.name, words);
export const text = (words: string): IppGoodValue => value(ippTags.text, words);
export const uri = (address: string): IppGoodValue => value(ippTags.uri, address);
export const charset = (label: string): IppGoodValue => value(ippTags.charset, label);
export const naturalLanguage = (label: string): IppGoodValue => value(ippTags.naturalLanguage, label);
export const mimeMediaType = (type: string): IppGoodValue => value(ippTags.mimeMediaType, type);
export const range = (lower: number, upper: number): IppGoodValue =>
  value(ippTags.rangeOfInteger, { kind: 'range', lower, upper });
export const collection = (members: IppAttributes): IppGoodValue =>
  value(ippTags.begCollection, { kind: 'collection', members });

/** Collects all groups of one kind, in their order: an answer to Get-Jobs has one group per job (RFC 8011 section 4.2.6.2). */
export function groupsOf(message: IppMessage, tag: number): readonly IppAttributes[] {
  return message.groups.filter((group) => group.tag === tag).map((group) => group.attributes);
}

/** Finds the first group of a kind; an absent group reads as an empty one. */
export function attributesOf(message: IppMessage, tag: number): IppAttributes {
  return message.groups.find((group) => group.tag === tag)?.attributes ?? new Map();
}
