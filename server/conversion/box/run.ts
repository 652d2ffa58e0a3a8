/** Runs one program with an end: by itself, by the clock, or because nobody needs it any more; then nothing of it is left. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { getPriority, setPriority } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../../base/clock.ts';
import { conversionLimits } from '../limits.ts';

export type Ended =
  | { readonly kind: 'ended'; readonly status: number; readonly words: string }
  | { readonly kind: 'late' }
  | { readonly kind: 'overfull' }
  | { readonly kind: 'stopped' };

export type Run = {
  /** What it is given to read. */
  readonly input: string;
  readonly wallMs?: number | undefined;
  /** Asked again and again while it runs: has it written more, in all, than it may? */
  readonly isOverfull?: () => Promise<boolean>;
};

/** In this time a disk of today takes a few hundred megabytes. */
const WEIGH_EVERY_MS = 500;
/** Opening documents never takes the processor from the server itself, which serves people, however nice that one is. */
const NICER_BY = 5;
const MOST_NICE = 19;

export function nicerBy(steps: number): number {
  return Math.min(MOST_NICE, getPriority() + steps);
}

/** A program that has been started and waits for what it is to read. */
export class Started {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #words = new Words();
  readonly #ended: Promise<readonly [number | null, NodeJS.Signals | null]>;

  /** Starts it in a process group of its own, with no variable of ours. */
  constructor([program = '', ...options]: readonly string[]) {
    const child = spawn(program, options, {
      cwd: '/',
      env: { PATH: '/usr/bin:/bin' },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    this.#child = child;
    if (child.pid !== undefined) setPriority(child.pid, nicerBy(NICER_BY));
    child.stdout.on('data', (chunk: Buffer) => this.#words.add(chunk));
    child.stderr.on('data', (chunk: Buffer) => this.#words.add(chunk));
    // One that ends before it has read everything says more by its status.
    child.stdin.on('error', () => undefined);
    this.#ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
    // Told to whoever waits for it.
    this.#ended.catch(() => undefined);
  }

  get isWaiting(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Gives it what it waits for, and returns when the whole group has ended. */
  async run(clock: Clock, run: Run, signal: AbortSignal): Promise<Ended> {
    if (signal.aborted) {
      await this.end();
      return { kind: 'stopped' };
    }
    const done = new AbortController();
    const either = AbortSignal.any([done.signal, signal]);
    const late = clock.sleep(run.wallMs ?? conversionLimits.wallMs, either).then(() => 'late' as const);
    const overfull = weigh(clock, run, either);
    this.#child.stdin.end(run.input);
    try {
      const first = await Promise.race([this.#ended, late, overfull]);
      if (typeof first === 'string') {
        await this.end();
        return signal.aborted ? { kind: 'stopped' } : { kind: first };
      }
      const [status, killedBy] = first;
      return { kind: 'ended', status: status ?? 128 + numberOf(killedBy), words: this.#words.text() };
    } finally {
      done.abort();
      // Whatever the program started and left in its group ends with it.
      killGroup(this.#child.pid);
    }
  }

  /** Ends it and all of its group. */
  async end(): Promise<void> {
    killGroup(this.#child.pid);
    await this.#ended.catch(() => undefined);
  }
}

/** Answers when it has written too much; never when it ends before that. */
async function weigh(clock: Clock, { isOverfull }: Run, signal: AbortSignal): Promise<'overfull'> {
  while (isOverfull !== undefined) {
    await clock.sleep(WEIGH_EVERY_MS, signal);
    if (signal.aborted) break;
    if (await isOverfull().catch(() => false)) return 'overfull';
  }
  return await new Promise(() => undefined);
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group has ended.
  }
}

const NUMBERS: Readonly<Partial<Record<NodeJS.Signals, number>>> = {
  SIGKILL: 9,
  SIGXCPU: 24,
  SIGXFSZ: 25,
  SIGSEGV: 11,
};
const numberOf = (signal: NodeJS.Signals | null): number => (signal === null ? 0 : (NUMBERS[signal] ?? 15));

/** Keeps the beginning of what a program says. */
class Words {
  readonly #chunks: Buffer[] = [];
  #left = conversionLimits.wordsBytes as number;

  add(chunk: Buffer): void {
    if (this.#left <= 0) return;
    this.#chunks.push(chunk.subarray(0, this.#left));
    this.#left -= chunk.length;
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}
