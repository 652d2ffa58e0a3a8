/**
 * Looks at the outbox when an alarm rings, when a session has ended, and every 20 s: holds what may not leave, lets go
 * what may again, and opens sessions for what is due.
 */
import { type ClockDoubt, doubtOf, MINUTE_MS, SECOND_MS } from '../base/clock.ts';
import type { Context } from '../store/database.ts';
import { withLease } from '../store/leases.ts';
import { followTasks } from '../store/tasks.ts';
import { transaction } from '../store/transaction.ts';
import { listOpenLeases, recoverAttempts } from './deliver.ts';
import {
  failExpired,
  findPause,
  holdWaiting,
  readWork,
  releaseHeld,
  releaseProbe,
  retellHeld,
  setPause,
} from './hold.ts';
import { forgetOldHours, readParking, slotsOf } from './pace.ts';
import { pruneEnded } from './rows/retention.ts';
import { findOutgoing, type Outgoing, runSession } from './session.ts';

/** While something waits for a confirmation, it is looked for this often. */
const CONFIRMATION_LOOK_MS = 5 * SECOND_MS;
/** After a failure of the database or of ours. */
const FAILURE_PAUSE_MS = 5 * SECOND_MS;
/** While something stays due and there are sessions left to open, as when the open ones hang, it is looked at again. */
const STILL_DUE_LOOK_MS = 2 * SECOND_MS;
/** A slot that another node has is asked for again this much later, as long as something is due. */
const TAKEN_SLOT_PAUSE_MS = 5 * SECOND_MS;
/** How long a message that is on its way may take when Platen stops; it is then uncertain and sent again. */
const STOP_GRACE_MS = 10 * SECOND_MS;

/** Starts sending; disposing lets the running message end, for a while, and starts nothing new. */
export async function startOutboxWorker(context: Context): Promise<AsyncDisposable> {
  await using undo = new AsyncDisposableStack();
  const sender = new Sender(context);
  undo.use(sender);
  undo.use(await followTasks(context, 'outbox', () => sender.wake()));
  sender.start();
  const opened = undo.move();
  return { [Symbol.asyncDispose]: () => opened.disposeAsync() as Promise<void> };
}

class Sender implements AsyncDisposable {
  readonly #context: Context;
  readonly #stop = new AbortController();
  readonly #kill = new AbortController();
  readonly #slots = new Map<string, Promise<void>>();
  readonly #signedIn = new Set<string>();
  /** Those that have a message in hand, and so are no help for the next one. */
  readonly #sending = new Set<string>();
  #loop: Promise<void> = Promise.resolve();
  #pause = new AbortController();
  #sweptAtMs = Number.NEGATIVE_INFINITY;
  readonly #doubt: ClockDoubt;
  /** A session ended in trouble and may have left an attempt that nobody has in hand any more. */
  #leftOpen = false;
  /** How many sessions the server has room for, as it said in the last minute. */
  #room = Number.POSITIVE_INFINITY;
  /** A session learned that nothing can leave before this. */
  #notBeforeMs = 0;

  constructor(context: Context) {
    this.#context = context;
    this.#doubt = doubtOf(context.clock);
  }

  start(): void {
    this.#loop = this.#run();
  }

