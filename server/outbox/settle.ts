/** Applies a verdict to the rows, once: under the fence of the session's lease, and only while the attempt is open. */
import { type ErrorCode, PlatenError } from '../base/errors.ts';
import { record } from '../journal/journal.ts';
import type { RecipientReply } from '../protocols/smtp/outcome.ts';
import { forget } from '../spool/spool.ts';
import type { Context } from '../store/database.ts';
import { checkFence, type Lease } from '../store/leases.ts';
import type { HoldReason, OutboxState } from '../store/schema.ts';
import { transaction } from '../store/transaction.ts';
import { messagePauseMs, PROBE_MS, serverPauseMs, TENANT_LIMIT_MS } from './backoff.ts';
import { deferWaiting, holdWaiting, releaseHeld, retellHeld } from './hold.ts';
import { type Place, problemOf } from './message.ts';
import { dailyPauseMs, park, readParking, unpark } from './pace.ts';
import { pauseOutside, resumeOutside } from './rows/outside.ts';
import type { Claimed, Outcome } from './rows/turn.ts';
import { type Cause, isTenantLimit, LOGON_TRIES, type RecipientVerdicts, type Verdict } from './verdict.ts';

/** What the verdict means for the session. */
export type Step = 'go-on' | 'reconnect' | 'stop';

type Settling = {
  readonly context: Context;
  readonly claimed: Claimed;
  readonly place: Place;
  readonly verdict: Verdict;
};

export function stepAfter({ verdict, claimed }: Pick<Outcome, 'verdict' | 'claimed'>): Step {
  switch (verdict.kind) {
    case 'accepted':
    case 'recipients':
    case 'later':
    case 'split':
    case 'failed':
    case 'held':
    case 'outside-paused':
      return 'go-on';
    case 'logon-failure':
      return claimed.logonFailures + 1 < LOGON_TRIES ? 'go-on' : 'stop';
    case 'uncertain':
    case 'reconnect':
    case 'refresh-token':
      return 'reconnect';
    case 'mailbox-held':
    case 'mailbox-paused':
    case 'server-paused':
      return 'stop';
  }
}

/** Writes what came of an attempt. Throws `lease-lost` when somebody else has taken the message over. */
export async function settle(context: Context, lease: Lease, outcome: Outcome): Promise<void> {
  const { claimed, verdict } = outcome;
  await transaction(context, async (context) => {
    await checkFence(context, lease);
    await closeAttempt(context, claimed, verdict);
    await apply({ context, ...outcome });
    // What waited for this mailbox goes on with the first message that gets through.
    if (verdict.kind === 'accepted' && outcome.isFirst) {
      await unpark(context, outcome.place.mailbox);
      await releaseHeld(context, 'mailbox');
    }
  });
}

async function closeAttempt(context: Context, claimed: Claimed, verdict: Verdict): Promise<void> {
  const reply = verdict.kind === 'accepted' ? verdict.reply : 'cause' in verdict ? verdict.cause.reply : undefined;
  const words = reply?.words ?? ('cause' in verdict ? verdict.cause.words : undefined);
  const closed = await context.db
    .updateTable('outbox_attempts')
    .set({
      phase: 'ended',
      verdict: verdict.kind,
      code: reply?.code ?? null,
      enhanced: reply?.enhanced ?? null,
      words: words ?? null,
      ended_at: context.clock.now(),
    })
    .where('id', '=', claimed.attemptId)
    .where('ended_at', 'is', null)
    .executeTakeFirst();
  if (closed.numUpdatedRows === 0n) {
    throw new PlatenError('lease-lost', `the attempt at message ${claimed.id} was ended by another node`);
  }
}

async function apply(settling: Settling): Promise<void> {
  const { context, claimed, verdict } = settling;
  switch (verdict.kind) {
    case 'accepted':
      await settleRecipients(settling, verdict.recipients, verdict.reply.words);
      await heedTenantLimit(settling, verdict.recipients);
      return;
    case 'recipients':
      await settleRecipients(settling, { ...verdict.recipients, next: [] }, undefined, verdict.recipients.next);
      await heedTenantLimit(settling, verdict.recipients);
      return;
    case 'later':
      await wait(settling, verdict.cause, messagePauseMs(claimed.attempts));
      return;
    case 'outside-paused':
      await settleTenantLimit(settling, verdict.cause);
      return;
    case 'split':
      await move(settling, { state: 'queued', dueInMs: 0, more: { recipients_at_once: verdict.atOnce } });
      return;
    case 'failed':
      await failRecipients(settling, verdict.cause);
      await move(settling, { state: 'failed', cause: verdict.cause });
      return;
    case 'held':
      await move(settling, { state: 'held', holdReason: 'message', cause: verdict.cause });
      return;
    case 'uncertain':
      await markUncertain(settling, verdict.cause);
      return;
    case 'logon-failure':
      await settleLogonFailure(settling, verdict.cause);
      return;
    case 'reconnect':
    case 'refresh-token':
      await putBack(settling);
      return;
    case 'mailbox-held':
    case 'mailbox-paused':
    case 'server-paused':
      await putBack(settling);
      await settleSession(context, settling.place, verdict);
      return;
  }
}

