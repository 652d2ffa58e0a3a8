/** `network`: the sender e-mail, the way mail leaves, and a test message whose outcome is followed. */
import { z } from 'zod';
import { systemClock } from '../server/base/clock.ts';
import { type Client, isPassing } from './client.ts';
import { type Call, type Command, given, readNumber } from './command.ts';
import { findId, pathOf } from './find.ts';
import { outgoingState, showOutgoing } from './outbox.ts';
import { explainKept, showProblem, UsageError } from './problem.ts';
import { readPassword } from './prompt.ts';
import type { Cell, Screen } from './screen.ts';
import { type ClassicServer, connection, type Network, network, type Outgoing, outgoing } from './shapes.ts';

const PATH = '/settings/network';
const SECURITIES = ['starttls', 'tls', 'none'] as const;
/** RFC 6409 section 3.1, RFC 8314 section 7.3, RFC 5321 section 4.5.4.2. */
const PORTS: Readonly<Record<string, number>> = { starttls: 587, tls: 465, none: 25 };
const MAX_PORT = 65_535;
const LOOK_EVERY_MS = 500;
const DEFAULT_WAIT_SECONDS = 120;
const MAX_WAIT_SECONDS = 3_600;

const show: Command = {
  words: ['network', 'show'],
  async run({ openClient, screen }) {
    const client = await openClient();
    await showNetwork(client, screen, await client.get(network, PATH));
  },
};

const CLASSIC_OPTIONS = ['host', 'port', 'security', 'no-certificate-check', 'username', 'password', 'no-sign-in'];

const set: Command = {
  words: ['network', 'set'],
  options: {
    'sender-email': { value: 'address' },
    'sender-name': { value: 'text' },
    connection: { value: 'id', about: 'outgoing-connection' },
    host: { value: 'name', about: 'outgoing-host' },
    port: { value: 'number', about: 'outgoing-port' },
    security: { value: 'text', choices: SECURITIES, about: 'outgoing-security' },
    'no-certificate-check': {},
    username: { value: 'text', about: 'outgoing-username' },
    password: { value: 'secret' },
    'no-sign-in': {},
  },
  async run(call) {
    const { openClient, screen, find } = call;
    checkOptions(call);
    const change = given({ senderEmail: find('sender-email'), senderName: find('sender-name') });
    const client = await openClient();
    const outgoingServer = await readOutgoingServer(call, client);
    const body = { ...change, ...(outgoingServer === undefined ? {} : { outgoingServer }) };
    await showNetwork(client, screen, await client.ask(network, { method: 'PUT', path: PATH, body }));
  },
};

function checkOptions({ has }: Call): void {
  const classic = CLASSIC_OPTIONS.filter(has);
  const [first] = classic;
  if (has('connection') && first !== undefined) throw new UsageError('either', { first: 'connection', second: first });
  const signIn = ['username', 'password'].find(has);
  if (has('no-sign-in') && signIn !== undefined) {
    throw new UsageError('either', { first: 'no-sign-in', second: signIn });
  }
  if (['sender-email', 'sender-name', 'connection'].some(has) || first !== undefined) return;
  throw new UsageError('nothing-to-change');
}

async function readOutgoingServer(call: Call, client: Client) {
  const named = call.find('connection');
  if (named !== undefined) {
    return { connectionId: await findId(client, call.screen, { kind: 'connection', text: named }) };
  }
  if (!CLASSIC_OPTIONS.some(call.has)) return undefined;
  return await readClassicServer(call, client);
}

/** Another host is another server; without one, what is given changes the present server. */
async function readClassicServer(call: Call, client: Client) {
  const { find, has } = call;
  const host = find('host');
  const old = host === undefined ? await readPresent(client) : undefined;
  const security = find('security') ?? old?.security ?? 'starttls';
  const port = readNumber(call, 'port', { min: 1, max: MAX_PORT });
  const password = find('password');
  return {
    host: host ?? old?.host,
    port: port ?? (has('security') ? undefined : old?.port) ?? PORTS[security],
    security,
    verifyCertificate: has('no-certificate-check') ? false : (old?.verifyCertificate ?? true),
    username: has('no-sign-in') ? null : (find('username') ?? old?.username ?? null),
    ...(has('no-sign-in') ? { password: null } : {}),
    ...(password === undefined ? {} : { password: await readPassword(password) }),
  };
}

async function readPresent(client: Client): Promise<ClassicServer> {
  const { outgoingServer } = await client.get(network, PATH);
  const classic = classicOf(outgoingServer);
  if (classic === undefined) throw new UsageError('missing-option', { name: 'host' });
  return classic;
}

