/**
 * The loop of one session: read a command, let the armed faults speak first, perform it, tell what else has changed,
 * and answer.
 */
import { type Access, authenticate, capabilities, greeting, login } from './access.ts';
import { fetchMessages } from './fetch.ts';
import {
  append,
  closeFolder,
  copy,
  create,
  expunge,
  list,
  move,
  remove,
  select,
  status,
  store,
  subscribe,
} from './folders.ts';
import { ARGUMENT_ERROR, CommandError, readCommand, textOf, tokenize } from './grammar.ts';
import { search } from './search.ts';
import { type Answer, type Command, INVALID_STATE, type Session, type SessionState } from './session.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const IDLE_LIMIT_MS = 30 * MINUTE_MS;
const LOGIN_LIMIT_MS = MINUTE_MS;
const MAX_LINE_BYTES = 10 * 1024; // Exchange's documented default on premises
const MAX_LITERAL_BYTES = 150 * 1024 * 1024;
const MAX_LITERAL_BEFORE_LOGIN_BYTES = 16 * 1024;
const MAX_BAD_COMMANDS = 10;

type Log = (line: string) => void;

const QUIET: ReadonlySet<SessionState> = new Set(['over', 'muted', 'invalidated']);

/** What time does to a session: the token runs out, or nobody has said anything for too long. */
export async function inspect(session: Session, now: Date): Promise<void> {
  if (session.isInsideLiteral || QUIET.has(session.state)) return;
  if (session.token && session.token.expiresAt <= now) return session.bye('token-expired');
  const limitMs = session.state === 'greeted' ? LOGIN_LIMIT_MS : IDLE_LIMIT_MS;
  if (now.getTime() - session.lastInputAt.getTime() >= limitMs) return session.bye('idle');
}

/** Holds the conversation to its end. */
export async function converse(session: Session, access: Access, log: Log): Promise<void> {
  if (session.shared.faults.take('unavailable', { command: 'GREETING' })) return unavailable(session);
  const lost = session.shared.faults.take('lose-connection', { command: 'GREETING' });
  if (lost) return session.lose(lost.how);
  session.say(`${greeting(session.shared.profile)}\r\n`);
  await session.flush();
  while (!session.isOver && session.state !== 'muted') {
    const { tag, answer } = await nextAnswer(session, access, log);
    if (answer === 'none' || session.isOver) return;
    const isAboutNumbers = /^(OK|NO|BAD) (FETCH|STORE|SEARCH) /.test(answer);
    await session.tellChanges(isAboutNumbers ? 'later' : 'allowed');
    session.say(`${tag} ${answer}\r\n`);
    log(`${tag} ${answer}`);
    if (answer.startsWith('BAD')) session.badCommands += 1;
    await session.flush();
    if (session.badCommands >= MAX_BAD_COMMANDS) return session.bye('protocol');
    if (session.state === 'invalidated') return session.lose('close');
  }
}

