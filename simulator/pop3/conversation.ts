/** What is said in one POP3 session. Deletions happen at QUIT alone; a session that ends otherwise has deleted nothing. */
import { createHash } from 'node:crypto';
import { OUTLOOK_AUDIENCES, parseXoauth2, type Tenant } from '../imap/access.ts';
import type { Mailboxes, Message } from '../imap/mailboxes.ts';
import type { Wire } from '../smtp/wire.ts';
import type { PopFaults } from './faults.ts';
import type { Pop3Counters } from './server.ts';

/** MS-STANXPOP3: a command line has at most 512 bytes. What follows a challenge may be longer. */
const MAX_LINE_BYTES = 512;
const MAX_SASL_BYTES = 64 * 1024;
const FAILED = '-ERR Authentication failure: unknown user name or bad password.';
const LOGON_FAILED = '-ERR Logon failure: unknown user name or bad password.';
const UNKNOWN = '-ERR Protocol error. 14';

export type Entry = { readonly message: Message; isDeleted: boolean };

export type Session = {
  readonly id: number;
  readonly wire: Wire;
  /** The mailbox, once somebody has signed in. */
  address: string | undefined;
  /** The messages as they were at the sign-in. */
  entries: Entry[];
  pendingUser: string | undefined;
};

export type Shared = {
  readonly tenant: Tenant;
  readonly mailboxes: Mailboxes;
  readonly counters: Pop3Counters;
  readonly faults: PopFaults;
  readonly passwords: ReadonlyMap<string, string>;
  readonly now: () => Date;
};

/** Talks until the client leaves, or is left. */
export async function converse(session: Session, shared: Shared): Promise<void> {
  const { wire } = session;
  const server = Buffer.from('PRACTICE.EURPRD01.PROD.OUTLOOK.COM', 'utf16le').toString('base64');
  wire.say(`+OK The Microsoft Exchange POP3 service is ready. [${server}]`);
  while (!wire.isOver) {
    const line = await wire.readLine(MAX_LINE_BYTES);
    if (line.kind === 'gone') return;
    if (line.kind === 'too-long') {
      wire.say('-ERR Protocol error. Connection is closed. 10');
      return wire.end();
    }
    const [verb = '', ...words] = line.text.split(' ');
    const answer = await answerTo(session, shared, { verb: verb.toUpperCase(), words });
    if (answer !== undefined) wire.say(answer);
  }
}

type Asked = { readonly verb: string; readonly words: readonly string[] };

async function answerTo(session: Session, shared: Shared, asked: Asked): Promise<string | undefined> {
  if (shared.faults.take('hang', session.address)) {
    session.wire.lose('hang');
    return undefined;
  }
  const said = shared.faults.take('say', session.address, asked.verb)?.words;
  if (said !== undefined) return said;
  if (asked.verb === 'QUIT') return quit(session, shared);
  if (asked.verb === 'CAPA') return '+OK\r\nTOP\r\nUIDL\r\nSASL PLAIN XOAUTH2\r\nUSER\r\n.';
  if (session.address === undefined) return await signIn(session, shared, asked);
  return await transaction(session, shared, asked);
}

async function signIn(session: Session, shared: Shared, { verb, words }: Asked): Promise<string | undefined> {
  if (verb === 'USER') {
    session.pendingUser = words.join(' ');
    return '+OK';
  }
  if (verb === 'PASS') {
    const user = session.pendingUser?.toLowerCase() ?? '';
    const password = shared.passwords.get(user);
    if (password === undefined || password !== words.join(' ')) return refuse(shared, LOGON_FAILED);
    return enter(session, shared, user);
  }
  if (verb !== 'AUTH' || words[0]?.toUpperCase() !== 'XOAUTH2') return UNKNOWN;
  if (words.length > 1) {
    session.wire.say('-ERR Protocol error. Connection is closed. 10');
    session.wire.end();
    return undefined;
  }
  session.wire.say('+ ');
  const line = await session.wire.readLine(MAX_SASL_BYTES);
  if (line.kind !== 'line') return undefined;
  const given = parseXoauth2(line.text);
  const token = given && shared.tenant.findAccessToken(given.secret);
  if (!given || !token || !isGoodForPop(token, shared.now())) return refuse(shared, FAILED);
  if (!shared.tenant.mayOpenMailbox(token.username, given.user)) return refuse(shared, FAILED);
  return enter(session, shared, given.user);
}

function isGoodForPop(
  token: { readonly audience: string; readonly scopes: readonly string[]; readonly expiresAt: Date },
  now: Date,
): boolean {
  if (!OUTLOOK_AUDIENCES.has(token.audience.replace(/\/$/, '')) || token.expiresAt <= now) return false;
  return token.scopes.some((scope) => scope.slice(scope.lastIndexOf('/') + 1) === 'POP.AccessAsUser.All');
}

