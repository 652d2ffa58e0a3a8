/** A practice tenant and a test context that reaches it: for whatever needs a connection. */
import { readFileSync } from 'node:fs';
import { after, beforeEach } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { Cloud } from '../../server/base/settings.ts';
import { beginDeviceLogin, createConnection, getConnection } from '../../server/connections/connections.ts';
import { startConnectionsWorker } from '../../server/connections/worker.ts';
import type { Context } from '../../server/store/database.ts';
import type { Use } from '../../server/store/schema.ts';
import { type RunningPracticeTenant, startPracticeTenant } from '../../simulator/main.ts';
import { clientOf, sessionIn } from '../../simulator/testing.ts';
import { openTestContext, type TestContext } from './database.ts';
import { eventually, type MovableClock } from './time.ts';

export const PRINT_ROOM = 'print@practice.example';

export type Practice = RunningPracticeTenant & {
  readonly clouds: Readonly<Record<string, Cloud>>;
  /** Asks the control surface. */
  steer(path: string, body: Record<string, unknown>): Promise<unknown>;
  /** Does what a person does on the page. */
  answerCode(userCode: string, account: string, action?: 'confirm' | 'decline'): Promise<unknown>;
  fault(fault: Record<string, unknown>): Promise<void>;
  /** How often the token endpoint was asked, by grant. */
  asked(grant: 'device_code' | 'refresh_token'): number;
};

/** Starts the practice tenant and trusts its private authority in this process. */
export async function openPractice(options: { readonly tid?: string } = {}): Promise<Practice & AsyncDisposable> {
  const running = await startPracticeTenant(options);
  setDefaultCACertificates([...getCACertificates('default'), running.certificates.ca]);
  const clouds = JSON.parse(readFileSync(running.cloudsFile, 'utf8')) as Record<string, Cloud>;
  const client = clientOf(running);
  const steer = async (path: string, body: Record<string, unknown>) => (await client.control(path, body)).json;
  return {
    ...running,
    clouds,
    steer,
    answerCode: (userCode, account, action = 'confirm') => steer('/device-login', { userCode, account, action }),
    fault: async (fault) => void (await steer('/faults', fault)),
    asked: (grant) => {
      const names = grant === 'device_code' ? ['device_code', 'urn:ietf:params:oauth:grant-type:device_code'] : [grant];
      return running.identity.log.entries({ endpoint: 'token' }).filter((one) => names.includes(one.grant ?? ''))
        .length;
    },
    [Symbol.asyncDispose]: () => running.close(),
  };
}

/** One practice tenant for all tests of a file, as new for each of them. To be awaited while the file is loaded. */
export async function sharePractice(): Promise<Practice> {
  const practice = await openPractice();
  after(() => practice[Symbol.asyncDispose]());
  beforeEach(() => {
    practice.smtp.reset();
    return practice.steer('/reset', {});
  });
  return practice;
}

export function openPracticeContext(practice: Practice, besides?: TestContext): Promise<TestContext> {
  const settings = { clouds: practice.clouds };
  return openTestContext(besides === undefined ? { settings } : { settings, besides });
}

export type NewPracticeConnection = { readonly expectedAccount?: string; readonly uses?: readonly Use[] };

/** Adds a connection to the practice tenant that nobody has confirmed yet. */
export async function addPracticeConnection(
  context: Context,
  practice: Practice,
  more: NewPracticeConnection = {},
): Promise<string> {
  const { expectedAccount, uses = ['imap', 'smtp'] } = more;
  const pin = expectedAccount === undefined ? {} : { expectedAccount };
  const { tid: tenantId, clientId } = practice;
  const asked = { title: 'Practice', clientId, tenantId, cloud: 'practice', uses, ...pin };
  return (await createConnection(context, asked, 'test')).id;
}

/** Adds a connection and has the account confirm it, through the worker as in real life. */
export async function connectPractice(
  test: TestContext,
  practice: Practice,
  more: NewPracticeConnection & { readonly account?: string } = {},
): Promise<string> {
  const { context, clock } = test;
  const id = await addPracticeConnection(context, practice, more);
  const code = await beginDeviceLogin(context, id, { actor: 'test', language: 'en' });
  await practice.answerCode(code.userCode, more.account ?? PRINT_ROOM);
  await using _worker = await startConnectionsWorker(context);
  await moveUntil(clock, async () => (await getConnection(context, id)).state === 'connected');
  return id;
}

/** Moves the clock second by second until a claim holds: for workers that sleep between their looks. */
export async function moveUntil(clock: MovableClock, claim: () => Promise<boolean>): Promise<void> {
  await moveWhile(clock, () => true, claim);
}

/**
 * Moves the clock as `moveUntil` does, but not while a session is open at the submission server: on a busy machine a
 * lease would end in the middle of it, and what was on its way would be uncertain.
 */
export async function moveBetweenSessions(
  clock: MovableClock,
  practice: Practice,
  claim: () => Promise<boolean>,
): Promise<void> {
  await moveWhile(clock, () => practice.smtp.sessions().length === 0, claim);
}

async function moveWhile(clock: MovableClock, may: () => boolean, claim: () => Promise<boolean>): Promise<void> {
  const reached = async () => {
    if (await claim()) return true;
    if (may()) clock.advance(1000);
    return false;
  };
  await eventually(reached, { timeoutMs: 60_000 });
}

/** Does in the practice tenant's pages what a person does who opens a link: answers the address at which it ends. */
export async function followLink(
  practice: RunningPracticeTenant,
  url: string,
  as: { readonly account?: string; readonly action?: 'confirm' | 'decline' } = {},
): Promise<string> {
  const client = clientOf(practice);
  const { pathname, search } = new URL(url);
  const accounts = await client.get(pathname + search);
  const account = as.account ?? PRINT_ROOM;
  const confirm = await client.post('/sign-in/account', { session: sessionIn(accounts.text), other: account });
  const session = sessionIn(confirm.text);
  const end = await client.post('/sign-in/confirm', { session, action: as.action ?? 'confirm' });
  return end.headers.location ?? `${practice.authority}/sign-in/confirm`;
}