function classicOf(server: Network['outgoingServer']): ClassicServer | undefined {
  return server !== null && server !== undefined && 'host' in server ? (server as ClassicServer) : undefined;
}

const test: Command = {
  words: ['network', 'test'],
  options: {
    to: { value: 'address', isRequired: true, about: 'test-to' },
    wait: { value: 'number', about: 'test-wait' },
  },
  async run(call) {
    const { openClient, screen, find } = call;
    const waitSeconds = readNumber(call, 'wait', { min: 1, max: MAX_WAIT_SECONDS }) ?? DEFAULT_WAIT_SECONDS;
    const client = await openClient();
    const body = { to: find('to') };
    const { id } = await client.ask(z.looseObject({ id: z.string() }), {
      method: 'POST',
      path: `${PATH}/test-message`,
      body,
    });
    const last = await follow(client, screen, { id, waitSeconds });
    if (screen.isJson) screen.json(last);
    else tellOutcome(screen, last);
    if (last.state !== 'sent') process.exitCode = 1;
  },
};

/** Looks until nothing more happens by itself, or the time is over. A line for each new state. */
async function follow(
  client: Client,
  screen: Screen,
  { id, waitSeconds }: { readonly id: string; readonly waitSeconds: number },
): Promise<Outgoing> {
  const lastMs = systemClock.monotonicMs() + waitSeconds * 1000;
  let told: string | undefined;
  for (;;) {
    const current = await look(client, id, lastMs);
    if (current !== undefined) {
      if (['sent', 'failed', 'held'].includes(current.state) || systemClock.monotonicMs() >= lastMs) return current;
      if (told !== current.state && !screen.isJson) screen.line(outgoingState(screen, current));
      told = current.state;
    }
    await systemClock.sleep(LOOK_EVERY_MS);
  }
}

async function look(client: Client, id: string, lastMs: number): Promise<Outgoing | undefined> {
  try {
    return await client.get(outgoing, pathOf('outgoing', id));
  } catch (error) {
    if (!isPassing(error) || systemClock.monotonicMs() >= lastMs) throw error;
    return undefined;
  }
}

function tellOutcome(screen: Screen, last: Outgoing): void {
  showOutgoing(screen, last);
  if (last.state === 'sent') screen.line({ text: screen.text('network.test-sent'), tone: 'good' });
  else if (last.state !== 'failed' && last.state !== 'held') screen.say('network.test-goes-on', { id: last.id });
}

async function showNetwork(client: Client, screen: Screen, settings: Network): Promise<void> {
  if (screen.isJson) return screen.json(settings);
  const name = (key: string) => screen.text(`names.${key}`);
  const classic = classicOf(settings.outgoingServer);
  screen.details([
    [name('sender-email'), settings.senderEmail ?? screen.text('network.none')],
    [name('sender-name'), settings.senderName ?? undefined],
    [name('outgoing'), await serverName(client, screen, settings)],
    [name('security'), classic === undefined ? undefined : securityOf(screen, classic)],
    [name('certificate-check'), checkOf(screen, classic)],
    [name('sign-in'), signInOf(screen, classic)],
  ]);
  const { problem } = settings;
  if (problem !== null && problem !== undefined) showProblem(screen, explainKept(screen.language, problem), 'result');
}

async function serverName(client: Client, screen: Screen, { outgoingServer }: Network): Promise<string> {
  if (outgoingServer === null || outgoingServer === undefined) return screen.text('network.none');
  const classic = classicOf(outgoingServer);
  if (classic !== undefined) return `${classic.host}:${classic.port}`;
  const { connectionId } = z.looseObject({ connectionId: z.string() }).parse(outgoingServer);
  const connections = await client.list(connection, '/connections');
  return connections.find(({ id }) => id === connectionId)?.title ?? connectionId;
}

function securityOf(screen: Screen, { security }: ClassicServer): string {
  const isKnown = (SECURITIES as readonly string[]).includes(security);
  return isKnown ? screen.text(`network.securities.${security}`) : security;
}

function checkOf(screen: Screen, classic: ClassicServer | undefined): Cell | undefined {
  if (classic === undefined || classic.security === 'none') return undefined;
  if (classic.verifyCertificate) return screen.text('network.check-on');
  return { text: screen.text('network.check-off'), tone: 'warning' };
}

function signInOf(screen: Screen, classic: ClassicServer | undefined): Cell | undefined {
  if (classic === undefined) return undefined;
  const { username, hasPassword } = classic;
  if (username === null || username === undefined) return screen.text('network.no-sign-in');
  if (hasPassword) return username;
  return { text: screen.text('network.no-password', { username }), tone: 'warning' };
}

export const networkCommands: readonly Command[] = [show, set, test];
