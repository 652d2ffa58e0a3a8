/**
 * A room that stands ready, so that a document need not wait until its walls are put up. It is used for one document, like
 * every other, and the next one is made ready when that document has gone.
 */
import { type Clock, MINUTE_MS } from '../../base/clock.ts';
import { isSystemError } from '../../base/errors.ts';
import { type Box, type Input, type Level, leaveRoom, makeRoom, openBox, type Room, startShell } from './box.ts';

/** Folders that are older are taken for those of a dead process, and swept. */
const USABLE_MS = 30 * MINUTE_MS;

type Spare = { readonly room: Promise<Room>; readonly sinceMs: number };

export class SpareRoom {
  readonly #clock: Clock;
  #spare: Spare | undefined;
  #level: Level | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** From now on a room stands ready. */
  keepReady(level: Level): void {
    this.#level = level;
    this.#refill();
  }

  async stop(): Promise<void> {
    this.#level = undefined;
    const spare = this.#take();
    if (spare !== undefined) await leave(spare);
  }

  /** Opens a box in the room that stands ready, or in a new one. */
  async open(level: Level, input: Input): Promise<Box> {
    const spare = level === this.#level ? this.#take() : undefined;
    const isUsable = spare !== undefined && this.#clock.monotonicMs() - spare.sinceMs < USABLE_MS;
    if (spare !== undefined && !isUsable) void leave(spare);
    const ready = isUsable ? await this.#openSpare(spare, level, input) : undefined;
    const box = ready ?? (await openBox(this.#clock, level, input));
    return {
      outputDir: box.outputDir,
      run: box.run,
      [Symbol.asyncDispose]: async () => {
        await box[Symbol.asyncDispose]();
        this.#refill();
      },
    };
  }

  /** Undefined when the room is gone: whoever tidies up the folder for temporary files may have taken it. */
  async #openSpare({ room }: Spare, level: Level, input: Input): Promise<Box | undefined> {
    return await openBox(this.#clock, level, input, await room).catch((error: unknown) => {
      if (isSystemError(error) && error.code === 'ENOENT') return undefined;
      throw error;
    });
  }

  #take(): Spare | undefined {
    const spare = this.#spare;
    this.#spare = undefined;
    return spare;
  }

  #refill(): void {
    const level = this.#level;
    if (level === undefined || this.#spare !== undefined) return;
    const spare = { room: make(level), sinceMs: this.#clock.monotonicMs() };
    this.#spare = spare;
    // Whoever needs a room next tries again, and hears why there is none.
    spare.room.catch(() => {
      if (this.#spare === spare) this.#spare = undefined;
    });
  }
}

async function make(level: Level): Promise<Room> {
  const room = await makeRoom();
  room.shell = startShell(level, room);
  return room;
}

async function leave({ room }: Spare): Promise<void> {
  await room.then(leaveRoom).catch(() => undefined);
}
