/** The commands of one conversation, in the order that Exchange insists on: EHLO, STARTTLS, EHLO, AUTH, MAIL, RCPT, DATA. */
import { authenticate, isGoodForSubmission } from './authentication.ts';
import { isAscii, type Path, parsePath, parseVerb } from './grammar.ts';
import { greeting, hello, RECIPIENT, SESSION, SUBMISSION } from './replies.ts';
import { meet, NOTHING, occasionOf, type Session, type Shared, stampOf } from './session.ts';
import { submit } from './submission.ts';
import { IdleTimeout } from './wire.ts';

// RFC 4954 section 4 wants room for AUTH lines; real tokens make them 2 to 4 kB.
const MAX_LINE_BYTES = 12_288;
const MAX_ERRORS = 10;
const OLD_TLS = ['TLSv1', 'TLSv1.1'];

/** Talks until one side has had enough; what goes wrong on the wire is only the end of the conversation. */
export async function converse(session: Session, shared: Shared): Promise<void> {
  try {
    await welcome(session, shared);
    while (!session.wire.isOver && (await answerNext(session, shared)));
  } catch (error) {
    if (!(error instanceof IdleTimeout)) throw error;
    session.wire.say(SESSION.idle);
    session.wire.end();
  }
}

async function welcome(session: Session, shared: Shared): Promise<void> {
  const { maxConnections } = shared.switches;
  const isTooMany = maxConnections !== undefined && shared.sessions.size > maxConnections;
  const fault = await meet(session, shared, { phase: 'connect' });
  speak(session, fault ?? (isTooMany ? SESSION.tooManyConnections : greeting(stampOf(session, shared))));
}

/** Says whether the conversation goes on. */
async function answerNext(session: Session, shared: Shared): Promise<boolean> {
  const line = await session.wire.readLine(MAX_LINE_BYTES);
  if (line.kind === 'gone') return false;
  if (line.kind === 'too-long') {
    session.wire.say(SESSION.lineTooLong);
    session.wire.end();
    return false;
  }
  const { name, rest } = parseVerb(line.text);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  const counted = command ? name : 'unknown';
  shared.counters.commands[counted] = (shared.counters.commands[counted] ?? 0) + 1;
  const reply = command
    ? await command(session, shared, rest)
    : `500 5.3.3 Unrecognized command '${name.slice(0, 40)}'`;
  if (reply.startsWith('50') && ++session.errors >= MAX_ERRORS) speak(session, SESSION.tooManyErrors);
  else speak(session, reply);
  return !session.wire.isOver;
}

/** A reply that announces the end is followed by it. */
function speak(session: Session, reply: string): void {
  if (reply === NOTHING) return;
  session.wire.say(reply);
  if (/^(421|221)/.test(reply)) session.wire.end();
}

type Answer = (session: Session, shared: Shared, rest: string) => string | Promise<string>;

const COMMANDS: Readonly<Record<string, Answer>> = {
  EHLO: greet,
  HELO: async (session, shared, rest) => {
    const reply = await greet(session, shared, rest);
    return reply.startsWith('250') ? (reply.split('\r\n', 1)[0] ?? '').replace('250-', '250 ') : reply;
  },
  STARTTLS: secure,
  AUTH: authenticate,
  MAIL: beginTransaction,
  RCPT: addRecipient,
  DATA: takeContent,
  BDAT: takeChunk,
  RSET: async (session, shared) => {
    const fault = await meet(session, shared, { phase: 'rset' });
    session.transaction = undefined;
    return fault ?? '250 2.0.0 Resetting';
  },
  NOOP: async (session, shared) => (await meet(session, shared, { phase: 'noop' })) ?? '250 2.0.0 OK',
  VRFY: () => '252 2.1.5 Cannot VRFY user',
  HELP: () =>
    '214-This server supports the following commands:\r\n214 HELO EHLO STARTTLS RCPT DATA RSET MAIL QUIT HELP AUTH BDAT',
  QUIT: async (session, shared) => (await meet(session, shared, { phase: 'quit' })) ?? SESSION.closing,
};

async function greet(session: Session, shared: Shared, rest: string): Promise<string> {
  const fault = await meet(session, shared, { phase: 'ehlo' });
  if (fault !== undefined) return fault;
  const { tlsVersion } = session.wire;
  if (tlsVersion !== undefined && OLD_TLS.includes(tlsVersion)) return SESSION.oldTls;
  if (!/^[\w.:[\]-]{1,255}$/.test(rest)) return '501 5.5.4 Invalid domain name';
  session.hello = rest;
  session.transaction = undefined;
  const security = tlsVersion === undefined ? 'plain' : 'tls';
  return hello({ ip: session.ip, security }, shared.switches.maxMessageBytes);
}

async function secure(session: Session, shared: Shared, rest: string): Promise<string> {
  if (session.hello === undefined) return '503 5.5.2 Send hello first';
  if (rest !== '') return '501 5.5.4 Invalid arguments';
  if (session.wire.tlsVersion !== undefined) return '503 5.5.2 Already using TLS';
  const fault = await meet(session, shared, { phase: 'starttls' });
  if (fault !== undefined) return fault;
  session.wire.say('220 2.0.0 SMTP server ready');
  const { isSecured, discardedBytes } = await session.wire.startTls(shared.secureContext);
  shared.counters.discardedBytes += discardedBytes;
  if (isSecured) shared.counters.tlsHandshakes += 1;
  // Nothing that was said before the handshake counts any more (RFC 3207 section 4.2).
  session.hello = undefined;
  session.transaction = undefined;
  return NOTHING;
}

const MAIL_PARAMETERS = ['SIZE', 'BODY', 'SMTPUTF8', 'RET', 'ENVID', 'AUTH'];
const RCPT_PARAMETERS = ['NOTIFY', 'ORCPT'];

