/** A message on its way in: its beginning in memory, which is all of a small one, and what follows as a stream. */
import { PassThrough, type Readable } from 'node:stream';

export type Beginning = {
  readonly bytes: Buffer;
  /** There is nothing more: the final dot was read. */
  readonly isWhole: boolean;
};

type Waiting = { readonly resolve: (beginning: Beginning) => void; readonly reject: (error: Error) => void };

/**
 * Filled by the parser, read once by who keeps the message. A stream is made only for what does not fit into memory:
 * small messages come by the thousand, and each would pay for one.
 */
export class Incoming {
  readonly #memoryBytes: number;
  #chunks: Buffer[] = [];
  #length = 0;
  #rest: PassThrough | undefined;
  #hasEnded = false;
  #isUnwanted = false;
  #broken: Error | undefined;
  #waiting: Waiting | undefined;
  #whenOver: (() => void) | undefined;

  /** Holds so many bytes in memory and few more. */
  constructor(memoryBytes: number) {
    this.#memoryBytes = memoryBytes;
  }

  /** Takes bytes and calls `done` when it can take more. */
  write(bytes: Buffer, done: () => void): void {
    if (this.#isUnwanted) {
      done();
      return;
    }
    if (this.#rest !== undefined) {
      writeTo(this.#rest, bytes, done);
      return;
    }
    this.#chunks.push(bytes);
    this.#length += bytes.length;
    if (this.#length > this.#memoryBytes) {
      this.#rest = new PassThrough();
      this.#giveBeginning();
    }
    done();
  }

  /** The final dot was read. */
  end(): void {
    this.#hasEnded = true;
    this.#rest?.end();
    this.#giveBeginning();
    this.#whenOver?.();
  }

  /** The connection is gone: who reads hears of it, unless the whole message is here. */
  break(error: Error): void {
    if (this.#hasEnded) return;
    this.#broken = error;
    // An error that nobody listens for would end the process.
    this.#rest?.destroy(this.#rest.listenerCount('error') > 0 ? error : undefined);
    this.#waiting?.reject(error);
    this.#waiting = undefined;
    this.#whenOver?.();
  }

  /** All of a small message, or what is held in memory of a larger one. Rejects when the connection breaks before that. */
  async readBeginning(): Promise<Beginning> {
    if (this.#broken !== undefined) throw this.#broken;
    if (this.#hasEnded || this.#rest !== undefined) return this.#beginning();
    return await new Promise<Beginning>((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  /** What follows the beginning of a message that is not whole with it. */
  get rest(): Readable {
    if (this.#rest === undefined) throw new Error('a small message has no rest');
    return this.#rest;
  }

  /** Reads past what nobody wants, and returns after the final dot, or when the connection is gone. */
  over(): Promise<void> | undefined {
    this.#isUnwanted = true;
    this.#chunks = [];
    this.#rest?.resume();
    if (this.#hasEnded || this.#broken !== undefined) return undefined;
    return new Promise<void>((resolve) => {
      this.#whenOver = resolve;
    });
  }

  #giveBeginning(): void {
    this.#waiting?.resolve(this.#beginning());
    this.#waiting = undefined;
  }

  #beginning(): Beginning {
    const bytes = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    this.#chunks = [];
    return { bytes, isWhole: this.#rest === undefined };
  }
}

function writeTo(stream: PassThrough, bytes: Buffer, done: () => void): void {
  if (!stream.writable || stream.write(bytes) || stream.destroyed) {
    done();
    return;
  }
  const go = () => {
    stream.off('drain', go);
    stream.off('close', go);
    done();
  };
  stream.once('drain', go);
  stream.once('close', go);
}
