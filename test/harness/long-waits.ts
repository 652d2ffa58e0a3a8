/**
 * Waits of minutes in seconds, for what counts time by itself inside a client: deadlines of a protocol are timers of the
 * machine, which no clock of a test moves.
 */
const LONG_MS = 30_000;

/** Makes timers of half a minute and more so many times shorter until it is disposed; all others stay as they are. */
export function shortenLongWaits(times: number): Disposable {
  const real = globalThis.setTimeout;
  const shortened = (work: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) =>
    real(work, ms >= LONG_MS ? ms / times : ms, ...args);
  globalThis.setTimeout = Object.assign(shortened, real) as typeof setTimeout;
  return {
    [Symbol.dispose]() {
      globalThis.setTimeout = real;
    },
  };
}