function unknownParameter({ parameters }: Path, known: readonly string[]): string | undefined {
  const unknown = [...parameters.keys()].find((name) => !known.includes(name));
  return unknown === undefined ? undefined : `501 5.5.4 Unrecognized parameter '${unknown.slice(0, 40)}'`;
}

async function beginTransaction(session: Session, shared: Shared, rest: string): Promise<string> {
  if (session.hello === undefined) return '503 5.5.2 Send hello first';
  if (session.wire.tlsVersion === undefined) return SESSION.tlsNeeded;
  if (!session.login) return SESSION.notAuthenticated;
  if (session.transaction) return '503 5.5.2 Sender already specified';
  const isLookedAt = shared.switches.tokenCheck === 'message';
  if (isLookedAt && !isGoodForSubmission(session.login.token, shared.now())) return SESSION.notAuthenticated;
  const path = parsePath(rest, 'FROM');
  if (!path) return '501 5.1.7 Invalid address';
  const { address, parameters } = path;
  const body = (parameters.get('BODY') ?? '7BIT').toUpperCase();
  const size = parameters.get('SIZE') ?? '0';
  const encoding = parameters.has('SMTPUTF8') ? 'utf8' : 'ascii';
  const areKnown = /^\d{1,20}$/.test(size) && ['7BIT', '8BITMIME', 'BINARYMIME'].includes(body);
  if (!areKnown) return '501 5.5.4 Invalid arguments';
  if (encoding === 'ascii' && !isAscii(address)) return '501 5.1.7 Invalid address';
  const unknown = unknownParameter(path, MAIL_PARAMETERS);
  if (unknown) return unknown;
  const fault = await meet(session, shared, { phase: 'mail', address });
  if (fault !== undefined) return fault;
  if (Number(size) > shared.switches.maxMessageBytes) return SUBMISSION.tooLarge();
  session.transaction = { sender: address, body, encoding, recipients: [], chunks: [], isTooLarge: false };
  return '250 2.1.0 Sender OK';
}

async function addRecipient(session: Session, shared: Shared, rest: string): Promise<string> {
  const { transaction } = session;
  if (!transaction) return '503 5.5.2 Need mail command';
  const path = parsePath(rest, 'TO');
  if (!path || (transaction.encoding === 'ascii' && !isAscii(path.address))) return '501 5.1.3 Invalid address';
  const unknown = unknownParameter(path, RCPT_PARAMETERS);
  if (unknown) return unknown;
  const fault = await meet(session, shared, { phase: 'rcpt', address: path.address });
  if (fault !== undefined) return fault;
  if (transaction.recipients.length >= shared.switches.maxRecipients) return RECIPIENT.tooMany;
  transaction.recipients.push(path.address);
  return '250 2.1.5 Recipient OK';
}

async function takeContent(session: Session, shared: Shared, rest: string): Promise<string> {
  const { transaction, wire } = session;
  if (!transaction) return '503 5.5.2 Need mail command';
  if (transaction.recipients.length === 0) return '503 5.5.2 Need rcpt command';
  if (rest !== '') return '501 5.5.4 Invalid arguments';
  // RFC 3030 section 3: binary content, and content begun with BDAT, cannot go on with DATA.
  if (transaction.body === 'BINARYMIME' || transaction.chunks.length > 0) return '503 5.5.1 Bad sequence of commands';
  const fault = await meet(session, shared, { phase: 'data' });
  if (fault !== undefined) return fault;
  const cut = shared.faults.take(occasionOf(session, { phase: 'content' }));
  wire.say(SESSION.startContent);
  const content = await wire.readContent({ maxBytes: shared.switches.maxMessageBytes, stopAfter: cut?.afterBytes });
  let reply = NOTHING;
  if (content.kind === 'content') reply = await submit(session, shared, { content: content.bytes, by: 'DATA' });
  if (content.kind === 'too-large') reply = refuseLarge(shared);
  if (content.kind === 'stopped' && cut?.deed.kind === 'lose') {
    shared.counters.lost += 1;
    wire.lose(cut.deed.how);
  }
  session.transaction = undefined;
  return reply;
}

function refuseLarge(shared: Shared): string {
  shared.counters.refused += 1;
  return SUBMISSION.tooLarge();
}

/** The bytes of a chunk follow whatever is answered, so they are always read (RFC 3030 section 2). */
async function takeChunk(session: Session, shared: Shared, rest: string): Promise<string> {
  const [, size = '', last] = /^(\d{1,12})( LAST)?$/i.exec(rest) ?? [];
  if (size === '') return '501 5.5.4 Invalid arguments';
  const { maxMessageBytes, chunking } = shared.switches;
  const { transaction } = session;
  const sizeSoFar = transaction?.chunks.reduce((sum, piece) => sum + piece.length, 0) ?? 0;
  const chunk = await session.wire.readChunk(Number(size), maxMessageBytes - sizeSoFar);
  if (chunk.kind === 'gone') return NOTHING;
  if (chunking === 'refused') return '502 5.3.3 Command not implemented';
  if (!transaction) return '503 5.5.2 Need mail command';
  if (transaction.recipients.length === 0) return '503 5.5.2 Need rcpt command';
  if (chunk.kind === 'content') transaction.chunks.push(chunk.bytes);
  else transaction.isTooLarge = true;
  if (last === undefined) return `250 2.0.0 OK, received ${size} octets`;
  const content = Buffer.concat(transaction.chunks);
  const reply = transaction.isTooLarge ? refuseLarge(shared) : await submit(session, shared, { content, by: 'BDAT' });
  session.transaction = undefined;
  return reply;
}
