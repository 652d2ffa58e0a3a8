/**
 * The words of IMAP on the wire: lines and literals from a socket, a command cut into tokens, sets of numbers, and the
 * spelling of strings and folder names. Knows nothing of mailboxes.
 */
import type { Socket } from 'node:net';

/** The client wrote something that Exchange answers with BAD. */
export class CommandError extends Error {
  readonly fatal: 'stay' | 'close';

  constructor(message: string, fatal: 'stay' | 'close' = 'stay') {
    super(message);
    this.name = 'CommandError';
    this.fatal = fatal;
  }
}

export const ARGUMENT_ERROR = 'Command Argument Error. 11';
export const TOO_LONG = 'Command Argument Error. 12';

/** One line of a command and the literal that it announced at its end. */
export type Segment = { readonly text: string; readonly literal?: Buffer };

export type Token =
  | { readonly kind: 'atom'; readonly text: string }
  | { readonly kind: 'string'; readonly bytes: Buffer }
  | { readonly kind: 'list'; readonly items: readonly Token[] };

const LINE_FEED = 10;
const READ_AHEAD_BYTES = 1024 * 1024;

/** Takes a socket's input piece by piece, on demand, so that a client that talks faster than we act is held back. */
export class WireReader {
  readonly #socket: Socket;
  #chunks: Buffer[] = [];
  #buffered = 0;
  #wanted = 0;
  #ended = false;
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#buffered += chunk.length;
      if (this.#buffered > Math.max(READ_AHEAD_BYTES, this.#wanted)) socket.pause();
      this.#wake();
    });
    const end = (): void => {
      this.#ended = true;
      this.#wake();
    };
    socket.on('end', end);
    socket.on('close', end);
  }

  /** A line without its line end, or undefined when the other side is gone. */
  async readLine(maxBytes: number): Promise<Buffer | undefined> {
    let searched = 0;
    for (;;) {
      const found = this.#indexOfLineFeed(searched);
      if (found >= 0) {
        if (found > maxBytes) throw new CommandError(TOO_LONG, 'close');
        const line = this.#take(found + 1);
        return line.subarray(0, line[found - 1] === 13 ? found - 1 : found);
      }
      searched = this.#buffered;
      if (searched > maxBytes) throw new CommandError(TOO_LONG, 'close');
      if (!(await this.#more(searched + 1))) return undefined;
    }
  }

  async readExactly(bytes: number): Promise<Buffer | undefined> {
    while (this.#buffered < bytes) if (!(await this.#more(bytes))) return undefined;
    return this.#take(bytes);
  }

  async #more(wanted: number): Promise<boolean> {
    if (this.#ended) return false;
    this.#wanted = wanted;
    this.#socket.resume();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    return this.#buffered >= wanted || !this.#ended;
  }

  #indexOfLineFeed(from: number): number {
    let before = 0;
    for (const chunk of this.#chunks) {
      if (before + chunk.length > from) {
        const at = chunk.indexOf(LINE_FEED, Math.max(0, from - before));
        if (at >= 0) return before + at;
      }
      before += chunk.length;
    }
    return -1;
  }

  #take(bytes: number): Buffer {
    const all = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    this.#buffered -= bytes;
    this.#chunks = all.length > bytes ? [all.subarray(bytes)] : [];
    if (this.#buffered < READ_AHEAD_BYTES) this.#socket.resume();
    return all.subarray(0, bytes);
  }
}

export type CommandLimits = {
  readonly maxLineBytes: number;
  readonly maxLiteralBytes: number;
  /** Called before a synchronising literal is read: the client waits for "+". */
  readonly goAhead: () => Promise<void>;
};

/** Reads one command with its literals, RFC 3501 section 4.3 and RFC 7888 for LITERAL+. */
export async function readCommand(reader: WireReader, limits: CommandLimits): Promise<Segment[] | undefined> {
  const segments: Segment[] = [];
  let lineBytes = 0;
  for (;;) {
    const line = await reader.readLine(limits.maxLineBytes);
    if (line === undefined) return undefined;
    lineBytes += line.length;
    if (lineBytes > limits.maxLineBytes) throw new CommandError(TOO_LONG, 'close');
    const text = line.toString('latin1');
    const announced = /\{(\d{1,10})(\+?)\}$/.exec(text);
    if (!announced) {
      segments.push({ text });
      return segments;
    }
    const bytes = Number(announced[1]);
    if (bytes > limits.maxLiteralBytes) throw new CommandError(TOO_LONG, 'close');
    if (announced[2] !== '+') await limits.goAhead();
    const literal = await reader.readExactly(bytes);
    if (literal === undefined) return undefined;
    segments.push({ text: text.slice(0, announced.index), literal });
  }
}

const MAX_LIST_DEPTH = 20;

/** Cuts a command into tokens. The brackets of `BODY[HEADER.FIELDS (TO CC)]<0.9>` stay inside one atom. */
export function tokenize(segments: readonly Segment[]): Token[] {
  const stack: Token[][] = [[]];
  for (const { text, literal } of segments) {
    let at = 0;
    while (at < text.length) at = takeToken(text, at, stack);
    if (literal) stack.at(-1)?.push({ kind: 'string', bytes: literal });
  }
  const top = stack.pop();
  if (!top || stack.length > 0) throw new CommandError(ARGUMENT_ERROR);
  return top;
}

function takeToken(text: string, at: number, stack: Token[][]): number {
  const items = stack.at(-1) as Token[];
  switch (text[at]) {
    case ' ':
      return at + 1;
    case '(':
      if (stack.length > MAX_LIST_DEPTH) throw new CommandError(ARGUMENT_ERROR);
      stack.push([]);
      return at + 1;
    case ')':
      if (stack.length < 2) throw new CommandError(ARGUMENT_ERROR);
      stack.pop();
      stack.at(-1)?.push({ kind: 'list', items });
      return at + 1;
    case '"': {
      const quoted = /"((?:[^"\\]|\\["\\])*)"/y;
      quoted.lastIndex = at;
      const match = quoted.exec(text);
      if (!match) throw new CommandError(ARGUMENT_ERROR);
      items.push({ kind: 'string', bytes: Buffer.from((match[1] ?? '').replace(/\\(.)/g, '$1'), 'latin1') });
      return quoted.lastIndex;
    }
    default: {
      const atom = /(?:[^ ()"[\]\x00-\x1f]|\[(?:[^\]"]|"(?:[^"\\]|\\.)*")*\])+/y;
      atom.lastIndex = at;
      const match = atom.exec(text);
      if (!match) throw new CommandError(ARGUMENT_ERROR);
      items.push({ kind: 'atom', text: match[0] });
      return atom.lastIndex;
    }
  }
}