/** Applies a verdict that is about everything that waits. In the caller's transaction, or on its own. */
export async function settleSession(context: Context, place: Place, verdict: Verdict): Promise<void> {
  if (verdict.kind === 'mailbox-held') {
    const problem = problemOf(context, verdict.cause, place);
    const earlier = await readParking(context, place.mailbox);
    if (earlier.problem?.code !== problem.code) await retellHeld(context, { reason: 'mailbox', problem });
    await holdWaiting(context, { reason: 'mailbox', problem });
    await park(context, place.mailbox, { ms: PROBE_MS, isHeld: true, problem });
  }
  if (verdict.kind === 'mailbox-paused' || verdict.kind === 'server-paused') {
    const { pauses } = await readParking(context, place.mailbox);
    const isDaily = verdict.kind === 'mailbox-paused' && verdict.wait === 'daily';
    const ms = isDaily
      ? await dailyPauseMs(context, place.mailbox)
      : serverPauseMs(verdict.kind === 'server-paused' ? 'server' : 'busy', pauses);
    const problem = problemOf(context, verdict.cause, place);
    const until = new Date(context.clock.now().getTime() + ms);
    await deferWaiting(context, { until, problem, countsAsTry: verdict.kind === 'server-paused' ? 'yes' : 'no' });
    await park(context, place.mailbox, { ms, isHeld: false, problem });
  }
}

/** Back into the queue as if nothing had been tried: the message was not what failed. */
async function putBack(settling: Settling): Promise<void> {
  const attempts = settling.claimed.attempts - 1;
  await move(settling, { state: waitingState(settling.claimed, 'queued'), dueInMs: 0, more: { attempts } });
}

async function wait(settling: Settling, cause: Cause, pauseMs: number): Promise<void> {
  await move(settling, { state: waitingState(settling.claimed, 'deferred'), cause, dueInMs: pauseMs });
}

function waitingState(claimed: Claimed, otherwise: OutboxState): OutboxState {
  return claimed.possiblyTwice ? 'uncertain' : otherwise;
}

/** The message was not what failed: it waits, without a try, with all that go to somebody outside. */
async function settleTenantLimit(settling: Settling, cause: Cause): Promise<void> {
  const { context, claimed, place } = settling;
  const more = { attempts: claimed.attempts - 1 };
  await move(settling, { state: waitingState(claimed, 'deferred'), cause, dueInMs: TENANT_LIMIT_MS, more });
  await pauseOutside(context, place.mailbox, problemOf(context, cause, place));
}

/** The limit of the tenant, where the server says it of single recipients; one that is taken shows that it is over. */
async function heedTenantLimit({ context, claimed, place, verdict }: Settling, { later }: RecipientVerdicts) {
  const refused = later.find(({ reply }) => isTenantLimit(reply));
  if (refused !== undefined) {
    const cause = { code: 'tenant-recipient-limit', reply: refused.reply } as const;
    await pauseOutside(context, place.mailbox, problemOf(context, cause, place));
  } else if (claimed.isProbe === true && verdict.kind === 'accepted') await resumeOutside(context, place.mailbox);
}

async function settleLogonFailure(settling: Settling, cause: Cause): Promise<void> {
  const { context, claimed, place } = settling;
  const failures = claimed.logonFailures + 1;
  const more = { logon_failures: failures };
  if (stepAfter(settling) === 'go-on') {
    const state = waitingState(claimed, 'deferred');
    await move(settling, { state, cause, dueInMs: messagePauseMs(claimed.attempts), more });
    return;
  }
  await move(settling, { state: 'held', holdReason: 'mailbox', cause, more });
  await settleSession(context, place, { kind: 'mailbox-held', cause });
}

async function markUncertain(settling: Settling, cause: Cause): Promise<void> {
  const { context, claimed } = settling;
  await context.db
    .updateTable('outbox_recipients')
    .set({ state: 'uncertain' })
    .where('message_id', '=', claimed.id)
    .where('position', 'in', [...claimed.positions])
    .execute();
  const dueInMs = messagePauseMs(claimed.attempts);
  await move(settling, { state: 'uncertain', cause, dueInMs, more: { possibly_twice: true } });
}

async function failRecipients(settling: Settling, cause: Cause): Promise<void> {
  const { context, claimed, place } = settling;
  await context.db
    .updateTable('outbox_recipients')
    .set({ state: 'failed', problem: JSON.stringify(problemOf(context, cause, place, claimed.sender)) })
    .where('message_id', '=', claimed.id)
    .where('state', 'in', ['queued', 'uncertain'])
    .execute();
}

