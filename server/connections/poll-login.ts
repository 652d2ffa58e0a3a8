/** One step of a pending login: ask Microsoft once, or decide about what it has granted. */
import { MINUTE_MS, SECOND_MS } from '../base/clock.ts';
import { PlatenError } from '../base/errors.ts';
import { type PollOutcome, pollDeviceCode } from '../protocols/oauth/device-code.ts';
import type { Tokens } from '../protocols/oauth/tokens.ts';
import type { Context } from '../store/database.ts';
import { checkFence, type Lease, withLease } from '../store/leases.ts';
import type { LoginState } from '../store/schema.ts';
import { transaction } from '../store/transaction.ts';
import { type Grant, judgeAccount } from './account-pin.ts';
import {
  type ConnectionRow,
  getRow,
  type LoginRow,
  lockRow,
  refusalError,
  toProblem,
  unreachableError,
  unusableError,
} from './connection.ts';
import { deviceCodeBinding, settleLogin } from './device-login.ts';
import { identityCall, keepGranted, usesOf } from './exchange-online.ts';
import { endHandOver } from './hand-over/hand-over.ts';
import { adoptGrant } from './tokens.ts';

/** RFC 8628 section 3.5: what `slow_down` adds, for good. */
const SLOWER_BY_SECONDS = 5;

/** How long after the end of the code an account that confirmed in time may still be looked up. */
const DECISION_MS = 5 * MINUTE_MS;

/**
 * Takes one step of a login if it is due and no other node is at it. What came of it is durable when this returns.
 * Throws only when the database or the lease fails.
 */
export async function pollLogin(context: Context, loginId: string, signal: AbortSignal): Promise<void> {
  await withLease(context, `login:${loginId}`, { signal }, async (lease) => {
    const login = await findPending(context, loginId);
    if (login === undefined || login.next_poll_at > context.clock.now()) return;
    if (login.sealed_grant === null) await askOnce({ context, lease, login });
    else await decide({ context, lease, login });
  });
}

export type LoginStep = { readonly context: Context; readonly lease: Lease; readonly login: LoginRow };

export async function findPending(context: Context, loginId: string): Promise<LoginRow | undefined> {
  return await context.db
    .selectFrom('connection_logins')
    .selectAll()
    .where('id', '=', loginId)
    .where('state', '=', 'pending')
    .executeTakeFirst();
}

async function askOnce(step: LoginStep): Promise<void> {
  const { context, lease, login } = step;
  const now = context.clock.now();
  const isOver = now >= login.expires_at;
  if (isOver && login.kind === 'link') {
    return await endLogin(step, 'expired', new PlatenError('link-login-expired', 'nobody signed in in time'));
  }
  const row = await getRow(context, login.connection_id);
  if (row.endpoints === null || login.sealed_device_code === null) {
    return await endLogin(
      step,
      'refused',
      new PlatenError('conflict', 'the connection was changed while the code was open'),
    );
  }
  const deviceCode = await openSealed(step, login.sealed_device_code, deviceCodeBinding(login.id));
  if (deviceCode === undefined) return;
  // written before the question is sent: a node that dies now does not make the next one ask too early
  await pause(step, { seconds: login.interval_seconds });
  lease.assertFresh();
  const outcome = await pollDeviceCode(
    { endpoints: row.endpoints, clientId: row.client_id, deviceCode },
    identityCall(context, lease.signal),
  );
  // Asked once more at the end: who confirmed in the last second has confirmed, else Microsoft says in its own words.
  if (isOver && isOpen(outcome)) return await endLogin(step, 'expired', expiredError(outcome));
  await apply(step, outcome, now);
}

type OpenOutcome = Extract<PollOutcome, { kind: 'pending' | 'slower' | 'transient' }>;

/** Nobody has decided yet, as far as Microsoft says. */
function isOpen(outcome: PollOutcome): outcome is OpenOutcome {
  return outcome.kind === 'pending' || outcome.kind === 'slower' || outcome.kind === 'transient';
}

function expiredError(outcome: OpenOutcome): PlatenError {
  const words = { pending: 'authorization_pending', slower: 'slow_down' } as const;
  const remote = outcome.kind === 'transient' ? outcome.words : words[outcome.kind];
  return new PlatenError('login-expired', 'nobody confirmed in time', { remote });
}

async function apply(step: LoginStep, outcome: PollOutcome, askedAt: Date): Promise<void> {
  const { login } = step;
  switch (outcome.kind) {
    case 'pending':
      // counted from the answer, so that a slow one is not followed too soon by the next question
      return await pause(step, { seconds: login.interval_seconds });
    case 'slower':
      return await pause(step, { seconds: login.interval_seconds + SLOWER_BY_SECONDS, isForGood: true });
    case 'transient': {
      const seconds = Math.max(login.interval_seconds, outcome.retryAfterSeconds ?? 0);
      return await pause(step, { seconds, problem: unreachableError(outcome) });
    }
    case 'declined':
      return await endLogin(step, 'declined', refusalError('login-declined', outcome.refusal));
    case 'expired':
      return await endLogin(step, 'expired', refusalError('login-expired', outcome.refusal));
    case 'refused':
      return await endLogin(step, 'refused', refusalError('device-code-refused', outcome.refusal));
    case 'unusable': {
      const state = outcome.flaw === 'id-token-refused' ? 'wrong-account' : 'refused';
      return await endLogin(step, state, unusableError(outcome));
    }
    case 'granted':
      return await acceptTokens(step, outcome.tokens, askedAt);
  }
}

