/** FETCH: what of a message is asked, and its answer; here the faults of message retrieval fire. */
import { setTimeout as sleep } from 'node:timers/promises';
import { substituteMessage } from './faults.ts';
import { ARGUMENT_ERROR, CommandError, itemsOf, parseSet, type Token, textOf } from './grammar.ts';
import type { Message } from './mailboxes.ts';
import { chosen } from './search.ts';
import { type Answer, type Command, INVALID_STATE, type Session, type View } from './session.ts';
import {
  bodyStructure,
  envelope,
  findPart,
  headerOf,
  MALFORMED_STRUCTURE,
  type Part,
  parseMessage,
} from './structure.ts';

type Simple = 'FLAGS' | 'UID' | 'INTERNALDATE' | 'RFC822.SIZE' | 'ENVELOPE' | 'BODYSTRUCTURE' | 'BODY';
const SIMPLE: ReadonlySet<string> = new Set<Simple>([
  'FLAGS',
  'UID',
  'INTERNALDATE',
  'RFC822.SIZE',
  'ENVELOPE',
  'BODYSTRUCTURE',
  'BODY',
]);

const MACROS: Record<string, Simple[]> = {
  FAST: ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE'],
  ALL: ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE'],
  FULL: ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE', 'BODY'],
};

type Section = {
  readonly kind: 'section';
  /** As the answer names it, e.g. `BODY[HEADER]<0>`. */
  readonly label: string;
  readonly numbers: readonly number[];
  readonly what: 'ALL' | 'HEADER' | 'TEXT' | 'MIME' | 'HEADER.FIELDS' | 'HEADER.FIELDS.NOT';
  readonly fields: readonly string[];
  readonly partial: { readonly from: number; readonly bytes: number } | undefined;
  readonly effect: 'peek' | 'marks-seen';
};

type Item = { readonly kind: 'simple'; readonly name: Simple } | Section;

export async function fetchMessages(session: Session, command: Command): Promise<Answer> {
  const view = session.view as View;
  const [set, ...rest] = command.args;
  const asked = rest.length === 1 ? itemsOf(rest[0]) : rest;
  const items = parseItems(asked);
  if (command.numbers === 'uid' && !items.some((item) => item.kind === 'simple' && item.name === 'UID')) {
    items.unshift({ kind: 'simple', name: 'UID' });
  }
  const sections = items.filter((item) => item.kind === 'section');
  const simple = items.filter((item) => item.kind === 'simple').map(({ name }) => name);
  // Exchange answers in an order of its own: UID behind the size, bodies last.
  if (simple.includes('RFC822.SIZE') && simple.includes('UID')) {
    simple.splice(simple.indexOf('UID'), 1);
    simple.splice(simple.indexOf('RFC822.SIZE') + 1, 0, 'UID');
  }
  for (const index of chosen(view, parseSet(textOf(set)), command.numbers)) {
    await fetchOne(session, { sequence: index + 1, message: view.messages[index] as Message, simple, sections });
    if (session.view !== view) return session.state === 'invalidated' ? INVALID_STATE : 'none';
    await session.flushWhenFull();
  }
  return 'OK FETCH completed.';
}

type One = {
  readonly sequence: number;
  readonly message: Message;
  readonly simple: readonly Simple[];
  readonly sections: readonly Section[];
};