/** Recipients that the server answered one by one; `notTaken` are more than it takes at once while it took nobody. */
async function settleRecipients(
  settling: Settling,
  verdicts: RecipientVerdicts,
  accepted: string | undefined,
  notTaken: readonly RecipientReply[] = [],
): Promise<void> {
  const { context, claimed, place } = settling;
  const later = [...verdicts.later, ...notTaken];
  const settled = new Map<string, RecipientReply>(
    [...verdicts.failed, ...later, ...verdicts.next].map((one) => [one.address, one]),
  );
  if (accepted !== undefined) {
    const positions = claimed.positions.filter((_, index) => !settled.has(claimed.recipients[index] ?? ''));
    await setRecipients(settling, positions, { state: 'sent', problem: null });
  }
  for (const [list, state] of [
    [verdicts.failed, 'failed'],
    [[...later, ...verdicts.next], 'queued'],
  ] as const) {
    for (const { address, reply } of list) {
      const position = claimed.positions[claimed.recipients.indexOf(address)];
      const problem = JSON.stringify(problemOf(context, { code: 'recipient-refused', reply }, place, claimed.sender));
      if (position !== undefined) await setRecipients(settling, [position], { state, problem });
    }
  }
  const cause: Cause | undefined =
    verdicts.failed[0] === undefined && later[0] === undefined
      ? undefined
      : { code: 'recipient-refused', ...pickReply(verdicts.failed[0] ?? later[0]) };
  const left = claimed.unsettled - claimed.positions.length + later.length + verdicts.next.length;
  const answer = accepted === undefined ? {} : { remote_answer: accepted };
  if (left > later.length) return await move(settling, { state: 'queued', dueInMs: 0, more: answer });
  if (left > 0) {
    const code: ErrorCode = 'message-deferred';
    const dueInMs = messagePauseMs(claimed.attempts);
    return await move(settling, { state: 'deferred', cause: { ...cause, code }, dueInMs, more: answer });
  }
  const hasFailed = claimed.hasFailedRecipients || verdicts.failed.length > 0;
  const now = context.clock.now();
  if (!hasFailed)
    return await move(settling, { state: 'sent', more: { ...answer, sent_at: now, body: null, spool_id: null } });
  await move(settling, { state: 'failed', cause: cause ?? { code: 'recipient-refused' }, more: answer });
}

function pickReply(one: RecipientReply | undefined): Pick<Cause, 'reply'> {
  return one === undefined ? {} : { reply: one.reply };
}

async function setRecipients(
  settling: Settling,
  positions: readonly number[],
  set: { readonly state: 'sent' | 'failed' | 'queued'; readonly problem: string | null },
): Promise<void> {
  if (positions.length === 0) return;
  await settling.context.db
    .updateTable('outbox_recipients')
    .set(set)
    .where('message_id', '=', settling.claimed.id)
    .where('position', 'in', [...positions])
    .execute();
}

type Move = {
  readonly state: OutboxState;
  readonly holdReason?: HoldReason;
  readonly cause?: Cause;
  readonly dueInMs?: number;
  readonly more?: {
    readonly attempts?: number;
    readonly logon_failures?: number;
    readonly recipients_at_once?: number;
    readonly possibly_twice?: boolean;
    readonly remote_answer?: string;
    readonly sent_at?: Date;
    readonly body?: null;
    readonly spool_id?: null;
  };
};

/** Moves the message of an attempt to its next state, and tells the journal. */
async function move(settling: Settling, next: Move): Promise<void> {
  const { context, claimed, place, verdict } = settling;
  const now = context.clock.now();
  const problem = next.cause === undefined ? undefined : problemOf(context, next.cause, place, claimed.sender);
  const words = next.cause?.reply?.words;
  await context.db
    .updateTable('outbox_messages')
    .set({
      state: next.state,
      hold_reason: next.holdReason ?? null,
      ...(problem === undefined && next.state !== 'sent'
        ? {}
        : { problem: problem === undefined ? null : JSON.stringify(problem) }),
      due_at: next.dueInMs === undefined ? null : new Date(now.getTime() + next.dueInMs),
      ended_at: next.state === 'sent' || next.state === 'failed' ? now : null,
      ...(words === undefined ? {} : { remote_answer: words }),
      ...next.more,
    })
    .where('id', '=', claimed.id)
    .execute();
  if (next.state === 'sent' && claimed.spoolId !== null) await forget(context, [claimed.spoolId]);
  await record(context, 'outbox-message-state-changed', {
    subjectId: claimed.id,
    ...(claimed.ownerId === null ? {} : { ownerId: claimed.ownerId }),
    data: {
      to: next.state,
      verdict: verdict.kind,
      ...(problem === undefined ? {} : { problem: problem.code }),
      ...(next.holdReason === undefined ? {} : { reason: next.holdReason }),
      ...(next.state === 'sent' && claimed.possiblyTwice ? { possiblyTwice: true } : {}),
    },
  });
}