  wake(): void {
    this.#pause.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.wake();
    await this.#loop;
    const inTime = new AbortController();
    const slots = Promise.all(this.#slots.values()).finally(() => inTime.abort());
    await this.#context.clock.sleep(STOP_GRACE_MS, inTime.signal);
    this.#kill.abort();
    await slots;
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#context;
    while (!this.#stop.signal.aborted) {
      this.#pause = new AbortController();
      let pauseMs = FAILURE_PAUSE_MS;
      try {
        pauseMs = await this.#look();
      } catch (error) {
        log.warn({ error }, 'the outbox could not be looked at; it is tried again');
      }
      await clock.sleep(pauseMs, AbortSignal.any([this.#pause.signal, this.#stop.signal]));
    }
  }

  /** One look; returns how long nothing needs to be done. */
  async #look(): Promise<number> {
    const context = this.#context;
    await this.#sweep();
    const found = await findOutgoing(context);
    if (found.kind === 'waiting') {
      const hold = { reason: 'connection', problem: found.problem } as const;
      const isNews = findPause(context.db)?.problem.code !== hold.problem.code;
      const isPaused = await transaction(context, async (context) => {
        const isHolding = await holdWaiting(context, hold);
        if (isHolding && isNews) await retellHeld(context, hold);
        return isHolding;
      });
      setPause(context.db, isPaused ? hold : undefined);
      return CONFIRMATION_LOOK_MS;
    }
    // Before what is held is let go: whoever keeps a message as held looks once more whether the pause has ended.
    setPause(context.db, undefined);
    const { outgoing } = found;
    const work = await readWork(context);
    if (work.heldForConnection) await transaction(context, (context) => releaseHeld(context, 'connection'));
    const parking = await readParking(context, outgoing.pace.mailbox);
    if (parking.ms > 0) {
      const { problem } = parking;
      if (parking.isHeld && problem !== undefined && work.due > 0) {
        await transaction(context, (context) => holdWaiting(context, { reason: 'mailbox', problem }));
      }
      return Math.min(parking.ms, MINUTE_MS);
    }
    if (work.heldForMailbox && work.due === 0) await releaseProbe(context);
    const { due, nextDueMs } = await readWork(context);
    if (due === 0) return nextDueMs;
    const waitMs = this.#notBeforeMs - context.clock.monotonicMs();
    if (waitMs > 0) return Math.min(waitMs, nextDueMs);
    // One session finds out whether the sign-in is taken; a refused one is not to be repeated by all.
    const room = Math.min(this.#sending.size + due, outgoing.pace.sessions, this.#room);
    this.#openSessions(outgoing, this.#signedIn.size === 0 ? 1 : room);
    return this.#slots.size < outgoing.pace.sessions ? STILL_DUE_LOOK_MS : MINUTE_MS;
  }

  /**
   * Once a minute, and after trouble: what has expired, what nobody asks for any more, and what was left open by a
   * session or a node that died.
   */
  async #sweep(): Promise<void> {
    const context = this.#context;
    const nowMs = context.clock.monotonicMs();
    if (!this.#leftOpen && nowMs - this.#sweptAtMs < MINUTE_MS) return;
    // Until it has succeeded, each look is another try.
    this.#leftOpen = false;
    this.#sweptAtMs = Number.NEGATIVE_INFINITY;
    this.#room = Number.POSITIVE_INFINITY;
    await forgetOldHours(context);
    if (!this.#doubt.isDoubtful()) {
      await transaction(context, failExpired);
      await pruneEnded(context);
    }
    for (const name of await listOpenLeases(context)) {
      if (this.#slots.has(name)) continue;
      await withLease(context, name, { signal: this.#stop.signal }, (lease) => recoverAttempts(context, lease));
    }
    this.#sweptAtMs = nowMs;
  }

  #openSessions(outgoing: Outgoing, wanted: number): void {
    for (let slot = 1; slot <= outgoing.pace.sessions && this.#slots.size < wanted; slot++) {
      const name = `${slotsOf(outgoing.pace.mailbox)}${slot}`;
      if (this.#slots.has(name)) continue;
      const running = this.#runSlot(name, outgoing).finally(() => {
        this.#signedIn.delete(name);
        this.#sending.delete(name);
        this.#slots.delete(name);
      });
      this.#slots.set(name, running);
    }
  }

  async #runSlot(name: string, outgoing: Outgoing): Promise<void> {
    const { clock, log } = this.#context;
    const opened = (): void => {
      this.#signedIn.add(name);
      this.wake();
    };
    const turned = (to: 'sending' | 'free'): void => {
      if (to === 'sending') this.#sending.add(name);
      else this.#sending.delete(name);
    };
    const isExtra = (): boolean => this.#signedIn.size > (this.#signedIn.has(name) ? 1 : 0);
    try {
      const end = await withLease(this.#context, name, { signal: this.#kill.signal }, (lease) =>
        runSession(this.#context, lease, { outgoing, stop: this.#stop.signal, opened, turned, isExtra }),
      );
      // Another node has the slot and sends what is due, or had it and is gone.
      if (end === undefined) await clock.sleep(TAKEN_SLOT_PAUSE_MS, this.#stop.signal);
      else if (end.kind === 'enough') this.#room = Math.max(1, this.#signedIn.size);
      else if (end.kind === 'idle' && end.ms > 0) this.#notBeforeMs = clock.monotonicMs() + end.ms;
    } catch (error) {
      log.warn({ error, slot: name }, 'a sending session ended in trouble; another one follows');
      await clock.sleep(FAILURE_PAUSE_MS, this.#stop.signal);
      this.#leftOpen = true;
    }
    setImmediate(() => this.wake());
  }
}
