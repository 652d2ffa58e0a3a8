/**
 * One session with the outgoing server: opened when something is due, used while there is work, closed before its token
 * ends. Two nodes never have the same slot: a session lives under the lease of its slot.
 */
import { MINUTE_MS, SECOND_MS } from '../base/clock.ts';
import { PlatenError } from '../base/errors.ts';
import {
  accessTokenFor,
  endpointFor,
  getOutgoingServer,
  noteUse,
  type OutgoingServer,
} from '../connections/connections.ts';
import { connectSmtp, type SmtpSession, type SmtpTarget } from '../protocols/smtp/client.ts';
import type { Context } from '../store/database.ts';
import type { Lease } from '../store/leases.ts';
import type { Problem } from '../store/schema.ts';
import { transaction } from '../store/transaction.ts';
import { beginAttempts, recoverAttempts, sendClaimed } from './deliver.ts';
import type { Place } from './message.ts';
import { CLASSIC_SESSIONS, EXCHANGE_LIMITS, EXCHANGE_SESSIONS, type Pace } from './pace.ts';
import { type Claimed, isPlain, type Plain } from './rows/turn.ts';
import { settle, settleSession, stepAfter } from './settle.ts';
import { judgeSession, type Verdict } from './verdict.ts';

/** The server as it is set now; two that differ in anything are two. */
export type Outgoing = {
  readonly server: Exclude<OutgoingServer, { kind: 'none' | 'waiting' }>;
  readonly place: Place;
  readonly pace: Pace;
};

export type FoundOutgoing =
  | { readonly kind: 'ready'; readonly outgoing: Outgoing }
  | { readonly kind: 'waiting'; readonly problem: Problem };

/** A token that ends sooner is not begun a message with. */
const TOKEN_RESERVE_MS = 2 * MINUTE_MS;
/** A pause up to this is waited for in the open session. */
const LINGER_MS = 10 * SECOND_MS;
/** How often an open session looks whether it is still the right one. */
const LOOK_MS = 5 * SECOND_MS;

/** What mail leaves through now, or what it waits for. */
export async function findOutgoing(context: Context): Promise<FoundOutgoing> {
  const server = await getOutgoingServer(context);
  if (server.kind === 'none') return { kind: 'waiting', problem: noServer(context) };
  if (server.kind === 'waiting') return server;
  if (server.kind === 'connection') {
    const { host } = await endpointFor(context, server.connectionId, 'smtp');
    const pace = { mailbox: server.mailbox, sessions: EXCHANGE_SESSIONS, limits: EXCHANGE_LIMITS };
    return { kind: 'ready', outgoing: { server, place: { mailbox: server.mailbox, host }, pace } };
  }
  const { host, port, username } = server.server;
  const mailbox = username?.toLowerCase() ?? `server:${host}:${port}`;
  const pace = isExchange(host)
    ? { mailbox, sessions: EXCHANGE_SESSIONS, limits: EXCHANGE_LIMITS }
    : { mailbox, sessions: CLASSIC_SESSIONS, limits: undefined };
  return { kind: 'ready', outgoing: { server, place: { mailbox, host }, pace } };
}

/** The limits are those of the mailbox, whichever way it signs in. */
function isExchange(host: string): boolean {
  return /(^|\.)(office365\.com|office365\.us|outlook\.com|outlook\.cn)$/i.test(host);
}

function noServer(context: Context): Problem {
  const { code, message } = new PlatenError('outgoing-server-missing', 'no outgoing server has been chosen');
  return { code, detail: message, at: context.clock.now().toISOString() };
}

export type SessionEnd =
  /** Nothing more to do for now, or only after the pause. */
  | { readonly kind: 'idle'; readonly ms: number }
  | { readonly kind: 'changed' }
  /** The server has no room for one more session. */
  | { readonly kind: 'enough' };

export type Run = {
  readonly outgoing: Outgoing;
  readonly stop: AbortSignal;
  /** Called when the server has taken the sign-in: further sessions are worth opening. */
  readonly opened: () => void;
  /** Called when the session has taken messages, and when it looks for the next ones. */
  readonly turned: (to: 'sending' | 'free') => void;
  /** Whether others are open already: a server that refuses one more is then no trouble. */
  readonly isExtra: () => boolean;
};

