/**
 * Two lanes with a few places each: who waits, waits only for documents of the same pace. A document that takes long gives
 * its place away, so that even those of its pace do not wait until a bad one has used up all that it may.
 */
import { availableParallelism } from 'node:os';
import { type Clock, SECOND_MS } from '../base/clock.ts';
import type { Lane } from './recipes.ts';

/** Nearly all documents are ready by then. */
export const LONG_MS = 10 * SECOND_MS;
/** How many that take long may be open beside the others: each has its memory. */
const MOST_LONG = 3;

/** How many documents of a pace may be begun, where these have been open for so many milliseconds. */
export function countRoom(places: number, openForMs: readonly number[]): number {
  const quick = openForMs.filter((ms) => ms < LONG_MS).length;
  return Math.max(0, Math.min(places - quick, places + MOST_LONG - openForMs.length));
}

type Place = { readonly sinceMs: number; readonly isOver: AbortController };

export class Lanes {
  readonly size = Math.max(1, availableParallelism() - 1);
  readonly #clock: Clock;
  readonly #open: Record<Lane, Set<Place>> = { quick: new Set(), slow: new Set() };
  readonly #waiting: Record<Lane, ((place: Place) => void)[]> = { quick: [], slow: [] };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs the work when the lane has a place. */
  async run<T>(lane: Lane, work: () => Promise<T>): Promise<T> {
    const place = this.#take(lane) ?? (await new Promise<Place>((resolve) => this.#waiting[lane].push(resolve)));
    try {
      return await work();
    } finally {
      this.#open[lane].delete(place);
      place.isOver.abort();
      this.#serve(lane);
    }
  }

  #take(lane: Lane): Place | undefined {
    const sinceMs = this.#clock.monotonicMs();
    const open = [...this.#open[lane]].map((place) => sinceMs - place.sinceMs);
    if (countRoom(this.size, open) === 0) return undefined;
    const place = { sinceMs, isOver: new AbortController() };
    this.#open[lane].add(place);
    void this.#clock.sleep(LONG_MS, place.isOver.signal).then(() => this.#serve(lane));
    return place;
  }

  #serve(lane: Lane): void {
    while (this.#waiting[lane].length > 0) {
      const place = this.#take(lane);
      if (place === undefined) return;
      this.#waiting[lane].shift()?.(place);
    }
  }
}
