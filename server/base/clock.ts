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