/** Sends what is due, as the holder of a slot. Throws `lease-lost`, and what the database throws. */
export async function runSession(context: Context, lease: Lease, run: Run): Promise<SessionEnd> {
  await recoverAttempts(context, lease);
  while (!run.stop.aborted) {
    const opened = await open(context, run.outgoing, lease.signal);
    if (opened.kind === 'verdict') {
      if (opened.verdict.kind === 'server-paused' && run.isExtra()) return { kind: 'enough' };
      await transaction(context, (context) => settleSession(context, run.outgoing.place, opened.verdict));
      return { kind: 'idle', ms: 0 };
    }
    if (opened.kind === 'waiting') return { kind: 'changed' };
    await using session = opened.session;
    run.opened();
    const end = await sendAll({ ...run, context, lease, session, endsAtMs: opened.endsAtMs });
    if (end !== 'reconnect') return end;
  }
  return { kind: 'changed' };
}

type Opened =
  | { readonly kind: 'open'; readonly session: SmtpSession; readonly endsAtMs: number }
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  /** The connection may not be used any more; the worker holds what waits. */
  | { readonly kind: 'waiting' };

async function open(context: Context, outgoing: Outgoing, signal: AbortSignal): Promise<Opened> {
  let notOlderThan: Date | undefined;
  for (;;) {
    const target = await findTarget(context, outgoing, notOlderThan);
    if (target.kind !== 'target') return target;
    const { credentials } = target.target;
    const opened = await connectSmtp(target.target, signal);
    if (opened.kind === 'open') return { ...opened, endsAtMs: target.endsAtMs };
    const withToken = credentials?.kind === 'token';
    const verdict = judgeSession(opened, { withToken, hasRefreshed: notOlderThan !== undefined });
    if (verdict.kind !== 'refresh-token') return { kind: 'verdict', verdict };
    notOlderThan = context.clock.now();
  }
}

type Found =
  | { readonly kind: 'target'; readonly target: SmtpTarget; readonly endsAtMs: number }
  | Exclude<Opened, { kind: 'open' }>;

async function findTarget(context: Context, outgoing: Outgoing, notOlderThan: Date | undefined): Promise<Found> {
  const { server } = outgoing;
  const clientName = clientNameOf(context.settings.publicUrl);
  if (server.kind === 'classic') {
    const { host, port, security, verifyCertificate, username } = server.server;
    const password = server.password ?? '';
    const credentials = username === null ? {} : { credentials: { kind: 'password', username, password } as const };
    const target = { host, port, security, verifyCertificate, clientName, ...credentials };
    return { kind: 'target', target, endsAtMs: Number.POSITIVE_INFINITY };
  }
  try {
    const wish = notOlderThan === undefined ? {} : { notOlderThan };
    const { accessToken, username, expiresAt } = await accessTokenFor(context, server.connectionId, 'smtp', wish);
    const endpoint = await endpointFor(context, server.connectionId, 'smtp');
    const credentials = { kind: 'token', username, accessToken } as const;
    const target = { ...endpoint, verifyCertificate: true, clientName, credentials };
    const leftMs = expiresAt.getTime() - context.clock.now().getTime() - TOKEN_RESERVE_MS;
    return { kind: 'target', target, endsAtMs: context.clock.monotonicMs() + leftMs };
  } catch (error) {
    if (!(error instanceof PlatenError)) throw error;
    if (NOT_CONFIRMED.has(error.code)) return { kind: 'waiting' };
    if (error.code !== 'connection-degraded') throw error;
    const words = error.remote === undefined ? {} : { words: error.remote };
    return { kind: 'verdict', verdict: { kind: 'server-paused', cause: { code: 'connection-degraded', ...words } } };
  }
}

const NOT_CONFIRMED: ReadonlySet<string> = new Set([
  'connection-not-confirmed',
  'connection-needs-confirmation',
  'use-not-granted',
]);

/** A host without a domain says its loopback address (RFC 5321 section 4.1.3). */
function clientNameOf(publicUrl: string): string {
  const { hostname } = new URL(publicUrl);
  return /^[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z][a-z0-9-]*$/i.test(hostname) ? hostname : '[127.0.0.1]';
}

type Sending = Run & {
  readonly context: Context;
  readonly lease: Lease;
  readonly session: SmtpSession;
  readonly endsAtMs: number;
};

/**
 * How many messages a session takes with one commit, at the most. What it had taken when the power failed is uncertain
 * afterwards, whether it had left or not; so it begins with one, and takes more only while there are more.
 */
const MOST_AT_ONCE = 8;

