/**
 * The only place that reads the clock or sleeps, so that tests can move time.
 * Lifetimes are counted on the monotonic clock; instants that people see are `Date`.
 */

export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

export type Clock = {
  now(): Date;
  /** Milliseconds on a clock that nobody can set; only differences mean something. */
  monotonicMs(): number;
  /** Resolves after `ms`, or earlier when the signal aborts: the caller looks at the signal, nothing is thrown. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `tick` every `ms` until disposed. The timer never keeps the process alive. */
  every(ms: number, tick: () => void): Disposable;
};

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  sleep(ms, signal) {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener('abort', done, { once: true });
    });
  },
  every(ms, tick) {
    const timer = setInterval(tick, ms);
    timer.unref();
    return { [Symbol.dispose]: () => clearInterval(timer) };
  },
};

const LEAP_MS = 15 * MINUTE_MS;
const DOUBT_MS = HOUR_MS;

export type ClockTrouble = {
  readonly kind: 'behind' | 'ahead';
  /** When something was written last, by the clock that was believed then. */
  readonly writtenAt: Date;
};

/** More than time zones, and than a battery loses. */
const BEHIND_MS = DAY_MS;
/** Longer than a server is off over the holidays; after more than that an hour of patience costs nothing. */
const AHEAD_MS = 30 * DAY_MS;

/** Whether a time can be right after something was written: it is not a day behind that, or 30 days ahead of it. */
export function judgeClock(now: Date, writtenAt: Date): ClockTrouble['kind'] | undefined {
  const aheadMs = now.getTime() - writtenAt.getTime();
  if (aheadMs < -BEHIND_MS) return 'behind';
  return aheadMs > AHEAD_MS ? 'ahead' : undefined;
}

/**
 * Whether the wall clock is to be believed. One that leaps ahead by more than a quarter of an hour may be wrong, and is set
 * right by a person or a time server soon: for an hour it ends nothing that cannot be brought back. A leap back ends the
 * doubt. Each question looks at what has happened since the one before.
 */
export class ClockDoubt {
  readonly #clock: Clock;
  /** How far the wall clock is ahead of the one that nobody can set. */
  #aheadMs: number;
  #untilMs = Number.NEGATIVE_INFINITY;
  #trouble: ClockTrouble | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#aheadMs = this.#measure();
  }

  isDoubtful(): boolean {
    const aheadMs = this.#measure();
    const leapMs = aheadMs - this.#aheadMs;
    this.#aheadMs = aheadMs;
    const nowMs = this.#clock.monotonicMs();
    if (leapMs > LEAP_MS) this.#untilMs = nowMs + DOUBT_MS;
    if (leapMs < -LEAP_MS) this.#untilMs = nowMs;
    return nowMs < this.#untilMs;
  }

  /** Doubts a clock for an hour that was wrong before anybody could see it leap. */
  begin(trouble: ClockTrouble): void {
    this.#trouble = trouble;
    this.#untilMs = this.#clock.monotonicMs() + DOUBT_MS;
  }

  /** What was wrong from the beginning and is so still; a clock that is far ahead is believed after an hour. */
  findTrouble(): ClockTrouble | undefined {
    const trouble = this.#trouble;
    if (trouble === undefined || judgeClock(this.#clock.now(), trouble.writtenAt) !== trouble.kind) return undefined;
    return trouble.kind === 'behind' || this.isDoubtful() ? trouble : undefined;
  }

  #measure(): number {
    return this.#clock.now().getTime() - this.#clock.monotonicMs();
  }
}

const doubts = new WeakMap<Clock, ClockDoubt>();

/** The doubt about a clock, the same one for all who ask: each looks at what has happened since anybody asked. */
export function doubtOf(clock: Clock): ClockDoubt {
  let doubt = doubts.get(clock);
  if (doubt === undefined) {
    doubt = new ClockDoubt(clock);
    doubts.set(clock, doubt);
  }
  return doubt;
}