async function fetchOne(session: Session, one: One): Promise<void> {
  const { message, sequence, sections } = one;
  const occasion = { address: session.address, uid: message.uid, folder: session.view?.folder.name ?? '' };
  const asksForBody = sections.some((section) => section.numbers.length === 0 && section.what === 'ALL');
  const substitute = asksForBody ? session.shared.faults.take('substitute', occasion) : undefined;
  const isPeek = sections.every((section) => section.effect === 'peek');
  if (substitute && isPeek && substitute.peek !== 'substitute') return;
  const bytes = substitute ? standIn(one) : message.bytes;
  const simple = markSeen(session, one);
  let line = `* ${sequence} FETCH (${simple.map((name) => `${name} ${describe(session, message, name)}`).join(' ')}`;
  for (const section of sections) {
    const body = cut(bytes, section);
    const glue = line.endsWith('(') ? '' : ' ';
    if (body === undefined) {
      line += `${glue}${section.label} NIL`;
      continue;
    }
    session.say(`${line}${glue}${section.label} {${body.length}}\r\n`);
    line = '';
    await sayBody(session, body, occasion);
    if (!session.view) return;
    if (section.what === 'ALL' && section.numbers.length === 0) session.shared.counters.bodiesFetched += 1;
  }
  session.say(`${line})\r\n`);
}

function standIn({ sequence, message }: One): Buffer {
  const part = parseMessage(message.bytes);
  const header = (name: string): string => headerOf(part, name) ?? '';
  return substituteMessage(sequence, { subject: header('subject'), from: header('from'), date: header('date') });
}

/** Reading a body without PEEK sets \Seen, and the answer says so. */
function markSeen(session: Session, { message, simple, sections }: One): readonly Simple[] {
  const view = session.view as View;
  const marks = view.access === 'read-write' && sections.some((section) => section.effect === 'marks-seen');
  if (!marks || message.flags.has('\\Seen') || message.expunged) return simple;
  session.shared.mailboxes.setFlags(view.folder, message, [...message.flags, '\\Seen']);
  view.skipOwnFlagChanges();
  return simple.includes('FLAGS') ? simple : [...simple, 'FLAGS'];
}

function describe(session: Session, message: Message, name: Simple): string {
  switch (name) {
    case 'FLAGS':
      return `(${[...message.flags].join(' ')})`;
    case 'UID':
      return `${message.uid}`;
    case 'INTERNALDATE':
      return `"${internalDate(message.receivedAt)}"`;
    case 'RFC822.SIZE':
      return `${announcedSize(session, message)}`;
    case 'ENVELOPE':
      return envelope(parseMessage(message.bytes));
    default: {
      const occasion = { address: session.address, uid: message.uid, folder: session.view?.folder.name ?? '' };
      if (session.shared.faults.take('malformed-structure', occasion)) return MALFORMED_STRUCTURE;
      return bodyStructure(message.bytes, parseMessage(message.bytes), name);
    }
  }
}

