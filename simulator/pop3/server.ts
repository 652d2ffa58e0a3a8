/** The practice tenant's POP3 server: looks and fails like Exchange Online's, over the mailboxes that IMAP shows too. */
import { createServer, type Server } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { Tenant } from '../imap/access.ts';
import type { Mailboxes } from '../imap/mailboxes.ts';
import { Wire } from '../smtp/wire.ts';
import { converse, type Session } from './conversation.ts';
import { FAULT_NAMES, type PopFault, PopFaults } from './faults.ts';

const IDLE_MS = 60_000;

export type Pop3Options = {
  readonly tenant: Tenant;
  readonly clock: { now(): Date };
  readonly tls: { readonly key: string | Buffer; readonly cert: string | Buffer };
  readonly host: string;
  readonly port: number;
  readonly mailboxes: Mailboxes;
  /** Accounts that may sign in with USER and PASS; Exchange itself has none. */
  readonly passwords?: Readonly<Record<string, string>>;
  readonly log?: (line: string) => void;
};

export type Pop3Counters = {
  connections: number;
  logins: number;
  refusedLogins: number;
  retrieved: number;
  deleted: number;
};

export type Pop3 = {
  readonly port: number;
  readonly counters: Pop3Counters;
  readonly faults: PopFaults;
  sessions(): number;
  close(): Promise<void>;
};

/** Starts the server, with TLS from the first byte; when it resolves, connections are accepted. */
export async function startPop3(options: Pop3Options): Promise<Pop3> {
  const { tenant, clock, mailboxes } = options;
  const secureContext = createSecureContext({ key: options.tls.key, cert: options.tls.cert, minVersion: 'TLSv1.2' });
  const counters: Pop3Counters = { connections: 0, logins: 0, refusedLogins: 0, retrieved: 0, deleted: 0 };
  const faults = new PopFaults();
  const passwords = new Map(Object.entries(options.passwords ?? {}).map(([user, word]) => [user.toLowerCase(), word]));
  const shared = { tenant, mailboxes, counters, faults, passwords, now: () => clock.now() };
  const sessions = new Set<Session>();
  const server: Server = createServer({ noDelay: true }, (socket) => {
    counters.connections += 1;
    const id = counters.connections;
    const wire = new Wire(socket, () => IDLE_MS);
    const session: Session = { id, wire, address: undefined, entries: [], pendingUser: undefined };
    sessions.add(session);
    const say = (line: string): void => options.log?.(`pop3 ${id} ${line}`);
    socket.on('close', () => sessions.delete(session));
    wire
      .startTls(secureContext)
      .then(({ isSecured }) => (isSecured ? converse(session, shared) : undefined))
      .catch((error: unknown) => {
        say(`ended: ${error instanceof Error ? error.message : String(error)}`);
        wire.lose('close');
      });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : options.port,
    counters,
    faults,
    sessions: () => sessions.size,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const { wire } of sessions) wire.lose('close');
      await closed;
    },
  };
}

type Route = { readonly method: 'GET' | 'POST'; readonly path: string; readonly handler: (body: unknown) => unknown };

/** What tests and the demo may ask of the server over the control surface. */
export function pop3ControlRoutes(pop3: Pop3): Route[] {
  return [
    { method: 'GET', path: '/pop3/counters', handler: () => ({ ...pop3.counters, sessions: pop3.sessions() }) },
    { method: 'GET', path: '/pop3/faults', handler: () => pop3.faults.list() },
    {
      method: 'POST',
      path: '/pop3/fault',
      handler: (body) => {
        pop3.faults.add(parseFault(body));
        return pop3.faults.list();
      },
    },
    {
      method: 'POST',
      path: '/pop3/clear-faults',
      handler: () => {
        pop3.faults.clear();
        return pop3.faults.list();
      },
    },
  ];
}

function parseFault(body: unknown): PopFault {
  const { name, address, times, afterBytes, command, words } = (
    typeof body === 'object' && body !== null ? body : {}
  ) as Record<string, unknown>;
  const known = FAULT_NAMES.find((fault) => fault === name);
  if (!known) throw new Error(`name is one of ${FAULT_NAMES.join(', ')}`);
  return {
    name: known,
    ...(typeof address === 'string' ? { address: address.toLowerCase() } : {}),
    ...(typeof times === 'number' ? { times } : {}),
    ...(typeof afterBytes === 'number' ? { afterBytes } : {}),
    ...(typeof command === 'string' ? { command: command.toUpperCase() } : {}),
    ...(typeof words === 'string' ? { words } : {}),
  };
}
