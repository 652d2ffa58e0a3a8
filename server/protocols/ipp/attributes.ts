/**
 * Reads attributes of an answer as what RFC 8011 says they are. What a printer sends is checked for type, range, length
 * and characters here, once; a value that fails reads as absent, so that nothing of it reaches a screen or a decision.
 */
import { type IppAttributes, type IppPayload, type IppRange, type IppValue, ippTags } from './message.ts';

const MAX_TEXT_CHARACTERS = 1023;
/** RFC 8011 section 5.1.4, and capitals, which some vendors use. */
const KEYWORD = /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/;
const MEDIA_TYPE = /^[A-Za-z0-9!#$&^_.+-]{1,127}\/[A-Za-z0-9!#$&^_.+-]{1,127}(?:\s*;[\x20-\x7e]{1,100})?$/;
/** Controls, line and paragraph separators, and what turns the direction of text on a screen. */
const UNSHOWABLE = /[\p{Cc}\p{Cs}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+/gu;

const KEYWORD_TAGS: readonly number[] = [ippTags.keyword];
const WORDS_TAGS: readonly number[] = [ippTags.text, ippTags.name, ippTags.textWithLanguage, ippTags.nameWithLanguage];
const NUMBER_TAGS: readonly number[] = [ippTags.integer, ippTags.enum];

export interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** How many values of one attribute are looked at; the longest real list, media-supported, has a few hundred. */
const MAX_LIST = 2_000;

function payloadsOf(attributes: IppAttributes, name: string, tags: readonly number[]): readonly IppPayload[] {
  const values: readonly IppValue[] = attributes.get(name) ?? [];
  return values.slice(0, MAX_LIST).flatMap((value) => (value.bad || !tags.includes(value.tag) ? [] : [value.value]));
}

/** Finds the keywords of a `1setOf type2 keyword`; each at most once. */
export function findKeywords(attributes: IppAttributes, name: string): readonly string[] {
  const words = payloadsOf(attributes, name, KEYWORD_TAGS).filter((word) => typeof word === 'string');
  return [...new Set(words.filter((word) => KEYWORD.test(word)))];
}

/** Finds keywords where the attribute may also hold a name given by the site, as media does (RFC 8011 section 5.2.11). */
export function findKeywordsOrNames(attributes: IppAttributes, name: string): readonly string[] {
  const words = payloadsOf(attributes, name, [...KEYWORD_TAGS, ippTags.name, ippTags.nameWithLanguage]);
  return [...new Set(words.flatMap((word) => showable(word, 255) ?? []))];
}

/** Finds text for people, cut at 1023 characters, without controls or turned direction. */
export function findText(attributes: IppAttributes, name: string): string | undefined {
  const [words] = payloadsOf(attributes, name, WORDS_TAGS);
  return words === undefined ? undefined : showable(words, MAX_TEXT_CHARACTERS);
}

/** Takes out of words what must not reach a screen, a log line or another machine's name field. */
export function cleanText(words: string): string {
  return words.replace(UNSHOWABLE, ' ').trim();
}

function showable(payload: IppPayload, maxCharacters: number): string | undefined {
  const words = typeof payload === 'string' ? payload : textOf(payload);
  const cleaned = words
    ?.slice(0, 4 * maxCharacters)
    .replace(UNSHOWABLE, ' ')
    .trim();
  return cleaned ? [...cleaned].slice(0, maxCharacters).join('') : undefined;
}

function textOf(payload: IppPayload): string | undefined {
  return payload !== null && typeof payload === 'object' && 'kind' in payload && payload.kind === 'text'
    ? payload.text
    : undefined;
}

/** Finds the integers or enums of a list that lie within bounds. */
export function findIntegers(attributes: IppAttributes, name: string, bounds: Bounds): readonly number[] {
  const numbers = payloadsOf(attributes, name, NUMBER_TAGS).filter((number) => typeof number === 'number');
  return [...new Set(numbers.filter((number) => number >= bounds.min && number <= bounds.max))];
}

/** Finds one integer or enum within bounds; one outside of them reads as absent. */
export function findInteger(attributes: IppAttributes, name: string, bounds: Bounds): number | undefined {
  return findIntegers(attributes, name, bounds)[0];
}

/** Finds a boolean. */
export function findBoolean(attributes: IppAttributes, name: string): boolean | undefined {
  return payloadsOf(attributes, name, [ippTags.boolean]).find((claim) => typeof claim === 'boolean');
}

/** Finds a rangeOfInteger that begins at or above a minimum. */
export function findRange(attributes: IppAttributes, name: string, bounds: Bounds): IppRange | undefined {
  const [range] = payloadsOf(attributes, name, [ippTags.rangeOfInteger]);
  if (range === null || typeof range !== 'object' || !('kind' in range) || range.kind !== 'range') return undefined;
  return range.lower < bounds.min || range.upper > bounds.max ? undefined : range;
}

/** Finds resolutions in dots per inch, both ways; those in other units are turned (RFC 8011 section 5.1.16). */
export function findResolutions(attributes: IppAttributes, name: string): readonly { x: number; y: number }[] {
  return payloadsOf(attributes, name, [ippTags.resolution]).flatMap((payload) => {
    if (payload === null || typeof payload !== 'object' || !('kind' in payload) || payload.kind !== 'resolution')
      return [];
    const perInch = payload.units === 4 ? 2.54 : 1;
    const [x, y] = [Math.round(payload.crossFeed * perInch), Math.round(payload.feed * perInch)];
    return x >= 50 && x <= 2400 && y >= 50 && y <= 2400 ? [{ x, y }] : [];
  });
}

/** Finds media types such as application/pdf, in lower case. */
export function findMediaTypes(attributes: IppAttributes, name: string): readonly string[] {
  const types = payloadsOf(attributes, name, [ippTags.mimeMediaType]).filter((type) => typeof type === 'string');
  return [...new Set(types.filter((type) => MEDIA_TYPE.test(type)).map((type) => type.toLowerCase()))];
}

/** Finds an absolute URI as the printer wrote it; it is compared and sent back, never connected to. */
export function findUri(attributes: IppAttributes, name: string): string | undefined {
  const [address] = payloadsOf(attributes, name, [ippTags.uri]);
  return typeof address === 'string' && /^[a-z][a-z0-9+.-]*:[\x21-\x7e]{1,1000}$/i.test(address) ? address : undefined;
}

/** Finds text of lists that belong together place by place; what cannot be read leaves its place empty. */
export function findPlacedText(
  attributes: IppAttributes,
  name: string,
  maxCharacters: number,
): readonly (string | undefined)[] {
  return placed(attributes, name).map((value) => {
    if (value.bad || ![...KEYWORD_TAGS, ...WORDS_TAGS].includes(value.tag)) return undefined;
    return showable(value.value, maxCharacters);
  });
}

/** Finds integers of lists that belong together place by place; what is out of bounds leaves its place empty. */
export function findPlacedIntegers(
  attributes: IppAttributes,
  name: string,
  { min, max }: Bounds,
): readonly (number | undefined)[] {
  return placed(attributes, name).map((value) => {
    if (value.bad || !NUMBER_TAGS.includes(value.tag) || typeof value.value !== 'number') return undefined;
    return value.value >= min && value.value <= max ? value.value : undefined;
  });
}

/** Finds octet strings that hold text of the ASCII kind, as those of PWG 5100.13 do. */
export function findOctetText(attributes: IppAttributes, name: string): readonly (string | undefined)[] {
  return placed(attributes, name).map((value) => {
    if (value.bad || value.tag !== ippTags.octetString || !(value.value instanceof Uint8Array)) return undefined;
    return showable(Buffer.from(value.value).toString('latin1'), MAX_TEXT_CHARACTERS);
  });
}

function placed(attributes: IppAttributes, name: string): readonly IppValue[] {
  return (attributes.get(name) ?? []).slice(0, MAX_LIST);
}
