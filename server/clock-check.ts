/**
 * A server that starts under a wrong clock cannot see it leap. So its clock is compared with what was written last, and
 * doubted for an hour when it cannot be right after that; a person is told. See docs/decisions/0043.
 */
import { type ClockTrouble, doubtOf, HOUR_MS, judgeClock } from './base/clock.ts';
import { readJournal, record } from './journal/journal.ts';
import type { Context } from './store/database.ts';

/** Looks at the clock before anything is ended by it. A finding stands in the journal and in the log. */
export async function checkClock(context: Context): Promise<void> {
  const now = context.clock.now();
  const [last] = await readJournal(context, { order: 'newest', limit: 1 });
  if (last === undefined) return;
  const earlier = await readEarlier(context);
  const trouble = isSameHour(now, earlier) ? earlier : judge(now, last.at, earlier);
  if (trouble === undefined) return;
  doubtOf(context.clock).begin(trouble);
  const facts = { kind: trouble.kind, now: now.toISOString(), writtenAt: trouble.writtenAt.toISOString() };
  context.log.warn(facts, 'the clock of the server may be wrong; for an hour nothing ends by its age');
  if (trouble !== earlier) await record(context, 'clock-doubted', { subjectId: 'clock', data: facts });
}

type Earlier = ClockTrouble & { readonly now: Date };

/** A server that starts again goes on doubting, although by now it has written by that clock itself. */
function isSameHour(now: Date, earlier: Earlier | undefined): earlier is Earlier {
  return earlier !== undefined && Math.abs(now.getTime() - earlier.now.getTime()) < HOUR_MS;
}

function judge(now: Date, writtenAt: Date, earlier: Earlier | undefined): ClockTrouble | undefined {
  // What was written last may be of a clock that was wrong, and has been put right since.
  const isOfWrongClock = earlier !== undefined && judgeClock(writtenAt, earlier.now) === undefined;
  if (isOfWrongClock && judgeClock(now, earlier.writtenAt) === undefined) return undefined;
  const kind = judgeClock(now, writtenAt);
  return kind === undefined ? undefined : { kind, writtenAt };
}

async function readEarlier(context: Context): Promise<Earlier | undefined> {
  const [event] = await readJournal(context, { order: 'newest', type: 'clock-doubted', limit: 1 });
  if (event === undefined) return undefined;
  const { kind, now, writtenAt } = event.data as { kind: ClockTrouble['kind']; now: string; writtenAt: string };
  return { kind, now: new Date(now), writtenAt: new Date(writtenAt) };
}
