/** The practice tenant's IMAP server: looks and fails like Exchange Online's. Here it is started, stopped and steered. */
import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { type Access, PROFILES, type Tenant } from './access.ts';
import { converse, inspect } from './conversation.ts';
import { type ByeReason, Faults, type LossOfConnection, parseFault } from './faults.ts';
import { Mailboxes } from './mailboxes.ts';
import { Persistence } from './persistence.ts';
import { type Counters, type Profile, Session, type SessionState } from './session.ts';
import { headerOf, parseMessage } from './structure.ts';

const DEFAULT_SESSIONS_PER_MAILBOX = 20;
const INSPECT_MS = 100;
const HANDSHAKE_LIMIT_MS = 10_000;

export type ImapOptions = {
  readonly tenant: Tenant;
  readonly clock: { now(): Date; onMove?(listener: () => void): () => void };
  /** Implicit TLS; plain TCP when not given. */
  readonly tls?: { readonly key: string | Buffer; readonly cert: string | Buffer };
  readonly host: string;
  readonly port: number;
  /** Where the mail is kept; in memory only when not given. */
  readonly directory?: string;
  readonly profile?: Profile;
  readonly passwords?: Readonly<Record<string, string>>;
  readonly maxSessionsPerMailbox?: number;
  readonly log?: (line: string) => void;
};

export type SessionReport = {
  readonly id: number;
  readonly state: SessionState;
  readonly address: string | undefined;
  readonly folder: string | undefined;
  readonly isIdling: boolean;
  readonly startedAt: Date;
};

export type Imap = {
  readonly host: string;
  readonly port: number;
  readonly mailboxes: Mailboxes;
  readonly faults: Faults;
  readonly counters: Counters;
  sessions(): SessionReport[];
  /** Ends running sessions, all or those of one mailbox; returns how many. */
  endSessions(how: LossOfConnection | ByeReason, address?: string): Promise<number>;
  setProfile(profile: Profile): void;
  close(): Promise<void>;
};

function accessOf(
  { tenant, clock, passwords, maxSessionsPerMailbox }: ImapOptions,
  sessions: Iterable<Session>,
): Access {
  return {
    tenant,
    now: () => clock.now(),
    passwords: new Map(Object.entries(passwords ?? {}).map(([user, word]) => [user.toLowerCase(), word])),
    maxSessionsPerMailbox: maxSessionsPerMailbox ?? DEFAULT_SESSIONS_PER_MAILBOX,
    countSessions: (address) => [...sessions].filter((session) => session.address === address).length,
  };
}