async function nextAnswer(session: Session, access: Access, log: Log): Promise<{ tag: string; answer: Answer }> {
  let tag = '*';
  try {
    const segments = await readCommand(session.reader, {
      maxLineBytes: MAX_LINE_BYTES,
      maxLiteralBytes: session.mailbox ? MAX_LITERAL_BYTES : MAX_LITERAL_BEFORE_LOGIN_BYTES,
      goAhead: async () => {
        session.say('+ Ready for additional command text.\r\n');
        await session.flush();
      },
    });
    if (!segments) {
      await session.lose('close');
      return { tag, answer: 'none' };
    }
    session.lastInputAt = session.shared.now();
    const first = /^([^\s(){%*"\\+]{1,64}) +(.*)$/s.exec(segments[0]?.text ?? '');
    if (!first) throw new CommandError(ARGUMENT_ERROR);
    tag = first[1] as string;
    const command = parseCommand(tag, [{ ...segments[0], text: first[2] as string }, ...segments.slice(1)]);
    log(`${tag} ${command.numbers === 'uid' ? 'UID ' : ''}${command.name}`);
    return { tag, answer: await perform(session, command, access) };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    if (error.fatal === 'stay') return { tag, answer: `BAD ${error.message}` };
    session.say(`${tag} BAD ${error.message}\r\n`);
    await session.bye('protocol');
    return { tag, answer: 'none' };
  }
}

function parseCommand(tag: string, segments: Parameters<typeof tokenize>[0]): Command {
  const [word, ...args] = tokenize(segments);
  const name = textOf(word).toUpperCase();
  if (name !== 'UID') return { tag, name, numbers: 'sequence', args };
  const [inner, ...rest] = args;
  const uidName = textOf(inner).toUpperCase();
  if (!['FETCH', 'SEARCH', 'STORE', 'COPY', 'MOVE', 'EXPUNGE'].includes(uidName))
    throw new CommandError(ARGUMENT_ERROR);
  return { tag, name: uidName, numbers: 'uid', args: rest };
}

type Verb = (session: Session, command: Command) => Answer | Promise<Answer>;

const ANY_STATE: Readonly<Record<string, Verb>> = {
  CAPABILITY: (session) => {
    const moment = session.state === 'greeted' ? 'before-login' : 'after-login';
    session.say(`* CAPABILITY ${capabilities(session.shared.profile, moment)}\r\n`);
    return 'OK CAPABILITY completed.';
  },
  NOOP: () => 'OK NOOP completed.',
  ID: (session) => {
    session.say('* ID ("name" "Microsoft.Exchange.Imap4.Imap4Server" "version" "15.20")\r\n');
    return 'OK ID completed.';
  },
};

const LOGGED_IN: Readonly<Record<string, Verb>> = {
  NAMESPACE: (session) => {
    session.say('* NAMESPACE (("" "/")) NIL NIL\r\n');
    return 'OK NAMESPACE completed.';
  },
  LIST: list,
  LSUB: list,
  STATUS: status,
  CREATE: create,
  DELETE: remove,
  SUBSCRIBE: subscribe,
  UNSUBSCRIBE: subscribe,
  SELECT: select,
  EXAMINE: select,
  APPEND: append,
  IDLE: idle,
};

const SELECTED: Readonly<Record<string, Verb>> = {
  CHECK: () => 'OK CHECK completed.',
  CLOSE: closeFolder,
  UNSELECT: closeFolder,
  SEARCH: search,
  FETCH: fetchMessages,
  STORE: store,
  COPY: copy,
  MOVE: move,
  EXPUNGE: expunge,
};

async function perform(session: Session, command: Command, access: Access): Promise<Answer> {
  const { name } = command;
  const { counters } = session.shared;
  if (session.token) await inspect(session, access.now());
  if (session.isOver) return 'none';
  if (name === 'LOGOUT') return logout(session, command);
  if (session.state === 'invalidated') return INVALID_STATE;
  if (session.state === 'without-mailbox') {
    session.say(`${command.tag} BAD User is authenticated but not connected.\r\n`);
    await session.bye('protocol');
    return 'none';
  }
  if (isKnown(name)) counters.commands[name] = (counters.commands[name] ?? 0) + 1;
  const failed = await fail(session, command);
  if (failed) return failed;
  if (name === 'AUTHENTICATE' || name === 'LOGIN') {
    if (session.state !== 'greeted') return INVALID_STATE;
    return name === 'LOGIN' ? login(session, command, access) : authenticate(session, command, access);
  }
  if (name === 'ENABLE' && session.shared.profile === 'rev2') return enable(session, command);
  const any = ANY_STATE[name];
  if (any) return any(session, command);
  const loggedIn = LOGGED_IN[name];
  if (loggedIn) return session.mailbox ? loggedIn(session, command) : INVALID_STATE;
  const selected = SELECTED[name];
  if (!selected) return `BAD ${ARGUMENT_ERROR}`;
  if (!session.view) return INVALID_STATE;
  if (!session.view.isStale) return selected(session, command);
  await session.bye('protocol');
  return 'none';
}

function isKnown(name: string): boolean {
  if (['AUTHENTICATE', 'LOGIN', 'ENABLE'].includes(name)) return true;
  return [ANY_STATE, LOGGED_IN, SELECTED].some((verbs) => verbs[name] !== undefined);
}

/** What goes wrong instead of the command, if anything is armed for it. */
async function fail(session: Session, { name, tag }: Command): Promise<Answer | undefined> {
  const { faults } = session.shared;
  const occasion = { address: session.address, command: name };
  const lost = faults.take('lose-connection', occasion);
  if (lost) {
    await session.lose(lost.how);
    return 'none';
  }
  const bye = faults.take('bye', occasion);
  if (bye) {
    await session.bye(bye.reason);
    return bye.reason === 'token-expired' ? INVALID_STATE : 'none';
  }
  const throttle = faults.take('throttle', occasion);
  if (throttle) {
    const backoff = `Request is throttled. Suggested Backoff Time: ${throttle.backoffMs} milliseconds`;
    session.say(`${tag} ${throttle.answer ?? 'BAD'} ${backoff}\r\n`);
    await session.bye('protocol');
    return 'none';
  }
  if (faults.take('unavailable', occasion)) {
    await unavailable(session);
    return 'none';
  }
  const said = faults.take('say', occasion);
  if (said) return said.words;
  return faults.take('refuse', occasion) ? `NO ${name} failed.` : undefined;
}

/** Overload: a line without tag or asterisk, which no client can parse, and the end. */
async function unavailable(session: Session): Promise<void> {
  session.say('Server Unavailable. 15\r\n');
  await session.end();
}

async function logout(session: Session, { tag }: Command): Promise<Answer> {
  session.say('* BYE Microsoft Exchange Server IMAP4 server signing off.\r\n', `${tag} OK LOGOUT completed.\r\n`);
  await session.end();
  return 'none';
}

function enable(session: Session, command: Command): Answer {
  if (!session.mailbox) return INVALID_STATE;
  const wanted = command.args.map((token) => textOf(token).toUpperCase());
  session.isRev2 ||= wanted.includes('IMAP4REV2');
  session.say(`* ENABLED${wanted.includes('IMAP4REV2') ? ' IMAP4rev2' : ''}\r\n`);
  return 'OK ENABLE completed.';
}

const MAX_DONE_BYTES = 1024;

/** RFC 2177. What came in before is told ahead of the "+": clients must bear that. */
async function idle(session: Session, command: Command): Promise<Answer> {
  if (command.args.length > 0) throw new CommandError(ARGUMENT_ERROR);
  const mute = session.shared.faults.take('mute-idle', { address: session.address });
  const folder = mute ? undefined : session.view?.folder;
  if (!mute) await session.tellChanges('allowed');
  session.say('+ IDLE accepted, awaiting DONE command.\r\n');
  await session.flush();
  if (mute?.done === 'ignored') {
    await session.lose('hang');
    return 'none';
  }
  const tell = (): void => {
    void session.tellChanges('allowed').then(() => session.flush());
  };
  folder?.watchers.add(tell);
  session.isIdling = true;
  const line = await session.reader.readLine(MAX_DONE_BYTES).finally(() => {
    session.isIdling = false;
    folder?.watchers.delete(tell);
  });
  session.lastInputAt = session.shared.now();
  if (line === undefined || session.isOver || session.state === 'muted') return 'none';
  if (session.state === 'invalidated') return INVALID_STATE;
  return line.toString('latin1').toUpperCase() === 'DONE' ? 'OK IDLE completed.' : `BAD ${ARGUMENT_ERROR}`;
}
