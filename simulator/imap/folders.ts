/**
 * The commands on folders (LIST, STATUS, CREATE, DELETE, SUBSCRIBE, SELECT, EXAMINE, CLOSE) and those that change the
 * messages in them (STORE, COPY, MOVE, EXPUNGE, APPEND).
 */
import { ARGUMENT_ERROR, CommandError, formatSet, itemsOf, parseSet, type Token, textOf } from './grammar.ts';
import { type Folder, type Mailbox, type Message, STORABLE_FLAGS } from './mailboxes.ts';
import { chosen } from './search.ts';
import type { Answer, Command, Session, View } from './session.ts';

export function list(session: Session, command: Command): Answer {
  const { name, args } = command;
  // RFC 9051 has no LSUB, and Exchange keeps to it once IMAP4rev2 is on.
  if (name === 'LSUB' && session.isRev2) return `BAD ${ARGUMENT_ERROR}`;
  if (args.length !== 2) throw new CommandError(ARGUMENT_ERROR);
  const pattern = session.folderName(textOf(args[0]) + textOf(args[1]));
  if (textOf(args[1]) === '') {
    session.say(`* ${name} (\\Noselect) "/" ""\r\n`);
    return `OK ${name} completed.`;
  }
  const { folders } = session.mailbox as Mailbox;
  for (const folder of folders.values()) {
    if (!fitsPattern(folder.name, pattern) || (name === 'LSUB' && !folder.subscribed)) continue;
    session.say(`* ${name} (${attributes(folder, folders)}) "/" ${session.quoteFolder(folder.name)}\r\n`);
  }
  return `OK ${name} completed.`;
}

function attributes(folder: Folder, folders: Mailbox['folders']): string {
  const prefix = `${folder.name.toLowerCase()}/`;
  const hasChildren = [...folders.keys()].some((key) => key.startsWith(prefix));
  const children = hasChildren ? '\\HasChildren' : '\\HasNoChildren';
  return folder.name === 'INBOX' ? `\\Marked ${children}` : children;
}

/** `%` stops at a slash, `*` does not; Exchange compares without regard to case. No RegExp: many stars would stall it. */
function fitsPattern(name: string, pattern: string): boolean {
  const wanted = pattern.toLowerCase();
  // reached[i]: the pattern so far fits the first i characters of the name.
  let reached = [true, ...Array.from(name, () => false)];
  for (const sign of wanted) {
    const next = reached.map(() => false);
    for (let at = 0; at < reached.length; at += 1) {
      const before = name[at - 1]?.toLowerCase();
      const grows = at > 0 && next[at - 1] === true && (sign === '*' || (sign === '%' && before !== '/'));
      if (sign === '*' || sign === '%') next[at] = reached[at] === true || grows;
      else next[at] = at > 0 && reached[at - 1] === true && before === sign;
    }
    reached = next;
  }
  return reached.at(-1) === true;
}

export function status(session: Session, command: Command): Answer {
  const folder = findFolder(session, command);
  if (!folder) return missing(session, command);
  const values: Record<string, () => number> = {
    MESSAGES: () => folder.messages.length,
    RECENT: () => 0,
    UIDNEXT: () => folder.uidNext,
    UIDVALIDITY: () => folder.uidValidity,
    UNSEEN: () => folder.messages.filter((message) => !message.flags.has('\\Seen')).length,
  };
  const items = itemsOf(command.args[1]).map((token) => {
    const item = textOf(token).toUpperCase();
    const value = Object.hasOwn(values, item) ? values[item] : undefined;
    if (!value) throw new CommandError(ARGUMENT_ERROR);
    return `${item} ${value()}`;
  });
  session.say(`* STATUS ${session.quoteFolder(folder.name)} (${items.join(' ')})\r\n`);
  return 'OK STATUS completed.';
}

export function create(session: Session, command: Command): Answer {
  const name = session.folderName(textOf(command.args[0])).replace(/\/$/, '');
  const isValid = name !== '' && name.length <= 250 && name.split('/').every((level) => level.trim() !== '');
  if (!isValid || findFolder(session, command)) return 'NO CREATE failed.';
  session.shared.mailboxes.createFolder(session.mailbox as Mailbox, name);
  return 'OK CREATE completed.';
}

export function remove(session: Session, command: Command): Answer {
  const folder = findFolder(session, command);
  if (!folder) return missing(session, command);
  if (folder.name === 'INBOX') return 'NO DELETE failed.';
  session.shared.mailboxes.deleteFolder(session.mailbox as Mailbox, folder);
  return 'OK DELETE completed.';
}