/** Starts the server; when it resolves, connections are accepted. */
export async function startImap(options: ImapOptions): Promise<Imap> {
  const { tenant, clock } = options;
  const now = (): Date => clock.now();
  const canonicalAddress = (address: string): string => tenant.addressesOf?.(address)[0] ?? address;
  const persistence = options.directory === undefined ? undefined : new Persistence(options.directory);
  const mailboxes = new Mailboxes({ now, canonicalAddress, persistence });
  const counters: Counters = { connections: 0, logins: 0, refusedLogins: 0, bodiesFetched: 0, commands: {} };
  const shared = {
    mailboxes,
    faults: new Faults(canonicalAddress),
    counters,
    profile: options.profile ?? 'classic',
    now,
  };
  const sessions = new Set<Session>();
  const access = accessOf(options, sessions);
  const { server, sockets } = listenWith(options, (socket, reset) => {
    counters.connections += 1;
    const session = new Session(counters.connections, { socket, reset }, { ...shared });
    sessions.add(session);
    socket.on('close', () => sessions.delete(session));
    const say = (line: string): void => options.log?.(`imap ${session.id} ${line}`);
    converse(session, access, say).catch((error: unknown) => {
      say(`failed: ${error instanceof Error ? error.stack : String(error)}`);
      return session.lose('close');
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const inspectAll = (): void => {
    for (const session of sessions) void inspect(session, now());
  };
  const timer = setInterval(inspectAll, INSPECT_MS).unref();
  const stopListening = clock.onMove?.(inspectAll);
  const address = server.address();
  return {
    host: options.host,
    port: typeof address === 'object' && address ? address.port : options.port,
    mailboxes,
    faults: shared.faults,
    counters,
    sessions: () => [...sessions].map(report),
    endSessions: (how, of) => endSessions([...sessions], how, of && mailboxes.open(of).address),
    setProfile: (profile) => {
      shared.profile = profile;
    },
    close: async () => {
      clearInterval(timer);
      stopListening?.();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await Promise.all([...sessions].map((session) => session.lose('close')));
      for (const socket of sockets) socket.destroy();
      await closed;
      await mailboxes.settled();
    },
  };
}

type Listening = { readonly server: Server; readonly sockets: ReadonlySet<Socket> };

/** With TLS the connections below are kept, too: to reset them, and not to wait at the end for an unfinished handshake. */
function listenWith({ tls }: ImapOptions, accept: (socket: Socket, reset: () => void) => void): Listening {
  const sockets = new Set<Socket>();
  const secureContext = tls && createSecureContext({ key: tls.key, cert: tls.cert, minVersion: 'TLSv1.2' });
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
    const reset = (): void => {
      socket.resetAndDestroy();
    };
    if (!secureContext) return accept(socket, reset);
    const secured = new TLSSocket(socket, { isServer: true, secureContext });
    const handshakeLimit = setTimeout(() => socket.destroy(), HANDSHAKE_LIMIT_MS);
    secured.on('error', () => socket.destroy()).on('close', () => clearTimeout(handshakeLimit));
    secured.once('secure', () => {
      clearTimeout(handshakeLimit);
      accept(secured, reset);
    });
  });
  return { server, sockets };
}

function report(session: Session): SessionReport {
  const { id, state, address, isIdling, startedAt } = session;
  return { id, state, address, folder: session.view?.folder.name, isIdling, startedAt };
}

async function endSessions(
  sessions: readonly Session[],
  how: LossOfConnection | ByeReason,
  address: string | undefined,
): Promise<number> {
  const meant = sessions.filter((session) => address === undefined || session.address === address);
  for (const session of meant) {
    if (how === 'close' || how === 'reset' || how === 'hang') await session.lose(how);
    else await session.bye(how);
  }
  return meant.length;
}

type Route = {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Takes the JSON body, or for GET the query as an object; what it throws is the caller's mistake. */
  readonly handler: (body: unknown) => unknown;
};

/** What tests and the demo may ask of the server over the control surface. */
export function imapControlRoutes(imap: Imap): Route[] {
  const { mailboxes, faults } = imap;
  return [
    { method: 'POST', path: '/imap/deliver', handler: (body) => deliver(imap, fieldsOf(body)) },
    { method: 'POST', path: '/imap/duplicate', handler: (body) => duplicate(imap, fieldsOf(body)) },
    {
      method: 'GET',
      path: '/imap/mailbox',
      handler: (body) => describeMailbox(imap, textIn(fieldsOf(body), 'address')),
    },
    { method: 'GET', path: '/imap/message', handler: (body) => readMessage(imap, fieldsOf(body)) },
    { method: 'GET', path: '/imap/sessions', handler: () => imap.sessions() },
    { method: 'GET', path: '/imap/counters', handler: () => ({ ...imap.counters, mailboxes: mailboxes.counters }) },
    { method: 'GET', path: '/imap/faults', handler: () => faults.list() },
    {
      method: 'POST',
      path: '/imap/fault',
      handler: (body) => {
        faults.add(parseFault(body));
        return faults.list();
      },
    },
    {
      method: 'POST',
      path: '/imap/clear-faults',
      handler: () => {
        faults.clear();
        return [];
      },
    },
    { method: 'POST', path: '/imap/end-sessions', handler: (body) => endBy(imap, fieldsOf(body)) },
    {
      method: 'POST',
      path: '/imap/profile',
      handler: (body) => {
        const profile = textIn(fieldsOf(body), 'profile');
        const known = PROFILES.find((name) => name === profile);
        if (!known) throw new Error(`profile must be one of ${PROFILES.join(', ')}`);
        imap.setProfile(known);
        return { profile };
      },
    },
    {
      method: 'POST',
      path: '/imap/uidvalidity',
      handler: async (body) => {
        const fields = fieldsOf(body);
        const address = textIn(fields, 'address');
        mailboxes.resetUidValidity(address, fields.folder === undefined ? undefined : textIn(fields, 'folder'));
        await mailboxes.settled();
        return describeMailbox(imap, address);
      },
    },
  ];
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(body: unknown): Fields {
  if (typeof body !== 'object' || body === null) throw new Error('an object with fields is expected');
  return body as Fields;
}

function textIn(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string' || value === '') throw new Error(`field ${name} must be a text`);
  return value;
}

function uidIn(fields: Fields): number {
  const uid = Number(fields.uid);
  if (!Number.isSafeInteger(uid) || uid < 1) throw new Error('field uid must be a number');
  return uid;
}

function folderIn(fields: Fields): string {
  return fields.folder === undefined ? 'INBOX' : textIn(fields, 'folder');
}

/** The message is base64 when nothing in it could be anything else; a real message has a colon in its header. */
function bytesOf(message: string): Buffer {
  const isBase64 = /^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(message);
  return isBase64 ? Buffer.from(message, 'base64') : Buffer.from(message.replace(/\r?\n/g, '\r\n'), 'utf8');
}

async function deliver(
  { mailboxes }: Imap,
  fields: Fields,
): Promise<{ folder: string; uid: number; uidValidity: number }> {
  const [address, folder] = [textIn(fields, 'address'), folderIn(fields)];
  const { uid } = mailboxes.deliver(address, bytesOf(textIn(fields, 'message')), { folder });
  await mailboxes.settled();
  return { folder, uid, uidValidity: mailboxes.getFolder(address, folder).uidValidity };
}

async function duplicate({ mailboxes }: Imap, fields: Fields): Promise<{ uid: number }> {
  const { uid } = mailboxes.duplicate(textIn(fields, 'address'), folderIn(fields), uidIn(fields));
  await mailboxes.settled();
  return { uid };
}

function readMessage({ mailboxes }: Imap, fields: Fields): { uid: number; message: string } {
  const [address, folder, uid] = [textIn(fields, 'address'), folderIn(fields), uidIn(fields)];
  const message = mailboxes.findMessage(address, folder, uid);
  if (!message) throw new Error(`folder ${folder} of ${address} has no message ${uid}`);
  return { uid, message: message.bytes.toString('base64') };
}

async function endBy(imap: Imap, fields: Fields): Promise<{ ended: number }> {
  const ways = ['close', 'reset', 'hang', 'token-expired', 'idle', 'protocol'] as const;
  const how = ways.find((way) => way === fields.how);
  if (!how) throw new Error(`how must be one of ${ways.join(', ')}`);
  return { ended: await imap.endSessions(how, fields.address === undefined ? undefined : textIn(fields, 'address')) };
}

function describeMailbox({ mailboxes }: Imap, address: string): unknown {
  const mailbox = mailboxes.open(address);
  const folders = [...mailbox.folders.values()].map(({ name, uidValidity, uidNext, messages }) => ({
    name,
    uidValidity,
    uidNext,
    messages: messages.map(({ uid, bytes, flags, receivedAt }) => {
      const subject = headerOf(parseMessage(bytes), 'subject');
      return { uid, size: bytes.length, subject, flags: [...flags], receivedAt };
    }),
  }));
  return { address: mailbox.address, folders };
}