/** Keeps what was granted, by code or by link, and decides at once whether the account is the right one. */
export async function acceptTokens(step: LoginStep, tokens: Tokens, askedAt: Date): Promise<void> {
  await keepGrant(step, toGrant(tokens, askedAt));
  const login = await findPending(step.context, step.login.id);
  if (login !== undefined) await decide({ ...step, login });
}

function toGrant(tokens: Tokens, askedAt: Date): Grant {
  const { identity, refreshToken, clockSkewSeconds } = tokens;
  if (identity === undefined || refreshToken === undefined) throw new TypeError('a grant without identity or renewal');
  return {
    identity,
    refreshToken,
    accessToken: tokens.accessToken,
    accessExpiresAt: new Date(askedAt.getTime() + tokens.expiresInSeconds * SECOND_MS).toISOString(),
    scopes: tokens.scopes,
    ...(clockSkewSeconds === undefined ? {} : { clockSkewSeconds }),
  };
}

/** The code is spent now, and only this row knows what it gave: durable before anything else is asked. */
async function keepGrant(step: LoginStep, grant: Grant): Promise<void> {
  await change(step, async (context) => {
    const sealed = context.secrets.seal(JSON.stringify(grant), grantBinding(step.login.id));
    await context.db
      .updateTable('connection_logins')
      .set({ sealed_grant: sealed, sealed_device_code: null, sealed_link: null, next_poll_at: context.clock.now() })
      .where('id', '=', step.login.id)
      .execute();
  });
}

/** Opens a sealed value; a wrong key ends the login, because waiting does not bring the right one back. */
async function openSealed(step: LoginStep, sealed: Buffer, boundTo: string): Promise<string | undefined> {
  try {
    return step.context.secrets.open(sealed, boundTo);
  } catch (error) {
    if (!(error instanceof PlatenError)) throw error;
    await endLogin(step, 'refused', error);
    return undefined;
  }
}

function grantBinding(loginId: string): string {
  return `connection_logins/${loginId}/grant`;
}

async function decide(step: LoginStep): Promise<void> {
  const { context, lease, login } = step;
  if (login.sealed_grant === null) return;
  const opened = await openSealed(step, login.sealed_grant, grantBinding(login.id));
  if (opened === undefined) return;
  const grant = JSON.parse(opened) as Grant;
  if (context.clock.now().getTime() > login.expires_at.getTime() + DECISION_MS) {
    return await endLogin(
      step,
      'refused',
      new PlatenError('login-expired', 'the account could not be looked up in time'),
    );
  }
  const row = await getRow(context, login.connection_id);
  const scopes = keepGranted(login.scopes, grant.scopes);
  if (usesOf(scopes).length === 0) {
    const facts = { granted: grant.scopes.join(' ').slice(0, 500) };
    return await endLogin(
      step,
      'refused',
      new PlatenError('use-not-granted', 'no mail permission was granted', { facts }),
    );
  }
  // written before Graph is asked, as with a poll
  await pause(step, { seconds: login.interval_seconds });
  lease.assertFresh();
  const verdict = await judgeAccount(context, { row, grant, signal: lease.signal });
  if (verdict.kind === 'undecided') {
    const seconds = Math.max(login.interval_seconds, verdict.outcome.retryAfterSeconds ?? 0);
    return await pause(step, { seconds, problem: unreachableError(verdict.outcome) });
  }
  if (verdict.kind === 'wrong') {
    const values = { account: grant.identity.username, expected: verdict.expected };
    const facts = { addressesRead: verdict.addressesWereRead ? 'yes' : 'no' };
    const message = 'another account confirmed the code; nothing of it was kept';
    // As the token names it (claims of an ID token of Microsoft's identity platform).
    const remote = `preferred_username=${grant.identity.username}`;
    return await endLogin(step, 'wrong-account', new PlatenError('wrong-account', message, { values, facts, remote }));
  }
  await change(step, async (context, current) => {
    await settleLogin(context, login, { state: 'granted', account: grant.identity.username });
    await adoptGrant(context, current, { grant, method: login.kind, scopes, addresses: verdict.addresses });
    await endHandOver(context, current.id, { as: 'confirmed' });
  });
}

type Pause = { readonly seconds: number; readonly isForGood?: true; readonly problem?: PlatenError };

async function pause(step: LoginStep, wanted: Pause): Promise<void> {
  await change(step, async (context) => {
    const now = context.clock.now().getTime();
    await context.db
      .updateTable('connection_logins')
      .set({
        next_poll_at: new Date(now + wanted.seconds * SECOND_MS),
        ...(wanted.isForGood === undefined ? {} : { interval_seconds: wanted.seconds }),
        problem: wanted.problem === undefined ? null : JSON.stringify(toProblem(context, wanted.problem)),
      })
      .where('id', '=', step.login.id)
      .execute();
  });
}

/** Ends a login for a reason; a cancel that came first wins. */
export async function endLogin(
  step: LoginStep,
  state: Exclude<LoginState, 'pending'>,
  error: PlatenError,
): Promise<void> {
  await change(step, (context) => settleLogin(context, step.login, { state, problem: toProblem(context, error) }));
}

/** Writes on the strength of the lease, and only while the login is still pending: a cancel that came first wins. */
async function change(step: LoginStep, work: (context: Context, row: ConnectionRow) => Promise<void>): Promise<void> {
  await transaction(step.context, async (context) => {
    await checkFence(context, step.lease);
    const row = await lockRow(context, step.login.connection_id);
    const login = await findPending(context, step.login.id);
    if (login !== undefined) await work(context, row);
  });
}
