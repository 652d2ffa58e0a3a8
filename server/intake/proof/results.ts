/** Reads Authentication-Results and Received (RFC 8601 section 2.2, RFC 5321 section 4.4), strictly: a doubt is no result. */

/** One method and its properties, all in lower case. */
export type MethodResult = {
  readonly method: string;
  readonly result: string;
  readonly properties: ReadonlyMap<string, string>;
};

export type AuthenticationResults = {
  /** Who says so; undefined where the field begins with a result, as Exchange writes it. */
  readonly authservId: string | undefined;
  readonly methods: readonly MethodResult[];
};

/** The longest one that is read; a real one stays below 2,000 characters. */
export const MAX_RESULTS_CHARACTERS = 10_000;

/** Answers undefined for a field that cannot be read without doubt: open quotes or comments, doubled properties. */
export function readResults(value: string): AuthenticationResults | undefined {
  if (value.length > MAX_RESULTS_CHARACTERS) return undefined;
  const parts = splitOutside(value);
  if (parts === undefined) return undefined;
  const [first = [], ...rest] = parts;
  const isResult = first.some((word) => word.includes('='));
  // RFC 8601 section 2.2: the id may be followed by a version number.
  const authservId = isResult ? undefined : first[0]?.toLowerCase();
  if (!isResult && (first.length > 2 || authservId === undefined)) return undefined;
  const methods: MethodResult[] = [];
  for (const words of isResult ? parts : rest) {
    if (words.length === 0 || (words.length === 1 && words[0]?.toLowerCase() === 'none')) continue;
    const method = readMethod(words);
    if (method === undefined) return undefined;
    methods.push(method);
  }
  return { authservId, methods };
}

function readMethod(words: readonly string[]): MethodResult | undefined {
  const [head = '', ...rest] = words;
  const [method = '', result = ''] = split(head);
  if (!/^[a-z][a-z0-9-]*(\/\d+)?$/.test(method) || !/^[a-z]+$/.test(result)) return undefined;
  const properties = new Map<string, string>();
  for (const word of rest) {
    const [name, value] = split(word);
    if (name === undefined || value === undefined || properties.has(name)) return undefined;
    properties.set(name, value);
  }
  return { method: method.replace(/\/.*$/, ''), result, properties };
}

function split(word: string): [string, string] | [] {
  const equals = word.indexOf('=');
  return equals <= 0 ? [] : [word.slice(0, equals).toLowerCase(), word.slice(equals + 1).toLowerCase()];
}

/** Divides at semicolons and then at blanks, neither of them inside quotes; comments are left out (RFC 5322, 3.2.2). */
function splitOutside(value: string): string[][] | undefined {
  const parts: string[][] = [[]];
  let word = '';
  const endWord = (): void => {
    if (word !== '') parts.at(-1)?.push(word);
    word = '';
  };
  for (let at = 0; at < value.length; at += 1) {
    const character = value[at] as string;
    if (character === '(') {
      at = endOfComment(value, at);
      if (at === -1) return undefined;
      endWord();
    } else if (character === '"') {
      const end = endOfQuotes(value, at);
      if (end === -1) return undefined;
      // What was quoted stays one word, and can never be taken for a result of its own.
      word += value.slice(at, end + 1);
      at = end;
    } else if (character === ';') {
      endWord();
      parts.push([]);
    } else if (/\s/.test(character)) endWord();
    else if (character === ')' || /[\p{Cc}]/u.test(character)) return undefined;
    else word += character;
  }
  endWord();
  return parts.map(joinEquals);
}

/** `dmarc = pass` is `dmarc=pass`. */
function joinEquals(words: readonly string[]): string[] {
  const joined: string[] = [];
  for (const word of words) {
    const last = joined.at(-1);
    if (last !== undefined && (word.startsWith('=') || (last.endsWith('=') && !last.includes('"')))) {
      joined[joined.length - 1] = last + word;
    } else joined.push(word);
  }
  return joined;
}

function endOfComment(value: string, from: number): number {
  let depth = 0;
  for (let at = from; at < value.length; at += 1) {
    if (value[at] === '\\') at += 1;
    else if (value[at] === '(') depth += 1;
    else if (value[at] === ')') {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return -1;
}

function endOfQuotes(value: string, from: number): number {
  for (let at = from + 1; at < value.length; at += 1) {
    if (value[at] === '\\') at += 1;
    else if (value[at] === '"') return at;
  }
  return -1;
}

export type Hop = {
  /** The machine that wrote the field. */
  readonly by: string;
  /** The name that the other side gave itself: a claim. */
  readonly from: string;
  /** The address that it came from, as the writer saw it. */
  readonly address: string;
};

/** Reads a Received field; what it does not say is empty. */
export function readHop(value: string): Hop {
  const text = value.slice(0, 2000);
  const from = /^from\s+(\S+)(?:\s+\(([^()]*)\))?/i.exec(text);
  const by = /(?:^|\s)by\s+([a-z0-9.-]+)/i.exec(text.replace(/\([^()]*\)/g, ' '));
  const address = /(?:\[|^|\s)(?:ipv6:)?([0-9a-f]*[.:][0-9a-f.:]+)/i.exec(from?.[2] ?? '');
  return {
    by: by?.[1]?.toLowerCase() ?? '',
    from: from?.[1]?.toLowerCase() ?? '',
    address: address?.[1]?.toLowerCase() ?? '',
  };
}
