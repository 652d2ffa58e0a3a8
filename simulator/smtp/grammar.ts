/** Command lines, envelope addresses with their parameters (RFC 5321 section 4.1.2), and what a message says of itself. */

export type Verb = { readonly name: string; readonly rest: string };

export function parseVerb(line: string): Verb {
  const [, name = '', rest = ''] = /^(\S*) ?(.*)$/s.exec(line) ?? [];
  return { name: name.toUpperCase(), rest: rest.trim() };
}

export type Path = { readonly address: string; readonly parameters: ReadonlyMap<string, string> };

const ATOM = /[^\s()<>[\]:;@\\,"\x00-\x1f\x7f]+/u.source;
const QUOTED = /"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*"/u.source;
const DOMAIN =
  /(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?(?:\.[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?)*|\[[\x21-\x5a\x5e-\x7e]+\])/u
    .source;
const ADDRESS = new RegExp(`^(?:${ATOM}|${QUOTED})@${DOMAIN}$`, 'u');
const MAX_ADDRESS_OCTETS = 254;
const MAX_LOCAL_PART_OCTETS = 64;
const MAX_FIELDS = 10_000;

/** Reads `FROM:<address> SIZE=1 …` or `TO:<…>`; undefined when it is no such thing. */
export function parsePath(text: string, keyword: 'FROM' | 'TO'): Path | undefined {
  const match = /^(FROM|TO): ?<([^>]*)>(.*)$/isu.exec(text);
  if (!match || match[1]?.toUpperCase() !== keyword) return undefined;
  const [, , address = '', rest = ''] = match;
  if (rest !== '' && !rest.startsWith(' ')) return undefined;
  // The null reverse-path has no address; a recipient always has one.
  if (address === '' ? keyword === 'TO' : !isAddress(address)) return undefined;
  const parameters = new Map<string, string>();
  for (const word of rest.split(' ').filter((piece) => piece !== '')) {
    const at = word.indexOf('=');
    parameters.set((at < 0 ? word : word.slice(0, at)).toUpperCase(), at < 0 ? '' : word.slice(at + 1));
  }
  return { address, parameters };
}

function isAddress(address: string): boolean {
  const localPart = address.slice(0, address.lastIndexOf('@'));
  if (Buffer.byteLength(address) > MAX_ADDRESS_OCTETS || Buffer.byteLength(localPart) > MAX_LOCAL_PART_OCTETS)
    return false;
  return ADDRESS.test(address);
}

export function isAscii(text: string): boolean {
  return /^[\x00-\x7f]*$/.test(text);
}

export type Field = { readonly name: string; readonly value: string; readonly start: number; readonly end: number };

/** The header fields with their places in the bytes; the first line that is neither a field nor its continuation ends it. */
export function readFields(bytes: Buffer): readonly Field[] {
  const fields: Field[] = [];
  const keep = (start: number, end: number): void => {
    const [, name, value] = /^([\x21-\x39\x3b-\x7e]+)[ \t]*:(.*)$/s.exec(bytes.toString('utf8', start, end)) ?? [];
    if (name === undefined || value === undefined) return;
    fields.push({ name: name.toLowerCase(), value: value.replace(/\r?\n(?=[ \t]|$)/g, '').trim(), start, end });
  };
  let fieldStart = 0;
  for (let at = 0; at < bytes.length && fields.length < MAX_FIELDS; ) {
    const found = bytes.indexOf(10, at);
    const next = found < 0 ? bytes.length : found + 1;
    const isContinued = bytes[next] === 32 || bytes[next] === 9;
    if (!isContinued) {
      const known = fields.length;
      keep(fieldStart, next);
      if (fields.length === known) break;
      fieldStart = next;
    }
    at = next;
  }
  return fields;
}

export function fieldOf(fields: readonly Field[], name: string): string | undefined {
  return fields.find((field) => field.name === name)?.value;
}

/** The addresses of a From field: what stands in angle brackets, or the bare address; quoted names cannot hide one. */
export function addressesIn(value: string): string[] {
  const bare = value.replace(/"(?:[^"\\]|\\.)*"(?!@)/g, '').replace(/\((?:[^()\\]|\\.)*\)/g, '');
  return bare
    .split(',')
    .map((piece) => (/<([^<>]*)>/.exec(piece)?.[1] ?? piece).trim().toLowerCase())
    .filter((address) => address.includes('@'));
}

/** Whether a CR or LF stands alone, which content sent with DATA must never have (RFC 5321 section 2.3.8). */
export function hasBareLineEnd(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) if (bytes[at - 1] !== 13) return true;
  for (let at = bytes.indexOf(13); at >= 0; at = bytes.indexOf(13, at + 1)) if (bytes[at + 1] !== 10) return true;
  return false;
}
