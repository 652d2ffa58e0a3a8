/** The header of a message as raw fields (RFC 5322 section 2.2), one character per byte, and their repair. */

export type Field = {
  /** As written, such as `Message-ID`. */
  readonly name: string;
  /** In lower case, for comparing. */
  readonly key: string;
  /** What follows the colon, folded as it came, without the last CR LF. */
  readonly value: string;
};

export type Header = {
  readonly fields: readonly Field[];
  /** Where the body begins; what stands before it that is no field belongs to the body. */
  readonly bodyAt: number;
};

const FIELD = /^([!-9;-~]+)[ \t]*:(.*)$/s;

/**
 * Reads the header at the beginning of a text whose lines end in CR LF. It ends at the first empty line, or before the
 * first line that is no field: such a line begins the body, so that nobody reads the rest as fields of a header.
 */
export function readHeader(text: string): Header {
  const fields: Field[] = [];
  let at = /^>?From (?! *:)[^\r\n]*\r\n/.exec(text)?.[0].length ?? 0;
  while (at < text.length) {
    if (text.startsWith('\r\n', at)) return { fields, bodyAt: at + 2 };
    const end = endOfField(text, at);
    const field = readField(text.slice(at, end));
    if (field === undefined) return { fields, bodyAt: at };
    fields.push(field);
    at = end + 2;
  }
  return { fields, bodyAt: Math.min(at, text.length) };
}

/** Where the empty line after the header begins; -1 when the text does not hold it yet. */
export function findHeaderEnd(text: Buffer): number {
  if (text.length >= 2 && text[0] === 0x0d && text[1] === 0x0a) return 0;
  const found = text.indexOf('\r\n\r\n', 0, 'latin1');
  return found === -1 ? -1 : found + 2;
}

function endOfField(text: string, at: number): number {
  for (let end = text.indexOf('\r\n', at); end !== -1; end = text.indexOf('\r\n', end + 2)) {
    const next = text[end + 2];
    if (next !== ' ' && next !== '\t') return end;
  }
  return text.length;
}

function readField(raw: string): Field | undefined {
  const [, name, value] = FIELD.exec(raw) ?? [];
  if (name === undefined || value === undefined) return undefined;
  // A continuation of nothing but blanks is taken for the end of the header by some programs (RFC 5322 section 4.2).
  const lines = value.split('\r\n').filter((line, index) => index === 0 || line.trim() !== '');
  return { name, key: name.toLowerCase(), value: lines.join('\r\n') };
}

export function writeFields(fields: readonly Field[]): string {
  return fields.map(({ name, value }) => `${name}:${value}\r\n`).join('');
}

export function makeField(name: string, value: string): Field {
  return { name, key: name.toLowerCase(), value: ` ${value}` };
}

/** The value on one line, without the blanks around it. */
export function unfold(value: string): string {
  return value.replace(/\r\n(?=[ \t])/g, '').trim();
}

const MAX_WORD_BYTES = 45; // in base64 with its frame within the 75 characters of RFC 2047 section 2

/** Text as a display name: a quoted string, or encoded words where it is not ASCII. It cannot end the field. */
export function writePhrase(text: string): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim();
  if (/^[ -~]*$/.test(clean)) return `"${clean.replace(/["\\]/g, '\\$&')}"`;
  const words: string[] = [];
  let word = '';
  for (const character of clean) {
    if (Buffer.byteLength(word + character) > MAX_WORD_BYTES) {
      words.push(word);
      word = '';
    }
    word += character;
  }
  return [...words, word].map((one) => `=?UTF-8?B?${Buffer.from(one).toString('base64')}?=`).join('\r\n ');
}

/**
 * Puts quotation marks round display names that need them: copiers write `ada@contoso.example <ada@contoso.example>`,
 * which is two addresses without a comma to whoever reads strictly. Everything else stays as it is.
 */
export function quoteNames(value: string): string {
  return splitList(value).map(quoteName).join(',');
}

function quoteName(item: string): string {
  const open = item.indexOf('<');
  const name = unfold(item.slice(0, Math.max(open, 0)));
  if (!name.includes('@') || /["<>()=:;\r\n]/.test(name) || !item.trimEnd().endsWith('>')) return item;
  return ` "${name.replace(/\\/g, '\\$&')}" ${item.slice(open)}`;
}

/** Divides an address list at its commas, but not inside quotation marks, brackets or comments. */
function splitList(value: string): string[] {
  const items: string[] = [];
  let from = 0;
  let closer = '';
  for (let at = 0; at < value.length; at++) {
    const character = value[at] as string;
    if (character === '\\') at++;
    else if (closer !== '') closer = character === closer ? '' : closer;
    else if (character === ',') {
      items.push(value.slice(from, at));
      from = at + 1;
    } else closer = CLOSERS[character] ?? '';
  }
  return [...items, value.slice(from)];
}

const CLOSERS: Readonly<Record<string, string>> = { '"': '"', '<': '>', '(': ')' };

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A date as RFC 5322 section 3.3 wants it, in UTC. */
export function writeDate(date: Date): string {
  const two = (number: number) => String(number).padStart(2, '0');
  const day = `${DAYS[date.getUTCDay()]}, ${two(date.getUTCDate())} ${MONTHS[date.getUTCMonth()]}`;
  const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  return `${day} ${date.getUTCFullYear()} ${time} +0000`;
}
