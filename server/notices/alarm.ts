/**
 * Alarms: what mail cannot tell of, because mail is what fails. Told over a second way.
 *
 *   raised → solved      by what is the case, looked at again and again: a connection that needs confirmation or is about
 *                        to, messages that only a person can let go
 *
 * One alarm stands for one incident however long it lasts; each way is called when it is raised, once a day while it
 * lasts (of a permission that may end: once more, the day before), and when it is solved. A call is a row: due → delivered, or given up when a later one says more. The attempt is
 * written before it is made, and a call whose outcome nobody knows is made again with the same id.
 */
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../base/clock.ts';
import { PlatenError } from '../base/errors.ts';
import { newId } from '../base/secrets.ts';
import { type Connection, listConnections } from '../connections/connections.ts';
import { record } from '../journal/journal.ts';
import { findHeld } from '../outbox/outbox.ts';
import type { Context } from '../store/database.ts';
import { checkFence, type Lease } from '../store/leases.ts';
import type { AlarmFacts, Problem } from '../store/schema.ts';
import { transaction } from '../store/transaction.ts';
import type { Alarm, AlarmPhase } from './alarm-text.ts';
import { type NoticeSettings, readSettings, WAYS, type Way } from './notice.ts';
import { noteProved, readWays, tell, type Ways } from './ways.ts';

/** Pauses between tries of one call; the last one is repeated until the call is overtaken by the next. */
const PAUSES_MS = [MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, 30 * MINUTE_MS, HOUR_MS];
const REMINDER_MS = DAY_MS;
/** A permission that may end within this time is told of. */
const AHEAD_MS = 7 * DAY_MS;
const LAST_CALL_MS = DAY_MS;
/** The outbox lets a single message go now and then to see whether it is cured; that moment is not the cure. */
const CLEAR_MS = 5 * MINUTE_MS;

type Trouble = {
  readonly kind: 'connection' | 'outbox' | 'expiry';
  readonly subjectId: string;
  readonly facts: AlarmFacts;
  /** It keeps an alarm open that was raised, and raises none. */
  readonly isOld?: true;
};

/** When each open alarm was last seen without its cause; kept by the worker between two looks. */
export type ClearSince = Map<string, number>;

/** Raises and solves alarms by what is the case now, and plans their calls, under the fence of `lease`. */
export async function watchTroubles(context: Context, lease: Lease, clearSince: ClearSince): Promise<void> {
  const troubles = await findTroubles(context);
  const ways = await readWays(context);
  const { rules } = await readSettings(context);
  await transaction(context, async (context) => {
    await checkFence(context, lease);
    for (const trouble of troubles) if (trouble.isOld === undefined) await raise(context, trouble);
    for (const alarm of await listOpen(context)) {
      const isStill = troubles.some(({ kind, subjectId }) => kind === alarm.kind && subjectId === alarm.subjectId);
      if (isStill) clearSince.delete(alarm.id);
      if (isStill || !isClear(context, alarm, clearSince)) await planCalls(context, alarm, waysOf(alarm, ways, rules));
      else await solve(context, alarm, ways);
    }
  });
}

/** The ways over which the rule of its event has it told; held mail is told over all. */
function waysOf({ kind }: Alarm, ways: Ways, rules: NoticeSettings['rules']): Ways {
  if (kind !== 'connection' && kind !== 'expiry') return ways;
  const chosen = rules[kind === 'connection' ? 'connection-needs-confirmation' : 'connection-may-end'].ways;
  return {
    webhook: chosen.includes('webhook') ? ways.webhook : undefined,
    server: chosen.includes('server') ? ways.server : undefined,
  };
}

function judgeExpiry(context: Context, connection: Connection): Trouble[] {
  const { id: subjectId, title, account, uses, state, expiry } = connection;
  const facts = { title, uses: [...uses], account: account?.username ?? title };
  // It has ended: the other alarm says so, and this one is not solved by it.
  if (state === 'needs-confirmation') return [{ kind: 'expiry', subjectId, facts, isOld: true }];
  const { at } = expiry;
  if (state === 'awaiting-confirmation' || at === undefined) return [];
  if (at.getTime() - context.clock.now().getTime() > AHEAD_MS) return [];
  return [{ kind: 'expiry', subjectId, facts: { ...facts, endsAt: at.toISOString() } }];
}

