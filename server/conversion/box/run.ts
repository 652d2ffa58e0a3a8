/** Runs one program with an end: by itself, by the clock, or because nobody needs it any more; then nothing of it is left. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Clock } from '../../base/clock.ts';
import { conversionLimits } from '../limits.ts';

export type Ended =
  | { readonly kind: 'ended'; readonly status: number; readonly words: string }
  | { readonly kind: 'late' }
  | { readonly kind: 'overfull' }
  | { readonly kind: 'stopped' };

export type Run = {
  readonly argv: readonly string[];
  readonly wallMs?: number | undefined;
  /** Asked again and again while it runs: has it written more, in all, than it may? */
  readonly isOverfull?: () => Promise<boolean>;
};

/** In this time a disk of today takes a few hundred megabytes. */
const WEIGH_EVERY_MS = 500;

/** Starts it in a process group of its own, with no variable of ours, and returns when the whole group has ended. */
export async function runLimited(clock: Clock, run: Run, signal: AbortSignal): Promise<Ended> {
  if (signal.aborted) return { kind: 'stopped' };
  const [program = '', ...options] = run.argv;
  const child = spawn(program, options, {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const words = new Words();
  child.stdout.on('data', (chunk: Buffer) => words.add(chunk));
  child.stderr.on('data', (chunk: Buffer) => words.add(chunk));
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  const done = new AbortController();
  const late = clock
    .sleep(run.wallMs ?? conversionLimits.wallMs, AbortSignal.any([done.signal, signal]))
    .then(() => 'late' as const);
  const overfull = weigh(clock, run, AbortSignal.any([done.signal, signal]));
  try {
    const first = await Promise.race([ended, late, overfull]);
    if (typeof first === 'string') {
      killGroup(child.pid);
      await ended;
      return signal.aborted ? { kind: 'stopped' } : { kind: first };
    }
    const [status, killedBy] = first;
    return { kind: 'ended', status: status ?? 128 + numberOf(killedBy), words: words.text() };
  } finally {
    done.abort();
    // Whatever the program started and left in its group ends with it.
    killGroup(child.pid);
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
