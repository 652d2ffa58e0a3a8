/** The practice tenant's own time: the machine's clock plus an offset that tests move forward. */
export class PracticeClock {
  #offsetMs = 0;
  readonly #listeners = new Set<() => void>();

  now(): Date {
    return new Date(Date.now() + this.#offsetMs);
  }

  /** Moves the clock and tells everybody who watches an expiry at once, so that no test has to wait. */
  advance(ms: number): void {
    if (!Number.isFinite(ms)) throw new RangeError('the clock can only be moved by a finite number of milliseconds');
    this.#offsetMs += ms;
    for (const listener of this.#listeners) listener();
  }

  /** Puts the clock back on the machine's time. */
  reset(): void {
    this.advance(-this.#offsetMs);
  }

  get offsetMs(): number {
    return this.#offsetMs;
  }

  /** Calls the listener after each move; returns the function that ends it. */
  onMove(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}
