/** A clock that tests move. Sleepers wake when the time they wait for has been reached. */
import type { Clock } from '../../server/base/clock.ts';

type Sleeper = { readonly atMs: number; readonly wake: () => void };
type Ticker = { nextMs: number; readonly everyMs: number; readonly tick: () => void };

export class MovableClock implements Clock {
  #nowMs: number;
  #monotonicMs = 0;
  #sleepers = new Set<Sleeper>();
  #tickers = new Set<Ticker>();

  constructor(start: Date = new Date()) {
    this.#nowMs = start.getTime();
  }

  now(): Date {
    return new Date(this.#nowMs);
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const sleeper: Sleeper = {
        atMs: this.#monotonicMs + ms,
        wake: () => {
          this.#sleepers.delete(sleeper);
          signal?.removeEventListener('abort', sleeper.wake);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', sleeper.wake, { once: true });
    });
  }

  every(ms: number, tick: () => void): Disposable {
    const ticker: Ticker = { nextMs: this.#monotonicMs + ms, everyMs: ms, tick };
    this.#tickers.add(ticker);
    return { [Symbol.dispose]: () => void this.#tickers.delete(ticker) };
  }

  /** How many callers are asleep: lets a test wait until a worker has reached its pause. */
  get sleeping(): number {
    return this.#sleepers.size;
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    this.#monotonicMs += ms;
    for (const ticker of [...this.#tickers]) {
      while (ticker.nextMs <= this.#monotonicMs && this.#tickers.has(ticker)) {
        ticker.nextMs += ticker.everyMs;
        ticker.tick();
      }
    }
    for (const sleeper of [...this.#sleepers]) if (sleeper.atMs <= this.#monotonicMs) sleeper.wake();
  }

  /** Moves the wall clock alone, as an administrator or a time server does. */
  setWallClock(now: Date): void {
    this.#nowMs = now.getTime();
  }

  /** The same by so much, ahead or back. */
  leap(ms: number): void {
    this.#nowMs += ms;
  }
}

/** Waits until `claim` holds; for what happens in other processes and on sockets, where no clock can be moved. */
export async function eventually<T>(
  claim: () => T | Promise<T>,
  options: { readonly timeoutMs?: number; readonly what?: string } = {},
): Promise<NonNullable<T>> {
  const deadline = performance.now() + (options.timeoutMs ?? 15_000);
  let last: unknown;
  for (;;) {
    try {
      const value = await claim();
      if (value) return value as NonNullable<T>;
      last = value;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`not reached in time: ${options.what ?? claim.toString()}`, { cause: last });
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Moves the clock past the pauses between tries, in steps that leave time for leases to be renewed, until it is so. */
export async function moveUntil(
  { clock }: { readonly clock: MovableClock },
  claim: () => boolean | Promise<boolean>,
  what: string,
): Promise<void> {
  const moved = async (): Promise<boolean> => {
    if (await claim()) return true;
    clock.advance(3000);
    return false;
  };
  await eventually(moved, { timeoutMs: 90_000, what });
}