async function findTroubles(context: Context): Promise<Trouble[]> {
  const all = await listConnections(context);
  const connections = all.filter(({ state }) => state === 'needs-confirmation');
  const expiries = all.flatMap((connection) => judgeExpiry(context, connection));
  const held = await findHeld(context);
  const ended = connections.map(
    ({ id, title, account, expectedAccount, uses, problem }): Trouble => ({
      kind: 'connection',
      subjectId: id,
      facts: {
        title,
        uses: [...uses],
        account: account?.username ?? expectedAccount ?? title,
        ...(problem === undefined ? {} : { problem }),
        ...(held === undefined ? {} : { held: held.count }),
      },
    }),
  );
  const troubles = [...ended, ...expiries];
  // What is held because of a connection needs no alarm of its own.
  if (held === undefined || connections.some(({ uses }) => uses.includes('smtp'))) return troubles;
  const { count, problem } = held;
  return [
    ...troubles,
    { kind: 'outbox', subjectId: 'outbox', facts: { held: count, ...(problem === undefined ? {} : { problem }) } },
  ];
}

function isClear(context: Context, alarm: Alarm, clearSince: ClearSince): boolean {
  if (alarm.kind !== 'outbox') return true;
  const nowMs = context.clock.monotonicMs();
  const sinceMs = clearSince.get(alarm.id) ?? nowMs;
  clearSince.set(alarm.id, sinceMs);
  return nowMs - sinceMs >= CLEAR_MS;
}

async function raise(context: Context, { kind, subjectId, facts }: Trouble): Promise<void> {
  const row = await context.db
    .insertInto('alarms')
    .values({
      id: newId(),
      kind,
      subject_id: subjectId,
      facts: JSON.stringify(facts),
      raised_at: context.clock.now(),
    })
    .onConflict((conflict) => conflict.columns(['kind', 'subject_id']).where('solved_at', 'is', null).doNothing())
    .returning('id')
    .executeTakeFirst();
  if (row === undefined) return;
  const problem = facts.problem === undefined ? {} : { problem: facts.problem.code };
  await record(context, 'alarm-raised', { subjectId: row.id, data: { kind, subject: subjectId, ...problem } });
}

async function listOpen(context: Context): Promise<Alarm[]> {
  const rows = await context.db
    .selectFrom('alarms')
    .selectAll()
    .where('solved_at', 'is', null)
    .orderBy('raised_at')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    subjectId: row.subject_id,
    facts: row.facts,
    raisedAt: row.raised_at,
    solvedAt: row.solved_at,
  }));
}

/** Which telling is due, counted from 0; none when it is too late to tell. */
function roundOf({ facts, raisedAt }: Alarm, now: Date): number | undefined {
  if (facts.endsAt === undefined) return Math.max(0, Math.floor((now.getTime() - raisedAt.getTime()) / REMINDER_MS));
  const endsAtMs = new Date(facts.endsAt).getTime();
  if (endsAtMs <= now.getTime()) return undefined;
  const isLast = (at: Date) => endsAtMs - at.getTime() <= LAST_CALL_MS;
  return isLast(now) && !isLast(raisedAt) ? 1 : 0;
}

/** A way that is set up later learns of an alarm that is already open. */
async function planCalls(context: Context, alarm: Alarm, ways: Ways): Promise<void> {
  const round = roundOf(alarm, context.clock.now());
  if (round === undefined) return;
  for (const way of WAYS) {
    if (ways[way] === undefined) continue;
    const id = await plan(context, alarm, { way, phase: round === 0 ? 'raised' : 'reminder', round });
    if (id !== undefined) await giveUpOthers(context, alarm, { way, id });
  }
}

async function solve(context: Context, alarm: Alarm, ways: Ways): Promise<void> {
  await context.db
    .updateTable('alarms')
    .set({ solved_at: context.clock.now() })
    .where('id', '=', alarm.id)
    .where('solved_at', 'is', null)
    .execute();
  await record(context, 'alarm-solved', { subjectId: alarm.id, data: { kind: alarm.kind, subject: alarm.subjectId } });
  for (const way of WAYS) {
    // Nobody is told of the end of something that they have not heard of; a try may have been heard.
    const heard = await context.db
      .selectFrom('alarm_calls')
      .select('id')
      .where('alarm_id', '=', alarm.id)
      .where('way', '=', way)
      .where('attempts', '>', 0)
      .limit(1)
      .executeTakeFirst();
    const isTold = heard !== undefined && ways[way] !== undefined;
    const id = isTold ? await plan(context, alarm, { way, phase: 'solved', round: 0 }) : undefined;
    await giveUpOthers(context, alarm, { way, id });
  }
}

type Planned = { readonly way: Way; readonly phase: AlarmPhase; readonly round: number };

async function plan(context: Context, alarm: Alarm, { way, phase, round }: Planned): Promise<string | undefined> {
  const row = await context.db
    .insertInto('alarm_calls')
    .values({ id: newId(), alarm_id: alarm.id, way, phase, round, state: 'due', due_at: context.clock.now() })
    .onConflict((conflict) => conflict.columns(['alarm_id', 'way', 'phase', 'round']).doNothing())
    .returning('id')
    .executeTakeFirst();
  return row?.id;
}