export function subscribe(session: Session, command: Command): Answer {
  const folder = findFolder(session, command);
  if (!folder) return missing(session, command);
  session.shared.mailboxes.setSubscribed(folder, command.name === 'SUBSCRIBE');
  return `OK ${command.name} completed.`;
}

export function select(session: Session, command: Command): Answer {
  const folder = findFolder(session, command);
  if (session.isRev2 && session.view) session.say('* OK [CLOSED] Previous mailbox is now closed.\r\n');
  session.deselect();
  if (!folder) return missing(session, command);
  const isExamine = command.name === 'EXAMINE';
  const { messages } = session.select(folder, isExamine ? 'read-only' : 'read-write');
  const flags = STORABLE_FLAGS.join(' ');
  const unseen = messages.findIndex((message) => !message.flags.has('\\Seen'));
  session.say(
    `* ${messages.length} EXISTS\r\n`,
    session.isRev2 ? '' : `* ${isExamine ? messages.length : 0} RECENT\r\n`,
    `* FLAGS (${flags})\r\n`,
    `* OK [PERMANENTFLAGS (${isExamine ? '' : flags})] Permanent flags\r\n`,
    unseen < 0 || session.isRev2 ? '' : `* OK [UNSEEN ${unseen + 1}] Is the first unseen message\r\n`,
    `* OK [UIDVALIDITY ${folder.uidValidity}] UIDVALIDITY value\r\n`,
    `* OK [UIDNEXT ${folder.uidNext}] The next unique identifier value\r\n`,
    session.isRev2 ? `* LIST () "/" ${session.quoteFolder(folder.name)}\r\n` : '',
  );
  return `OK [${isExamine ? 'READ-ONLY' : 'READ-WRITE'}] ${command.name} completed.`;
}

function findFolder(session: Session, command: Command): Folder | undefined {
  return session.mailbox?.folders.get(session.folderName(textOf(command.args[0])).toLowerCase());
}

function missing(session: Session, command: Command): Answer {
  return `NO ${printable(session.folderName(textOf(command.args[0])))} doesn't exist.`;
}

const READ_ONLY: Answer = 'NO Folder is read-only.';

export async function store(session: Session, command: Command): Promise<Answer> {
  const view = session.view as View;
  const [set, action, ...rest] = command.args;
  const match = /^([+-]?)FLAGS(\.SILENT)?$/i.exec(textOf(action));
  if (!match || rest.length === 0) throw new CommandError(ARGUMENT_ERROR);
  const given = (rest.length === 1 ? itemsOf(rest[0]) : rest).map(textOf);
  const places = chosen(view, parseSet(textOf(set)), command.numbers);
  if (view.access === 'read-only') return READ_ONLY;
  await session.tellChanges('later');
  for (const place of places) {
    const message = view.messages[place] as Message;
    session.shared.mailboxes.setFlags(view.folder, message, changedFlags(message, match[1] ?? '', given));
    if (match[2]) continue;
    const uid = command.numbers === 'uid' ? ` UID ${message.uid}` : '';
    session.say(`* ${place + 1} FETCH (FLAGS (${[...message.flags].join(' ')})${uid})\r\n`);
  }
  view.skipOwnFlagChanges();
  return 'OK STORE completed.';
}

function changedFlags(message: Message, sign: string, given: readonly string[]): readonly string[] {
  if (sign === '+') return [...message.flags, ...given];
  if (sign === '') return given;
  const dropped = new Set(given.map((flag) => flag.toLowerCase()));
  return [...message.flags].filter((flag) => !dropped.has(flag.toLowerCase()));
}

export function copy(session: Session, command: Command): Answer {
  const { mailboxes } = session.shared;
  const { messages, target, name } = transfer(session, command);
  if (!target) return missingTarget(name);
  const copies = messages.map((message) => mailboxes.append(target, message));
  mailboxes.counters.copied += copies.length;
  return `OK ${copyUid(target, messages, copies)}COPY completed.`;
}

