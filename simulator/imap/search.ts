/** SEARCH, and which messages a set of numbers names. */
import {
  ARGUMENT_ERROR,
  CommandError,
  formatSet,
  type NumberSet,
  parseSet,
  resolveSet,
  type Token,
  textOf,
} from './grammar.ts';
import { lowerBound, type Message } from './mailboxes.ts';
import type { Answer, Command, Session, View } from './session.ts';
import { headerOf, parseMessage } from './structure.ts';

const INVALID_SET = 'The specified message set is invalid.';

/** The places of the named messages in the view, ascending, each once. */
export function chosen(view: View, set: NumberSet, numbers: Command['numbers']): number[] {
  const { messages } = view;
  const count = messages.length;
  const ranges = resolveSet(set, numbers === 'uid' ? view.largestUid : count);
  if (numbers === 'sequence' && ranges.some(({ to }) => to > count || to === 0)) throw new CommandError(INVALID_SET);
  const places: number[] = [];
  for (const { from, to } of ranges.sort((a, b) => a.from - b.from)) {
    let at = numbers === 'uid' ? lowerBound(messages, from) : from - 1;
    at = Math.max(at, (places.at(-1) ?? -1) + 1);
    const end = numbers === 'uid' ? lowerBound(messages, to + 1) : to;
    for (; at < end; at += 1) places.push(at);
  }
  return places;
}

type Candidate = { readonly message: Message; readonly place: number };
type Criterion = (candidate: Candidate) => boolean;

export function search(session: Session, command: Command): Answer {
  const view = session.view as View;
  const tokens = [...command.args];
  if (isAtom(tokens[0], 'RETURN') && session.isRev2) tokens.splice(0, 2);
  if (isAtom(tokens[0], 'CHARSET')) {
    if (textOf(tokens[1]).toUpperCase() !== 'US-ASCII') {
      return 'NO [BADCHARSET (US-ASCII)] The specified charset is not supported.';
    }
    tokens.splice(0, 2);
  }
  if (tokens.length === 0) throw new CommandError(ARGUMENT_ERROR);
  const matches = all(new Cursor(view, tokens));
  const found: number[] = [];
  view.messages.forEach((message, place) => {
    if (matches({ message, place })) found.push(command.numbers === 'uid' ? message.uid : place + 1);
  });
  if (session.isRev2) {
    const uid = command.numbers === 'uid' ? ' UID' : '';
    session.say(`* ESEARCH (TAG "${command.tag}")${uid}${found.length > 0 ? ` ALL ${formatSet(found)}` : ''}\r\n`);
  } else {
    session.say(`* SEARCH${found.map((number) => ` ${number}`).join('')}\r\n`);
  }
  return 'OK SEARCH completed.';
}

function isAtom(token: Token | undefined, text: string): boolean {
  return token?.kind === 'atom' && token.text.toUpperCase() === text;
}

class Cursor {
  readonly view: View;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(view: View, tokens: readonly Token[]) {
    this.view = view;
    this.#tokens = tokens;
  }

  get isDone(): boolean {
    return this.#at >= this.#tokens.length;
  }

  next(): Token {
    const token = this.#tokens[this.#at];
    if (!token) throw new CommandError(ARGUMENT_ERROR);
    this.#at += 1;
    return token;
  }

  text(): string {
    return textOf(this.next());
  }
}

function all(cursor: Cursor): Criterion {
  const criteria: Criterion[] = [];
  while (!cursor.isDone) criteria.push(criterion(cursor));
  return (candidate) => criteria.every((matches) => matches(candidate));
}

const FLAG_KEYS: Readonly<Record<string, string>> = {
  SEEN: '\\Seen',
  ANSWERED: '\\Answered',
  FLAGGED: '\\Flagged',
  DELETED: '\\Deleted',
  DRAFT: '\\Draft',
};

function criterion(cursor: Cursor): Criterion {
  const token = cursor.next();
  if (token.kind === 'list') return all(new Cursor(cursor.view, token.items));
  const key = textOf(token).toUpperCase();
  if (/^[\d*]/.test(key)) return inSet(cursor.view, key, 'sequence');
  const flag = FLAG_KEYS[key];
  if (flag) return ({ message }) => message.flags.has(flag);
  const absent = key.startsWith('UN') ? FLAG_KEYS[key.slice(2)] : undefined;
  if (absent) return ({ message }) => !message.flags.has(absent);
  return combining(cursor, key) ?? byDateOrSize(cursor, key) ?? byText(cursor, key);
}

function inSet(view: View, text: string, numbers: Command['numbers']): Criterion {
  const places = new Set(chosen(view, parseSet(text), numbers));
  return ({ place }) => places.has(place);
}

function combining(cursor: Cursor, key: string): Criterion | undefined {
  switch (key) {
    case 'ALL':
    case 'OLD':
      return () => true;
    case 'NEW':
    case 'RECENT':
      return () => false;
    case 'UID':
      return inSet(cursor.view, cursor.text(), 'uid');
    case 'KEYWORD':
    case 'UNKEYWORD': {
      const keyword = cursor.text();
      return ({ message }) => message.flags.has(keyword) === (key === 'KEYWORD');
    }
    case 'NOT': {
      const inner = criterion(cursor);
      return (candidate) => !inner(candidate);
    }
    case 'OR': {
      const [one, other] = [criterion(cursor), criterion(cursor)];
      return (candidate) => one(candidate) || other(candidate);
    }
    default:
      return undefined;
  }
}

const DAY_MS = 24 * 60 * 60 * 1000;

function byDateOrSize(cursor: Cursor, key: string): Criterion | undefined {
  if (key === 'LARGER' || key === 'SMALLER') {
    const bytes = Number(cursor.text());
    if (!Number.isSafeInteger(bytes)) throw new CommandError(ARGUMENT_ERROR);
    return ({ message }) => (key === 'LARGER' ? message.bytes.length > bytes : message.bytes.length < bytes);
  }
  const match = /^(SENT)?(SINCE|BEFORE|ON)$/.exec(key);
  if (!match) return undefined;
  const day = Date.parse(`${cursor.text()} UTC`);
  if (Number.isNaN(day)) throw new CommandError(ARGUMENT_ERROR);
  const dateOf = ({ message }: Candidate): number =>
    match[1] ? Date.parse(headerOf(parseMessage(message.bytes), 'date') ?? '') : message.receivedAt.getTime();
  if (match[2] === 'SINCE') return (candidate) => dateOf(candidate) >= day;
  if (match[2] === 'BEFORE') return (candidate) => dateOf(candidate) < day;
  return (candidate) => dateOf(candidate) >= day && dateOf(candidate) < day + DAY_MS;
}

function byText(cursor: Cursor, key: string): Criterion {
  if (['FROM', 'TO', 'CC', 'BCC', 'SUBJECT', 'HEADER'].includes(key)) {
    const name = (key === 'HEADER' ? cursor.text() : key).toLowerCase();
    const wanted = cursor.text().toLowerCase();
    return ({ message }) => headerOf(parseMessage(message.bytes), name)?.toLowerCase().includes(wanted) ?? false;
  }
  if (key !== 'TEXT' && key !== 'BODY') throw new CommandError(ARGUMENT_ERROR);
  const wanted = cursor.text().toLowerCase();
  return ({ message }) => {
    const start = key === 'BODY' ? parseMessage(message.bytes).bodyStart : 0;
    return message.bytes.toString('latin1', start).toLowerCase().includes(wanted);
  };
}
