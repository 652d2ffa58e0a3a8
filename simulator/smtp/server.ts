/** The practice tenant's submission server: looks and fails like Exchange Online's. Here it is started, stopped and steered. */
import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { Mailboxes } from '../imap/mailboxes.ts';
import { converse } from './conversation.ts';
import { FAULT_NAMES, Faults, parseFault, type SmtpFault } from './faults.ts';
import { type Accepted, type Counters, Ledger, newCounters } from './ledger.ts';
import { newSession, type Session, type Shared, type Tenant } from './session.ts';
import { DEFAULT_SWITCHES, resetSwitches, type Switches, setSwitches } from './switches.ts';
import { type LossOfConnection, Wire } from './wire.ts';

export type SmtpOptions = {
  readonly tenant: Tenant;
  readonly clock: { now(): Date };
  readonly tls: { readonly key: string | Buffer; readonly cert: string | Buffer };
  readonly host: string;
  readonly port: number;
  /** Where the copies go: the mailboxes that the IMAP part shows. */
  readonly mailboxes: Mailboxes;
  readonly log?: (line: string) => void;
};

export type SessionReport = {
  readonly id: number;
  readonly startedAt: Date;
  readonly tlsVersion: string | undefined;
  readonly mailbox: string | undefined;
  readonly sender: string | undefined;
  readonly messages: number;
};

export type Smtp = {
  readonly host: string;
  readonly port: number;
  readonly faults: Faults;
  readonly counters: Counters;
  readonly switches: Readonly<Switches>;
  /** Every message that was answered with 250, or would have been if the answer had not been lost. */
  accepted(): readonly Accepted[];
  findContent(id: number): Buffer | undefined;
  addFault(fault: SmtpFault): void;
  setSwitches(changes: Partial<Switches>): void;
  sessions(): SessionReport[];
  /** Ends running sessions, all or those of one mailbox; returns how many. */
  endSessions(how: LossOfConnection, mailbox?: string): number;
  /** Forgets what was accepted, with the counters and the limits that hang on it. */
  clear(): void;
  /** Takes away faults and switches, too. */
  reset(): void;
  close(): Promise<void>;
};