/** Ends the calls of a way that a newer one has overtaken: the newest says everything. */
async function giveUpOthers(
  context: Context,
  alarm: Alarm,
  { way, id }: { readonly way: Way; readonly id: string | undefined },
): Promise<void> {
  let others = context.db
    .updateTable('alarm_calls')
    .set({ state: 'given-up', ended_at: context.clock.now() })
    .where('alarm_id', '=', alarm.id)
    .where('way', '=', way)
    .where('state', '=', 'due');
  if (id !== undefined) others = others.where('id', '<>', id);
  await others.execute();
}

/** Makes the calls that are due, one after the other; each has its own deadline. */
export async function makeCalls(context: Context, lease: Lease): Promise<void> {
  const ways = await readWays(context);
  const due = await context.db
    .selectFrom('alarm_calls')
    .select('id')
    .where('state', '=', 'due')
    .where('due_at', '<=', context.clock.now())
    .orderBy('due_at')
    .limit(20)
    .execute();
  for (const { id } of due) {
    if (lease.signal.aborted) return;
    await makeCall(context, lease, { id, ways });
  }
}

type Call = { readonly id: string; readonly way: Way; readonly phase: AlarmPhase; readonly alarm: Alarm };

async function makeCall(context: Context, lease: Lease, of: { readonly id: string; readonly ways: Ways }) {
  const call = await beginCall(context, lease, of.id);
  if (call === undefined) return;
  const { id, way, phase, alarm } = call;
  let problem: Problem | undefined;
  try {
    const permit = { signal: lease.signal, assertFresh: () => lease.assertFresh() };
    await tell(context, { ways: of.ways, way, telling: { id, alarm, phase } }, permit);
  } catch (error) {
    if (lease.signal.aborted) return;
    if (!(error instanceof PlatenError) || error.code === 'lease-lost') throw error;
    problem = toProblem(context, error);
  }
  await endCall(context, lease, { call, problem });
}

/** Writes the attempt, with the time of the next one in case that this process does not live to see the outcome. */
async function beginCall(context: Context, lease: Lease, id: string): Promise<Call | undefined> {
  return await transaction(context, async (context) => {
    await checkFence(context, lease);
    const row = await context.db
      .selectFrom('alarm_calls')
      .innerJoin('alarms', 'alarms.id', 'alarm_calls.alarm_id')
      .select(['alarm_id', 'way', 'phase', 'attempts', 'kind', 'subject_id', 'facts', 'raised_at', 'solved_at'])
      .where('alarm_calls.id', '=', id)
      .where('state', '=', 'due')
      .executeTakeFirst();
    if (row === undefined) return undefined;
    const pauseMs = PAUSES_MS[Math.min(row.attempts, PAUSES_MS.length - 1)] ?? HOUR_MS;
    await context.db
      .updateTable('alarm_calls')
      .set({ attempts: row.attempts + 1, due_at: new Date(context.clock.now().getTime() + pauseMs) })
      .where('id', '=', id)
      .execute();
    const { alarm_id, way, phase, kind, subject_id: subjectId, facts, raised_at, solved_at } = row;
    return {
      id,
      way,
      phase,
      alarm: { id: alarm_id, kind, subjectId, facts, raisedAt: raised_at, solvedAt: solved_at },
    };
  });
}

async function endCall(
  context: Context,
  lease: Lease,
  { call, problem }: { readonly call: Call; readonly problem: Problem | undefined },
): Promise<void> {
  const { id, way, phase, alarm } = call;
  await transaction(context, async (context) => {
    await checkFence(context, lease);
    const change =
      problem === undefined
        ? { state: 'delivered' as const, problem: null, ended_at: context.clock.now() }
        : { problem: JSON.stringify(problem) };
    const row = await context.db
      .updateTable('alarm_calls')
      .set(change)
      .where('id', '=', id)
      .returning('attempts')
      .executeTakeFirst();
    if (problem === undefined) {
      await noteProved(context, way);
      await record(context, 'alarm-delivered', { subjectId: alarm.id, data: { way, phase } });
    } else if (row?.attempts === 1) {
      // The first failure is news; that it goes on stands in the call.
      await record(context, 'alarm-failed', { subjectId: alarm.id, data: { way, phase, problem: problem.code } });
    }
  });
}

/** A failure as it is kept and shown. */
export function toProblem(context: Context, error: PlatenError): Problem {
  return {
    code: error.code,
    detail: error.message,
    ...(error.remote === undefined ? {} : { remote: error.remote }),
    ...(Object.keys(error.values).length === 0 ? {} : { values: error.values }),
    at: context.clock.now().toISOString(),
  };
}
