/** The one sender of a message. RFC 5322 allows more forms than are safe for deciding who may print; those are refused. */

import { decodeHeaderText } from './encoded-words.ts';

export interface Sender {
  /** The address in lower case. */
  readonly address: string;
  /** The display name, decoded; empty when there is none. */
  readonly name: string;
}

export type SenderReading =
  | { readonly kind: 'one'; readonly sender: Sender }
  | { readonly kind: 'none' }
  | { readonly kind: 'several-fields' }
  | { readonly kind: 'several-addresses' }
  | { readonly kind: 'unreadable' };

/** RFC 5321 section 4.5.3.1 allows 64 and 255 octets; RFC 5322 section 3.2.3 names the characters. */
const ADDRESS =
  /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+$/i;

const ENCODED_WORD = /=\?[^?\s]+\?[bq]\?[^?]*\?=/i;

const MAX_FIELD_CHARACTERS = 2000;

/**
 * Reads the From fields of a message: exactly one field with exactly one plain address, else the reason why not.
 * Groups, quoted local parts, addresses beyond ASCII and encoded words that hide an `@` are unreadable on purpose:
 * programs disagree about them, and whoever reads it differently would be somebody else (RFC 5322 section 3.4).
 */
export function readSender(fields: readonly string[]): SenderReading {
  if (fields.length === 0) return { kind: 'none' };
  if (fields.length > 1) return { kind: 'several-fields' };
  const field = (fields[0] as string).trim();
  if (field.length > MAX_FIELD_CHARACTERS || /[\x00-\x08\x0a-\x1f\x7f]/.test(field)) return { kind: 'unreadable' };
  const tokens = tokensOf(field);
  if (tokens === undefined) return { kind: 'unreadable' };
  if (tokens.some((token) => token.kind === 'comma')) return { kind: 'several-addresses' };
  return readMailbox(tokens);
}

/** Says whether a text is one plain address, in the strict form that Platen compares. */
export function isPlainAddress(text: string): boolean {
  return text.length <= 254 && text.indexOf('@') <= 64 && ADDRESS.test(text);
}

type Token =
  | { readonly kind: 'words'; readonly text: string }
  | { readonly kind: 'quoted'; readonly text: string }
  | { readonly kind: 'angle'; readonly text: string }
  | { readonly kind: 'comma' };

function readMailbox(tokens: readonly Token[]): SenderReading {
  const angles = tokens.filter((token) => token.kind === 'angle');
  if (angles.length > 1) return { kind: 'several-addresses' };
  if (angles.length === 0) {
    const only = tokens.length === 1 ? tokens[0] : undefined;
    if (only?.kind !== 'words') return { kind: 'unreadable' };
    return senderOf(only.text.trim(), '');
  }
  const address = angles[0];
  if (address?.kind !== 'angle' || tokens.at(-1) !== address) return { kind: 'unreadable' };
  const names: string[] = [];
  for (const token of tokens.slice(0, -1)) {
    if (token.kind !== 'words' && token.kind !== 'quoted') return { kind: 'unreadable' };
    const decoded = decodeHeaderText(token.text);
    const isHiding = decoded.includes('@') && (token.kind === 'words' || ENCODED_WORD.test(token.text));
    if (isHiding || (token.kind === 'words' && /[;:]/.test(token.text))) return { kind: 'unreadable' };
    names.push(decoded.trim());
  }
  return senderOf(address.text.trim(), names.join(' ').trim());
}

function senderOf(written: string, name: string): SenderReading {
  if (!isPlainAddress(written)) return { kind: 'unreadable' };
  return { kind: 'one', sender: { address: written.toLowerCase(), name } };
}

/** Divides a field into words, quoted strings, angle addresses and commas; comments are left out, broken ones refused. */
function tokensOf(field: string): readonly Token[] | undefined {
  const tokens: Token[] = [];
  let words = '';
  const closeWords = (): void => {
    if (words.trim() !== '') tokens.push({ kind: 'words', text: words });
    words = '';
  };
  for (let at = 0; at < field.length; ) {
    const character = field[at] as string;
    const part = PARTS[character]?.(field, at);
    if (part === undefined) {
      if (')>\\'.includes(character)) return undefined;
      words += character;
      at++;
      continue;
    }
    if (part.end === -1) return undefined;
    // A comment counts as a blank (RFC 5322 section 3.2.2).
    if (part.token === undefined) words += ' ';
    else {
      closeWords();
      tokens.push(part.token);
    }
    at = part.end;
  }
  closeWords();
  return tokens;
}

interface Part {
  readonly token?: Token;
  /** The position after the part, or -1 when it is never closed. */
  readonly end: number;
}

const PARTS: Readonly<Record<string, (field: string, at: number) => Part>> = {
  '"': quotedPart,
  '<': anglePart,
  '(': commentPart,
  ',': (_field, at) => ({ token: { kind: 'comma' }, end: at + 1 }),
};

function quotedPart(field: string, at: number): Part {
  let text = '';
  for (let i = at + 1; i < field.length; i++) {
    const character = field[i] as string;
    if (character === '"') return { token: { kind: 'quoted', text }, end: i + 1 };
    if (character === '\\') i++;
    text += field[i] ?? '';
  }
  return { end: -1 };
}

function anglePart(field: string, at: number): Part {
  const close = field.indexOf('>', at);
  if (close === -1) return { end: -1 };
  return { token: { kind: 'angle', text: field.slice(at + 1, close) }, end: close + 1 };
}

function commentPart(field: string, at: number): Part {
  let depth = 0;
  for (let i = at; i < field.length; i++) {
    if (field[i] === '\\') i++;
    else if (field[i] === '(') depth++;
    else if (field[i] === ')' && --depth === 0) return { end: i + 1 };
  }
  return { end: -1 };
}
