/** Prepares documents in three lanes, so that a slow one never stands before a quick one. */
import { SECOND_MS } from '../../base/clock.ts';
import { PlatenError } from '../../base/errors.ts';
import { countFreePlaces, LONG_MS } from '../../conversion/conversion.ts';
import type { Context } from '../../store/database.ts';
import type { PrepareLane } from '../../store/schema.ts';
import { followTasks } from '../../store/tasks.ts';
import { type Claim, claim, claimSuspect, clearClaims, forgive, giveBack, hasSuspect, renew } from './claims.ts';
import { Floor } from './floor.ts';
import { prepare } from './prepare.ts';

const LANES: readonly PrepareLane[] = ['quick', 'slow', 'look'];
const SWEEP_MS = 10 * SECOND_MS;
/** A row that somebody had locked when the alarm rang is free then. */
const SECOND_LOOK_MS = 300;
const RENEW_MS = 10 * SECOND_MS;
const FAILURE_PAUSE_MS = 5 * SECOND_MS;

/** Starts preparing; disposing stops what runs, and whoever comes next converts it again. */
export async function startPreparing(context: Context): Promise<AsyncDisposable> {
  await using undo = new AsyncDisposableStack();
  await clearClaims(context);
  const stop = new AbortController();
  const wakeAll = (): void => {
    for (const lane of lanes) lane.wake();
  };
  const floor = new Floor();
  const lanes: PreparationLane[] = LANES.map(
    (lane) => new PreparationLane(context, { lane, floor, wakeAll, wakeLook: () => look?.wake(), stop: stop.signal }),
  );
  const look = lanes[LANES.indexOf('look')];
  undo.defer(async () => {
    stop.abort();
    await Promise.all(lanes.map((lane) => lane.ended));
  });
  undo.use(await followTasks(context, 'prepare-job', wakeAll));
  const opened = undo.move();
  return { [Symbol.asyncDispose]: () => opened.disposeAsync() as Promise<void> };
}

type Surroundings = {
  readonly lane: PrepareLane;
  readonly floor: Floor;
  readonly wakeAll: () => void;
  readonly wakeLook: () => void;
  readonly stop: AbortSignal;
};

/** Claims as much as there are places for, and again whenever one is free, an alarm rings or the sweep is due. */
class PreparationLane {
  readonly ended: Promise<void>;
  readonly #context: Context;
  readonly #lane: PrepareLane;
  readonly #floor: Floor;
  readonly #wakeAll: () => void;
  readonly #wakeLook: () => void;
  readonly #stop: AbortSignal;
  /** What is being prepared, and since when. */
  readonly #running = new Map<Promise<void>, number>();
  #nap = new AbortController();
  /** By it the floor knows this lane, and wakes it. */
  readonly #alone = (): void => this.wake();
  /** When it was last looked for what is to be alone. */
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(context: Context, { lane, floor, wakeAll, wakeLook, stop }: Surroundings) {
    this.#context = context;
    this.#lane = lane;
    this.#floor = floor;
    this.#wakeAll = wakeAll;
    this.#wakeLook = wakeLook;
    this.#stop = stop;
    this.ended = this.#follow();
  }

  wake(): void {
    this.#nap.abort();
  }

  async #follow(): Promise<void> {
    const { clock, log } = this.#context;
    let wasWoken = false;
    while (!this.#stop.aborted) {
      this.#nap = new AbortController();
      let pauseMs = wasWoken ? SECOND_LOOK_MS : SWEEP_MS;
      try {
        await this.#takeSuspect();
        await this.#fill();
      } catch (error) {
        log.warn({ error, lane: this.#lane }, 'documents to prepare could not be looked up; it is tried again');
        pauseMs = FAILURE_PAUSE_MS;
      }
      await clock.sleep(pauseMs, AbortSignal.any([this.#stop, this.#nap.signal]));
      wasWoken = this.#nap.signal.aborted;
    }
    await Promise.all(this.#running.keys());
  }

  /**
   * Begins a document that is to be alone, or keeps others from beginning until it can be. It is looked for now and then:
   * nothing that is in a hurry asks for it.
   */
  async #takeSuspect(): Promise<void> {
    const nowMs = this.#context.clock.monotonicMs();
    if (!this.#floor.isOf(this.#alone)) {
      if (!this.#floor.isOpen || nowMs - this.#lookedAtMs < SWEEP_MS) return;
      this.#lookedAtMs = nowMs;
      if (!(await hasSuspect(this.#context, this.#lane))) return;
    }
    if (!this.#floor.close(this.#alone)) return;
    this.#floor.enter();
    try {
      const claimed = await claimSuspect(this.#context, this.#lane);
      if (claimed === undefined) this.#openAgain();
      else this.#begin(claimed, () => this.#openAgain());
    } finally {
      this.#floor.leave();
    }
  }

  #openAgain(): void {
    this.#floor.open(this.#alone);
    this.#wakeAll();
  }

  async #fill(): Promise<void> {
    if (!this.#floor.isOpen) return;
    const { clock } = this.#context;
    const nowMs = clock.monotonicMs();
    const openForMs = [...this.#running.values()].map((sinceMs) => nowMs - sinceMs);
    const free = countFreePlaces(this.#context, openForMs);
    if (free === 0) return;
    this.#floor.enter();
    try {
      for (const claimed of await claim(this.#context, this.#lane, free)) this.#begin(claimed);
    } finally {
      this.#floor.leave();
    }
  }

  #begin(claimed: Claim, ended: () => void = () => undefined): void {
    const { clock } = this.#context;
    const isOver = new AbortController();
    this.#floor.enter();
    const running = this.#work(claimed).finally(() => {
      isOver.abort();
      this.#running.delete(running);
      ended();
      this.#floor.leave();
      // A place of this lane is free, and what has become printable is to be looked at.
      this.wake();
      this.#wakeLook();
    });
    this.#running.set(running, clock.monotonicMs());
    // One that takes long gives its place away.
    void clock.sleep(LONG_MS, isOver.signal).then(() => this.wake());
  }

  async #work(claimed: Claim): Promise<void> {
    const context = this.#context;
    const lost = new AbortController();
    const signal = AbortSignal.any([this.#stop, lost.signal]);
    using _heartbeat = context.clock.every(RENEW_MS, () => {
      renew(context, claimed).then(
        (isMine) => {
          if (!isMine) lost.abort();
        },
        // The database is away: the claim runs out if it stays so.
        () => undefined,
      );
    });
    try {
      await prepare(context, claimed, signal);
    } catch (error) {
      if (!signal.aborted) context.log.error({ jobId: claimed.jobId, error }, 'preparing failed; it is tried again');
      // Not at once: the claim runs out by itself. That the disk is full is no fault of the document.
      if (isOfMachine(error)) await forgive(context, claimed).catch(() => undefined);
    }
    if (this.#stop.aborted) await giveBack(context, claimed).catch(() => undefined);
  }
}

function isOfMachine(error: unknown): boolean {
  return error instanceof PlatenError && (error.temporary || error.code === 'spool-full');
}
