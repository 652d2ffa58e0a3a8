/**
 * When a permission will end and why we think so. Pure: it looks at how the permissions of the same tenant have ended
 * before (exchange-online: what ends a refresh token). Microsoft tells no date, so every date here is an inference,
 * and says from what.
 */
import { DAY_MS } from '../../base/clock.ts';

export type Permission = {
  readonly id: string;
  readonly accountOid: string;
  readonly method: 'device-code' | 'link';
  readonly signedInAt: Date;
  readonly endedAt: Date | undefined;
  /** The number with which Microsoft refused the renewal; absent where somebody simply confirmed again. */
  readonly endAadsts: number | undefined;
};

/** The texts stand under `expiry.reasons`. */
export type ForecastReason =
  | 'second-factor'
  | 'sign-in-frequency'
  | 'password-rhythm'
  | 'idle'
  | 'lasting'
  | 'young'
  | 'not-confirmed';

/** The texts stand under `expiry.risks`. */
export type ForecastRisk = 'device-code-policy' | 'device-code-blocked-before' | 'password-change';

export type Forecast = {
  readonly kind: 'known' | 'likely' | 'none' | 'unknown';
  readonly at: Date | undefined;
  /** When it dies of idleness if it is never used again. */
  readonly latestAt: Date | undefined;
  readonly reason: ForecastReason;
  readonly values: Readonly<Record<string, number>>;
  readonly risks: readonly ForecastRisk[];
};

export type ForecastFacts = {
  readonly now: Date;
  /** The permission in use; undefined when none is. */
  readonly current: Permission | undefined;
  /** Those of the tenant that have ended. */
  readonly ended: readonly Permission[];
  readonly renewedAt: Date | undefined;
};

/** A refresh token dies after 90 days without use. */
export const IDLE_MS = 90 * DAY_MS;
/** Renewals come at least weekly; with a day of grace, what is older was not used. */
const UNUSED_MS = 8 * DAY_MS;
/** A forecast that has not come true two days later was wrong. */
const GRACE_MS = 2 * DAY_MS;
/** The rules of a tenant change: only the latest ends count. */
const MOST_ENDS = 3;

const BY_AGE: ReadonlyMap<number, ForecastReason> = new Map([
  [50078, 'second-factor'],
  [70043, 'sign-in-frequency'],
]);
const BY_PASSWORD: ReadonlySet<number> = new Set([50173, 50132, 50133]);
const BY_CODE_POLICY: ReadonlySet<number> = new Set([53003, 530035, 530036]);

export function forecast(facts: ForecastFacts): Forecast {
  const { now, current, renewedAt } = facts;
  if (current === undefined) {
    return { kind: 'unknown', at: undefined, latestAt: undefined, reason: 'not-confirmed', values: {}, risks: [] };
  }
  const latestAt = renewedAt === undefined ? undefined : new Date(renewedAt.getTime() + IDLE_MS);
  const common = { latestAt, risks: risksOf(facts, current) };
  const found = [byAge(facts, current), byPassword(facts, current), byIdleness(facts)]
    .filter((one) => one !== undefined)
    .sort((a, b) => a.at.getTime() - b.at.getTime())
    .find(({ at }) => at.getTime() + GRACE_MS > now.getTime());
  if (found !== undefined) return { ...common, ...found };
  const hasLasted = [current, ...facts.ended].some((one) => ageOf(one, now) >= IDLE_MS);
  const days = Math.floor(ageOf(current, now) / DAY_MS);
  const open = { at: undefined, values: { days } } as const;
  return hasLasted
    ? { ...common, ...open, kind: 'none', reason: 'lasting' }
    : { ...common, ...open, kind: 'unknown', reason: 'young' };
}

type Dated = Pick<Forecast, 'kind' | 'reason' | 'values'> & { readonly at: Date };

function ageOf({ signedInAt, endedAt }: Permission, now: Date): number {
  return (endedAt ?? now).getTime() - signedInAt.getTime();
}

/** Rules of the tenant hold for all its accounts: the shortest of the latest lives is what to expect. */
function byAge({ ended }: ForecastFacts, current: Permission): Dated | undefined {
  const aged = latest(ended.filter(({ endAadsts }) => BY_AGE.has(endAadsts ?? 0)));
  const [last] = aged;
  const reason = BY_AGE.get(last?.endAadsts ?? 0);
  if (last === undefined || reason === undefined) return undefined;
  const lifeMs = Math.min(...aged.map((one) => ageOf(one, current.signedInAt)));
  const values = { count: aged.length, days: Math.max(1, Math.round(lifeMs / DAY_MS)), aadsts: last.endAadsts ?? 0 };
  return { kind: 'likely', at: new Date(current.signedInAt.getTime() + lifeMs), reason, values };
}

/** A password that is changed on a schedule ends the permission on the same schedule. */
function byPassword({ ended }: ForecastFacts, current: Permission): Dated | undefined {
  const isOwn = (one: Permission) => one.accountOid === current.accountOid && BY_PASSWORD.has(one.endAadsts ?? 0);
  const times = latest(ended.filter(isOwn)).map(({ endedAt }) => endedAt?.getTime() ?? 0);
  const [last] = times;
  const pauses = times.slice(0, -1).map((time, at) => time - (times[at + 1] ?? time));
  if (last === undefined || pauses.length === 0) return undefined;
  const rhythmMs = Math.min(...pauses);
  const values = { count: times.length, days: Math.max(1, Math.round(rhythmMs / DAY_MS)) };
  return { kind: 'likely', at: new Date(last + rhythmMs), reason: 'password-rhythm', values };
}

function byIdleness({ now, renewedAt }: ForecastFacts): Dated | undefined {
  if (renewedAt === undefined || now.getTime() - renewedAt.getTime() < UNUSED_MS) return undefined;
  const days = Math.floor((now.getTime() - renewedAt.getTime()) / DAY_MS);
  return { kind: 'known', at: new Date(renewedAt.getTime() + IDLE_MS), reason: 'idle', values: { days } };
}

function latest(permissions: readonly Permission[]): Permission[] {
  return [...permissions].sort((a, b) => (b.endedAt?.getTime() ?? 0) - (a.endedAt?.getTime() ?? 0)).slice(0, MOST_ENDS);
}

/** What may end it on any day, without a sign beforehand. */
function risksOf({ ended }: ForecastFacts, current: Permission): ForecastRisk[] {
  if (current.method !== 'device-code') return ['password-change'];
  const wasBlocked = ended.some(({ endAadsts }) => BY_CODE_POLICY.has(endAadsts ?? 0));
  return [wasBlocked ? 'device-code-blocked-before' : 'device-code-policy', 'password-change'];
}