/** RFC 6851. Not all or nothing at a lost connection: either the whole move has happened or none of it. */
export async function move(session: Session, command: Command): Promise<Answer> {
  const { mailboxes, faults } = session.shared;
  const { messages, target, name, view } = transfer(session, command);
  if (view.access === 'read-only') return READ_ONLY;
  if (!target) return missingTarget(name);
  const cut = faults.take('cut-move', { address: session.address });
  if (cut?.when !== 'before') {
    const moved = messages.map((message) => mailboxes.append(target, message));
    mailboxes.remove(view.folder, messages);
    mailboxes.counters.moved += moved.length;
    if (!cut && moved.length > 0) session.say(`* OK ${copyUid(target, messages, moved)}\r\n`);
  }
  if (!cut) return 'OK MOVE completed.';
  await session.lose(cut.how ?? 'close');
  return 'none';
}

type Transfer = {
  readonly messages: Message[];
  readonly target: Folder | undefined;
  readonly name: string;
  readonly view: View;
};

function transfer(session: Session, command: Command): Transfer {
  const view = session.view as View;
  const [set, folder] = command.args;
  const name = session.folderName(textOf(folder));
  const places = chosen(view, parseSet(textOf(set)), command.numbers);
  const messages = places.map((place) => view.messages[place] as Message).filter((message) => !message.expunged);
  return { messages, target: (session.mailbox as Mailbox).folders.get(name.toLowerCase()), name, view };
}

function missingTarget(name: string): Answer {
  return `NO [TRYCREATE] ${printable(name)} doesn't exist.`;
}

/** A name from the client, safe to stand in an answer. */
function printable(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, '?').slice(0, 200);
}

function copyUid(target: Folder, from: readonly Message[], to: readonly Message[]): string {
  if (to.length === 0) return '';
  const uids = (messages: readonly Message[]): string => formatSet(messages.map((message) => message.uid));
  return `[COPYUID ${target.uidValidity} ${uids(from)} ${uids(to)}] `;
}

/** EXPUNGE, or UID EXPUNGE with a set as in RFC 4315. */
export function expunge(session: Session, command: Command): Answer {
  const view = session.view as View;
  if (view.access === 'read-only') return READ_ONLY;
  const places =
    command.numbers === 'uid' ? chosen(view, parseSet(textOf(command.args[0])), 'uid') : view.messages.keys();
  const doomed = [...places].map((place) => view.messages[place] as Message).filter(isToBeExpunged);
  session.shared.mailboxes.remove(view.folder, doomed);
  session.shared.mailboxes.counters.expunged += doomed.length;
  return 'OK EXPUNGE completed.';
}

function isToBeExpunged(message: Message): boolean {
  return message.flags.has('\\Deleted') && !message.expunged;
}

/** CLOSE removes what is marked as deleted, without a word; UNSELECT does not. */
export function closeFolder(session: Session, command: Command): Answer {
  const view = session.view as View;
  if (command.name === 'CLOSE' && view.access === 'read-write') {
    const doomed = view.folder.messages.filter(isToBeExpunged);
    session.shared.mailboxes.remove(view.folder, doomed);
    session.shared.mailboxes.counters.expunged += doomed.length;
  }
  session.deselect();
  return `OK ${command.name} completed.`;
}

export function append(session: Session, command: Command): Answer {
  const { mailboxes } = session.shared;
  const [folderToken, ...rest] = command.args;
  const name = session.folderName(textOf(folderToken));
  const body = rest.pop();
  if (body?.kind !== 'string') throw new CommandError(ARGUMENT_ERROR);
  const flags = rest[0]?.kind === 'list' ? rest.shift() : undefined;
  const receivedAt = rest.length > 0 ? parseDate(rest.shift()) : undefined;
  if (rest.length > 0) throw new CommandError(ARGUMENT_ERROR);
  const folder = (session.mailbox as Mailbox).folders.get(name.toLowerCase());
  if (!folder) return missingTarget(name);
  const added = mailboxes.append(folder, {
    bytes: body.bytes,
    flags: flags ? itemsOf(flags).map(textOf) : [],
    ...(receivedAt && { receivedAt }),
  });
  mailboxes.counters.appended += 1;
  return `OK [APPENDUID ${folder.uidValidity} ${added.uid}] APPEND completed.`;
}

function parseDate(token: Token | undefined): Date {
  const match = /^ ?(\d{1,2}-[A-Z][a-z]{2}-\d{4} \d{2}:\d{2}:\d{2}) ([+-]\d{4})$/.exec(textOf(token));
  const date = new Date(match ? `${match[1]?.replaceAll('-', ' ')} ${match[2]}` : Number.NaN);
  if (Number.isNaN(date.getTime())) throw new CommandError(ARGUMENT_ERROR);
  return date;
}
