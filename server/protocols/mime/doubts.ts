/**
 * Where two programs may see different documents in the same message: the one that checked it and the one that prints
 * it (RFC 2045 and RFC 2046 say once what each of these is). What Platen reads is always the same, but what somebody
 * else was shown may be something else.
 */
import type { MessageNode } from './boundary-splitter.ts';

export type Doubt =
  | 'contradicting-fields'
  | 'contradicting-parameters'
  | 'multipart-encoded'
  | 'same-boundary-twice'
  | 'unknown-encoding';

/** Each may stand once in the header of a part (RFC 2045 section 3). */
const ONCE = ['content-type', 'content-transfer-encoding', 'content-disposition'] as const;
/** Parameters that decide where a part ends and what it is. */
const DECISIVE = ['boundary', 'charset'] as const;
/** A Content-Type with long names of files has a few hundred. */
const MAX_TYPE_CHARACTERS = 4096;
const ENCODINGS: ReadonlySet<string> = new Set(['', '7bit', '8bit', 'binary', 'base64', 'quoted-printable']);

/** The doubts about a part and about the multiparts around it. */
export function doubtsOf(node: MessageNode): readonly Doubt[] {
  const doubts = new Set<Doubt>();
  const boundaries = new Set<string>();
  for (let at: MessageNode | undefined = node; at; at = at.parentNode || undefined) {
    for (const doubt of ownDoubts(at)) doubts.add(doubt);
    if (!at._boundary) continue;
    const boundary = at._boundary.toString('latin1');
    if (boundaries.has(boundary)) doubts.add('same-boundary-twice');
    boundaries.add(boundary);
  }
  return [...doubts];
}

function ownDoubts(node: MessageNode): readonly Doubt[] {
  if (!node.headers) return [];
  const doubts: Doubt[] = [];
  const fields = new Map<string, Set<string>>(ONCE.map((name) => [name, new Set()]));
  for (const { key, line } of node.headers.getList()) fields.get(key)?.add(fieldValue(line));
  if ([...fields.values()].some((values) => values.size > 1)) doubts.push('contradicting-fields');
  const type = ([...(fields.get('content-type') ?? [])][0] ?? '').slice(0, MAX_TYPE_CHARACTERS);
  if (DECISIVE.some((name) => parameterValues(type, name).size > 1)) doubts.push('contradicting-parameters');
  const encoding = [...(fields.get('content-transfer-encoding') ?? [])][0]?.toLowerCase() ?? '';
  if (!ENCODINGS.has(encoding)) doubts.push('unknown-encoding');
  if (!/^multipart\//i.test(type)) return doubts;
  // RFC 2045 section 6.4: a multipart has no encoding of its own.
  if (encoding === 'base64' || encoding === 'quoted-printable') doubts.push('multipart-encoded');
  return doubts;
}

function fieldValue(line: string): string {
  return line
    .slice(line.indexOf(':') + 1)
    .replace(/\([^()]*\)/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

function parameterValues(type: string, name: string): Set<string> {
  const found = type.matchAll(new RegExp(`;\\s*${name}\\s*=\\s*("(?:[^"\\\\]|\\\\.)*"|[^;\\s]+)`, 'gi'));
  return new Set([...found].map((match) => (match[1] ?? '').replace(/^"|"$/g, '')));
}