/** Exchange estimates: some messages are smaller than it says, some larger. */
export function announcedSize(session: Session, message: Message): number {
  const exact = message.bytes.length;
  if (session.shared.faults.take('exact-size', { address: session.address })) return exact;
  return message.uid % 2 === 1 ? Math.ceil(exact * 1.04) + 137 : Math.floor(exact * 0.97);
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function internalDate(date: Date): string {
  const two = (value: number): string => `${value}`.padStart(2, '0');
  const day = `${date.getUTCDate()}`.padStart(2, ' ');
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(':');
  return `${day}-${MONTHS[date.getUTCMonth()]}-${date.getUTCFullYear()} ${time} +0000`;
}

type Occasion = { readonly address: string | undefined; readonly uid: number; readonly folder: string };
const SLOW_STEP_MS = 20;

async function sayBody(session: Session, body: Buffer, occasion: Occasion): Promise<void> {
  const { faults } = session.shared;
  const cutAt = faults.take('cut-fetch', occasion);
  const whole = cutAt ? body.subarray(0, cutAt.afterBytes) : body;
  const slow = faults.take('slow-fetch', occasion);
  const step = slow ? Math.max(1, Math.round((slow.bytesPerSecond * SLOW_STEP_MS) / 1000)) : whole.length;
  session.isInsideLiteral = true;
  for (let at = 0; at < whole.length && !session.isOver; at += step) {
    session.say(whole.subarray(at, at + step));
    if (!slow) break;
    await session.flush();
    await sleep(SLOW_STEP_MS);
  }
  if (cutAt) {
    await session.flush();
    await session.lose(cutAt.how ?? 'close');
  }
  session.isInsideLiteral = false;
}

function cut(bytes: Buffer, section: Section): Buffer | undefined {
  const body = bodyOf(bytes, section);
  if (!body || !section.partial) return body;
  return body.subarray(section.partial.from, section.partial.from + section.partial.bytes);
}

function bodyOf(bytes: Buffer, { numbers, what, fields }: Section): Buffer | undefined {
  if (numbers.length === 0 && what === 'ALL') return bytes;
  const root = parseMessage(bytes);
  const part = findPart(root, numbers);
  if (!part) return undefined;
  if (what === 'ALL') return bytes.subarray(part.bodyStart, part.end);
  if (what === 'MIME') return bytes.subarray(part.headerStart, part.bodyStart);
  const message: Part | undefined = numbers.length === 0 ? root : part.inner;
  if (!message) return undefined;
  if (what === 'HEADER') return bytes.subarray(message.headerStart, message.bodyStart);
  if (what === 'TEXT') return bytes.subarray(message.bodyStart, message.end);
  const keeps = what === 'HEADER.FIELDS' ? 'named' : 'unnamed';
  const kept = message.headers.filter((header) => (fields.includes(header.name) ? 'named' : 'unnamed') === keeps);
  return Buffer.concat([...kept.map((header) => bytes.subarray(header.start, header.end)), Buffer.from('\r\n')]);
}

function parseItems(tokens: readonly Token[]): Item[] {
  if (tokens.length === 0) throw new CommandError(ARGUMENT_ERROR);
  return tokens.flatMap((token): Item[] => {
    if (token.kind !== 'atom') throw new CommandError(ARGUMENT_ERROR);
    const name = token.text.toUpperCase();
    const macro = MACROS[name];
    if (macro && tokens.length === 1) return macro.map((simple) => ({ kind: 'simple', name: simple }));
    if (SIMPLE.has(name)) return [{ kind: 'simple', name: name as Simple }];
    return [parseSection(token.text)];
  });
}

const OLD_NAMES: Readonly<Record<string, string>> = {
  RFC822: 'BODY[]',
  'RFC822.HEADER': 'BODY.PEEK[HEADER]',
  'RFC822.TEXT': 'BODY[TEXT]',
};

function parseSection(text: string): Section {
  const old = OLD_NAMES[text.toUpperCase()];
  const match = /^BODY(\.PEEK)?\[([^\]]*)\](?:<(\d{1,10})\.(\d{1,10})>)?$/i.exec(old ?? text);
  if (!match) throw new CommandError(ARGUMENT_ERROR);
  const [, peek, inside = '', from, bytes] = match;
  const named = /^((?:\d{1,5}(?:\.\d{1,5})*)?)\.?(|HEADER|TEXT|MIME|HEADER\.FIELDS(?:\.NOT)?)(?: \(([^)]*)\))?$/i.exec(
    inside,
  );
  if (!named) throw new CommandError(ARGUMENT_ERROR);
  const what = (named[2]?.toUpperCase() || 'ALL') as Section['what'];
  const numbers = named[1] ? named[1].split('.').map(Number) : [];
  const hasFields = named[3] !== undefined;
  if (hasFields !== what.startsWith('HEADER.FIELDS') || numbers.includes(0)) throw new CommandError(ARGUMENT_ERROR);
  if (what === 'MIME' && numbers.length === 0) throw new CommandError(ARGUMENT_ERROR);
  return {
    kind: 'section',
    label: old ? text.toUpperCase() : `BODY[${inside.toUpperCase()}]${from === undefined ? '' : `<${from}>`}`,
    numbers,
    what,
    fields: (named[3] ?? '')
      .split(' ')
      .filter(Boolean)
      .map((field) => field.replaceAll('"', '').toLowerCase()),
    partial: from === undefined ? undefined : { from: Number(from), bytes: Number(bytes) },
    effect: peek || text.toUpperCase() === 'RFC822.HEADER' ? 'peek' : 'marks-seen',
  };
}