/** The text of an atom, a quoted string or a literal (an `astring`). */
export function textOf(token: Token | undefined): string {
  if (token?.kind === 'atom') return Buffer.from(token.text, 'latin1').toString('utf8');
  if (token?.kind === 'string') return token.bytes.toString('utf8');
  throw new CommandError(ARGUMENT_ERROR);
}

/** The items of a list, or the single token as a list of one. */
export function itemsOf(token: Token | undefined): readonly Token[] {
  if (token === undefined) throw new CommandError(ARGUMENT_ERROR);
  return token.kind === 'list' ? token.items : [token];
}

/** A set of numbers as in RFC 3501 section 9; `*` is Infinity until the largest number is known. */
export type NumberSet = readonly { readonly from: number; readonly to: number }[];

export function parseSet(text: string): NumberSet {
  return text.split(',').map((range) => {
    const match = /^(\d{1,10}|\*)(?::(\d{1,10}|\*))?$/.exec(range);
    if (!match) throw new CommandError(ARGUMENT_ERROR);
    const from = setNumber(match[1] as string);
    return { from, to: match[2] === undefined ? from : setNumber(match[2]) };
  });
}

function setNumber(text: string): number {
  if (text === '*') return Number.POSITIVE_INFINITY;
  const value = Number(text);
  if (value < 1 || value > 0xffffffff) throw new CommandError(ARGUMENT_ERROR);
  return value;
}

/** Resolves `*` and turns the ranges the right way round: `9:*` in a folder whose last UID is 5 names 5. */
export function resolveSet(set: NumberSet, largest: number): { from: number; to: number }[] {
  return set.map(({ from, to }) => {
    const start = from === Infinity ? largest : from;
    const end = to === Infinity ? largest : to;
    return start <= end ? { from: start, to: end } : { from: end, to: start };
  });
}

/** Writes ascending numbers as a set with ranges. */
export function formatSet(numbers: readonly number[]): string {
  const ranges: string[] = [];
  let first = 0;
  for (let index = 1; index <= numbers.length; index += 1) {
    if (numbers[index] === (numbers[index - 1] as number) + 1) continue;
    const [from, to] = [numbers[first], numbers[index - 1]];
    ranges.push(from === to ? `${from}` : `${from}:${to}`);
    first = index;
  }
  return ranges.join(',');
}

/** A quoted string where the text allows it, else a literal. The result is latin1 text for the wire. */
export function quote(text: string): string {
  if (/^[\t\x20-\x7e]*$/.test(text)) return `"${text.replace(/["\\]/g, '\\$&')}"`;
  return `{${Buffer.byteLength(text, 'latin1')}}\r\n${text}`;
}

export function quoteOrNil(text: string | undefined): string {
  return text === undefined ? 'NIL' : quote(text);
}

/** Modified UTF-7 of RFC 3501 section 5.1.3. */
export function encodeFolderName(name: string): string {
  return name.replace(/&|[^\x20-\x7e]+/g, (run) => {
    if (run === '&') return '&-';
    const utf16 = Buffer.from(run, 'utf16le').swap16();
    return `&${utf16.toString('base64').replace(/=+$/, '').replaceAll('/', ',')}-`;
  });
}

export function decodeFolderName(wire: string): string {
  return wire.replace(/&([A-Za-z0-9+,]*)-/g, (_, run: string) => {
    if (run === '') return '&';
    const bytes = Buffer.from(run.replaceAll(',', '/'), 'base64');
    return bytes.length % 2 === 0 ? bytes.swap16().toString('utf16le') : _;
  });
}
