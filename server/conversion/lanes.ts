/** Two lanes with a few places each: who waits, waits only for documents of the same pace. */
import { availableParallelism } from 'node:os';
import type { Lane } from './recipes.ts';

export class Lanes {
  readonly size = Math.max(1, availableParallelism() - 1);
  readonly #free: Record<Lane, number> = { quick: this.size, slow: this.size };
  readonly #waiting: Record<Lane, (() => void)[]> = { quick: [], slow: [] };

  /** Runs the work when the lane has a place. */
  async run<T>(lane: Lane, work: () => Promise<T>): Promise<T> {
    if (this.#free[lane] > 0) this.#free[lane] -= 1;
    else await new Promise<void>((resolve) => this.#waiting[lane].push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting[lane].shift();
      if (next === undefined) this.#free[lane] += 1;
      else next();
    }
  }
}
