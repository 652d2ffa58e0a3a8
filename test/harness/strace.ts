/**
 * Faults of the system calls of a running server (Debian: strace): the server dies inside the n-th call, or the call
 * fails. It is attached to the process, so that everything up to that moment has run at full speed.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { endProcess, getProgram, hasEnded, keepLastWords } from './processes.ts';
import { eventually } from './time.ts';

export type CallFault = {
  readonly calls: readonly string[];
  /** On which call of each thread it happens, counted from 1. */
  readonly when: number;
  /** Also on every call after that one. */
  readonly isLasting?: true;
  readonly effect: 'kill' | 'io-error';
};

export type ArmedFault = AsyncDisposable & {
  /** Has any call been hit so far? */
  hits(): number;
};

/** Linux lets root trace; others only where the Yama module does not restrict them to their own children. */
export function mayTrace(): boolean {
  if (process.platform !== 'linux') return false;
  if (process.getuid?.() === 0) return true;
  const scope = '/proc/sys/kernel/yama/ptrace_scope';
  return !existsSync(scope) || readFileSync(scope, 'utf8').trim() === '0';
}

/** Arms a fault in a running process, or in several and their children. Disposing lets the process go on as if nothing had been; throws where tracing is not allowed. */
export async function armCallFault(pids: number | readonly number[], fault: CallFault): Promise<ArmedFault> {
  const effect = fault.effect === 'kill' ? 'signal=SIGKILL' : 'error=EIO';
  const when = fault.isLasting ? `${fault.when}+` : String(fault.when);
  const calls = fault.calls.join(',');
  const processes = (typeof pids === 'number' ? [pids] : pids).flatMap((pid) => ['-p', String(pid)]);
  const options = ['-f', ...processes, '-e', `trace=${calls}`, '-e', `inject=${calls}:${effect}:when=${when}`];
  const tracer = spawn(getProgram('strace', 'strace'), options, { stdio: ['ignore', 'ignore', 'pipe'] });
  const words = keepLastWords(tracer);
  let hits = 0;
  tracer.stderr.on('data', (chunk: Buffer) => {
    hits += chunk.toString('latin1').split('(INJECTED)').length - 1;
  });
  await eventually(
    () => {
      if (hasEnded(tracer)) throw new Error(`strace ended: ${words()}`);
      return words().includes('attached');
    },
    { what: 'strace is attached', timeoutMs: 5_000 },
  ).catch(async (error: unknown) => {
    await endProcess(tracer, 'SIGINT');
    throw new Error(`system calls cannot be traced here: ${words()}`, { cause: error });
  });
  return {
    hits: () => hits,
    [Symbol.asyncDispose]: () => endProcess(tracer, 'SIGINT'),
  };
}
