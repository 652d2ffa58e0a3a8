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

  /** For an hour nothing is believed: the clock was wrong before anybody could see it leap. */
  begin(): void {
    this.#untilMs = this.#clock.monotonicMs() + DOUBT_MS;
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