function refuse(shared: Shared, words: string): string {
  shared.counters.refusedLogins += 1;
  return words;
}

function enter(session: Session, shared: Shared, user: string): string {
  if (shared.faults.take('refuse-login', user)) return refuse(shared, FAILED);
  if (shared.faults.take('logon-failure', user)) return refuse(shared, LOGON_FAILED);
  if (shared.faults.take('in-use', user))
    return refuse(shared, '-ERR [IN-USE] The mailbox is used by another session.');
  const { address } = shared.mailboxes.open(user);
  session.address = address;
  const inbox = shared.mailboxes.getFolder(address, 'INBOX');
  session.entries = inbox.messages
    .filter(({ expunged }) => !expunged)
    .map((message) => ({ message, isDeleted: false }));
  shared.counters.logins += 1;
  return '+OK User successfully authenticated.';
}

async function transaction(session: Session, shared: Shared, { verb, words }: Asked): Promise<string | undefined> {
  const present = session.entries.flatMap((entry, at) => (entry.isDeleted ? [] : [{ entry, number: at + 1 }]));
  const sizeOf = ({ message }: Entry): number => message.bytes.length;
  switch (verb) {
    case 'STAT':
      return `+OK ${present.length} ${present.reduce((sum, { entry }) => sum + sizeOf(entry), 0)}`;
    case 'NOOP':
      return '+OK';
    case 'RSET':
      for (const entry of session.entries) entry.isDeleted = false;
      return '+OK';
    case 'LIST':
      return listing(present.map(({ entry, number }) => `${number} ${sizeOf(entry)}`));
    case 'UIDL':
      if (shared.faults.take('no-uidl', session.address)) return UNKNOWN;
      return listing(present.map(({ entry, number }) => `${number} ${uidlOf(session, shared, entry)}`));
    default:
      return await withMessage(session, shared, { verb, words });
  }
}

function listing(lines: readonly string[]): string {
  return ['+OK', ...lines, '.'].join('\r\n');
}

function uidlOf(session: Session, shared: Shared, { message }: Entry): string {
  // Met without being used up: a server that has begun anew goes on with what it says now.
  const isReset = shared.faults.list().some(({ name, address = session.address }) => {
    return name === 'reset-uidls' && address === session.address;
  });
  const epoch = isReset ? 'second' : 'first';
  return createHash('sha256').update(`${epoch} ${session.address} ${message.uid}`).digest('hex').slice(0, 32);
}

async function withMessage(session: Session, shared: Shared, { verb, words }: Asked): Promise<string | undefined> {
  const entry = session.entries[Number(words[0]) - 1];
  if (!['RETR', 'TOP', 'DELE'].includes(verb)) return UNKNOWN;
  if (!entry || entry.isDeleted) return '-ERR The specified message is out of range.';
  if (verb === 'DELE') {
    entry.isDeleted = true;
    return '+OK';
  }
  const { bytes } = entry.message;
  if (verb === 'TOP') {
    const end = bytes.indexOf('\r\n\r\n');
    await session.wire.pour(framed(end < 0 ? bytes : bytes.subarray(0, end + 4)));
    return undefined;
  }
  shared.counters.retrieved += 1;
  const cut = shared.faults.take('cut-retr', session.address);
  await session.wire.pour(cut ? framed(bytes).subarray(0, cut.afterBytes ?? 1000) : framed(bytes));
  if (cut) session.wire.lose('close');
  return undefined;
}

/** A line that begins with a dot gets a second one for the journey (RFC 1939 section 3). */
function framed(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1');
  const lines = text.endsWith('\r\n') ? text : `${text}\r\n`;
  const stuffed = `\r\n${lines}`.replaceAll('\r\n.', '\r\n..').slice(2);
  return Buffer.from(`+OK\r\n${stuffed}.\r\n`, 'latin1');
}

function quit(session: Session, shared: Shared): string | undefined {
  const { address, wire } = session;
  if (shared.faults.take('drop-before-quit', address)) {
    wire.lose('reset');
    return undefined;
  }
  const deleted = session.entries.filter(({ isDeleted }) => isDeleted).map(({ message }) => message);
  if (address !== undefined && deleted.length > 0 && !shared.faults.take('ignore-deletes', address)) {
    shared.mailboxes.remove(shared.mailboxes.getFolder(address, 'INBOX'), deleted);
    shared.counters.deleted += deleted.length;
  }
  wire.say('+OK Microsoft Exchange Server POP3 server signing off.');
  wire.end();
  return undefined;
}