async function sendAll(sending: Sending): Promise<SessionEnd | 'reconnect'> {
  const { context, lease, outgoing, session } = sending;
  const counted = { sent: 0, lookedAtMs: context.clock.monotonicMs() };
  let done: readonly Plain[] = [];
  for (let wants = 1; ; ) {
    const end = await findEnd(sending, counted);
    if (end !== undefined) {
      await settleBatch(sending, { done, unsent: [] });
      return end;
    }
    sending.turned('free');
    const over = { host: outgoing.place.host, ...session.security };
    const next = await beginAttempts(context, { lease, pace: outgoing.pace, session: over, done, wants });
    done = [];
    if (next.kind === 'none') return { kind: 'idle', ms: 0 };
    if (next.kind === 'wait') {
      if (next.isDay) return await parkForToday(sending);
      if (next.ms > LINGER_MS) return { kind: 'idle', ms: next.ms };
      await context.clock.sleep(next.ms, AbortSignal.any([sending.stop, lease.signal]));
      continue;
    }
    sending.turned('sending');
    const sentBefore = counted.sent;
    const sent = await sendBatch(sending, counted, next.claimed);
    if (counted.sent > sentBefore) await noteSent(context, outgoing);
    if (sent.end !== undefined) return sent.end;
    done = sent.done;
    wants = next.claimed.length < wants ? 1 : Math.min(2 * wants, MOST_AT_ONCE);
  }
}

const DAY_USED_UP = 'by the count of Platen the recipients of the last 24 hours are used up';

/** By our own count nothing may leave before the oldest hour is over; the server need not be asked to say so. */
async function parkForToday({ context, outgoing }: Sending): Promise<SessionEnd> {
  const verdict = {
    kind: 'mailbox-paused',
    cause: { code: 'daily-limit', words: DAY_USED_UP },
    wait: 'daily',
  } as const;
  await transaction(context, (context) => settleSession(context, outgoing.place, verdict));
  return { kind: 'idle', ms: 0 };
}

async function noteSent(context: Context, { server }: Outgoing): Promise<void> {
  if (server.kind === 'connection') await noteUse(context, server.connectionId, 'smtp');
}

type Counted = { sent: number; lookedAtMs: number };
type BatchEnd =
  | { readonly end: undefined; readonly done: readonly Plain[] }
  | { readonly end: SessionEnd | 'reconnect' };

/** Sends what was taken, one after the other. When the session ends before the last, the rest goes back to the queue. */
async function sendBatch(sending: Sending, counted: Counted, batch: readonly Claimed[]): Promise<BatchEnd> {
  const { context, lease, outgoing, session } = sending;
  const done: Plain[] = [];
  for (const [index, claimed] of batch.entries()) {
    const end = index === 0 ? undefined : await findEnd(sending, counted);
    if (end !== undefined) {
      await settleBatch(sending, { done, unsent: batch.slice(index) });
      return { end };
    }
    const verdict = await sendClaimed(context, lease, { session, claimed, sentInSession: counted.sent });
    const outcome = { claimed, verdict, place: outgoing.place, isFirst: counted.sent === 0 };
    if (verdict.kind === 'accepted') counted.sent += 1;
    // Written together with the next attempts.
    if (isPlain(outcome)) {
      done.push(outcome);
      continue;
    }
    const step = stepAfter(outcome);
    // Before the verdict, which may be about everything that waits.
    if (step !== 'go-on') await settleBatch(sending, { done, unsent: batch.slice(index + 1) });
    await settle(context, lease, outcome);
    if (step === 'stop') return { end: { kind: 'idle', ms: 0 } };
    if (step === 'reconnect') return { end: 'reconnect' };
  }
  return { end: undefined, done };
}

async function settleBatch(
  { context, lease, outgoing: { place } }: Sending,
  { done, unsent }: { readonly done: readonly Plain[]; readonly unsent: readonly Claimed[] },
): Promise<void> {
  for (const one of done) await settle(context, lease, one);
  const verdict = { kind: 'reconnect' } as const;
  for (const claimed of unsent) await settle(context, lease, { claimed, verdict, place, isFirst: false });
}

/** Whether the session is at its end before the next message. */
async function findEnd(sending: Sending, counted: Counted): Promise<SessionEnd | 'reconnect' | undefined> {
  const { context, outgoing, session } = sending;
  if (sending.stop.aborted) return { kind: 'changed' };
  const nowMs = context.clock.monotonicMs();
  if (!session.isOpen || nowMs >= sending.endsAtMs) return 'reconnect';
  if (nowMs - counted.lookedAtMs < LOOK_MS) return undefined;
  counted.lookedAtMs = nowMs;
  return (await isStillOutgoing(context, outgoing)) ? undefined : { kind: 'changed' };
}

async function isStillOutgoing(context: Context, outgoing: Outgoing): Promise<boolean> {
  const found = await findOutgoing(context);
  return found.kind === 'ready' && JSON.stringify(found.outgoing) === JSON.stringify(outgoing);
}