/** Starts the server; when it resolves, connections are accepted. */
export async function startSmtp(options: SmtpOptions): Promise<Smtp> {
  const sessions = new Set<Session>();
  const stop = new AbortController();
  const shared: Shared = {
    tenant: options.tenant,
    mailboxes: options.mailboxes,
    faults: new Faults(),
    switches: resetSwitches({ ...DEFAULT_SWITCHES }),
    counters: newCounters(),
    ledger: new Ledger(),
    sessions,
    // Old versions are let in to the handshake, because Exchange refuses them only afterwards, in words.
    secureContext: createSecureContext({ ...options.tls, minVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' }),
    now: () => options.clock.now(),
    stop: stop.signal,
  };
  const server = createServer({ noDelay: true }, (socket) => receive(socket, { shared, sessions, log: options.log }));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const address = server.address();
  return {
    ...steering(shared),
    host: options.host,
    port: typeof address === 'object' && address ? address.port : options.port,
    close: () => close(server, sessions, stop),
  };
}

type Reception = { shared: Shared; sessions: Set<Session>; log: ((line: string) => void) | undefined };

function receive(socket: Socket, { shared, sessions, log }: Reception): void {
  shared.counters.connections += 1;
  const wire = new Wire(socket, () => shared.switches.idleMs);
  const ip = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  const session = newSession(shared.counters.connections, { wire, ip, startedAt: shared.now() });
  sessions.add(session);
  socket.on('close', () => sessions.delete(session));
  converse(session, shared).catch((error: unknown) => {
    log?.(`smtp ${session.id} failed: ${error instanceof Error ? error.stack : String(error)}`);
    wire.lose('close');
  });
}

async function close(server: Server, sessions: Iterable<Session>, stop: AbortController): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  stop.abort();
  for (const session of sessions) session.wire.lose('close');
  await closed;
}

function steering(shared: Shared): Omit<Smtp, 'host' | 'port' | 'close'> {
  const { faults, counters, switches, ledger } = shared;
  const clear = (): void => {
    ledger.clear();
    Object.assign(counters, newCounters(), { connections: counters.connections, logins: counters.logins });
  };
  return {
    faults,
    counters,
    switches,
    accepted: () => ledger.list(),
    findContent: (id) => ledger.findContent(id),
    addFault: (fault) => faults.add(fault),
    setSwitches: (changes) => {
      setSwitches(switches, changes);
    },
    sessions: () => [...shared.sessions].map(report),
    endSessions: (how, mailbox) => {
      const meant = [...shared.sessions].filter((one) => mailbox === undefined || one.login?.mailbox === mailbox);
      for (const session of meant) session.wire.lose(how);
      return meant.length;
    },
    clear,
    reset: () => {
      clear();
      faults.clear();
      resetSwitches(switches);
    },
  };
}

function report({ id, startedAt, wire, login, transaction, messages }: Session): SessionReport {
  const { tlsVersion } = wire;
  return { id, startedAt, tlsVersion, mailbox: login?.mailbox, sender: transaction?.sender, messages };
}

type Input = Readonly<Record<string, unknown>>;
type Route = {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Takes the JSON body, or for GET the query as an object; what it throws is the caller's mistake. */
  readonly handler: (input: Input) => unknown;
};

/** What tests and the demo may ask of the server over the control surface. */
export function smtpControlRoutes(smtp: Smtp): Route[] {
  const get = (path: string, handler: (input: Input) => unknown): Route => ({ method: 'GET', path, handler });
  const post = (path: string, handler: (input: Input) => unknown): Route => ({ method: 'POST', path, handler });
  const counted = () => ({ counters: smtp.counters });
  return [
    get('/smtp/accepted', (query) => ({ accepted: acceptedSince(smtp, query) })),
    get('/smtp/message', (query) => readMessage(smtp, query)),
    get('/smtp/sessions', () => ({ sessions: smtp.sessions() })),
    get('/smtp/counters', counted),
    get('/smtp/faults', () => ({ faults: smtp.faults.list(), names: FAULT_NAMES })),
    post('/smtp/fault', (body) => {
      smtp.addFault(parseFault(body));
      return { faults: smtp.faults.list() };
    }),
    post('/smtp/clear-faults', () => {
      smtp.faults.clear();
      return { faults: [] };
    }),
    get('/smtp/switches', () => ({ switches: smtp.switches })),
    post('/smtp/switch', (body) => {
      smtp.setSwitches(body);
      return { switches: smtp.switches };
    }),
    post('/smtp/end-sessions', (body) => endBy(smtp, body)),
    post('/smtp/clear', () => {
      smtp.clear();
      return counted();
    }),
    post('/smtp/reset', () => {
      smtp.reset();
      return counted();
    }),
  ];
}

/** All, or with `after` those with a larger number: whoever asks again and again gets only what is new. */
function acceptedSince(smtp: Smtp, query: Input): readonly Accepted[] {
  const after = Number(query.after ?? 0);
  if (!Number.isSafeInteger(after)) throw new Error('after must be the number of a message');
  return smtp.accepted().filter((message) => message.id > after);
}

function readMessage(smtp: Smtp, query: Input): { id: number; message: string } {
  const id = Number(query.id);
  const content = smtp.findContent(id);
  if (!content) throw new Error(`no message ${String(query.id)} was accepted`);
  return { id, message: content.toString('base64') };
}

function endBy(smtp: Smtp, body: Input): { ended: number } {
  const how = (['close', 'reset', 'hang'] as const).find((way) => way === body.how);
  if (!how) throw new Error('how must be one of close, reset, hang');
  if (body.mailbox !== undefined && typeof body.mailbox !== 'string') throw new Error('mailbox must be an address');
  return { ended: smtp.endSessions(how, body.mailbox) };
}
