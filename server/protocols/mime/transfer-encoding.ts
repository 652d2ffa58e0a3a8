/** Content-Transfer-Encoding (RFC 2045 section 6), read as generously as senders need it and without ever failing. */

export type TransferEncoding = 'base64' | 'quoted-printable' | 'identity';

/** Decodes a body that comes in pieces cut anywhere. */
export interface TransferDecoder {
  write(bytes: Buffer): Buffer;
  end(): Buffer;
}

const EMPTY = Buffer.alloc(0);
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;
const EQUALS = 0x3d;
const DASH = 0x2d;
const UNDERSCORE = 0x5f;

/** Text that is decoded at one time; a multiple of 4, so that no group of base64 characters is cut. */
const WINDOW_BYTES = 48 * 1024;

/** Padding at the very end may be followed by line ends; more than this and the text is looked at byte by byte. */
const MAX_PADDING_BYTES = 1024;

/** Says how a body is encoded, by the value of its Content-Transfer-Encoding field. Unknown ones are taken as they are. */
export function transferEncodingOf(value: string | false): TransferEncoding {
  if (value === 'base64' || value === 'quoted-printable') return value;
  return 'identity';
}

/** Makes the decoder of one body. */
export function transferDecoder(encoding: TransferEncoding): TransferDecoder {
  if (encoding === 'base64') return new Base64Decoder();
  if (encoding === 'quoted-printable') return new QuotedPrintableDecoder();
  return { write: (bytes) => bytes, end: () => EMPTY };
}

/** Decodes a whole body at once, with the same result as a `TransferDecoder`. */
export function decodeTransfer(raw: Buffer, encoding: TransferEncoding): Buffer {
  if (encoding === 'identity') return raw;
  if (encoding === 'base64') {
    const padding = raw.indexOf(EQUALS);
    const end = padding === -1 ? raw.length : padding;
    if (isPlainBase64(raw, end)) return Buffer.from(raw.toString('latin1', 0, end), 'base64');
  }
  const decoder = transferDecoder(encoding);
  return Buffer.concat([decoder.write(raw), decoder.end()]);
}

/**
 * Says whether Buffer decodes a text as RFC 2045 section 6.8 wants it. Buffer skips what is not of the alphabet too, but
 * it also knows the `-` and `_` of RFC 4648 section 5, which are not of this one, and it ends at padding.
 */
function isPlainBase64(raw: Buffer, end: number): boolean {
  if (raw.includes(DASH) || raw.includes(UNDERSCORE) || raw.length - end > MAX_PADDING_BYTES) return false;
  return /^[=\s]*$/.test(raw.toString('latin1', end));
}

const BASE64_ALPHABET = new Uint8Array(256);
for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/') {
  BASE64_ALPHABET[character.charCodeAt(0)] = 1;
}

class Base64Decoder implements TransferDecoder {
  /** Characters of the alphabet that wait until four are together. */
  readonly #window = Buffer.allocUnsafe(WINDOW_BYTES);
  #filled = 0;

  write(bytes: Buffer): Buffer {
    const decoded: Buffer[] = [];
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i] as number;
      if (BASE64_ALPHABET[byte] === 1) {
        this.#window[this.#filled++] = byte;
        if (this.#filled === WINDOW_BYTES) decoded.push(this.#decode(WINDOW_BYTES));
      } else if (byte === EQUALS && this.#filled > 0) {
        // Padding in the middle: several encoded texts one after the other.
        decoded.push(this.#decode(this.#filled));
      }
    }
    const whole = this.#filled - (this.#filled % 4);
    if (whole > 0) decoded.push(this.#decode(whole));
    return decoded.length === 1 ? (decoded[0] as Buffer) : Buffer.concat(decoded);
  }

  end(): Buffer {
    return this.#decode(this.#filled);
  }

  #decode(count: number): Buffer {
    const decoded = Buffer.from(this.#window.toString('latin1', 0, count), 'base64');
    this.#window.copyWithin(0, count, this.#filled);
    this.#filled -= count;
    return decoded;
  }
}

class QuotedPrintableDecoder implements TransferDecoder {
  #carry: Buffer = EMPTY;

  write(bytes: Buffer): Buffer {
    const data = this.#carry.length === 0 ? bytes : Buffer.concat([this.#carry, bytes]);
    const lastLine = data.lastIndexOf(LF) + 1;
    // A line without end is cut where neither an escape nor blanks that may have to go are divided.
    const cut = data.length - lastLine > WINDOW_BYTES ? safeCut(data, lastLine) : lastLine;
    this.#carry = data.subarray(cut);
    return decodeQuotedPrintable(data.subarray(0, cut));
  }

  end(): Buffer {
    const rest = this.#carry;
    this.#carry = EMPTY;
    return decodeQuotedPrintable(rest);
  }
}

function safeCut(data: Buffer, from: number): number {
  let cut = data.length;
  while (cut > from && isPadding(data[cut - 1])) cut--;
  // Blanks without end would fill the memory; so many of them mean nothing.
  if (data.length - cut > WINDOW_BYTES) return data.length;
  for (let back = 1; back <= 2; back++) {
    if (cut - back >= from && data[cut - back] === EQUALS) return cut - back;
  }
  return cut;
}

function isPadding(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB || byte === CR;
}

/** Decodes whole lines (RFC 2045 section 6.7): escapes, soft line breaks, and blanks at the end of a line removed. */
function decodeQuotedPrintable(lines: Buffer): Buffer {
  const decoded = Buffer.allocUnsafe(lines.length);
  let length = 0;
  // Blanks before this stood not at the end of their line as it was sent.
  let lastEscapeEnd = 0;
  for (let i = 0; i < lines.length; i++) {
    const byte = lines[i] as number;
    if (byte === LF) {
      if (lines[i - 1] === CR) length--;
      while (length > lastEscapeEnd && isPadding(decoded[length - 1])) length--;
      if (lines[i - 1] === CR) decoded[length++] = CR;
      decoded[length++] = LF;
    } else if (byte !== EQUALS) {
      decoded[length++] = byte;
    } else {
      const softBreak = softBreakEnd(lines, i + 1);
      const value = softBreak === -1 ? hexByte(lines, i + 1) : -1;
      if (softBreak !== -1) {
        i = softBreak;
        lastEscapeEnd = length;
      } else if (value !== -1) {
        decoded[length++] = value;
        lastEscapeEnd = length;
        i += 2;
      } else decoded[length++] = byte;
    }
  }
  return decoded.subarray(0, length);
}

/** The position of the line feed that ends a soft line break, or -1 where there is none. */
function softBreakEnd(lines: Buffer, from: number): number {
  let at = from;
  while (at < lines.length && isPadding(lines[at])) at++;
  if (at === lines.length) return at;
  return lines[at] === LF ? at : -1;
}

function hexByte(lines: Buffer, at: number): number {
  const high = hexDigit(lines[at]);
  const low = hexDigit(lines[at + 1]);
  return high === -1 || low === -1 ? -1 : high * 16 + low;
}

function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const upper = byte & 0xdf;
  return upper >= 0x41 && upper <= 0x46 ? upper - 0x37 : -1;
}
